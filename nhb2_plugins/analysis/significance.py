"""Tests of differences in final regret: Friedman with Nemenyi over all optimizers, and every pair with Holm.

What is done follows Demšar (JMLR 7, 2006), with seeds as blocks. The tests themselves are scipy's, scikit-posthocs' and
statsmodels'. A test on too few runs is refused, since its answer would be known before the runs were made.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, mannwhitneyu, rankdata, studentized_range, wilcoxon

from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.model import SIGNIFICANCE, FriedmanResult, PairRow, Refusal
from nhb2_plugins.analysis.ranks import probability_better
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns

FEWEST_BLOCKS: Final = 10
"""Friedman's statistic is close to its limiting distribution from about ten blocks on (Demšar, section 3.2.2)."""
FEWEST_PAIRS: Final = 6
"""With five pairs, Wilcoxon's smallest two-sided p is 0.0625: nothing could be significant."""
FEWEST_UNPAIRED: Final = 5
"""Runs of each optimizer for Mann and Whitney's test; five against five can give p = 0.008."""
_MAGNITUDES: Final = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
"""Upper bounds for a rank-biserial correlation in words (Romano et al., 2006, of Cliff's delta, the same number)."""

_Floats = NDArray[np.float64]


# -- all optimizers at once


def friedman(results: CampaignResults) -> FriedmanResult | Refusal:
    """Friedman's and Nemenyi's tests over the seeds that optimizers share.

    Optimizers with too few of those seeds are left out, the ones with the fewest runs first.
    """
    kept = [each for each in results.optimizers if each.with_result]
    left_out = {each.marked_name: "no result" for each in results.optimizers if each.runs and not each.with_result}
    while len(kept) > 2 and len(shared_seeds(kept)) < FEWEST_BLOCKS:
        fewest = min(kept, key=lambda each: len(each.runs))
        left_out[fewest.marked_name] = f"{len(fewest.runs)} run{'s' if len(fewest.runs) != 1 else ''}"
        kept.remove(fewest)
    if len(kept) < 3:
        return Refusal(
            "Friedman's test is not made: it compares at least three optimizers, and fewer share at least "
            f"{FEWEST_BLOCKS} seeds."
        )
    seeds = shared_seeds(kept)
    values = np.array([_by_seed(each, seeds) for each in kept]).T
    if (values == values[:, :1]).all():
        return Refusal("Friedman's test is not made: on every seed all optimizers end at the same regret.")
    return friedman_of(values, tuple(each.marked_name for each in kept), left_out)


def shared_seeds(optimizers: Sequence[OptimizerRuns]) -> list[int]:
    """The seeds that every one of the optimizers has a run of, ascending."""
    return sorted(set.intersection(*({run.header.seed for run in each.runs} for each in optimizers)))


def _by_seed(optimizer: OptimizerRuns, seeds: Sequence[int]) -> _Floats:
    regret = dict(zip((run.header.seed for run in optimizer.runs), final_regrets(optimizer), strict=True))
    return np.array([regret[seed] for seed in seeds])


