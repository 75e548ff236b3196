"""What makes SMAC run exactly the budgets of a ladder: its min_budget, max_budget and eta.

SMAC's Hyperband runs the budgets ``max_budget · eta^-k`` for k from ``floor(log(max_budget / min_budget) / log(eta))``
down to 0. ``min_budget`` only fixes that number, and float error in the two logarithms can lose the lowest rung: for
ladder 1, 3, 9 … or an eta that is slightly too large (17 for 12 and 200 runs 200 alone).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smac.intensifier.hyperband_utils import determine_HB

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder, checked_eta, checked_ladder, is_same_budget, just_below


@dataclass(frozen=True)
class SmacBudgets:
    """SMAC's three settings for a ladder.

    Attributes:
        min_budget: for ``Scenario``; a billionth below the lowest rung, so that no logarithm loses the rung. SMAC never
            runs it.
        max_budget: for ``Scenario``.
        eta: for the facade's ``get_intensifier``. SMAC annotates it as an integer and takes any number above 1.
        ladder: the ladder that these settings run.
    """

    min_budget: float
    max_budget: float
    eta: float
    ladder: FidelityLadder


def smac_budgets(ladder: FidelityLadder | Iterable[float], eta: float | None = None) -> SmacBudgets:
    """The settings with which SMAC runs exactly a ladder's budgets.

    Args:
        ladder: at least two budgets in epochs, geometric.
        eta: None for the ladder's own; a number is checked against the ladder.

    Raises:
        InvalidValueError: a ladder that is not geometric, or an eta with which SMAC would run other budgets; the
            message names them.
    """
    ladder = checked_ladder(ladder)
    eta = ladder.eta if eta is None else checked_eta(eta)
    low, high = float(ladder.budgets[0]), float(ladder.budgets[-1])
    budgets = SmacBudgets(just_below(low), high, eta, ladder)
    run = [float(budget) for budget in determine_HB(budgets.min_budget, high, eta)["budgets_in_stage"][0]]  # type: ignore[arg-type]
    same = len(run) == len(ladder.budgets) and all(
        is_same_budget(one, other) for one, other in zip(run, ladder.budgets, strict=True)
    )
    if not same:
        raise InvalidValueError(
            f"eta {eta!r} would make SMAC run the budgets {run}, not the ladder's {list(ladder.budgets)}"
        )
    return budgets
