"""Simulated time: n workers that run an optimizer's suggestions on the table's recorded costs.

An event loop over ask and tell; nothing sleeps and no clock is read. An evaluation ends at its start plus what it is
charged; results are told in order of simulated end (ties by submission), and the optimizer never learns a result before
its end.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from numbers import Integral, Real
from time import perf_counter
from typing import Final, Literal, NamedTuple, get_args

from nhb2_plugins.ask_tell import Optimizer, Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.charging import Charging
from nhb2_plugins.errors import InvalidValueError, TrajectoryError, describe_choices
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder

Crossing = Literal["count", "drop"]
"""What happens to evaluations that end after the budget: ``count`` tells and records them, marked ``crossed_budget``
(as the reference's loops do); ``drop`` leaves them out."""
CROSSINGS: Final[tuple[Crossing, ...]] = get_args(Crossing)

MAX_FREE_IN_A_ROW: Final = 100_000
"""So many evaluations without any cost mean a search that repeats itself for ever."""


class _Running(NamedTuple):
    """An evaluation under way, ordered by its simulated end, then by submission."""

    end_s: float
    trial: int
    record: TrialRecord
    suggestion: Suggestion
    observation: Observation


def simulate(
    optimizer: Optimizer,
    bench: Benchmark,
    *,
    budget_s: float,
    n_workers: int = 1,
    charging: Charging = "from_scratch",
    crossing: Crossing = "count",
    seed: Seed | None = None,
    logger: TrajectoryLogger | None = None,
    progress: Callable[[float], None] | None = None,
) -> TrajectoryLogger:
    """Run an optimizer until its simulated budget is spent or it has finished.

    Args:
        optimizer: asked while a worker is free and the budget is not spent.
        bench: answers the suggestions.
        budget_s: simulated seconds; no evaluation starts at or after it. ``inf`` for an optimizer that ends by itself.
        n_workers: number of simulated workers, at least 1.
        charging: the charging policy (:mod:`nhb2_plugins.charging`), applied in order of submission.
        crossing: what happens to evaluations that end after the budget.
        seed: the table's seed that every evaluation uses; None for the first.
        logger: takes the records, in order of simulated end; None makes one.
        progress: called with the simulated time after every result.

    Returns:
        The logger.

    Raises:
        InvalidValueError: a budget that is not positive, no worker, an unknown policy or seed.
        TrajectoryError: the optimizer asks for nothing but free evaluations, which never spend the budget.
        Exception: whatever the optimizer or a sink raises.
    """
    if not isinstance(budget_s, Real) or not budget_s > 0:
        raise InvalidValueError(f"budget_s {budget_s!r} is not a positive number of simulated seconds")
    if not isinstance(n_workers, Integral) or n_workers < 1:
        raise InvalidValueError(f"n_workers {n_workers!r} is not an integer of at least 1")
    if crossing not in CROSSINGS:
        raise InvalidValueError(describe_choices(crossing, CROSSINGS, what="crossing"))
    clock = _Clock(optimizer, Recorder(bench, charging=charging, logger=logger), n_workers, budget_s, crossing, seed)
    clock.run(progress)
    return clock.recorder.logger


class _Clock:
    def __init__(
        self,
        optimizer: Optimizer,
        recorder: Recorder,
        n_workers: int,
        budget_s: float,
        crossing: Crossing,
        seed: Seed | None,
    ) -> None:
        self.recorder = recorder
        self._optimizer = optimizer
        self._budget_s = budget_s
        self._crossing = crossing
        self._seed = seed
        self._now_s = recorder.logger.clock_s
        self._free_workers = list(range(n_workers))
        self._running: list[_Running] = []
        self._free_in_a_row = 0

    def run(self, progress: Callable[[float], None] | None) -> None:
        self._start_all()
        while self._running:
            self._finish(heapq.heappop(self._running))
            if progress is not None:
                progress(self._now_s)
            # All results of one instant are told before anything new starts on what they taught.
            if not self._running or self._running[0].end_s > self._now_s:
                self._start_all()

    def _start_all(self) -> None:
        while self._free_workers and self._now_s < self._budget_s:
            asked_at = perf_counter()
            suggestion = self._optimizer.ask()
            if suggestion is None:
                return
            self._start(suggestion, perf_counter() - asked_at)

    def _start(self, suggestion: Suggestion, overhead_s: float) -> None:
        recorder = self.recorder
        observation = recorder.bench.evaluate(suggestion.configuration, suggestion.epoch, seed=self._seed)
        charged = recorder.charge(suggestion.configuration, observation)
        crosses = self._now_s + charged > self._budget_s
        record = recorder.make_record(
            suggestion.configuration,
            observation,
            trial=recorder.logger.next_trial(),
            budget=suggestion.budget,
            charged_cost_s=charged,
            start_s=self._now_s,
            worker=heapq.heappop(self._free_workers),
            status="crossed_budget" if crosses else "complete",
            overhead_s=overhead_s,
        )
        if not math.isfinite(record.end_s) or charged < 0:
            raise TrajectoryError(f"trial {record.trial} was charged {charged!r} s, expected a finite cost >= 0")
        heapq.heappush(self._running, _Running(record.end_s, record.trial, record, suggestion, observation))

    def _finish(self, done: _Running) -> None:
        self._now_s = done.end_s
        heapq.heappush(self._free_workers, done.record.worker)
        self._check_progress(done.record)
        if done.record.status == "crossed_budget" and self._crossing == "drop":
            return
        self._optimizer.tell(done.suggestion, done.observation)
        self.recorder.logger.log(done.record)

    def _check_progress(self, record: TrialRecord) -> None:
        self._free_in_a_row = 0 if record.charged_cost_s > 0 else self._free_in_a_row + 1
        if self._free_in_a_row >= MAX_FREE_IN_A_ROW:
            raise TrajectoryError(
                f"{self._free_in_a_row} evaluations in a row were free under the charging policy "
                f"{record.charging!r}, the last of {record.configuration}: the budget would never be spent"
            )
