"""Has a change harmed an optimizer? An assertion for the tests of its package."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nhb2_plugins.arguments import MAX_SEARCH_SEED, checked_count
from nhb2_plugins.ask_tell import Optimizer
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.optimizers.registry import close_optimizer
from nhb2_plugins.simulation import simulate

if TYPE_CHECKING:
    from nhb2_plugins.analysis.gate import GateOutcome


def assert_not_worse(
    *,
    new: Callable[[int], Optimizer],
    old: Callable[[int], Optimizer],
    n_seeds: int = 50,
    budget_s: float = 20_000.0,
    margin: float = 0.5,
    bench: Benchmark | None = None,
    allow_undecided: bool = False,
) -> GateOutcome:
    """Run two optimizers with the same seeds, and fail if the new one is worse.

    Args:
        new: makes an optimizer from a seed.
        old: makes the one that it is compared with.
        n_seeds: seeds 0 … n-1 of each; a verdict takes ten.
        budget_s: simulated seconds of a run; what has not ended by then does not count.
        margin: percentage points of mean regret that do not matter.
        bench: the benchmark; None for :func:`~nhb2_plugins.benchmark.open_benchmark`.
        allow_undecided: whether to pass where the runs do not decide.

    Returns:
        what the gate says.

    Raises:
        AssertionError: the new one is worse, or that is not decided.
        InvalidValueError: a run has no result within the budget, a number of seeds that is none, or a margin that is
            not positive.
    """
    from nhb2_plugins.analysis.gate import judge  # needs scipy, as reports do

    seeds = range(checked_count("n_seeds", n_seeds, most=MAX_SEARCH_SEED))
    table = open_benchmark() if bench is None else bench
    before, after = (np.array([_final_regret(make(seed), table, budget_s) for seed in seeds]) for make in (old, new))
    outcome = judge(before, after, margin)
    told = (
        f"{outcome.verdict}: mean regret {outcome.old_mean:.2f} before and {outcome.new_mean:.2f} after, a change of "
        f"{outcome.change:+.2f} [{outcome.low:+.2f}, {outcome.high:+.2f}] percentage points over {n_seeds} seeds; the "
        f"margin is {margin:g}"
    )
    if outcome.seeds_needed:
        told += f"; about {outcome.seeds_needed} seeds would decide it"
    if outcome.verdict == "worse" or (outcome.verdict == "not decided" and not allow_undecided):
        raise AssertionError(told)
    return outcome


def _final_regret(optimizer: Optimizer, bench: Benchmark, budget_s: float) -> float:
    try:
        found = simulate(optimizer, bench, budget_s=budget_s, crossing="drop").incumbents()
    finally:
        close_optimizer(optimizer)
    if not found:
        return float("inf")
    record = found[-1].record
    reached = bench.evaluate(record.configuration, SCHEDULE_EPOCHS, "valid", record.seed).accuracy_pct
    return bench.oracle(SCHEDULE_EPOCHS)[1] - reached
