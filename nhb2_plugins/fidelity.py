"""Fidelities: epochs 1..12 of one training run, and 200 of another; ladders of budgets; snapping.

Epochs 1..12 are points of one 12-epoch run (cosine schedule over 12), so a run stopped at epoch e can be continued.
Epoch 200 is a different run (cosine over 200): nothing carries over, and the data holds no cost for it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from nhb2_plugins.arguments import checked_choice, is_number, is_several
from nhb2_plugins.errors import InvalidValueError

Split = Literal["train", "valid", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "valid", "test")

SCHEDULE_EPOCHS: Final = 12
"""Length of the trained schedule; every epoch of it is a fidelity."""
LONG_EPOCHS: Final = 200
"""Length of the predicted schedule."""
FIDELITIES: Final = (*range(1, SCHEDULE_EPOCHS + 1), LONG_EPOCHS)
"""Every epoch that can be asked for, ascending (1-based, inclusive)."""

_FIDELITY_BY_VALUE: Final[dict[object, int]] = {epoch: epoch for epoch in FIDELITIES}
_RELATIVE_TOLERANCE: Final = 1e-9  # frameworks compute budgets and counts with powers and logarithms


def is_same_budget(one: float, other: float) -> bool:
    """Whether two budgets differ by float error alone: at most 1e-9 relative."""
    return math.isclose(one, other, rel_tol=_RELATIVE_TOLERANCE)


def just_below(budget: float) -> float:
    """A budget that counts as the same and from which no framework loses the lowest rung to a rounded logarithm."""
    return budget * (1 - _RELATIVE_TOLERANCE)


def whole_part(number: float) -> int:
    """The largest whole number at or below one of at least 0, or what it misses by float error alone.

    >>> 250 / (200 / 12), whole_part(250 / (200 / 12))
    (14.999999999999998, 15)
    """
    return math.floor(number * (1 + _RELATIVE_TOLERANCE))


def checked_epoch(epoch: object) -> int:
    """The fidelity equal to a number, as a built-in integer.

    Raises:
        InvalidValueError: not equal to one of 1..12 and 200, or a truth value (True equals 1).
    """
    try:
        checked = _FIDELITY_BY_VALUE[epoch]
    except (KeyError, TypeError):
        checked = 0
    if checked == 0 or not is_number(epoch):
        raise InvalidValueError(f"epoch {epoch!r:.80} is not one of 1..{SCHEDULE_EPOCHS} or {LONG_EPOCHS}")
    return checked


def checked_split(split: str | None, epoch: int) -> Split:
    """The split answered at an epoch: given, or by default validation up to 12 epochs and test at 200.

    Raises:
        InvalidValueError: an unknown split, or one that the data does not have at 200 epochs (the value there is an
            expected *test* accuracy).
    """
    if split is None:
        return "test" if epoch == LONG_EPOCHS else "valid"
    known = checked_choice("split", split, SPLITS)
    if epoch == LONG_EPOCHS and known != "test":
        raise InvalidValueError(
            f"split {split!r} does not exist at {LONG_EPOCHS} epochs: the value there is an expected test accuracy "
            "('test', or no split at all)"
        )
    return known


@dataclass(frozen=True)
class FidelityLadder:
    """The budgets a multi-fidelity method asks for, and the fidelities that answer them.

    Attributes:
        budgets: what the framework asks for, ascending, in epochs; may lie between fidelities.
        rungs: the fidelity that serves each budget (snapped down), ascending.

    >>> FidelityLadder([12, 200]).eta
    16.666666666666668
    >>> FidelityLadder.hyperband(1, 12, eta=3).rungs
    (1, 4, 12)
    """

    budgets: tuple[float, ...]

    def __init__(self, budgets: Iterable[float]) -> None:
        """Check the budgets.

        Raises:
            InvalidValueError: no list of budgets, no budget in it, a budget below 1, not a number, not ascending, or
                two that are served by the same fidelity.
        """
        if not is_several(budgets):
            raise InvalidValueError(f"budgets {budgets!r:.80} are not several numbers of epochs, for example [12, 200]")
        given = tuple(budgets)
        if not given:
            raise InvalidValueError("a fidelity ladder needs at least one budget, for example [12, 200]")
        rungs = [_snap(budget, FIDELITIES) for budget in given]
        values = tuple(int(budget) if float(budget).is_integer() else float(budget) for budget in given)
        if any(later <= earlier for earlier, later in pairwise(rungs)):
            raise InvalidValueError(f"budgets {list(values)} snap to {rungs}, which do not ascend strictly")
        object.__setattr__(self, "budgets", values)

    @classmethod
    def hyperband(cls, min_epoch: float, max_epoch: float, eta: float = 3) -> FidelityLadder:
        """Hyperband's budgets ``max_epoch · eta^-k`` down to ``min_epoch``.

        Source: Li et al., JMLR 2018. A rung is kept when it equals ``min_epoch`` up to float error, which a plain
        logarithm loses.

        Raises:
            InvalidValueError: ``eta`` ≤ 1, a range without fidelities, or more rungs than there are fidelities.
        """
        if (
            not all(is_number(number) and math.isfinite(number) for number in (min_epoch, max_epoch, eta))
            or not eta > 1
            or not 0 < min_epoch <= max_epoch
            or not math.isfinite(max_epoch / min_epoch)
        ):
            raise InvalidValueError(
                f"eta {eta!r} must exceed 1, and 0 < min_epoch {min_epoch!r} <= max_epoch {max_epoch!r}"
            )
        n_rungs = whole_part(math.log(max_epoch / min_epoch) / math.log(eta)) + 1
        if n_rungs > len(FIDELITIES):
            raise InvalidValueError(
                f"eta {eta!r} makes {n_rungs} rungs from {min_epoch!r} to {max_epoch!r}; "
                f"there are {len(FIDELITIES)} fidelities"
            )
        return cls(_without_float_error(max_epoch * eta ** -(n_rungs - 1 - k)) for k in range(n_rungs))

    @property
    def rungs(self) -> tuple[int, ...]:
        """The fidelity that serves each budget."""
        return tuple(_snap(budget, FIDELITIES) for budget in self.budgets)

    @property
    def eta(self) -> float:
        """The constant ratio between neighbouring budgets.

        Raises:
            InvalidValueError: one budget only, or ratios that differ.
        """
        ratios = [later / earlier for earlier, later in pairwise(self.budgets)]
        if not ratios or not all(is_same_budget(ratio, ratios[0]) for ratio in ratios):
            raise InvalidValueError(f"budgets {list(self.budgets)} are not geometric, so they have no eta")
        return ratios[0]

    def snap(self, budget: float) -> int:
        """The largest rung at or below a budget (within 1e-9 relative).

        Raises:
            InvalidValueError: not a number, or below the smallest rung.
        """
        return _snap(budget, self.rungs)

    def rung_of(self, budget: float) -> int:
        """Position (0-based) of the rung that serves a budget.

        Raises:
            InvalidValueError: as :meth:`snap`.
        """
        return self.rungs.index(self.snap(budget))

    def served(self, budget: float) -> tuple[int, float]:
        """The epoch that serves a budget, and the budget without a framework's float error.

        Raises:
            InvalidValueError: as :meth:`snap`.
        """
        rung = self.rung_of(budget)
        own = self.budgets[rung]
        return self.rungs[rung], own if is_same_budget(own, budget) else float(budget)


def checked_ladder(ladder: FidelityLadder | Iterable[float]) -> FidelityLadder:
    """The ladder, or the one of several budgets.

    Raises:
        InvalidValueError: no ladder can be made of it.
    """
    return ladder if isinstance(ladder, FidelityLadder) else FidelityLadder(ladder)


def checked_eta(eta: float) -> float:
    """How many times as much the next rung of a ladder gets.

    Raises:
        InvalidValueError: not a finite number above 1.
    """
    if not is_number(eta) or not 1 < eta < math.inf:
        raise InvalidValueError(f"eta {eta!r:.80} is not a finite number above 1")
    return eta


def _without_float_error(budget: float) -> float:
    """A whole number of epochs that a power of eta missed by a little, for example 7 for 6.999999999999999."""
    whole = round(budget)
    return whole if is_same_budget(budget, whole) else budget


def _snap(budget: float, rungs: tuple[int, ...]) -> int:
    if not is_number(budget) or not math.isfinite(budget):
        raise InvalidValueError(f"budget {budget!r} is not a finite number of epochs (rungs: {list(rungs)})")
    position = bisect_right(rungs, float(budget) * (1 + _RELATIVE_TOLERANCE))
    if position == 0:
        raise InvalidValueError(f"budget {budget!r} is below the smallest fidelity {rungs[0]} (rungs: {list(rungs)})")
    return rungs[position - 1]
