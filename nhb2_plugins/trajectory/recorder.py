"""Evaluate, charge, record: the one path from any framework to the logger."""

from __future__ import annotations

from typing import Unpack

from nhb2_plugins.arguments import checked_kind
from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.charging import Bill
from nhb2_plugins.problem import Problem, ProblemArguments, as_problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import Status, TrialRecord, checked_record
from nhb2_plugins.trajectory.stays_in_process import StaysInProcess


class Recorder(StaysInProcess):
    """Wraps a problem: every evaluation through it is charged and logged.

    Args:
        bench: the problem, or a benchmark and a problem's keywords.
        logger: where records go; None makes one that keeps them in memory.
        **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

    Attributes:
        problem: what is evaluated.
        bench: its benchmark.
        logger: where records go.

    Raises:
        InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
        TrajectoryError: the logger belongs to another table, or holds records of a run that is not resumed
            (:meth:`TrajectoryLogger.resume`).
    """

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        self.problem = as_problem(bench, arguments)
        self.bench = self.problem.bench
        self.logger = TrajectoryLogger() if logger is None else checked_logger(logger)
        self._charger = self.logger.begin(self.problem)
        self._table = self.bench.provenance.key

    def evaluate(
        self,
        configuration: Configuration,
        epoch: int | None = None,
        *,
        split: str | None = None,
        seed: Seed | None = None,
        budget: float | None = None,
        status: Status = "complete",
        worker: int = 0,
        overhead_s: float = 0.0,
    ) -> TrialRecord:
        """Evaluate as a single simulated worker would, starting when the last evaluation ended, and log it.

        Args:
            configuration: what to evaluate.
            epoch: the fidelity that serves it; None for the problem's.
            split: as :meth:`Benchmark.evaluate`.
            seed: one of the table's seeds, or ``"mean"``; None for the problem's.
            budget: the fidelity asked for, where it is not ``epoch``.
            status: how the evaluation ended.
            worker: number of the worker that ran it.
            overhead_s: wall-clock seconds that the optimizer took to propose it.

        Raises:
            InvalidValueError: as :meth:`Benchmark.evaluate`.
            Exception: whatever a sink raises.
        """
        with self.logger.lock:
            problem = self.problem
            observation = self.bench.evaluate(
                configuration,
                problem.epoch if epoch is None else epoch,
                split,
                problem.seed if seed is None else seed,
            )
            start_s = self.logger.clock_s
            record = self.make_record(
                configuration,
                observation,
                trial=self.logger.next_trial(),
                budget=budget,
                bill=self.bill(configuration, observation, start_s),
                start_s=start_s,
                worker=worker,
                status=status,
                overhead_s=overhead_s,
            )
            self.logger.log(record)
        return record

    def bill(self, configuration: Configuration, observation: Observation, start_s: float) -> Bill:
        """Charge an evaluation without logging it; for clocks that start it now and learn its result later."""
        return self._charger.bill(configuration, observation, start_s)

    def make_record(
        self,
        configuration: Configuration,
        observation: Observation,
        *,
        trial: int,
        budget: float | None,
        bill: Bill,
        start_s: float,
        worker: int,
        status: Status,
        overhead_s: float = 0.0,
    ) -> TrialRecord:
        """The record of an observation that was charged already."""
        # By position, in the order of the fields: names cost half a microsecond a record.
        return checked_record(
            (
                self.logger.run_id,
                trial,
                configuration.cellcode,
                configuration.lr,
                configuration.batch_size,
                observation.epoch,
                float(observation.epoch if budget is None else budget),
                observation.split,
                observation.seed,
                observation.accuracy_pct,
                observation.cost_s,
                bill.charged_s,
                self.problem.charging,
                start_s,
                bill.end_s,
                worker,
                status,
                overhead_s,
                self._table,
            )
        )


def checked_logger(logger: object) -> TrajectoryLogger:
    """The logger.

    Raises:
        InvalidValueError: something else.
    """
    return checked_kind("logger", logger, TrajectoryLogger, "TrajectoryLogger() makes one")
