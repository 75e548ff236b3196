"""NAS-HPO-Bench-II for Ray Tune: a trainable, its search space, and the callback that records what was trained.

What Ray Tune does that a user of it should know:

- Trials run in other processes, in an order that the machine decides. The trainable answers there; the callback
  evaluates the same numbers where the logger is, and records each trial when it has ended, at its last epoch.
- Its times and its ``time_budget_s`` are real. Simulated seconds stand in each result, and
  :meth:`RayTune.stop_at_budget` counts them.
- It turns an exception in a callback into a ``TuneError`` that holds a text, and one in a trial into an entry of its
  results, unless ``FailureConfig(fail_fast="raise")``. :meth:`RayTune.raise_first_error` raises the exception itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Unpack

from ray import cloudpickle, tune

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RecordedRun, RunBudget
from nhb2_plugins.arguments import checked_flag
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord

__all__ = ["METRIC", "RAY_ENCODINGS", "TIME_ATTRIBUTE", "RayTune", "ray_configuration", "ray_param_space", "ray_values"]

METRIC: Final = "error_pct"
"""What a trial reports, to be minimised: ``TuneConfig(metric="error_pct", mode="min")``."""
TIME_ATTRIBUTE: Final = "epoch"
"""A scheduler's ``time_attr``."""
RAY_ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "integer")
"""Ray Tune has no ordinals."""
RAY: Final = Framework(name="Ray Tune", encodings=RAY_ENCODINGS, encoding="categorical")


def ray_param_space(encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE) -> dict[str, Any]:
    """The joint space for ``Tuner(param_space=…)``.

    Args:
        encoding: of learning rate and batch size: ``categorical`` (``tune.choice``) or ``integer`` (``tune.randint``
            over the ranks). Operations are a ``tune.choice``.
        restriction: the part of the space; by default all of it. With ``one_per_class`` the six edges become one
            ``tune.choice``, ``cell``. A fixed hyperparameter is a choice of one.

    Raises:
        InvalidValueError: an encoding that Ray Tune cannot express.
    """
    choices = RAY.choices(encoding, restriction)
    ranked = ("lr", "batch_size") if encoding == "integer" else ()
    return {
        name: tune.choice(list(values)) if name not in ranked else tune.randint(int(values[0]), int(values[-1]) + 1)
        for name, values in choices.items()
    }


