"""The expected hypervolume of random search, without a run.

A point z of the space of objectives is dominated after n uniform draws (with replacement) with the probability
1 − (1 − p(z))ⁿ, where p(z) is the share of configurations that are at most z in every objective; the expected
hypervolume is its integral up to the reference point. The table has finitely many outcomes, so p is a step function:
constant on the cells of a grid whose lines are the outcomes' values. One sweep over all cells gives, of every number of
configurations, the size of the region that just so many of them dominate, and with it the answer for every n.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.arguments import checked_count
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.front import Outcomes, front_positions
from nhb2_plugins.exact.levels import Floats, Integers
from nhb2_plugins.exact.over_time import MAX_STEP_S, CostLaw, checked_times, in_steps, spread_levels
from nhb2_plugins.exact.quality import checked_reference
from nhb2_plugins.objectives import COST_S, ERROR_PCT
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace

_CELLS_AT_ONCE: Final = 1 << 20
_N_BANDS: Final = 16
_N_SOLVED: Final = 24
_N_SHARES: Final = 512
_ALMOST_1: Final = 1 - 1e-12


@dataclass(frozen=True, eq=False)
class RandomHypervolume:
    """The expected hypervolume of random search. Made by :func:`random_hypervolume`.

    Attributes:
        objectives: names.
        reference: up to which hypervolume counts, one value for each objective.
        size_at: position c: the size of the region that exactly c configurations dominate, in the product of the
            objectives' units, shape (n + 1,).
        n_configurations: of the part of the space that is drawn from.
        front: hypervolume of the exact front: all that there is.
        outcomes: what a draw can come to.
    """

    objectives: tuple[str, ...]
    reference: tuple[float, ...]
    size_at: Floats
    n_configurations: int
    front: float
    outcomes: Outcomes

    def __repr__(self) -> str:
        return f"<RandomHypervolume: {' and '.join(self.objectives)} up to {self.reference}>"

    def mean(self, n_draws: int) -> float:
        """The expected hypervolume after ``n_draws``, in the product of the objectives' units.

        Raises:
            InvalidValueError: ``n_draws`` is not a positive integer.
        """
        checked_count("n_draws", n_draws)
        share = np.arange(len(self.size_at)) / self.n_configurations
        return float(_dominated(share, float(n_draws)) @ self.size_at)

    def mean_pct(self, n_draws: int) -> float:
        """The same in percent of the exact front's.

        Raises:
            InvalidValueError: ``n_draws`` is not a positive integer, or the front has no hypervolume up to the
                reference point.
        """
        if not self.front > 0:
            raise InvalidValueError(f"the exact front has no hypervolume up to {self.reference}: name a point beyond")
        return 100 * self.mean(n_draws) / self.front

    def mean_regret_pp(self, n_draws: int) -> float:
        """What is expected to be missing to the exact front's hypervolume, in percentage points of it.

        Raises:
            InvalidValueError: as :meth:`mean_pct`.
        """
        return 100 - self.mean_pct(n_draws)


def random_hypervolume(
    bench: Benchmark,
    objectives: Sequence[str] = (ERROR_PCT, COST_S),
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    *,
    reference: Sequence[float] | None = None,
    restriction: Subspace = WHOLE_SPACE,
) -> RandomHypervolume:
    """What random search reaches after n evaluations, for every n.

    Args:
        bench: the benchmark.
        objectives: two or three names out of :data:`nhb2_plugins.objectives.OBJECTIVES`.
        epoch: as :meth:`Benchmark.evaluate`.
        split: as :meth:`Benchmark.evaluate`.
        seed: as :meth:`Benchmark.evaluate`.
        reference: up to where hypervolume counts; None for the nadir of the exact front.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: other than two or three different objectives, a reference point of another length, or as
            :meth:`Benchmark.evaluate`.
        MissingExtraError: three objectives, and moocore is not installed.
    """
    outcomes = Outcomes.of(bench, bench.by_row(epoch, split, seed), objectives, restriction)
    point = _reference(outcomes, reference)
    size_at = _sizes(outcomes, point)
    return RandomHypervolume(
        objectives=outcomes.objectives,
        reference=tuple(point.tolist()),
        size_at=size_at,
        n_configurations=int(outcomes.n_configurations.sum()),
        front=float(size_at[1:].sum()),
        outcomes=outcomes,
    )


def _reference(outcomes: Outcomes, given: Sequence[float] | None) -> Floats:
    if given is None:
        nadir: Floats = outcomes.values[front_positions(outcomes.values)].max(axis=0)
        return nadir
    return checked_reference(given, len(outcomes.objectives))


def _dominated(share: Floats, n_draws: float | Floats) -> Floats:
    """Probability that one of n draws is among a share of the space."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a share of 1, and 0 draws of it
        probability: Floats = -np.expm1(n_draws * np.log1p(-share))
    return np.nan_to_num(probability, nan=0.0)


