"""The distinct errors of the space, and how many configurations have them: what every exact answer is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.benchmark import Benchmark, RowAnswers
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.metric import error_pct

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Levels:
    """The distinct errors of the space.

    Attributes:
        error_pct: ascending, shape (n_levels,).
        n_at: number of configurations with that error.
        n_at_most: number of configurations with at most that error.
        level_of_row: the level of each row of the table, shape (n_rows,).
        n_of_row: number of configurations of each row.
    """

    error_pct: Floats
    n_at: Integers
    n_at_most: Integers
    level_of_row: NDArray[np.intp]
    n_of_row: NDArray[np.intp]

    @classmethod
    def of(cls, bench: Benchmark, answers: RowAnswers) -> Levels:
        """The levels of a table's answers."""
        accuracy = answers.accuracy_pct
        order = np.argsort(-accuracy)  # not np.unique, which imports numpy.ma: slower than all of this
        ordered = accuracy[order]
        begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        position = np.empty(len(accuracy), dtype=np.intp)
        position[order] = np.cumsum(begins) - 1
        n_of_row = np.bincount(bench.rows, minlength=len(accuracy))
        n_at = np.bincount(position, weights=n_of_row).astype(np.int64)  # exact: far below 2^53
        return cls(error_pct(ordered[begins]), n_at, np.cumsum(n_at), position, n_of_row)


def as_numbers(values: ArrayLike) -> Floats:
    """Values as an array of floats; none at all, shape (0,), where they are no numbers, or too large for one."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0)


def check_probability(probability: float) -> None:
    """Refuse what is no probability.

    Raises:
        InvalidValueError: so it is.
    """
    if not 0 <= probability <= 1:
        raise InvalidValueError(f"probability {probability!r} is not in 0..1")
