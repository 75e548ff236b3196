"""Arguments that several adapters take, checked alike, and budgets that several frameworks compute.

What every adapter hands on is checked where it arrives: the benchmark and the logger by the
:mod:`~nhb2_plugins.trajectory.recorder`, the part of the space by :mod:`nhb2_plugins.subspace`, the policy by
:mod:`nhb2_plugins.charging`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral
from typing import Final

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, FidelityLadder, checked_epoch
from nhb2_plugins.trajectory.recorder import checked_benchmark

MAX_SEARCH_SEED: Final = 2**32 - 1
"""The largest seed that every generator behind the optimizers takes."""

_RELATIVE_TOLERANCE: Final = 1e-9


def checked_seed(seed: Seed | None, bench: Benchmark) -> Seed | None:
    """A seed of the table, ``"mean"``, or None; checked when an adapter is made and not at its first evaluation.

    Raises:
        InvalidValueError: not a benchmark, or its table does not have the seed.
    """
    checked_benchmark(bench)
    return None if seed is None else bench.checked_seed(seed)


def checked_search_seed(seed: int, *, otherwise: str = "") -> int:
    """A seed of a search (not of the table), as a built-in integer.

    Numpy and ConfigSpace refuse others with errors of their own that do not name the value, and Python's ``random``
    takes text, and -1 for 1.

    Args:
        seed: the seed.
        otherwise: what else the caller takes, for the message.

    Raises:
        InvalidValueError: not an integer from 0 to 2³² - 1, which is what all generators take.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEARCH_SEED:
        raise InvalidValueError(f"seed {seed!r:.80} is not an integer in 0..{MAX_SEARCH_SEED}{otherwise}")
    return int(seed)


def checked_ladder(ladder: FidelityLadder | Iterable[float]) -> FidelityLadder:
    """The ladder, or the one of several budgets.

    Raises:
        InvalidValueError: no ladder can be made of it.
    """
    return ladder if isinstance(ladder, FidelityLadder) else FidelityLadder(ladder)


def top_epoch(epoch: int, ladder: FidelityLadder | None) -> int:
    """The epoch that a search ends at: the ladder's highest rung, or without a ladder ``epoch``.

    Raises:
        InvalidValueError: not an epoch, or one that was chosen beside a ladder that ends elsewhere.
    """
    checked = checked_epoch(epoch)
    if ladder is None:
        return checked
    if checked not in (SCHEDULE_EPOCHS, ladder.rungs[-1]):  # 12 is the default, which nobody need have chosen
        raise InvalidValueError(f"epoch {epoch!r} is not the highest rung of the ladder, {ladder.rungs[-1]}")
    return ladder.rungs[-1]


def checked_flag(name: str, value: bool) -> bool:
    """A truth value: whatever else stands there was meant for something else.

    Raises:
        InvalidValueError: something else.
    """
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} {value!r:.80} is neither True nor False")
    return value


def check_kind(name: str, value: object, kind: type) -> None:
    """Look whether a framework's own object is one.

    Raises:
        InvalidValueError: something else.
    """
    if not isinstance(value, kind):
        raise InvalidValueError(f"{name} {value!r:.80} is not a {kind.__name__} of {kind.__module__.partition('.')[0]}")


def served(ladder: FidelityLadder, budget: float) -> tuple[int, float]:
    """The epoch that serves a budget, and the budget without a framework's float error.

    Raises:
        InvalidValueError: the budget is below the ladder's lowest rung, or not a number.
    """
    rung = ladder.rung_of(budget)
    own = ladder.budgets[rung]
    return ladder.rungs[rung], own if math.isclose(own, budget, rel_tol=_RELATIVE_TOLERANCE) else float(budget)
