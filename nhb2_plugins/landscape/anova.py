"""Exact functional ANOVA of the complete table: how much of the variance each set of coordinates explains.

Under the uniform measure on the full factorial (4^6 operations × 8 learning rates × 6 batch sizes) the variance of
error, or of cost, is the sum of one component for each of the 255 sets of coordinates. A component is the variance of
the part of the conditional mean, given the set, that no smaller set explains. All are computed, by marginal means and
Möbius inversion; there is no forest and no sample. Isomorphic cells count each: a configuration is one of 196,608.

Source: Hutter, Hoos, Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML 2014, for
the question; Sobol', "Global sensitivity indices", Math. Comput. Simul. 55 (2001), for the indices.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.view import Floats, Measured, View
from nhb2_plugins.space import EDGE_NAMES, HYPERPARAMETER_NAMES, N_CHOICES

if TYPE_CHECKING:
    import pandas

Quantity = Literal["error", "cost"]
"""What is analysed. The components of accuracy are those of error: 100 − accuracy has the same variance."""
QUANTITIES: Final[tuple[Quantity, ...]] = get_args(Quantity)

ARCHITECTURE: Final = EDGE_NAMES
HYPERPARAMETERS: Final = ("lr", "batch_size")


@dataclass(frozen=True, eq=False)
class FunctionalAnova(Measured):
    """The decomposition. Made by :func:`functional_anova` or :func:`decompose`.

    Attributes:
        names: of the coordinates, in order.
        variance: of the values, in squared units.
        component: share of the variance of each set of coordinates, shape (2^n,); bit i of the position stands for
            coordinate i, so position 0 is the empty set, whose share is 0. Sums to 1, and is all 0 for a constant.
    """

    names: tuple[str, ...]
    variance: float
    component: Floats

    def share(self, names: Collection[str]) -> float:
        """The share of one component: what a set explains beyond its subsets.

        Raises:
            InvalidValueError: an unknown coordinate.
        """
        return float(self.component[self._position(names)])

    def closed_share(self, names: Collection[str]) -> float:
        """The share that is explained when a set is known: its component and those of its subsets.

        Raises:
            InvalidValueError: an unknown coordinate.
        """
        inside = self._position(names)
        positions = np.arange(len(self.component))
        return float(self.component[positions & ~inside == 0].sum())

    def total_share(self, names: Collection[str]) -> float:
        """The share that some coordinate of a set takes part in (Sobol's total index).

        Raises:
            InvalidValueError: an unknown coordinate.
        """
        positions = np.arange(len(self.component))
        return float(self.component[positions & self._position(names) != 0].sum())

    def interaction_share(self, first: Collection[str], second: Collection[str]) -> float:
        """The share of what two disjoint groups, each taken as one coordinate, explain only together.

        Raises:
            InvalidValueError: an unknown coordinate, or one in both groups.
        """
        if common := set(first) & set(second):
            raise InvalidValueError(f"coordinates {sorted(common)} are in both groups")
        return self.closed_share({*first, *second}) - self.closed_share(first) - self.closed_share(second)

    @property
    def order_share(self) -> Floats:
        """The share of all sets of each size, shape (n + 1,), from the empty set's 0 on."""
        sizes = [position.bit_count() for position in range(len(self.component))]
        shares: Floats = np.bincount(sizes, self.component, len(self.names) + 1).astype(np.float64, copy=False)
        return shares

    def to_frame(self, max_order: int = 2) -> pandas.DataFrame:
        """One row for each set of up to ``max_order`` coordinates, largest share first within an order.

        Columns: ``coordinates`` (joined by ``×``), ``order``, ``share`` (of the variance, 0..1), and ``total_share``
        (main effects only; else NaN).

        Raises:
            InvalidValueError: an order outside 1..n.
            MissingExtraError: pandas is not installed.
        """
        if max_order not in range(1, len(self.names) + 1):
            raise InvalidValueError(f"max_order {max_order!r} is not in 1..{len(self.names)}")
        rows = [
            (" × ".join(names), order, self.share(names), self.total_share(names) if order == 1 else np.nan)
            for order in range(1, max_order + 1)
            for names in sorted(combinations(self.names, order), key=self.share, reverse=True)
        ]
        columns = dict(zip(("coordinates", "order", "share", "total_share"), zip(*rows, strict=True), strict=True))
        return self.frame(columns)

    def _position(self, names: Iterable[str]) -> int:
        position = 0
        for name in names:
            checked_choice("coordinate", name, self.names)
            position |= 1 << self.names.index(name)
        return position


def functional_anova(
    bench: Benchmark,
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    *,
    quantity: Quantity = "error",
) -> FunctionalAnova:
    """Decompose the variance of error or cost over the eight coordinates.

    Raises:
        InvalidValueError: an unknown quantity; otherwise as :meth:`Benchmark.evaluate`.
    """
    checked_choice("quantity", quantity, QUANTITIES)
    view = View.of(bench, epoch, split, seed)
    values = view.error_by_coordinate if quantity == "error" else view.cost_s.reshape(N_CHOICES)
    measure = view.measure if quantity == "error" else view.cost_measure
    return decompose(values, HYPERPARAMETER_NAMES, table=view.table, measure=measure)


def decompose(values: Floats, names: tuple[str, ...], *, table: str = "", measure: str = "") -> FunctionalAnova:
    """Decompose the variance of a full factorial: one axis a coordinate, in the order of ``names``.

    Raises:
        InvalidValueError: other than one name for each axis.
    """
    if values.ndim != len(names):
        raise InvalidValueError(f"{len(names)} names do not fit an array of {values.ndim} axes")
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    closed = _closed_variances(centred)
    for axis in range(values.ndim):  # Möbius inversion: a set's component is what its subsets do not explain
        halves = closed.reshape(-1, 2, 1 << axis)
        halves[:, 1] -= halves[:, 0]
    # Rounding can leave a component that is zero a little below it.
    component = np.maximum(closed, 0) / variance if variance > 0 else np.zeros_like(closed)
    return FunctionalAnova(tuple(names), variance, component, table=table, measure=measure)


def _closed_variances(centred: Floats) -> Floats:
    """Variance of the conditional mean given each set of axes, shape (2^n,); bit i stands for axis i."""
    marginals = {(1 << centred.ndim) - 1: centred}
    closed = np.zeros(1 << centred.ndim)
    for kept in reversed(range(1, 1 << centred.ndim)):
        if kept not in marginals:
            # Averaging out the lowest axis that is not kept, over the set that still has it: that set is larger, so
            # it has been done. Averaged axes stay, with length 1.
            missing = (~kept & (kept + 1)).bit_length() - 1
            marginals[kept] = marginals[kept | 1 << missing].mean(axis=missing, keepdims=True)
        closed[kept] = np.mean(marginals[kept] ** 2)
    return closed
