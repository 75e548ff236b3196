"""Arguments that several adapters take, and budgets that several frameworks compute."""

from __future__ import annotations

import math
from typing import Final

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.fidelity import FidelityLadder

_RELATIVE_TOLERANCE: Final = 1e-9


def checked_seed(seed: Seed | None, bench: Benchmark) -> Seed | None:
    """A seed of the table, ``"mean"``, or None; checked when an adapter is made and not at its first evaluation.

    Raises:
        InvalidValueError: the table does not have the seed.
    """
    return None if seed is None else bench.checked_seed(seed)


def served(ladder: FidelityLadder, budget: float) -> tuple[int, float]:
    """The epoch that serves a budget, and the budget without a framework's float error.

    Raises:
        InvalidValueError: the budget is below the ladder's lowest rung, or not a number.
    """
    rung = ladder.rung_of(budget)
    own = ladder.budgets[rung]
    return ladder.rungs[rung], own if math.isclose(own, budget, rel_tol=_RELATIVE_TOLERANCE) else float(budget)
