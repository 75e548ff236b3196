"""The benchmark as a plain function, for optimizers that have no adapter here: a dictionary, or a vector, to an error.

What the adapters do besides it does too: every evaluation is charged and recorded, once, and the first unexpected
exception is kept for those whose optimizer swallows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Unpack

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import ALL_ENCODINGS
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.trajectory.logger import TrajectoryLogger

__all__ = ["PlainObjective", "objective"]

PLAIN: Final = Framework(
    name="A plain objective", encodings=ALL_ENCODINGS, has_fidelities=True, has_several_objectives=True
)


class PlainObjective(RecordedRun):
    """One run; made by :func:`objective`.

    Attributes:
        problem: what it answers.
        logger: the records.
        error: the first unexpected exception; ``raise_first_error()`` raises it.
    """

    def __init__(self, problem: Problem, logger: TrajectoryLogger | None) -> None:
        self._begin(problem, logger)

    def __call__(
        self,
        values: Mapping[str, Any] | Iterable[float] | None = None,
        /,
        *,
        budget: float | None = None,
        **named: Any,
    ) -> float | tuple[float, ...]:
        """Evaluate, charge and record one configuration.

        Args:
            values: by hyperparameter name, in the problem's encoding; under ``digits`` and ``unit`` also eight numbers
                in order.
            budget: in epochs, where the problem has a ladder; None for its highest fidelity.
            **named: the values, in the place of the mapping.

        Returns:
            The error in percent, to be minimised; a tuple where the problem has several objectives. Python floats.

        Raises:
            InvalidValueError: the values are no configuration of the problem's, or were given twice or not at all; or
                the budget is none of its ladder.
            Exception: whatever the benchmark or a sink raises.
        """
        if (values is None) != bool(named):
            raise InvalidValueError("hyperparameters are given either as one mapping or by name, and one of them")
        costs = self.problem.costs(self._record(named if values is None else values, budget))
        return costs if len(costs) > 1 else costs[0]


def objective(
    bench: Benchmark | Problem,
    *,
    ladder: FidelityLadder | Iterable[float] | None = None,
    logger: TrajectoryLogger | None = None,
    **arguments: Unpack[ProblemArguments],
) -> PlainObjective:
    """The benchmark as a function of hyperparameters.

    >>> from nhb2_plugins.benchmark import open_benchmark
    >>> error = objective(open_benchmark(), encoding="unit")
    >>> error([0.1] * 8) == error(dict.fromkeys(error.problem.choices, 0.1))
    True
    >>> [record.configuration.cellcode for record in error.logger.records]
    ['0|00|000', '0|00|000']

    Args:
        bench: the problem, or a benchmark and a problem's keywords. Without an encoding, learning rate and batch size
            may be values or ranks.
        ladder: budgets that a multi-fidelity optimizer may ask for, ``objective(values, budget=…)``.
        logger: where records go; None makes one that keeps them in memory.
        **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

    Raises:
        InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
        TrajectoryError: the logger belongs to another table.
    """
    return PlainObjective(PLAIN.problem(bench, arguments, ladder=ladder), logger)
