"""Who beats whom: expected ranks and the probability of improvement, from all runs of each optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.analysis.curves import final_regrets, step_matrix
from nhb2_plugins.analysis.model import ImprovementMatrix, Interval, RankCurves, Refusal
from nhb2_plugins.analysis.resampling import N_RESAMPLES, interval_of, resampling_weights
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns

_N_TIMES: Final = 200
_DECIMALS: Final = 12  # an interval that ends at one half holds it, whatever the last bit of a float is

_Floats = NDArray[np.float64]


def probability_better(first: _Floats, second: _Floats) -> float:
    """Probability that a value of the first is smaller than one of the second, ties counted half.

    Vargha and Delaney's A (J. Educ. Behav. Stat. 25, 2000). Two infinities are a tie.
    """
    return float(_share_above(np.sort(first), second).mean())


def _share_above(ordered: _Floats, values: _Floats) -> _Floats:
    """For each value the share of ordered ones that are smaller, plus half of those that are equal."""
    smaller = np.searchsorted(ordered, values, side="left")
    at_most = np.searchsorted(ordered, values, side="right")
    share: _Floats = (smaller + at_most) / (2 * len(ordered))
    return share


def expected_ranks(groups: Sequence[_Floats]) -> _Floats:
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

    better: _Floats

    @property
    def ranks(self) -> _Floats:
        """Expected ranks, shape (n_optimizers, n_resamples)."""
        # Of another optimizer's run, the probability to be better adds to one's rank; the diagonal's half is taken off.
        ranks: _Floats = 0.5 + self.better.sum(axis=0)
        return ranks


def resample(groups: Sequence[_Floats]) -> Resampled:
    """Draw every optimizer's runs anew, each independently of the others."""
    n = len(groups)
    better = np.full((n, n, N_RESAMPLES), 0.5)
    for i in range(n):
        for j in range(i):
            better[i, j] = _resampled_better(groups[i], groups[j], (i, j))
            better[j, i] = 1 - better[i, j]
    return Resampled(better)


def _resampled_better(first: _Floats, second: _Floats, streams: tuple[int, int]) -> _Floats:
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
    better: _Floats = np.round(1 - lost, _DECIMALS)
    return better


def rank_curves(results: CampaignResults) -> RankCurves | Refusal:
    """Average ranks over time and at the end, of the optimizers that have a result."""
    ranked = [each for each in results.optimizers if each.with_result]
    if len(ranked) < 2:
        return Refusal("Ranks compare optimizers, and fewer than two have a result.")
    final = [final_regrets(each) for each in ranked]
    end_ranks, resampled = expected_ranks(final), resample(final).ranks
    times = _times(ranked, results.horizon_s)
    matrices = [step_matrix([run.regrets for run in each.runs], times) for each in ranked]
    rank = np.array([expected_ranks([matrix[:, column] for matrix in matrices]) for column in range(len(times))]).T
    low, high = interval_of(resampled.T)
    return RankCurves(
        optimizers=tuple(each.marked_name for each in ranked),
        time_s=times,
        rank=rank,
        final=tuple(Interval(*map(float, each)) for each in zip(end_ranks, low, high, strict=True)),
        anytime=tuple(float(row.mean()) for row in rank),
    )


def _times(ranked: Sequence[OptimizerRuns], horizon_s: float) -> _Floats:
    """From the first result of any run to the horizon, evenly on the logarithm."""
    first = min(run.regrets[0][0] for each in ranked for run in each.with_result)
    times = np.geomspace(max(min(first, horizon_s), 1e-9), horizon_s, _N_TIMES)
    times[-1] = horizon_s
    return np.unique(times)


def improvement_matrix(results: CampaignResults) -> ImprovementMatrix | Refusal:
    """Probability of improvement of every optimizer over every other."""
    compared = [each for each in results.optimizers if each.with_result]
    if len(compared) < 2:
        return Refusal("There is nothing to improve on: fewer than two optimizers have a result.")
    groups = [final_regrets(each) for each in compared]
    probability = np.array([[probability_better(a, b) for b in groups] for a in groups])
    low, high = interval_of(np.moveaxis(resample(groups).better, 2, 0))
    for matrix in (probability, low, high):
        np.fill_diagonal(matrix, np.nan)
    return ImprovementMatrix(tuple(each.marked_name for each in compared), probability, low, high)
