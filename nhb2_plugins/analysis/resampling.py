"""Bootstrap intervals over runs (Efron and Tibshirani, 1993): percentile intervals, the same bytes every time.

Runs are drawn with replacement, as whole runs: a curve's points share their draws. The draws come from a generator of
their own, seeded with the number of runs alone, so that an interval does not depend on what else was analysed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.stats import binom

from nhb2_plugins.analysis.model import CONFIDENCE, Floats

N_RESAMPLES: Final = 2000
_SEED: Final = 20211117
_TAILS: Final = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@lru_cache(maxsize=16)
def resampling_weights(n_runs: int, stream: int = 0) -> Floats:
    """How often each run is drawn in each resample, divided by the number of runs: shape (N_RESAMPLES, n_runs).

    Args:
        n_runs: number of runs, at least 1.
        stream: independent draws for each number; two optimizers that are compared must not share theirs.
    """
    generator = np.random.default_rng([_SEED, n_runs, stream])
    weights: Floats = generator.multinomial(n_runs, np.full(n_runs, 1 / n_runs), N_RESAMPLES) / n_runs
    weights.setflags(write=False)
    return weights


def interval_of(resampled: Floats) -> tuple[Floats, Floats]:
    """Percentile interval over the first axis."""
    low, high = np.quantile(resampled, _TAILS, axis=0)
    return low, high


def mean_interval(values: Floats) -> tuple[Floats, Floats]:
    """Interval of the mean over the first axis of (n_runs, …); the value itself for a single run."""
    return interval_of(np.tensordot(resampling_weights(len(values)), values, axes=1))


def median_interval(values: Floats) -> tuple[Floats, Floats]:
    """Interval of the median over the first axis of (n_runs, …); values may be infinite.

    What infinitely many resamples give: the k-th smallest of a resample is at most the j-th smallest value with the
    probability that at least k of n draws fall among the first j of n (Efron, 1982). For an even number of runs, the
    lower of the two middle values is taken for the lower end, the upper one for the upper end.
    """
    n_runs = len(values)
    ordered = np.sort(values, axis=0)
    share = np.arange(1, n_runs + 1) / n_runs
    ranks = ((n_runs + 1) // 2, n_runs // 2 + 1)
    low, high = (
        int(np.argmax(binom.sf(rank - 1, n_runs, share) >= tail)) for rank, tail in zip(ranks, _TAILS, strict=True)
    )
    return ordered[low], ordered[high]
