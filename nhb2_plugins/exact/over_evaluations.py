"""What random search reaches after n evaluations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nhb2_plugins.arguments import checked_count
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.exact.levels import Floats, Integers, Levels, check_probability
from nhb2_plugins.space import N_CONFIGURATIONS


@dataclass(frozen=True, eq=False)
class BestOfRandom:
    """The best of n uniform draws (with replacement): exact, by order statistics. Made by :func:`best_of_random`.

    Attributes:
        error_pct: the distinct errors of the space, ascending, in percent.
        n_at_most: number of configurations with at most that error; the last is 196,608.
    """

    error_pct: Floats
    n_at_most: Integers

    def __repr__(self) -> str:
        return f"<BestOfRandom: {len(self.error_pct):,} errors, {self.error_pct[0]:.3f} to {self.error_pct[-1]:.3f} %>"

    def probability_at_most(self, error_pct: float, n_draws: int) -> float:
        """Probability that the best of ``n_draws`` has at most an error.

        Raises:
            InvalidValueError: ``n_draws`` is not a positive integer.
        """
        position = np.searchsorted(self.error_pct, error_pct, side="right")
        return 0.0 if position == 0 else float(self._cdf(n_draws)[position - 1])

    def mean_error_pct(self, n_draws: int) -> float:
        """The expected error of the best of ``n_draws``, in percent.

        Raises:
            InvalidValueError: ``n_draws`` is not a positive integer.
        """
        above = 1 - self._cdf(n_draws)[:-1]
        return float(self.error_pct[0] + np.diff(self.error_pct) @ above)

    def mean_regret_pct(self, n_draws: int) -> float:
        """The expected regret of the best of ``n_draws``, in percentage points.

        Raises:
            InvalidValueError: ``n_draws`` is not a positive integer.
        """
        return self.mean_error_pct(n_draws) - float(self.error_pct[0])

    def quantile_error_pct(self, probability: float, n_draws: int) -> float:
        """The smallest error that the best of ``n_draws`` does not exceed with at least a probability, in percent.

        Raises:
            InvalidValueError: a probability outside 0..1, or ``n_draws`` is not a positive integer.
        """
        check_probability(probability)
        cdf = self._cdf(n_draws)
        return float(self.error_pct[min(int(np.searchsorted(cdf, probability)), len(cdf) - 1)])

    def _cdf(self, n_draws: int) -> Floats:
        checked_count("n_draws", n_draws)
        with np.errstate(divide="ignore"):  # every configuration has at most the worst error: log(0)
            log_above = np.log1p(-self.n_at_most / N_CONFIGURATIONS)
        cdf: Floats = -np.expm1(n_draws * log_above)
        return cdf


def best_of_random(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None
) -> BestOfRandom:
    """What random search reaches after n evaluations.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    levels = Levels.of(bench, bench.by_row(epoch, split, seed))
    return BestOfRandom(levels.error_pct, levels.n_at_most)
