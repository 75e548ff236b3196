"""Intervals over runs, the same bytes every time; ``benchmarks/verdicts/measure.py`` measures what they cover.

Runs are drawn with replacement, as whole runs: a curve's points share their draws. The draws come from a generator of
their own, seeded with the number of runs alone, so that an interval does not depend on what else was analysed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.stats import binom, norm
from scipy.stats import t as student

from nhb2_plugins.analysis.model import CONFIDENCE, FEWEST_FOR_INTERVALS, Floats

N_RESAMPLES: Final = 2000
_SEED: Final = 20211117
_TAIL: Final = (1 - CONFIDENCE) / 2
_SHIFT: Final = 0.1  # of the mean
_UPPER: Final = 1.5  # how much longer the upper arm is: few runs seldom show the tail
_LOWER: Final = 0.8  # and the lower one, which is then longer than it need be
_LONGEST: Final = 3  # arms of Student's t: where many runs are next to the optimum, logarithms know no end
_MANY_RUNS: Final = 100
_ALIKE: Final = 1e-6  # of the mean: a resample's spread below this is what rounding leaves of none
_SAME: Final = 1e-12  # of the mean: a spread below this is float noise


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


def interval_of(resampled: Floats, n_runs: int) -> tuple[Floats, Floats]:
    """Interval of a comparison of optimizers over the first axis, which holds its resamples; NaN of too few runs.

    Expanded percentiles (Hesterberg, The American Statistician 69, 2015): what few runs make the bootstrap too narrow
    by is given back in the tails, with Student's t of two samples.

    Args:
        resampled: shape (N_RESAMPLES, …).
        n_runs: runs of the optimizer that has the fewest.
    """
    if n_runs < FEWEST_FOR_INTERVALS:
        return _no_interval(resampled)
    tail = norm.cdf(-np.sqrt(n_runs / (n_runs - 1)) * student.ppf(1 - _TAIL, 2 * n_runs - 2))
    low, high = np.quantile(resampled, (tail, 1 - tail), axis=0)
    return low, high


def mean_interval(values: Floats, most: float = np.inf) -> tuple[Floats, Floats]:
    """Interval of the mean over the first axis of (n_runs, …) of values from 0 to ``most``; NaN of too few runs.

    A t-interval of logarithms (Cox's, see Land, Technometrics 14, 1972): the mean is known as well as mean and variance
    of the logarithms are. Regrets have a long tail, of which a bootstrap of ten runs knows too little. A tenth of
    the mean is added first, so that a run that found the optimum does not count without bound, and the upper arm is at
    most :data:`_LONGEST` times that of Student's t. From
    :data:`_MANY_RUNS` runs on the tail is seen, and no form of it is assumed: bootstrap-t of the mean's logarithm.
    """
    n_runs = len(values)
    if n_runs < FEWEST_FOR_INTERVALS:
        return _no_interval(values)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = _bootstrap_t(values, mean, spread) if n_runs >= _MANY_RUNS else _t_of_logarithms(values, mean)
    varied = spread > _SAME * np.maximum(mean, _SAME)
    low, high = (np.where(varied, end, mean) for end in ends)
    furthest = mean + _LONGEST * _arm_of_t(spread, n_runs)
    return np.maximum(low, 0.0), np.maximum(np.minimum(np.minimum(high, furthest), most), mean)


def _arm_of_t(spread: Floats, n_runs: int) -> Floats:
    arm: Floats = student.ppf(1 - _TAIL, n_runs - 1) * spread / np.sqrt(n_runs - 1)
    return arm


def _t_of_logarithms(values: Floats, mean: Floats) -> tuple[Floats, Floats]:
    n_runs = len(values)
    logarithms = np.log(values + _SHIFT * mean)
    variance = logarithms.var(axis=0, ddof=1)
    error = np.sqrt(variance / n_runs + variance**2 / (2 * (n_runs - 1)))
    arm = student.ppf(1 - _TAIL, n_runs - 1) * error
    low, high = (
        np.exp(logarithms.mean(axis=0) + variance / 2 + each) - _SHIFT * mean for each in (-arm * _LOWER, arm * _UPPER)
    )
    return np.minimum(low, mean), np.maximum(high, mean)


def _bootstrap_t(values: Floats, mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    weights = resampling_weights(len(values))
    shift = np.tensordot(weights, values - mean, axes=1)
    spreads = np.sqrt(np.maximum(np.tensordot(weights, (values - mean) ** 2, axes=1) - shift**2, 0))
    # A resample of equal values says that the mean may be anywhere on its side; where that is often, Student's t is
    # all there is.
    by_side = np.where(np.abs(shift) > _SAME * mean, np.sign(shift) * np.inf, 0.0)
    studentized = np.log1p(shift / mean) * (mean + shift) / spreads
    low, high = np.quantile(
        np.where(spreads > _ALIKE * mean, studentized, by_side), (_TAIL, 1 - _TAIL), axis=0, method="inverted_cdf"
    )
    arm = _arm_of_t(spread, len(values))
    lower, upper = mean * np.exp(-high * spread / mean), mean * np.exp(-low * spread / mean)
    return np.where(np.isfinite(high), lower, mean - arm), np.where(np.isfinite(low), upper, mean + arm)


def median_interval(values: Floats) -> tuple[Floats, Floats]:
    """Interval of the median over the first axis of (n_runs, …), which may be infinite; NaN of too few runs.

    Between two order statistics on either side, interpolated to the level (Hettmansperger and Sheather, Statistics &
    Probability Letters 4, 1986); five runs have none outside their extremes.
    """
    n_runs = len(values)
    if n_runs < FEWEST_FOR_INTERVALS:
        return _no_interval(values)
    ordered = np.sort(values, axis=0)
    depth = np.arange(n_runs // 2 + 1)
    covered = 1 - 2 * binom.cdf(depth - 1, n_runs, 0.5)
    d = int(np.count_nonzero(covered >= CONFIDENCE)) - 1
    if d < 1:
        return ordered[0], ordered[-1]
    share = (covered[d] - CONFIDENCE) / (covered[d] - covered[d + 1])
    inward = (n_runs - d) * share / (d + (n_runs - 2 * d) * share)
    return _between(ordered[d - 1], ordered[d], inward), _between(ordered[n_runs - d], ordered[n_runs - d - 1], inward)


def _between(outer: Floats, inner: Floats, inward: float) -> Floats:
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(outer == inner, inner, outer + inward * (inner - outer))
    return np.where(np.isnan(found), outer, found)  # of an infinite outer one


def _no_interval(values: Floats) -> tuple[Floats, Floats]:
    nothing = np.full(values.shape[1:], np.nan)
    return nothing, nothing
