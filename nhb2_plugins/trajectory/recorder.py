"""Evaluate, charge, record: the one path from any framework to the logger."""

from __future__ import annotations

from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.charging import Charger, Charging
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import Status, TrialRecord, checked_record


class Recorder:
    """Wraps a benchmark: every evaluation through it is charged and logged.

    Args:
        bench: the benchmark.
        charging: the charging policy (:mod:`nhb2_plugins.charging`).
        logger: where records go; None makes one that keeps them in memory.

    Raises:
        InvalidValueError: not a benchmark, not a logger, or an unknown charging policy.
        TrajectoryError: the logger belongs to another table.
    """

    def __init__(
        self, bench: Benchmark, *, charging: Charging = "from_scratch", logger: TrajectoryLogger | None = None
    ) -> None:
        self.bench = checked_benchmark(bench)
        self.logger = TrajectoryLogger() if logger is None else checked_logger(logger)
        self.logger.attach(bench)
        self._charger = Charger(bench, charging)
        self._table = bench.provenance.key

    @property
    def charging(self) -> Charging:
        """The charging policy."""
        return self._charger.policy

    def evaluate(
        self,
        configuration: Configuration,
        epoch: int = SCHEDULE_EPOCHS,
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
            epoch: the fidelity that serves it.
            split: as :meth:`Benchmark.evaluate`.
            seed: as :meth:`Benchmark.evaluate`.
            budget: the fidelity asked for, where it is not ``epoch``.
            status: how the evaluation ended.
            worker: number of the worker that ran it.
            overhead_s: wall-clock seconds that the optimizer took to propose it.

        Raises:
            InvalidValueError: as :meth:`Benchmark.evaluate`.
            Exception: whatever a sink raises.
        """
        with self.logger.lock:
            observation = self.bench.evaluate(configuration, epoch, split, seed)
            charged = self.charge(configuration, observation)
            record = self.make_record(
                configuration,
                observation,
                trial=self.logger.next_trial(),
                budget=budget,
                charged_cost_s=charged,
                start_s=self.logger.clock_s,
                worker=worker,
                status=status,
                overhead_s=overhead_s,
            )
            self.logger.log(record)
        return record

    def charge(self, configuration: Configuration, observation: Observation) -> float:
        """Charge an evaluation without logging it; for clocks that start it now and learn its result later."""
        return self._charger.charge(configuration, observation)

    def make_record(
        self,
        configuration: Configuration,
        observation: Observation,
        *,
        trial: int,
        budget: float | None,
        charged_cost_s: float,
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
                charged_cost_s,
                self.charging,
                start_s,
                start_s + charged_cost_s,
                worker,
                status,
                overhead_s,
                self._table,
            )
        )


def checked_benchmark(bench: object) -> Benchmark:
    """The benchmark.

    Raises:
        InvalidValueError: something else.
    """
    if not isinstance(bench, Benchmark):
        raise InvalidValueError(f"bench {bench!r:.80} is not a Benchmark; open_benchmark() opens one")
    return bench


def checked_seed(seed: Seed | None, bench: Benchmark) -> Seed | None:
    """A seed of the table, ``"mean"``, or None; checked when an adapter is made and not at its first evaluation.

    Raises:
        InvalidValueError: not a benchmark, or its table does not have the seed.
    """
    checked_benchmark(bench)
    return None if seed is None else bench.checked_seed(seed)


def checked_logger(logger: object) -> TrajectoryLogger:
    """The logger.

    Raises:
        InvalidValueError: something else.
    """
    if not isinstance(logger, TrajectoryLogger):
        raise InvalidValueError(f"logger {logger!r:.80} is not a TrajectoryLogger; TrajectoryLogger() makes one")
    return logger
