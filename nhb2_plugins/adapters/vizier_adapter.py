"""NAS-HPO-Bench-II for Google's open-source Vizier: the problem statement, and an experimenter.

This module needs Vizier alone. Vizier's designers and its benchmark runner also need JAX and its libraries
(``pip install chex equinox flax jaxtyping``, even for random search), which are imported where a program uses them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Unpack

from vizier import pyvizier as vz

# Its public place, vizier.benchmarks.experimenters, imports JAX.
from vizier._src.benchmarks.experimenters.experimenter import Experimenter

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.arguments import checked_flag
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.metric import error_pct
from nhb2_plugins.objectives import checked_objectives
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.logger import TrajectoryLogger

__all__ = [
    "VIZIER_ENCODINGS",
    "VizierExperimenter",
    "vizier_configuration",
    "vizier_description",
    "vizier_problem",
    "vizier_suggestion",
]

VIZIER_ENCODINGS: Final[tuple[Encoding, ...]] = ("ordinal", "integer")
"""Vizier's categoricals hold texts alone; its discrete parameters hold numbers, and know their order."""
VIZIER: Final = Framework(name="Vizier", encodings=VIZIER_ENCODINGS, encoding="ordinal", has_several_objectives=True)
_NAMESPACE: Final = "nhb2"


def vizier_problem(
    encoding: Encoding = "ordinal", restriction: Subspace = WHOLE_SPACE, *, objectives: Sequence[str] = ("error_pct",)
) -> vz.ProblemStatement:
    """The joint space and the metrics, each to be minimised.

    Args:
        encoding: of learning rate and batch size: ``ordinal`` (discrete parameters on a logarithmic scale) or
            ``integer`` (their ranks). Operations are categorical.
        restriction: the part of the space; by default all of it. With ``one_per_class`` the six edges become one
            categorical, ``cell``.
        objectives: names out of :data:`nhb2_plugins.objectives.OBJECTIVES`.

    Raises:
        InvalidValueError: an encoding that Vizier cannot express, or an unknown objective.
    """
    problem = vz.ProblemStatement()
    for name, values in VIZIER.choices(encoding, restriction).items():
        _add_parameter(problem.search_space.root, encoding, name, values)
    for name in checked_objectives(objectives):
        problem.metric_information.append(vz.MetricInformation(name=name, goal=vz.ObjectiveMetricGoal.MINIMIZE))
    return problem


def vizier_configuration(trial: vz.TrialSuggestion, encoding: Encoding = "ordinal") -> Configuration:
    """The configuration of a suggestion or a trial.

    Raises:
        InvalidValueError: it is not one of this space, or Vizier cannot express the encoding.
    """
    return VIZIER.configuration(trial.parameters.as_dict(), encoding)


def vizier_suggestion(
    configuration: Configuration, encoding: Encoding = "ordinal", restriction: Subspace = WHOLE_SPACE
) -> vz.TrialSuggestion:
    """A suggestion of a configuration, for ``suggestion.to_trial(id)`` and an experimenter.

    Raises:
        InvalidValueError: an encoding that Vizier cannot express, or the configuration is outside the restriction.
    """
    return vz.TrialSuggestion(VIZIER.values(configuration, encoding, restriction))


def vizier_description(trial: vz.Trial) -> dict[str, Any]:
    """What an experimenter said of a trial (:data:`nhb2_plugins.adapters.description.DESCRIPTION`), from its metadata.

    Raises:
        InvalidValueError: no experimenter of this package has completed the trial.
    """
    metadata = trial.metadata.ns(_NAMESPACE)
    if not metadata:
        raise InvalidValueError(f"trial {trial.id} has no metadata of this package")
    return {name: json.loads(value) for name, value in metadata.items()}


class VizierExperimenter(RecordedRun, Experimenter):  # type: ignore[misc]  # Vizier is untyped
    """Completes trials in place with what the table says, and records them.

    A trial's final measurement holds the objectives, ``steps`` (the epoch) and ``elapsed_secs`` (what was charged, in
    simulated seconds); its metadata, namespace ``nhb2``, holds :func:`vizier_description`.

    Attributes:
        problem: what it answers.
        logger: the records.
        error: the first exception.
    """

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        report: bool = False,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem, or a benchmark and a problem's keywords; encodings as :func:`vizier_problem`.
            logger: where records go; None makes one.
            report: whether a trial gets a measurement after each epoch (error and seconds), for stopping policies.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`; reporting at 200 epochs,
                where there is no learning curve.
            TrajectoryError: the logger belongs to another table.
        """
        problem = VIZIER.problem(bench, arguments)
        self._reports = checked_flag("report", report)
        if report and problem.epoch == LONG_EPOCHS:
            raise InvalidValueError(f"there is no learning curve at {LONG_EPOCHS} epochs to report")
        self._begin(problem, logger)

    def problem_statement(self) -> vz.ProblemStatement:
        """A new copy of :func:`vizier_problem`."""
        problem = self.problem
        return vizier_problem(problem.settled_encoding, problem.restriction, objectives=problem.objectives)

    def evaluate(self, suggestions: Sequence[vz.Trial]) -> None:
        """Complete the trials, in order.

        Raises:
            InvalidValueError: a trial's parameters are not a configuration of this space.
            Exception: whatever the benchmark or a sink raises.
        """
        for trial in suggestions:
            self._evaluate(trial)

    def _evaluate(self, trial: vz.Trial) -> None:
        record = self._record(trial.parameters.as_dict())
        if self._reports:
            trial.measurements.extend(self._curve(record.configuration))
        metrics = dict(zip(self.problem.objectives, self.problem.costs(record), strict=True))
        trial.complete(vz.Measurement(metrics, elapsed_secs=record.charged_cost_s, steps=record.epoch))
        metadata = trial.metadata.ns(_NAMESPACE)
        for name, value in describe(record).items():
            metadata[name] = json.dumps(value)

    def _curve(self, configuration: Configuration) -> list[vz.Measurement]:
        curve = self.problem.bench.curve(configuration, seed=self.problem.seed)
        return [
            vz.Measurement({"error_pct": error_pct(accuracy)}, elapsed_secs=cost_s, steps=epoch)
            for epoch, accuracy, cost_s in zip(
                range(1, self.problem.epoch + 1), curve.accuracy_pct.tolist(), curve.cost_s.tolist(), strict=False
            )
        ]


def _add_parameter(root: Any, encoding: Encoding, name: str, values: Sequence[Any]) -> None:
    if name not in ("lr", "batch_size"):
        root.add_categorical_param(name, list(values))
    elif encoding == "integer":
        root.add_int_param(name, values[0], values[-1])
    else:
        scale = vz.ScaleType.LOG if len(values) > 1 else vz.ScaleType.LINEAR
        root.add_discrete_param(name, list(values), scale_type=scale)