def friedman_of(values: _Floats, names: tuple[str, ...], left_out: Mapping[str, str]) -> FriedmanResult:
    """The tests on a table of values, shape (n_blocks, n_optimizers); small is good, infinite is worst."""
    import scikit_posthocs  # takes pandas, seaborn and statsmodels with it

    n_blocks, n = values.shape
    ranks = np.array([rankdata(row) for row in values])
    statistic, p_value = friedmanchisquare(*ranks.T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p_nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(ranks).to_numpy(dtype=np.float64)
    mean_rank = ranks.mean(axis=0)
    critical = critical_difference(n, n_blocks)
    return FriedmanResult(
        optimizers=names,
        n_blocks=n_blocks,
        statistic=float(statistic),
        p_value=float(p_value),
        mean_rank=tuple(mean_rank.tolist()),
        critical_difference=critical,
        p_nemenyi=p_nemenyi,
        groups=_groups(mean_rank, critical),
        left_out=dict(left_out),
    )


def critical_difference(n_optimizers: int, n_blocks: int) -> float:
    """Nemenyi's critical difference of average ranks at :data:`SIGNIFICANCE` (Demšar, section 3.2.2)."""
    quantile = studentized_range.ppf(1 - SIGNIFICANCE, n_optimizers, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(n_optimizers * (n_optimizers + 1) / (6 * n_blocks)))


def _groups(mean_rank: _Floats, critical: float) -> tuple[tuple[int, ...], ...]:
    """Maximal runs of neighbours, in order of rank, whose ends differ by less than the critical difference."""
    order = np.argsort(mean_rank, kind="stable").tolist()
    groups: list[tuple[int, ...]] = []
    for start in range(len(order)):
        group = [each for each in order[start:] if mean_rank[each] - mean_rank[order[start]] < critical]
        if len(group) > 1 and not (groups and set(group) <= set(groups[-1])):
            groups.append(tuple(group))
    return tuple(groups)


# -- pair by pair


def pairs(results: CampaignResults) -> tuple[PairRow, ...]:
    """Every pair of optimizers that were run, with p-values corrected for their number."""
    ran = [each for each in results.optimizers if each.runs]
    return _with_holm([_pair(first, second) for first, second in combinations(ran, 2)])


def _pair(first: OptimizerRuns, second: OptimizerRuns) -> PairRow:
    values = final_regrets(first), final_regrets(second)
    names = first.marked_name, second.marked_name
    counts = len(values[0]), len(values[1])
    if not (first.with_result and second.with_result):
        return _refused(names, counts, "no result")
    if [run.header.seed for run in first.runs] == [run.header.seed for run in second.runs]:
        return paired(*names, *values)
    return unpaired(*names, *values)


def paired(first: str, second: str, a: _Floats, b: _Floats) -> PairRow:
    """Wilcoxon's signed-rank test of two optimizers' regrets with the same seeds; infinite is worst.

    The effect is the matched-pairs rank-biserial correlation (Kerby, 2014): the share of rank sums in favour of the
    first, minus the share against it.
    """
    if len(a) < FEWEST_PAIRS:
        return _refused((first, second), (len(a), len(b)), f"fewer than {FEWEST_PAIRS} pairs of runs")
    difference = _difference(a, b)
    n_different = np.count_nonzero(difference)
    p_value = float(wilcoxon(difference).pvalue) if n_different else 1.0
    ranks = rankdata(np.abs(difference[difference != 0]))
    signs = np.sign(difference[difference != 0])
    effect = float(-(ranks @ signs) / ranks.sum()) if n_different else 0.0
    return _tested((first, second), "Wilcoxon signed-rank", (len(a), len(b)), p_value, effect)


def _difference(a: _Floats, b: _Floats) -> _Floats:
    """a − b, where a run without a result loses by more than any other difference, and two such are equal."""
    with np.errstate(invalid="ignore"):
        difference = a - b
    finite = np.abs(difference[np.isfinite(difference)]).max(initial=0.0)
    return np.nan_to_num(difference, nan=0.0, posinf=finite + 1, neginf=-finite - 1)


def unpaired(first: str, second: str, a: _Floats, b: _Floats) -> PairRow:
    """Mann and Whitney's U test of two optimizers' regrets, all runs of each; infinite is worst.

    The effect is Glass's rank-biserial correlation: the probability that a run of the first is better, minus that it is
    worse.
    """
    if min(len(a), len(b)) < FEWEST_UNPAIRED:
        return _refused((first, second), (len(a), len(b)), f"fewer than {FEWEST_UNPAIRED} runs of one of them")
    ranks = rankdata(np.concatenate([a, b]))
    p_value = float(mannwhitneyu(ranks[: len(a)], ranks[len(a) :], alternative="two-sided").pvalue)
    effect = 2 * probability_better(a, b) - 1
    return _tested((first, second), "Mann-Whitney U", (len(a), len(b)), p_value, effect)


def _tested(names: tuple[str, str], test: str, counts: tuple[int, int], p_value: float, effect: float) -> PairRow:
    return PairRow(*names, test, *counts, p_value, None, effect, magnitude_of(effect), "")


def _refused(names: tuple[str, str], counts: tuple[int, int], reason: str) -> PairRow:
    return PairRow(*names, "", *counts, None, None, None, "", reason)


def magnitude_of(effect: float) -> str:
    """A rank-biserial correlation in a word."""
    return next((word for bound, word in _MAGNITUDES if abs(effect) < bound), "large")


def _with_holm(rows: Sequence[PairRow]) -> tuple[PairRow, ...]:
    from statsmodels.stats.multitest import multipletests

    tested = [row for row in rows if row.p_value is not None]
    if not tested:
        return tuple(rows)
    corrected = iter(multipletests([row.p_value for row in tested], method="holm")[1].tolist())
    return tuple(row if row.p_value is None else replace(row, p_holm=next(corrected)) for row in rows)
