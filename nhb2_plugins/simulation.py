"""Simulated time: n workers that run an optimizer's suggestions on the table's recorded costs.

An event loop over ask and tell; nothing sleeps. An evaluation ends at its start plus what it is charged; one that a
policy spares costs because another has paid for it waits until that one has ended (:mod:`nhb2_plugins.charging`).
Results are told in order of simulated end (ties by submission), and the optimizer never learns a result before its end.
The wall clock measures how long the optimizer thinks, and counts only where that is asked for.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, NamedTuple, Unpack

from nhb2_plugins.arguments import checked_choice, checked_count
from nhb2_plugins.ask_tell import Optimizer, Suggestion, checked_optimizer
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.budget import CROSSINGS, OVERHEADS, Budget, Crossing, Overhead
from nhb2_plugins.charging import Bill
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import N_CONFIGURATIONS
from nhb2_plugins.subspace import WHOLE_SPACE
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder

MOST_WORKERS: Final = N_CONFIGURATIONS
"""Simulated workers that a run may have: one for each configuration."""

FREE_IN_A_ROW: Final = 1000
FREE_IN_A_ROW_PER_PAID: Final = 10
"""So many evaluations without any cost, and so many more for each that was paid before, mean a search that repeats
itself for ever: one that still draws uniformly from T configurations and has paid for all but one of them goes T times,
on average, without a new one. A fixed number would have to be so large that a sampler which takes milliseconds a
proposal, and more with each, would not reach it in a day."""


class _Running(NamedTuple):
    """An evaluation under way, ordered by its simulated end, then by submission."""

    end_s: float
    trial: int
    worker: int
    start_s: float
    bill: Bill
    overhead_s: float
    suggestion: Suggestion
    observation: Observation


def simulate(
    optimizer: Optimizer,
    bench: Benchmark | Problem,
    *,
    budget_s: float,
    n_workers: int = 1,
    crossing: Crossing = "count",
    overhead: Overhead = "none",
    logger: TrajectoryLogger | None = None,
    progress: Callable[[float], None] | None = None,
    **arguments: Unpack[ProblemArguments],
) -> TrajectoryLogger:
    """Run an optimizer until its simulated budget is spent or it has finished.

    Args:
        optimizer: asked while a worker is free and the budget is not spent.
        bench: the problem whose benchmark answers the suggestions, or a benchmark and a problem's keywords. Of the
            problem the seed, the charging (applied in order of submission) and the restriction count here; the epochs
            are the optimizer's to ask for.
        budget_s: simulated seconds; no evaluation starts at or after it. ``inf`` for an optimizer that ends by itself.
        n_workers: number of simulated workers, from 1 to :data:`MOST_WORKERS`.
        crossing: what happens to evaluations that end after the budget.
        overhead: whether the wall-clock time that the optimizer takes is added to the clock before each start. One
            optimizer thinks of one proposal at a time; what ends meanwhile is told before it is asked again.
        logger: takes the records, in order of simulated end; None makes one.
        progress: called with the simulated time after every result.
        **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

    Returns:
        The logger.

    Raises:
        InvalidValueError: what neither asks nor tells; a budget that is not positive, no worker or too many, an unknown
            setting or seed; the optimizer leaves the problem's part of the space, to whose best its regret would be.
        TrajectoryError: the optimizer asks for nothing but free evaluations, which never spend the budget
            (:data:`FREE_IN_A_ROW`).
        Exception: whatever the optimizer or a sink raises.
    """
    checked_optimizer(optimizer)
    budget = Budget(budget_s)
    checked_count("n_workers", n_workers, most=MOST_WORKERS)
    checked_choice("crossing", crossing, CROSSINGS)
    checked_choice("overhead", overhead, OVERHEADS)
    recorder = Recorder(bench, logger=logger, **arguments)
    clock = _Clock(optimizer, recorder, budget, crossing == "drop", overhead == "measured", list(range(n_workers)))
    clock.run(progress)
    return recorder.logger


@dataclass
class _Clock:
    """The event loop. A record is made when its evaluation ends: until then a bare tuple waits in the heap."""

    optimizer: Optimizer
    recorder: Recorder
    budget: Budget
    drops_crossing: bool
    counts_overhead: bool
    free_workers: list[int]
    running: list[_Running] = field(default_factory=list)
    thought_s: float = 0.0  # wall-clock seconds of the optimizer since its last proposal
    free_in_a_row: int = 0
    n_paid: int = 0

    def __post_init__(self) -> None:
        self.problem = self.recorder.problem
        self.now_s = self.recorder.logger.clock_s

    def run(self, progress: Callable[[float], None] | None) -> None:
        self._start_all()
        while self.running:
            self._finish(heapq.heappop(self.running))
            if progress is not None:
                progress(self.now_s)
            # All results of one instant are told before anything new starts on what they taught.
            if not self.running or self.running[0].end_s > self.now_s:
                self._start_all()

    def _start_all(self) -> None:
        while self.free_workers and not self.budget.is_spent(self.now_s):
            asked_at = perf_counter()
            suggestion = self.optimizer.ask()
            self.thought_s += perf_counter() - asked_at
            if suggestion is None:
                return
            overhead_s, self.thought_s = self.thought_s, 0.0
            if self.counts_overhead:
                self.now_s += overhead_s
                if self.budget.is_spent(self.now_s):
                    return
            self._start(suggestion, overhead_s)
            if self.counts_overhead and self.running[0].end_s <= self.now_s:
                return  # it ended while the optimizer was thinking

    def _start(self, suggestion: Suggestion, overhead_s: float) -> None:
        recorder, problem = self.recorder, self.problem
        if problem.restriction is not WHOLE_SPACE:
            problem.restriction.checked(suggestion.configuration)
        observation = problem.bench.evaluate(suggestion.configuration, suggestion.epoch, seed=problem.seed)
        bill = recorder.bill(suggestion.configuration, observation, self.now_s)
        trial = recorder.logger.next_trial()
        if not (bill.charged_s >= 0 and bill.end_s < math.inf):
            raise TrajectoryError(f"trial {trial} was charged {bill.charged_s!r} s, expected a finite cost >= 0")
        worker = heapq.heappop(self.free_workers)
        heapq.heappush(
            self.running, _Running(bill.end_s, trial, worker, self.now_s, bill, overhead_s, suggestion, observation)
        )

    def _finish(self, done: _Running) -> None:
        end_s, trial, worker, start_s, bill, overhead_s, suggestion, observation = done
        self.now_s = max(self.now_s, end_s)
        heapq.heappush(self.free_workers, worker)
        self._check_progress(done)
        crosses = self.budget.is_crossed(end_s)
        if crosses and self.drops_crossing:
            return
        told_at = perf_counter()
        self.optimizer.tell(suggestion, observation)
        self.thought_s += perf_counter() - told_at
        recorder = self.recorder
        recorder.logger.log(
            recorder.make_record(
                suggestion.configuration,
                observation,
                trial=trial,
                budget=suggestion.budget,
                bill=bill,
                start_s=start_s,
                worker=worker,
                status="crossed_budget" if crosses else "complete",
                overhead_s=overhead_s,
            )
        )

    def _check_progress(self, done: _Running) -> None:
        if done.bill.charged_s > 0:
            self.free_in_a_row = 0
            self.n_paid += 1
            return
        self.free_in_a_row += 1
        if self.free_in_a_row >= FREE_IN_A_ROW + FREE_IN_A_ROW_PER_PAID * self.n_paid:
            raise TrajectoryError(
                f"{self.free_in_a_row} evaluations in a row were free under the charging policy "
                f"{self.problem.charging!r}, the last of {done.suggestion.configuration}: the budget would never be "
                f"spent. The search repeats the {self.n_paid} evaluations that it has paid for: charge "
                "'from_scratch', or give it more to search"
            )
