"""The one number that every search minimises."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

_Accuracy = TypeVar("_Accuracy", float, NDArray[np.float64])

CHANCE_ERROR_PCT: Final = 90.0
"""Error of a guess among CIFAR-10's ten classes."""
FLOAT_NOISE_PP: Final = 1e-9
"""Percentage points by which two regrets that are the same may differ."""


def error_pct(accuracy_pct: _Accuracy) -> _Accuracy:
    """The error of an accuracy, both in percent; to be minimised, best 0, worst 100."""
    return 100.0 - accuracy_pct
