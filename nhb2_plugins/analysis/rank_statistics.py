"""Who beats whom: expected ranks and probabilities to be better, from all runs of each optimizer, and resampled.

Functions of this module take final measures of runs, of whatever kind, where small is good and infinite is worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import BSpline
from scipy.stats import norm
from scipy.stats import t as student

from nhb2_plugins.analysis.model import Floats
from nhb2_plugins.analysis.resampling import N_RESAMPLES, resampling_weights
from nhb2_plugins.trajectory.baseline import RegretLaw

_MOST_UNIFORM: Final = 100
_DECIMALS: Final = 12  # an interval that ends at one half holds it, whatever the last bit of a float is


def probability_better(first: Floats, second: Floats) -> float:
    """Probability that a value of the first is smaller than one of the second, ties counted half.

    Vargha and Delaney's A (J. Educ. Behav. Stat. 25, 2000). Two infinities are a tie.
    """
    return float(_share_above(np.sort(first), second).mean())


def _share_above(ordered: Floats, values: Floats) -> Floats:
    """For each value the share of ordered ones that are smaller, plus half of those that are equal."""
    smaller = np.searchsorted(ordered, values, side="left")
    at_most = np.searchsorted(ordered, values, side="right")
    share: Floats = (smaller + at_most) / (2 * len(ordered))
    return share


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, Scand. J. Stat. 6, 1979)."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def places_in_law(values: Floats, law: RegretLaw) -> Floats:
    """For each value the probability that a run of the law ends better, ties counted half; uniform for its own runs.

    Args:
        values: final regrets; infinite for a run without a result, which ties with the law's own.
        law: of the regret.
    """
    with_result = law.at_most[-1]
    places = np.interp(values, law.regret_pp, law.at_most, left=0.0)
    return np.where(np.isfinite(values), places, (1 + with_result) / 2)


def p_against_law(places: Floats) -> Floats:
    """Two-sided p-value of runs' places in a law: whether they end better, or worse, than the law's runs more often.

    The larger of two. Runs of the law itself have uniform places, whose sum is Irwin's and Hall's: that p-value is
    exact. Runs that are as often better as worse, but by other amounts, need not have, so Student's t of the places is
    asked, too. On its own each is wrong too often where the other is right (``benchmarks/verdicts/measure.py``).

    Args:
        places: shape (…, n_runs), of at least two runs.

    Returns:
        shape (…).
    """
    n_runs = places.shape[-1]
    mean, error = places.mean(axis=-1), places.std(axis=-1, ddof=1) / np.sqrt(n_runs)
    exact = 2 * irwin_hall(n_runs * np.minimum(mean, 1 - mean), n_runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_spread = 2 * student.sf(np.abs(mean - 0.5) / error, n_runs - 1)
    p_values: Floats = np.minimum(np.fmax(exact, by_spread), 1.0)
    return p_values


def irwin_hall(sums: Floats, n: int) -> Floats:
    """Probability that the sum of n uniform numbers of 0..1 is at most a number; of very many, the normal one."""
    if n > _MOST_UNIFORM:
        normal: Floats = norm.cdf((sums - n / 2) / np.sqrt(n / 12))
        return normal
    density = BSpline.basis_element(np.arange(n + 1), extrapolate=False)
    cdf: Floats = density.antiderivative()(np.clip(sums, 0, n))
    return cdf


def expected_ranks(groups: Sequence[Floats]) -> Floats:
    """The expected rank of a value of each group among one value of each, drawn at random; 1 is the smallest.

    Ties share the mean of their ranks. Shape (n_groups,).
    """
    ordered = [np.sort(group) for group in groups]
    return np.array(
        [
            1 + sum(_share_above(other, group).mean() for j, other in enumerate(ordered) if j != i)
            for i, group in enumerate(ordered)
        ]
    )


@dataclass(frozen=True, eq=False)
class Resampled:
    """Resampled probabilities of improvement.

    Attributes:
        better: [i, j, resample]: that a run of i ends better than a run of j; one half on the diagonal.
    """

    better: Floats

    @property
    def ranks(self) -> Floats:
        """Expected ranks, shape (n_optimizers, n_resamples)."""
        # Of another optimizer's run, the probability to be better adds to one's rank; the diagonal's half is taken off.
        ranks: Floats = 0.5 + self.better.sum(axis=0)
        return ranks


def resample(groups: Sequence[Floats]) -> Resampled:
    """Draw every optimizer's runs anew, each independently of the others."""
    n = len(groups)
    better = np.full((n, n, N_RESAMPLES), 0.5)
    for i in range(n):
        for j in range(i):
            better[i, j] = _resampled_better(groups[i], groups[j], (i, j))
            better[j, i] = 1 - better[i, j]
    return Resampled(better)


def _resampled_better(first: Floats, second: Floats, streams: tuple[int, int]) -> Floats:
    """Probability that a run of the first ends better than one of the second, ties half, in each resample.

    From what the sorted runs of the second weigh together up to each run of the first: a table of every pair of runs
    would take gigabytes for 10,000 of them.
    """
    order = np.argsort(second, kind="stable")
    weights = resampling_weights(len(second), streams[1])[:, order]
    up_to = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)
    smaller = up_to[:, np.searchsorted(second[order], first, side="left")]
    at_most = up_to[:, np.searchsorted(second[order], first, side="right")]
    lost = np.einsum("bi,bi->b", resampling_weights(len(first), streams[0]), smaller + at_most) / 2
    better: Floats = np.round(1 - lost, _DECIMALS)
    return better