def ray_configuration(config: Mapping[str, Any], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a trial's ``config`` (``result.config``).

    Raises:
        InvalidValueError: it is not one of this space, or Ray Tune cannot express the encoding.
    """
    return RAY.configuration(config, encoding)


def ray_values(
    configuration: Configuration, encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE
) -> dict[str, Any]:
    """A configuration's hyperparameters by name, for a search algorithm's ``points_to_evaluate``.

    Raises:
        InvalidValueError: an encoding that Ray Tune cannot express, or the configuration is outside the restriction.
    """
    return RAY.values(configuration, encoding, restriction)


@dataclass(frozen=True)
class _Training:
    """What a trial reports, in whatever process."""

    problem: Problem
    epochs: tuple[int, ...]

    def __call__(self, config: Mapping[str, Any]) -> None:
        configuration = self.problem.configuration(config)
        for epoch in self.epochs:
            observation = self.problem.bench.evaluate(configuration, epoch, seed=self.problem.seed)
            tune.report(
                {
                    METRIC: observation.error_pct,
                    TIME_ATTRIBUTE: epoch,
                    "cost_s": observation.cost_s,
                    "cost_is_estimated": observation.cost_is_estimated,
                    "split": observation.split,
                    "seed": observation.seed,
                }
            )


class RayTune(RecordedRun):
    """One run: what ``tune.Tuner`` takes, and the records of its trials.

    A trial's last result holds ``error_pct`` (to be minimised), and what every adapter says of an evaluation
    (:data:`nhb2_plugins.adapters.description.DESCRIPTION`), in built-in types; results before it hold the cost from
    scratch up to their epoch.

    Attributes:
        trainable: for ``Tuner(run.trainable, …)``. Its processes open the table where this one's benchmark has it.
        param_space: for ``Tuner(param_space=…)``.
        callback: for ``RunConfig(callbacks=[run.callback])``. Without it nothing is recorded.
        logger: the records; the simulated clock is that of one worker.
        problem: what is trained.
        error: the first unexpected exception, of a trial or of recording it.
    """

    _WAY_OUT = "Make one where the Tuner is made; its trainable and callback go where Ray Tune sends them"

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        report: bool = True,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem, or a benchmark and a problem's keywords; encodings as :func:`ray_param_space`. 200
                epochs are another training, which is reported once.
            logger: where records go; None makes one.
            report: whether a trial reports after each epoch, or after its last alone.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        problem = RAY.problem(bench, arguments)
        last = problem.epoch
        epochs = tuple(range(1, last + 1)) if checked_flag("report", report) and last != LONG_EPOCHS else (last,)
        self._begin(problem, logger)
        self._training = _Training(problem, epochs)
        self.param_space = ray_param_space(problem.settled_encoding, problem.restriction)
        self.trainable = _as_function(self._training)
        self.callback: tune.Callback = _RecordingCallback(self)

    def stop_at_budget(self, budget_s: float) -> tune.Stopper:
        """For ``RunConfig(stop=…)``: ends the run when its simulated seconds are spent.

        The trial that crosses the budget counts. Trials under way beside it are ended, and recorded at the last epoch
        that they have reported.

        Raises:
            InvalidValueError: the budget is not positive.
        """
        return _BudgetStopper(RunBudget(budget_s, self))

    def record(self, config: Mapping[str, Any], epoch: int) -> TrialRecord:
        """Evaluate, charge and record a training that ended after an epoch; the callback does.

        Raises:
            Exception: whatever the benchmark or a sink raises; the first is kept.
        """
        return self._record(config, epoch=epoch, status="complete" if epoch == self._training.epochs[-1] else "pruned")


class _RecordingCallback(tune.Callback):  # type: ignore[misc]  # Ray is not installed where types are checked
    """Records trials where the logger is."""

    def __init__(self, run: RayTune) -> None:
        self._run: RayTune | None = run
        self._last_epoch: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        # A tuner is pickled into its directory as soon as it is made; a logger's sinks and locks cannot be.
        return {"_run": None, "_last_epoch": {}}

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_: Any) -> None:
        epoch = result[TIME_ATTRIBUTE]
        before = self._last_epoch.get(trial.trial_id, 0)
        if epoch <= before:  # a scheduler has paused the trial, and its training starts anew
            self._running().record(trial.config, before)
        self._last_epoch[trial.trial_id] = epoch

    def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
        epoch = self._last_epoch.pop(trial.trial_id, None)
        if epoch is not None:
            trial.last_result.update(describe(self._running().record(trial.config, epoch)))

    def on_trial_error(self, *, trial: Any, **_: Any) -> None:
        self._running().keep(_error_of(trial))
        self._running().raise_first_error()

    def _running(self) -> RayTune:
        if self._run is None:
            raise TrajectoryError("a tuner that was restored has lost its records: make a new RayTune and a new Tuner")
        return self._run


class _BudgetStopper(tune.Stopper):  # type: ignore[misc]  # Ray is not installed where types are checked
    def __init__(self, budget: RunBudget) -> None:
        self._budget: RunBudget | None = budget

    def __getstate__(self) -> dict[str, Any]:
        return {"_budget": None}

    def __call__(self, *_: Any) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._budget is not None and self._budget.is_spent()


def _error_of(trial: Any) -> Exception:
    """What a trial raised, as its process has pickled it; Ray's own exception where the trial's process died."""
    if trial.pickled_error_file is None:
        return TrajectoryError(f"trial {trial.trial_id} failed, and Ray Tune does not say why: {trial.get_error()}")
    # Trial.get_pickled_error reads from the storage, which gets the file later.
    error = cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
    cause = getattr(error, "cause", error)
    return cause if isinstance(cause, Exception) else RuntimeError(repr(error))


def _as_function(training: _Training) -> Callable[[Mapping[str, Any]], None]:
    """A plain function: Ray Tune takes callable objects for classes."""

    def nhb2_training(config: Mapping[str, Any]) -> None:
        training(config)

    return nhb2_training
