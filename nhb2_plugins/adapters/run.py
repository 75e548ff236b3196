"""One run through a framework: what the framework calls evaluates, charges and records, where the records are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nhb2_plugins.budget import Budget
from nhb2_plugins.problem import Problem
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import Status, TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder, checked_logger
from nhb2_plugins.trajectory.stays_in_process import StaysInProcess


class RunBudget:
    """A budget of simulated seconds on a run's clock.

    Args:
        budget_s: simulated seconds.
        run: the logger whose simulated clock is read, or what holds it.

    Raises:
        InvalidValueError: the budget is not positive, or neither a logger nor a run.
    """

    def __init__(self, budget_s: float, run: TrajectoryLogger | RecordedRun) -> None:
        self._budget = Budget(budget_s)
        self._logger = checked_logger(run.logger if isinstance(run, RecordedRun) else run)

    def is_spent(self) -> bool:
        """Whether nothing may start any more."""
        return self._budget.is_spent(self._logger.clock_s)


class RecordedRun(StaysInProcess):
    """Part of whatever a framework calls; keeps the first exception, which frameworks turn into a crashed trial.

    Attributes:
        problem: what is evaluated.
        recorder: charges and records it.
        error: the first unexpected exception; None as long as there is none.
    """

    problem: Problem
    recorder: Recorder
    error: Exception | None = None

    def _begin(self, problem: Problem, logger: TrajectoryLogger | None) -> None:
        """Set up the run; the framework's own base class has a constructor of its own."""
        self.problem = problem
        self.recorder = Recorder(problem, logger=logger)

    @property
    def logger(self) -> TrajectoryLogger:
        """Where the records are."""
        return self.recorder.logger

    def keep(self, error: Exception) -> None:
        """Keep an exception, if it is the first; safe in several threads."""
        vars(self).setdefault("error", error)

    def raise_first_error(self) -> None:
        """Raise the first exception, which the framework has swallowed, if there is one.

        Raises:
            Exception: that exception.
        """
        if self.error is not None:
            raise self.error

    def _record(
        self,
        values: Mapping[str, Any] | Iterable[float],
        budget: float | None = None,
        *,
        epoch: int | None = None,
        status: Status = "complete",
    ) -> TrialRecord:
        """Evaluate, charge and record what a framework asks for: at a budget of the ladder, or at an epoch.

        Raises:
            InvalidValueError: the values are no configuration of the problem's, or the budget is none of its ladder.
            Exception: whatever the benchmark or a sink raises; the first is kept.
        """
        try:
            configuration = self.problem.configuration(values)
            if epoch is None:
                epoch, budget = self.problem.served(budget)
            return self.recorder.evaluate(configuration, epoch, budget=budget, status=status)
        except Exception as error:
            self.keep(error)
            raise
