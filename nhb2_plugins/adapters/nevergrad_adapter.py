"""NAS-HPO-Bench-II for Nevergrad: the joint space as a parametrization, and the objective.

Nevergrad minimises, knows one fidelity, and re-raises what an objective raises. Its candidates have no place for what a
value cost: costs and provenance are in the records. It draws from the parametrization's own generator: seed that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Unpack

import nevergrad as ng
from nevergrad.parametrization._layering import Layered, Level  # no public name

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RecordedRun, RunBudget
from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.logger import TrajectoryLogger

__all__ = [
    "NevergradObjective",
    "nevergrad_configuration",
    "nevergrad_parametrization",
    "nevergrad_stop_at_budget",
    "nevergrad_values",
]

NEVERGRAD: Final = Framework(name="Nevergrad", encoding="categorical", has_several_objectives=True)


def nevergrad_parametrization(
    encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE, *, seed: int | None = None
) -> ng.p.Instrumentation:
    """The joint space, for any of Nevergrad's optimizers; objectives are called with hyperparameters by name.

    Args:
        encoding: of learning rate and batch size: ``categorical`` (``Choice``), ``ordinal`` (``TransitionChoice``,
            which moves to neighbouring values) or ``integer`` (a ``Scalar`` of ranks). Operations are a ``Choice``.
        restriction: the part of the space; by default all of it. With ``one_per_class`` the six edges become one
            ``Choice``, ``cell``. A fixed hyperparameter is a constant.
        seed: seeds the parametrization's generator, which the optimizer draws from; None leaves it unseeded.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    choices = NEVERGRAD.choices(encoding, restriction)
    parameters = {name: _parameter(encoding, name, values) for name, values in choices.items()}
    parametrization = ng.p.Instrumentation(**parameters)
    if seed is not None:
        parametrization.random_state.seed(seed)
    return parametrization


def nevergrad_configuration(candidate: ng.p.Parameter, encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a candidate (of ``ask()``, or a recommendation).

    Raises:
        InvalidValueError: it is not one of this space, or the encoding is unknown.
    """
    return NEVERGRAD.configuration(candidate.kwargs, encoding)


def nevergrad_values(
    configuration: Configuration, encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE
) -> dict[str, Any]:
    """A configuration's hyperparameters by name, for ``optimizer.suggest(**values)``.

    Raises:
        InvalidValueError: an unknown encoding, or the configuration is outside the restriction.
    """
    return NEVERGRAD.values(configuration, encoding, restriction)


class NevergradObjective(RecordedRun):
    """Call it with hyperparameters by name, as ``optimizer.minimize`` does: it evaluates, charges and records.

    ``minimize(executor=…)`` takes an executor of threads; to other processes an objective does not go.

    Attributes:
        problem: what it answers.
        logger: the records; the n-th candidate that was told is the n-th of them.
        error: the first exception.
    """

    _WAY_OUT = "Use an executor of threads, or none, or make one in each process"

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem, or a benchmark and a problem's keywords; encoding and restriction as the
                parametrization's.
            logger: where records go; None makes one.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        self._begin(NEVERGRAD.problem(bench, arguments), logger)

    def __call__(self, **hyperparameters: Any) -> float | list[float]:
        """Evaluate a configuration.

        Returns:
            The error in percent, or a list of several objectives; Python floats.

        Raises:
            InvalidValueError: the hyperparameters are not one of this space's configurations.
            Exception: whatever the benchmark or a sink raises.
        """
        values = self.problem.costs(self._record(hyperparameters))
        return list(values) if len(values) > 1 else values[0]


def nevergrad_stop_at_budget(
    budget_s: float, logger: TrajectoryLogger | NevergradObjective
) -> ng.callbacks.EarlyStopping:
    """A callback for ``optimizer.register_callback("ask", …)`` that ends ``minimize`` when simulated time is spent.

    The evaluation that crosses the budget counts, and is the last one. Nevergrad's own ``budget`` is a number of
    evaluations, which some optimizers plan by: give the number that you expect.

    Args:
        budget_s: simulated seconds.
        logger: the logger whose simulated clock is read, or the objective that has it.

    Raises:
        InvalidValueError: the budget is not positive, or neither a logger nor an objective.
    """
    budget = RunBudget(budget_s, logger)
    return ng.callbacks.EarlyStopping(lambda _optimizer: budget.is_spent())


def _parameter(encoding: Encoding, name: str, values: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    if name not in ("lr", "batch_size") or encoding == "categorical":
        return ng.p.Choice(values)
    if encoding == "ordinal":
        return ng.p.TransitionChoice(values)
    return ng.p.Scalar(lower=values[0], upper=values[-1]).set_integer_casting().add_layer(_RanksAlone(values))


class _RanksAlone(Layered):  # type: ignore[misc]  # Nevergrad is not installed where types are checked
    """Refuses what somebody suggests for a rank and is none (a learning rate, say); Nevergrad rounds it."""

    _LAYER_LEVEL = Level.CONSTRAINT

    def __init__(self, ranks: Sequence[int]) -> None:
        super().__init__()
        self._ranks = ranks

    def _layered_set_value(self, value: Any) -> None:
        checked_choice("rank", value, self._ranks)
        super()._layered_set_value(value)
