"""The landscape under one-coordinate changes: what a local search walks on.

Two configurations are neighbours when they differ in exactly one of the eight coordinates, by whatever much: every
configuration has 30 neighbours (3 for each of six edges, 7 learning rates, 5 batch sizes). These are the moves of the
benchmark's regularised evolution and of this package's local search.

**Neutrality.** Isomorphic cells answer from one row of the table, so many neighbours tie exactly, and a single
configuration says little about optima. The unit is the *plateau*: a largest set of configurations with one and the same
error in which each can be reached from each by one-coordinate changes without leaving it. Errors are the same when they
are equal as stored. A plateau is *locally optimal* when no neighbour of any of its members is strictly better; every
plateau that is not has a way down. The ascent (in accuracy; error goes down) is the steepest from plateau to plateau:
from all neighbours of all members to the best, of equals the first in index order. It ends at locally optimal plateaus
alone, and every configuration lies in exactly one basin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.landscape.plateaus import connected_components
from nhb2_plugins.landscape.rank_correlation import levels
from nhb2_plugins.landscape.view import Floats, Integers, Measured, View, configuration_columns
from nhb2_plugins.space import N_CHOICES, N_CONFIGURATIONS

if TYPE_CHECKING:
    import pandas

N_NEIGHBOURS: Final = sum(n - 1 for n in N_CHOICES)
"""Number of neighbours of every configuration: 30."""


@dataclass(frozen=True, eq=False)
class Landscape(Measured):
    """What the neighbourhood looks like. Made by :func:`landscape`; see the module's docstring for the terms.

    Attributes:
        plateau: the plateau of each configuration, 0 … n_plateaus−1, shape (196608,).
        plateau_error_pct: the error on each plateau, shape (n_plateaus,).
        optimum: the plateau at which the ascent from each plateau ends, shape (n_plateaus,).
        steps: number of moves from plateau to plateau until then, shape (n_plateaus,).
        n_local_optima: configurations none of whose own neighbours is strictly better.
        n_strict_local_optima: configurations all of whose neighbours are strictly worse.
        n_optimal_functions: distinct functions (rows of the table) on the locally optimal plateaus. One function can
            lie on several: isomorphic cells need not be neighbours of each other.
        neutral_share: share of all pairs of neighbours that tie.
        isomorphic_share: share of all pairs of neighbours that are isomorphic, and so tie by construction.
    """

    plateau: Integers
    plateau_error_pct: Floats
    optimum: Integers
    steps: Integers
    n_local_optima: int
    n_strict_local_optima: int
    n_optimal_functions: int
    neutral_share: float
    isomorphic_share: float

    @property
    def plateau_sizes(self) -> Integers:
        """Number of configurations on each plateau, shape (n_plateaus,)."""
        return np.bincount(self.plateau).astype(np.int64)

    @property
    def optimal_plateaus(self) -> Integers:
        """The locally optimal plateaus, best first, shape (n_optimal,)."""
        optimal = np.flatnonzero(self.optimum == np.arange(len(self.optimum)))
        return optimal[np.argsort(self.plateau_error_pct[optimal], kind="stable")]

    @property
    def basin_sizes(self) -> Integers:
        """Number of configurations whose ascent ends at each of :attr:`optimal_plateaus`; sums to 196,608."""
        ends = np.bincount(self.optimum, weights=self.plateau_sizes, minlength=len(self.optimum))
        return ends[self.optimal_plateaus].astype(np.int64)

    @property
    def global_basin_share(self) -> float:
        """Probability that the ascent from a uniform start ends at a best error of the whole space."""
        best = self.plateau_error_pct[self.optimal_plateaus] == self.plateau_error_pct.min()
        return float(self.basin_sizes[best].sum() / len(self.plateau))

    @property
    def mean_regret_pct(self) -> float:
        """Expected regret of the ascent from a uniform start, in percentage points."""
        ends = self.plateau_error_pct[self.optimal_plateaus]
        return float(self.basin_sizes @ (ends - ends[0]) / len(self.plateau))

    @property
    def mean_steps(self) -> float:
        """Expected number of moves of the ascent from a uniform start."""
        return float(self.plateau_sizes @ self.steps / len(self.plateau))

    def to_frame(self) -> pandas.DataFrame:
        """The numbers above, one row each: ``quantity`` and ``value``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        values = {
            "configurations without a better neighbour": self.n_local_optima,
            "of these, strictly better than all neighbours": self.n_strict_local_optima,
            "plateaus": len(self.plateau_error_pct),
            "locally optimal plateaus": len(self.optimal_plateaus),
            "distinct functions on locally optimal plateaus": self.n_optimal_functions,
            "largest plateau (configurations)": int(self.plateau_sizes.max()),
            "share of neighbour pairs that tie": self.neutral_share,
            "share of neighbour pairs that are isomorphic": self.isomorphic_share,
            "probability that steepest ascent ends at the optimum": self.global_basin_share,
            "expected regret of steepest ascent (percentage points)": self.mean_regret_pct,
            "expected moves of steepest ascent": self.mean_steps,
            "most moves of steepest ascent": int(self.steps.max()),
        }
        columns = {"quantity": list(values), "value": [float(value) for value in values.values()]}
        return self.frame(columns)

    def basins_frame(self, n: int = 10) -> pandas.DataFrame:
        """The best n locally optimal plateaus.

        Columns: ``cellcode``, ``lr``, ``batch_size`` (of the plateau's first configuration), ``error_pct``,
        ``regret_pct``, ``plateau_size``, ``basin_size`` (both in configurations), ``basin_share``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        optimal, basins = self.optimal_plateaus[:n], self.basin_sizes[:n]
        _, first = np.unique(self.plateau, return_index=True)
        columns = {
            **configuration_columns(first[optimal].astype(np.int64)),
            "error_pct": self.plateau_error_pct[optimal],
            "regret_pct": self.plateau_error_pct[optimal] - self.plateau_error_pct.min(),
            "plateau_size": self.plateau_sizes[optimal],
            "basin_size": basins,
            "basin_share": basins / len(self.plateau),
        }
        return self.frame(columns)


def landscape(bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> Landscape:
    """Plateaus, local optima and basins of the whole space.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    view = View.of(bench, epoch, split, seed)
    level = levels(view.error_pct).reshape(N_CHOICES)
    ties, n_isomorphic = _tied_neighbours(level, bench.rows.reshape(N_CHOICES))
    plateau = connected_components(N_CONFIGURATIONS, *ties)
    best_neighbour = _best_neighbours(level)
    flat = level.ravel()
    n_plateaus = int(plateau.max()) + 1
    plateau_level = np.zeros(n_plateaus, dtype=np.int64)
    plateau_level[plateau] = flat
    exit_key = np.full(n_plateaus, np.iinfo(np.int64).max)
    np.minimum.at(exit_key, plateau, best_neighbour)
    exit_level, exit_index = np.divmod(exit_key, N_CONFIGURATIONS)
    follow = np.where(exit_level < plateau_level, plateau[exit_index], np.arange(n_plateaus))
    optimum, steps = _ends(follow)
    error = np.zeros(n_plateaus)
    error[plateau] = view.error_pct
    is_optimal = (optimum == np.arange(n_plateaus))[plateau]
    n_pairs = N_CONFIGURATIONS * N_NEIGHBOURS // 2
    best_level = best_neighbour // N_CONFIGURATIONS
    return Landscape(
        plateau=plateau,
        plateau_error_pct=error,
        optimum=optimum,
        steps=steps,
        n_local_optima=int((best_level >= flat).sum()),
        n_strict_local_optima=int((best_level > flat).sum()),
        n_optimal_functions=len(np.unique(bench.rows[is_optimal])),
        neutral_share=len(ties[0]) / n_pairs,
        isomorphic_share=n_isomorphic / n_pairs,
        table=view.table,
        measure=view.measure,
    )