# --- the sweep --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Plane:
    """Outcomes of two objectives below the reference point, and the grid that their values make.

    Attributes:
        levels: distinct values of the objective that is swept, ascending,
        heights: from each to the next; the last to the reference.
        columns: distinct values of the other one,
        widths: from each to the next; the last to the reference.
        level: of each outcome, ascending,
        column: and its column,
        weight: and number of configurations.
    """

    levels: Floats
    heights: Floats
    columns: Floats
    widths: Floats
    level: NDArray[np.intp]
    column: NDArray[np.intp]
    weight: Integers

    @classmethod
    def of(cls, values: Floats, weight: Integers, reference: Floats) -> _Plane:
        below = (values < reference).all(axis=1)
        values, weight = values[below], weight[below]
        swept, other = (np.unique(column, return_inverse=True) for column in values.T)
        order = np.argsort(swept[1], kind="stable")
        return cls(
            swept[0],
            np.diff(swept[0], append=reference[0]),
            other[0],
            np.diff(other[0], append=reference[1]),
            swept[1][order],
            other[1][order],
            weight[order],
        )

    def counts(self) -> Iterator[tuple[slice, NDArray[np.int32]]]:
        """Levels, and of their cells how many configurations dominate each, shape (n_levels, n_columns), in parts."""
        at_once = max(1, _CELLS_AT_ONCE // max(1, len(self.columns)))
        ends = np.searchsorted(self.level, np.arange(len(self.levels)), side="right")
        current, start = np.zeros(len(self.columns), dtype=np.int32), 0
        for first in range(0, len(self.levels), at_once):
            part = ends[first : first + at_once]
            counts = np.empty((len(part), len(self.columns)), dtype=np.int32)
            for row, end in enumerate(part):
                for each in range(start, end):
                    current[self.column[each] :] += self.weight[each]
                start = end
                counts[row] = current
            yield slice(first, first + len(part)), counts


def _sizes(outcomes: Outcomes, reference: Floats) -> Floats:
    """Of every number of configurations the size of the region that just so many dominate, shape (n + 1,)."""
    order = np.argsort([len(np.unique(column)) for column in outcomes.values.T], kind="stable")
    values, point = outcomes.values[:, order], reference[order]
    total = int(outcomes.n_configurations.sum())
    if values.shape[1] == 2:
        return _sizes_in_plane(_Plane.of(values, outcomes.n_configurations, point), total)
    # In slabs of the objective that has the fewest values: parameters and operations have seven.
    slabs = np.unique(values[values[:, 0] < point[0], 0])
    sizes = np.zeros(total + 1)
    for value, thickness in zip(slabs, np.diff(slabs, append=point[0]), strict=True):
        known = values[:, 0] <= value
        plane = _Plane.of(values[known, 1:], outcomes.n_configurations[known], point[1:])
        sizes += thickness * _sizes_in_plane(plane, total)
    return sizes


def _sizes_in_plane(plane: _Plane, total: int) -> Floats:
    sizes = np.zeros(total + 1)
    for levels, counts in plane.counts():
        _add_sizes(sizes, plane.heights[levels], plane.widths, counts)
    sizes[0] = 0.0
    return sizes


def _add_sizes(sizes: Floats, heights: Floats, widths: Floats, counts: NDArray[np.int32]) -> None:
    """Add the areas of some cells to those of every count; the last of the cells has the largest."""
    most = int(counts[-1, -1]) + 1
    sizes[:most] += np.bincount(counts.ravel(), (heights[:, np.newaxis] * widths).ravel(), most)


# --- over simulated time ----------------------------------------------------------------------------------------------


def random_hypervolume_over_time(
    bench: Benchmark,
    times_s: ArrayLike,
    objectives: Sequence[str] = (ERROR_PCT, COST_S),
    *,
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    reference: Sequence[float] | None = None,
    step_s: float = MAX_STEP_S,
) -> Floats:
    """The expected hypervolume of random search at given times: one worker, charged from scratch.

    The time at which a first result dominates a point obeys the renewal equation of
    :func:`~nhb2_plugins.exact.over_time.random_search_over_time`. It is solved for some points: the columns of the grid
    are put into bands, and of each band one column is solved at some of its levels. What is interpolated between them
    is the number of draws that would dominate a point as likely, which hardly changes from one point to the next; the
    regions that it is applied to are counted exactly.

    Args:
        bench: the benchmark.
        times_s: times to answer for, in simulated seconds, shape (n_times,).
        objectives: two names out of :data:`nhb2_plugins.objectives.OBJECTIVES`.
        epoch: as :meth:`Benchmark.evaluate`.
        split: as :meth:`Benchmark.evaluate`.
        seed: as :meth:`Benchmark.evaluate`.
        reference: up to where hypervolume counts; None for the nadir of the exact front.
        step_s: of the time grid, in seconds; at most 1.

    Returns:
        Expected hypervolumes in the product of the objectives' units, shape (n_times,); 0 before the first result.

    Raises:
        InvalidValueError: three objectives, for which this is not solved; or as :func:`random_hypervolume` and
            :func:`~nhb2_plugins.exact.over_time.random_search_over_time`.
    """
    times = checked_times(times_s, step_s)
    answers = bench.by_row(epoch, split, seed)
    outcomes = Outcomes.of(bench, answers, objectives)
    if len(outcomes.objectives) != 2:
        raise InvalidValueError(f"objectives {list(outcomes.objectives)!r}: over time two are solved for, not three")
    point = _reference(outcomes, reference)
    plane = _Plane.of(outcomes.values, outcomes.n_configurations, point)
    total = int(outcomes.n_configurations.sum())
    steps = np.floor(in_steps(times, step_s)).astype(np.intp)
    level = np.searchsorted(plane.levels, outcomes.values[:, 0])  # one beyond the last: never a hit
    cost = answers.cost_s[bench.rows[outcomes.indices]]
    law = CostLaw.of(level, outcomes.n_configurations / total, cost, step_s, "mean", n_steps=int(steps.max()) + 1)
    mean = np.zeros(len(times))
    for band in _bands(plane):
        hitting = outcomes.values[:, 1] <= plane.columns[band.column]
        probability = law.hit_cdf(band.solved, hitting)[:, steps]
        mean += band.sizes @ _dominated_by_draws(band, probability, total)
    return mean


@dataclass(frozen=True, eq=False)
class _Band:
    """Neighbouring columns.

    Attributes:
        column: the one that stands for them.
        solved: levels to solve for, ascending.
        n_at_most: configurations that hit at each of these levels, in that column.
        counts: numbers of configurations, shape (n_shares,): means of classes of cells by how many dominate them.
        sizes: the size of each class, shape (n_shares,).
    """

    column: int
    solved: NDArray[np.intp]
    n_at_most: Integers
    counts: Floats
    sizes: Floats


def _bands(plane: _Plane) -> list[_Band]:
    edges = np.unique(np.linspace(0, len(plane.columns), _N_BANDS + 1).astype(np.intp))
    slices, middles = [slice(*pair) for pair in pairwise(edges)], (edges[:-1] + edges[1:]) // 2
    most = int(plane.weight.sum())
    class_of = np.searchsorted(np.geomspace(1, max(most, 2), _N_SHARES - 1), np.arange(most + 1))
    at_level = np.zeros((len(slices), len(plane.levels)), dtype=np.int64)
    size_at = np.zeros((len(slices), most + 1))
    for levels, counts in plane.counts():
        at_level[:, levels] = counts[:, middles].T
        for band, columns in enumerate(slices):
            _add_sizes(size_at[band], plane.heights[levels], plane.widths[columns], counts[:, columns])
    size_at[:, 0] = 0.0
    sizes = np.array([np.bincount(class_of, each, _N_SHARES) for each in size_at])
    weighted = np.array([np.bincount(class_of, each * np.arange(most + 1), _N_SHARES) for each in size_at])
    means = np.divide(weighted, sizes, out=np.ones_like(sizes), where=sizes > 0)
    return [
        _Band(int(column), solved, n_at_most[solved], mean, size)
        for column, n_at_most, mean, size in zip(middles, at_level, means, sizes, strict=True)
        for solved in [_solved_levels(n_at_most)]
    ]


def _solved_levels(n_at_most: Integers) -> NDArray[np.intp]:
    """From the first level that any configuration of the column hits."""
    hit = int(np.searchsorted(n_at_most, 1))
    if hit == len(n_at_most):
        return np.array([hit - 1], dtype=np.intp)
    return hit + spread_levels(n_at_most[hit:], _N_SOLVED)


def _dominated_by_draws(band: _Band, probability: Floats, total: int) -> Floats:
    """Probability that cells of each class are dominated, shape (n_shares, n_times)."""
    share = np.clip(band.n_at_most / total, 0.5 / total, _ALMOST_1)
    draws = np.log1p(-np.minimum(probability, _ALMOST_1)) / np.log1p(-share)[:, np.newaxis]
    of_class = np.column_stack([np.interp(np.log(band.counts), np.log(share * total), each) for each in draws.T])
    return _dominated(np.minimum(band.counts / total, _ALMOST_1)[:, np.newaxis], of_class)
