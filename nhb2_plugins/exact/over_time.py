"""What random search knows at each simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.arguments import checked_choice, checked_count, is_number
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.levels import Floats, Integers, Levels, as_numbers, check_probability
from nhb2_plugins.space import N_CONFIGURATIONS

Rounding = Literal["mean", "up", "down"]
"""How a cost is put on the time grid: ``mean`` splits its probability between the two neighbouring steps so that its
mean is kept; ``up`` and ``down`` take one of them, which bounds the truth from either side."""
ROUNDINGS: Final[tuple[Rounding, ...]] = get_args(Rounding)

MAX_STEP_S: Final = 1.0
_MAX_GRID_STEPS: Final = 2_000_000
_SAME_STEP: Final = 1e-6  # the data's times have 1 ms resolution, and float noise
_BATCH_NUMBERS: Final = 1 << 20  # transforms of about 8 MB at once


@dataclass(frozen=True, eq=False)
class RandomSearchOverTime:
    """The best error that random search knows at each time. Made by :func:`random_search_over_time`.

    Attributes:
        time_s: simulated seconds, shape (n_times,).
        error_pct: the distinct errors of the space, ascending, in percent, shape (n_levels,).
        n_at_most: number of configurations with at most that error, shape (n_levels,).
        solved: positions among the levels for which the equation was solved, ascending, shape (n_solved,); the first
            and the last level are always among them.
        probability: that the best error known by a time is at most that of a solved level, shape (n_solved, n_times).
    """

    time_s: Floats
    error_pct: Floats
    n_at_most: Integers
    solved: NDArray[np.intp]
    probability: Floats

    def __repr__(self) -> str:
        first, last = self.time_s.min(), self.time_s.max()
        return f"<RandomSearchOverTime: {len(self.time_s):,} times, {first:,.1f} to {last:,.1f} s>"

    @property
    def probability_of_result(self) -> Floats:
        """Probability that any evaluation has ended by each time, shape (n_times,)."""
        of_result: Floats = self.probability[-1]  # every error is at most the worst one
        return of_result

    def probability_at_most(self, error_pct: float) -> Floats:
        """Probability that the best error known by each time is at most an error, shape (n_times,)."""
        position = int(np.searchsorted(self.error_pct, error_pct, side="right"))
        if position == 0:
            return np.zeros(len(self.time_s))
        before, after, weight = self._neighbours
        level, known = position - 1, self.probability
        mixed: Floats = known[before[level]] * (1 - weight[level]) + known[after[level]] * weight[level]
        return mixed

    @cached_property
    def mean_error_pct(self) -> Floats:
        """The expected best error at each time given that there is one, in percent, shape (n_times,); else NaN.

        From the longest cost of the table on there always is one.
        """
        gaps = np.diff(self.error_pct)
        before, after, weight = self._neighbours
        share = np.bincount(before[:-1], gaps * (1 - weight[:-1]), minlength=len(self.solved))
        share += np.bincount(after[:-1], gaps * weight[:-1], minlength=len(self.solved))
        with np.errstate(invalid="ignore"):  # 0/0 where no result can be there yet
            mean: Floats = self.error_pct[-1] - share @ self.probability / self.probability_of_result
        return mean

    @property
    def mean_regret_pct(self) -> Floats:
        """The expected regret at each time given a result, in percentage points, shape (n_times,); else NaN."""
        regret: Floats = self.mean_error_pct - self.error_pct[0]
        return regret

    def quantile_error_pct(self, probability: float) -> Floats:
        """The smallest error not exceeded with at least a probability at each time, in percent, shape (n_times,).

        Infinite where no result is there with that probability.

        Raises:
            InvalidValueError: a probability outside 0..1.
        """
        check_probability(probability)
        quantiles = np.full(len(self.time_s), np.inf)
        for i in range(len(self.time_s)):
            cdf = self.distribution_at(i)
            level = np.searchsorted(cdf, probability)
            if level < len(cdf):
                quantiles[i] = self.error_pct[level]
        return quantiles

    def distribution_at(self, position: int) -> Floats:
        """Probability that the best error known by a time is at most each level, shape (n_levels,).

        Args:
            position: of the time among ``time_s``.
        """
        before, after, weight = self._neighbours
        known = self.probability[:, position]
        distribution: Floats = known[before] * (1 - weight) + known[after] * weight
        return distribution

    @cached_property
    def _neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """For every level the solved ones around it and the second one's weight.

        The probability is smooth in the number of configurations that are as good: where cost and value are
        independent it is E[1 − (1 − p)^N], of p = n_at_most / 196,608 and N evaluations.
        """
        after = np.searchsorted(self.solved, np.arange(len(self.error_pct)))
        before = np.maximum(after - 1, 0)
        low, high = (self.n_at_most[self.solved[each]] for each in (before, after))
        weight = np.where(high > low, (self.n_at_most - low) / np.maximum(high - low, 1), 1.0)
        return before, after, weight


def random_search_over_time(
    bench: Benchmark,
    times_s: ArrayLike,
    *,
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    step_s: float = MAX_STEP_S,
    rounding: Rounding = "mean",
    n_levels: int = 1024,
) -> RandomSearchOverTime:
    """What random search knows at given times: one worker, evaluations charged from scratch, one after another.

    Good configurations may be slow or quick, so value and cost of an evaluation depend on each other, and the number
    of evaluations by a time depends on the values. The time H at which a first error ≤ x is known obeys the renewal
    equation

        P(H ≤ t) = P(error ≤ x, cost ≤ t) + Σ_c P(error > x, cost = c) · P(H ≤ t − c),

    which is solved on a grid of ``step_s`` for ``n_levels`` thresholds x by Fourier transforms. An evaluation that ends
    after t does not count at t. There are three sources of error, with their sizes on the embedded table by default:

    - Costs are put on the grid. ``up`` and ``down`` bound the truth, and differ by at most 0.015 in probability;
      ``mean`` lies between them, at most 0.006 from a grid ten times finer.
    - Thresholds between the solved ones are interpolated in the share of configurations below them: at most 0.0015 in
      probability, and in the expected error 0.0002 percentage points once every run has a result (0.011 while only one
      run in a hundred has). None where ``n_levels`` is at least the number of distinct errors.
    - Floating-point errors stay below 1e-9.

    Args:
        bench: the benchmark.
        times_s: times to answer for, in simulated seconds, shape (n_times,).
        epoch: as :meth:`Benchmark.evaluate`.
        split: as :meth:`Benchmark.evaluate`.
        seed: as :meth:`Benchmark.evaluate`.
        step_s: of the time grid, in seconds; at most 1.
        rounding: how costs are put on the grid.
        n_levels: number of thresholds to solve for, at most; where several fall on one error it is solved once.

    Raises:
        InvalidValueError: times that are not finite and ≥ 0 or need more than two million steps, a step that is not in
            (0, 1], an unknown rounding, fewer than 2 levels; otherwise as :meth:`Benchmark.evaluate`.
    """
    checked_choice("rounding", rounding, ROUNDINGS)
    times = checked_times(times_s, step_s)
    if checked_count("n_levels", n_levels) < 2:
        raise InvalidValueError(f"n_levels {n_levels!r} is not at least 2")
    answers = bench.by_row(epoch, split, seed)
    levels = Levels.of(bench, answers)
    steps = np.floor(in_steps(times, step_s)).astype(np.intp)
    solved = spread_levels(levels.n_at_most, n_levels)
    mass = levels.n_of_row / N_CONFIGURATIONS
    law = CostLaw.of(levels.level_of_row, mass, answers.cost_s, step_s, rounding, n_steps=int(steps.max()) + 1)
    n_batches = min(len(solved), 1 + len(solved) * law.transform_length // _BATCH_NUMBERS)
    batches = np.array_split(solved, n_batches)
    probability = np.concatenate([law.hit_cdf(batch)[:, steps] for batch in batches])
    probability[-1] = law.any_cdf[steps]  # the same up to rounding errors, which must not look like a first result
    return RandomSearchOverTime(times, levels.error_pct, levels.n_at_most, solved, probability)


@dataclass(frozen=True, eq=False)
class CostLaw:
    """What one draw is and costs on the time grid.

    Attributes:
        level: of each atom of probability, ascending; atoms are a row, or a row's two halves.
        step: the atom's cost in steps of the grid.
        mass: the atom's probability.
        row: the atom's row.
        n_steps: number of times on the grid, 0 included.
        transform_length: length of the Fourier transforms.
    """

    level: NDArray[np.intp]
    step: NDArray[np.intp]
    mass: Floats
    row: NDArray[np.intp]
    n_steps: int
    transform_length: int

    @classmethod
    def of(
        cls, level_of_row: NDArray[np.intp], mass: Floats, cost: Floats, step_s: float, rounding: Rounding, n_steps: int
    ) -> CostLaw:
        """The law of draws: of each row its level, probability and cost in seconds."""
        order = np.argsort(level_of_row, kind="stable")
        level, mass = level_of_row[order], mass[order]
        position = in_steps(cost[order], step_s)
        below = np.floor(position).astype(np.intp)
        length = _fourier_length(3 * n_steps)
        if rounding == "down":
            return cls(level, below, mass, order, n_steps, length)
        if rounding == "up":
            return cls(level, np.ceil(position).astype(np.intp), mass, order, n_steps, length)
        fraction = position - below
        halves = np.column_stack([mass * (1 - fraction), mass * fraction]).ravel()
        steps = np.column_stack([below, below + 1]).ravel()
        return cls(np.repeat(level, 2), steps, halves, np.repeat(order, 2), n_steps, length)

    def hit_cdf(self, thresholds: NDArray[np.intp], hitting: NDArray[np.bool_] | None = None) -> Floats:
        """Probability that a draw of at most each threshold level is known by each step, (n, n_steps).

        Args:
            thresholds: levels, ascending.
            hitting: whether a draw of a row can hit at all, shape (n_rows,); None for any.

        With the generating functions a(z) of a draw that hits and b(z) of one that misses, that of the first hit is
        a / (1 − b). It is evaluated on a circle inside the unit circle: what lies beyond the transform's length comes
        back damped by r^length = 1e-15, and rounding errors grow by at most r^-n_steps = 1e5.
        """
        damping = np.exp(np.log(1e-15) / self.transform_length * np.arange(self.n_steps))
        hits = np.zeros((len(thresholds), self.n_steps))
        ends = np.searchsorted(self.level, thresholds, side="right")
        for row, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            hits[row] = self._histogram(start, end, hitting)
        hits = np.cumsum(hits, axis=0)
        all_draws = np.fft.rfft(self._histogram(0, len(self.level)) * damping, self.transform_length)
        hit = np.fft.rfft(hits * damping, self.transform_length)
        first = np.fft.irfft(hit / (1 - (all_draws - hit)), self.transform_length)[:, : self.n_steps]
        cdf: Floats = np.clip(np.cumsum(first / damping, axis=1), 0, self.any_cdf)
        return cdf

    @cached_property
    def any_cdf(self) -> Floats:
        """Probability that a first evaluation has ended by each step, (n_steps,)."""
        return np.minimum(np.cumsum(self._histogram(0, len(self.level))), 1.0)  # rounding errors would go beyond it

    def _histogram(self, start: int, end: int, counted: NDArray[np.bool_] | None = None) -> Floats:
        within = self.step[start:end] < self.n_steps
        if counted is not None:
            within &= counted[self.row[start:end]]
        counts = np.bincount(self.step[start:end][within], self.mass[start:end][within], self.n_steps)
        return counts.astype(np.float64, copy=False)


def in_steps(seconds: Floats, step_s: float) -> Floats:
    """Seconds in steps of the grid; what misses a whole number by float error alone is that number."""
    steps = seconds / step_s
    whole = np.rint(steps)
    return np.where(np.abs(steps - whole) < _SAME_STEP, whole, steps)


def _fourier_length(at_least: int) -> int:
    """The smallest product of powers of 2, 3 and 5 that is even and at least a number: what transforms quickly."""
    odd_factors = [3**i * 5**j for i in range(12) for j in range(8)]
    return min(int(odd << max(1, (-(-at_least // odd) - 1).bit_length())) for odd in odd_factors)


def spread_levels(n_at_most: Integers, n_levels: int) -> NDArray[np.intp]:
    """Positions of levels, the first and the last among them: half evenly spaced by share, half by its logarithm.

    The logarithm serves late times, when the best of many draws is a rare value; the share serves early ones.
    """
    n = len(n_at_most)
    if n_levels >= n:
        return np.arange(n)
    ends, half = (n_at_most[0], n_at_most[-1]), n_levels // 2
    shares = np.concatenate([np.geomspace(*ends, half), np.linspace(*ends, n_levels - half)])
    positions = np.minimum(np.searchsorted(n_at_most, shares), n - 1)
    return np.unique(np.concatenate([[0], positions, [n - 1]])).astype(np.intp)


def checked_times(times_s: ArrayLike, step_s: float) -> Floats:
    """Times that can be answered for on a grid, shape (n_times,).

    Raises:
        InvalidValueError: they cannot.
    """
    if not is_number(step_s) or not 0 < step_s <= MAX_STEP_S:
        raise InvalidValueError(f"step_s {step_s!r:.80} is not in (0, {MAX_STEP_S:g}]")
    times = np.atleast_1d(as_numbers(times_s))
    if times.ndim != 1 or not len(times) or not (np.isfinite(times) & (times >= 0)).all():
        raise InvalidValueError(f"times_s {_shown(times_s):.80} are not finite seconds >= 0, at least one")
    if times.max() / step_s > _MAX_GRID_STEPS:
        raise InvalidValueError(f"times_s up to {times.max():g} s in steps of {step_s:g} s are too many steps")
    return times


def _shown(values: ArrayLike) -> str:
    return repr(values.tolist() if isinstance(values, np.ndarray) else values)
