"""Read the values that several commands take as text."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from nhb2_plugins.benchmark import MEAN, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.text_table import shortened

_MOST_DIGITS = 18


def read_number(text: str, allowed: Sequence[float], what: str) -> float:
    """The number of the allowed ones that a text says.

    Raises:
        InvalidValueError: none of them. The text is shown as it was written: ``1e-400`` is 0.0 as a number.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if number not in allowed:
        choices = ", ".join(f"{value:g}" for value in allowed)
        raise InvalidValueError(f"{what} {text!r} is not one of {choices}")
    return number


def read_whole_number(text: str, allowed: Sequence[int], what: str) -> int:
    """The whole number of the allowed ones that a text says; ``12.0`` is one.

    Raises:
        InvalidValueError: as :func:`read_number`.
    """
    return int(read_number(text, allowed, what))


def positive_number(text: str) -> int:
    """A whole number from 1, as a type of argparse, which names the option when it is refused."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{shortened(text, 40)!r} is not a whole number from 1, of at most 18 digits")
    return int(text)


def positive_real(text: str) -> float:
    """A number above 0, as a type of argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def read_point(text: str, what: str) -> tuple[float, ...]:
    """Numbers with commas between them.

    Raises:
        InvalidValueError: something else.
    """
    try:
        point = tuple(map(float, text.split(",")))
    except ValueError:
        point = (math.nan,)
    if not all(map(math.isfinite, point)):
        raise InvalidValueError(f"{what} {shortened(text, 40)!r} is not numbers with commas between them")
    return point


def read_seed(text: str | None) -> Seed | None:
    """A seed, ``"mean"``, or None for the default."""
    if text is None or text == MEAN:
        return text  # type: ignore[return-value]
    try:
        return int(text)
    except ValueError:
        return text  # type: ignore[return-value]  # the benchmark refuses it and names the seeds of its table
