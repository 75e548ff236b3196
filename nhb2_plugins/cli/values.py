"""Read the values that several commands take as text."""

from __future__ import annotations

from collections.abc import Sequence

from nhb2_plugins.benchmark import MEAN, Seed
from nhb2_plugins.errors import InvalidValueError


def read_number(text: str, allowed: Sequence[float], what: str) -> float:
    """The number that a text says.

    Raises:
        InvalidValueError: not a number. Whether it is one of the allowed is for whoever takes it to say.
    """
    try:
        return float(text)
    except ValueError:
        choices = ", ".join(f"{value:g}" for value in allowed)
        raise InvalidValueError(f"{what} {text!r} is not one of {choices}") from None


def read_whole_number(text: str, allowed: Sequence[int], what: str) -> int:
    """The whole number that a text says; ``12.0`` is one.

    Raises:
        InvalidValueError: as :func:`read_number`.
    """
    value = read_number(text, allowed, what)
    return int(value) if value.is_integer() else value  # type: ignore[return-value]  # refused where it is used


def read_seed(text: str | None) -> Seed | None:
    """A seed, ``"mean"``, or None for the default."""
    if text is None or text == MEAN:
        return text  # type: ignore[return-value]
    try:
        return int(text)
    except ValueError:
        return text  # type: ignore[return-value]  # the benchmark refuses it and names the seeds of its table
