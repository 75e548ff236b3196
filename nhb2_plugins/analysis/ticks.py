"""Where the ticks of an axis stand, and what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Digits = tuple[float, ...]

_DIGITS: Final = ((1, 2, 5), (1, 3), (1,))


@dataclass(frozen=True)
class Scale:
    """An axis: its ends in data units, and whether it is logarithmic (both ends positive then).

    >>> Scale(0.1, 10.0, log=True).position(1.0)
    0.5
    """

    low: float
    high: float
    log: bool

    def position(self, value: float) -> float:
        """Where a value stands, from 0 to 1; what lies outside is moved to the nearer end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> tuple[float, ...]:
        """Round numbers between the ends.

        >>> Scale(0.3, 30.0, log=True).ticks()
        (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
        >>> Scale(0.0, 1.0, log=False).ticks()
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        """
        if not self.log:
            return _linear_ticks(self.low, self.high)
        inside = _log_ticks(self.low, self.high, first_digits(self.low, self.high, _DIGITS))
        return tuple(float(f"{each:.6g}") for each in inside) if len(inside) > 1 else _linear_ticks(self.low, self.high)


def first_digits(low: float, high: float, choices: Sequence[Digits], most: int = 9) -> Digits:
    """First digits of the ticks of a logarithmic axis: the first choice with few enough ticks, or the last one.

    >>> first_digits(1.0, 1000.0, [(1, 2, 5), (1, 3), (1,)])
    (1, 3)
    """
    return next((digits for digits in choices if len(_log_ticks(low, high, digits)) <= most), choices[-1])


def _log_ticks(low: float, high: float, digits: Digits) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for decade in decades for digit in digits if low <= (tick := digit * 10.0**decade) <= high]


def _linear_ticks(low: float, high: float) -> tuple[float, ...]:
    rough = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(each * size for each in (1, 2, 5, 10) if each * size >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{number * step:.6g}") for number in range(first, last + 1))


def spanning(values: list[float], *, log: bool) -> Scale:
    """A scale that holds all values with a little room; what is not positive has no place on a logarithmic one.

    >>> spanning([1.0, 10.0], log=False)
    Scale(low=0.0, high=10.4, log=False)
    """
    usable = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    if not usable:
        return Scale(0.1 if log else 0.0, 1.0, log)
    low, high = min(usable), max(usable)
    if log:
        room = max(high / low, 1.2) ** 0.04
        return Scale(low / room, high * room, log)
    return Scale(min(0.0, low), (high if high > min(0.0, low) else low + 1) * 1.04, log)
