"""How many seeds does a difference take? Power of the report's tests, simulated from recorded runs or an exact law.

What two optimizers are supposed to be: as spread as their recorded runs are, each around its own mean, and a given
difference apart in the mean. Of several pairs each is tested at the level divided by their number, the first and
strictest step of Holm's correction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.stats import rankdata

from nhb2_plugins.analysis.model import SIGNIFICANCE, Floats
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.trajectory.baseline import RegretLaw

FEWEST_SEEDS: Final = 6
MOST_SEEDS: Final = 1000
_N_CAMPAIGNS: Final = 4000
_N_RUNS: Final = 400_000  # of either optimizer, at most, that are drawn at once
_SEED: Final = 20211117
_CLOSE_PP: Final = 0.005


def quantiles_of(law: RegretLaw, n: int = 2000) -> Floats:
    """Runs that are spread as a law says, without drawing any: shape (n,), ascending."""
    regrets: Floats = np.interp((np.arange(n) + 0.5) / n * law.at_most[-1], law.at_most, law.regret_pp)
    return regrets


@dataclass(frozen=True, eq=False)
class Pair:
    """Two optimizers to tell apart by Wilcoxon's signed-rank test of runs with the same seeds.

    Attributes:
        first: final measures of the one, any number of runs of at least two, finite,
        second: and of the other.
        n_pairs: pairs that the same report tests.
    """

    first: Floats
    second: Floats
    n_pairs: int = 1

    def __post_init__(self) -> None:
        for values in (self.first, self.second):
            if len(values) < 2 or not np.isfinite(values).all():
                raise InvalidValueError("a spread is that of at least two runs, all with a result")

    def power(self, difference: float, n_seeds: int) -> float:
        """Probability that the test of ``n_seeds`` pairs finds the better of two whose means differ by that much.

        Ranks favour whichever is usually better, so it depends on which of the two has the smaller mean: the smaller
        probability of both.
        """
        rng = np.random.default_rng([_SEED, n_seeds])
        shape = (min(_N_CAMPAIGNS, _N_RUNS // n_seeds), n_seeds)
        runs = (rng.choice(values - values.mean(), shape) for values in (self.first, self.second))
        first, second = runs
        apart, level = second - first, SIGNIFICANCE / self.n_pairs
        return min(float(is_positive(each + difference, level).mean()) for each in (apart, -apart))

    def seeds_needed(self, difference: float, power: float) -> int | None:
        """The smallest number of seeds with that power; None where :data:`MOST_SEEDS` have not."""
        return _smallest(lambda n: self.power(difference, n) >= power)

    def smallest_difference(self, n_seeds: int, power: float) -> float | None:
        """The smallest difference that so many seeds show with that power; None where none is large enough."""
        if n_seeds < FEWEST_SEEDS:
            return None
        high = 1.0
        while self.power(high, n_seeds) < power:
            high *= 2
            if high > 100:  # percentage points
                return None
        low = 0.0
        while high - low > _CLOSE_PP:
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle, n_seeds) >= power else (middle, high)
        return high


def _smallest(is_enough: Callable[[int], bool]) -> int | None:
    high = FEWEST_SEEDS
    while not is_enough(high):
        if high >= MOST_SEEDS:
            return None
        high = min(2 * high, MOST_SEEDS)
    low = max(high // 2, FEWEST_SEEDS - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def is_significant(differences: Floats, level: float) -> Floats:
    """Wilcoxon's two-sided test of each row, as scipy decides it: exact up to 50 pairs, then by the normal law."""
    significant: Floats = np.logical_or(is_positive(differences, level), is_positive(-differences, level))
    return significant


def is_positive(differences: Floats, level: float) -> Floats:
    """Whether that test finds a row's differences to be above zero; shape (n_rows,)."""
    n = differences.shape[1]
    ranks = rankdata(np.abs(differences), axis=1)
    against = (ranks * (differences <= 0)).sum(axis=1)
    positive: Floats = against <= _critical(n, level)
    return positive


@lru_cache(maxsize=4096)
def _critical(n: int, level: float) -> float:
    """The largest of the two rank sums, the smaller one, that is significant; below 0 where none is."""
    from scipy.stats import norm

    if n > 50:
        mean, deviation = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return float(mean + norm.ppf(level / 2) * deviation)
    counts = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(counts) + rank)
        longer[: len(counts)] += counts
        longer[rank:] += counts
        counts = longer / 2
    return float(np.searchsorted(np.cumsum(counts), level / 2 * (1 + 1e-12), side="right") - 1)