def _shifts(n_choices: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """(axis, shift) of every way to change one coordinate: to the choice that is ``shift`` further, cyclically."""
    return ((axis, shift) for axis, n in enumerate(n_choices) for shift in range(1, n))


def _best_neighbours(level: Integers) -> Integers:
    """``level · 196608 + index`` of each configuration's best neighbour, of equals the first, shape (196608,)."""
    key = level * level.size + np.arange(level.size).reshape(level.shape)
    best = np.full(level.shape, np.iinfo(np.int64).max)
    for axis, shift in _shifts(level.shape):
        np.minimum(best, np.roll(key, -shift, axis), out=best)
    return best.ravel()


def _tied_neighbours(level: Integers, rows: Integers) -> tuple[tuple[Integers, Integers], int]:
    """All pairs of neighbours with one level, each once, as two arrays of indices; how many of them share a row."""
    index = np.arange(level.size).reshape(level.shape)
    firsts, seconds, n_isomorphic = [], [], 0
    for axis, shift in _shifts(level.shape):
        neighbour = np.roll(index, -shift, axis)
        tied = (np.roll(level, -shift, axis) == level) & (index < neighbour)
        firsts.append(index[tied])
        seconds.append(neighbour[tied])
        n_isomorphic += int((rows.ravel()[firsts[-1]] == rows.ravel()[seconds[-1]]).sum())
    return (np.concatenate(firsts), np.concatenate(seconds)), n_isomorphic


def _ends(follow: Integers) -> tuple[Integers, Integers]:
    """Where the moves lead in the end, and how many there are: by pointer doubling, as there are no cycles."""
    steps = (follow != np.arange(len(follow))).astype(np.int64)
    while not np.array_equal(further := follow[follow], follow):
        steps += steps[follow]
        follow = further
    return follow, steps
