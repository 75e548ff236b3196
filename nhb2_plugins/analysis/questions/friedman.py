"""Do the optimizers differ at all? Friedman's test of the final regrets, seeds as blocks, and Nemenyi's after it.

What is done follows Demšar (JMLR 7, 2006). The tests themselves are scipy's and scikit-posthocs'. A test on too few
runs is refused, since its answer would be known before the runs were made.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.model import SIGNIFICANCE, CampaignFacts, Floats, Refusal
from nhb2_plugins.analysis.pictures import WIDTH, RankDiagram, ReportFigure
from nhb2_plugins.analysis.question import Question, of_results, one_table
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, refused, table_of
from nhb2_plugins.analysis.wording import listed, p_text
from nhb2_plugins.text_table import counted

FEWEST_BLOCKS: Final = 10
"""Friedman's statistic is close to its limiting distribution from about ten blocks on (Demšar, section 3.2.2)."""
_MOST_NAMES: Final = 12
"""Names in the groups that Nemenyi's test leaves; with more of them nobody would read the sentence."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FriedmanResult(RankDiagram):
    """Friedman's test on final regrets, a block per seed, with Nemenyi's test after it; small is good.

    Attributes:
        n_blocks: number of seeds that all of them share.
        statistic: Friedman's chi-squared (corrected for ties).
        p_value: of it.
        p_nemenyi: shape (n, n), symmetric, ones on the diagonal.
        left_out: optimizers that took no part, with the reason.
    """

    n_blocks: int
    statistic: float
    p_value: float
    p_nemenyi: Floats
    left_out: Mapping[str, str]

    @property
    def significant(self) -> bool:
        """Whether the optimizers differ at all (level :data:`SIGNIFICANCE`)."""
        return self.p_value < SIGNIFICANCE


def friedman(results: CampaignResults) -> FriedmanResult | Refusal:
    """Friedman's and Nemenyi's tests over the seeds that optimizers share.

    Optimizers with too few of those seeds are left out, the ones with the fewest runs first.
    """
    kept = [each for each in results.optimizers if each.with_result]
    left_out = {each.marked_name: "no result" for each in results.optimizers if each.runs and not each.with_result}
    while len(kept) > 2 and len(shared_seeds(kept)) < FEWEST_BLOCKS:
        fewest = min(kept, key=lambda each: len(each.runs))
        left_out[fewest.marked_name] = counted(len(fewest.runs), "run")
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
    names = tuple(each.marked_name for each in kept)
    return friedman_of(values, names, left_out, [results.optimizers.index(each) for each in kept])


def shared_seeds(optimizers: Sequence[OptimizerRuns]) -> list[int]:
    """The seeds that every one of the optimizers has a run of, ascending."""
    return sorted(set.intersection(*({run.header.seed for run in each.runs} for each in optimizers)))


def _by_seed(optimizer: OptimizerRuns, seeds: Sequence[int]) -> Floats:
    regret = dict(zip((run.header.seed for run in optimizer.runs), final_regrets(optimizer), strict=True))
    return np.array([regret[seed] for seed in seeds])


def friedman_of(
    values: Floats, names: tuple[str, ...], left_out: Mapping[str, str], positions: Sequence[int] = ()
) -> FriedmanResult:
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
        names=names,
        positions=tuple(positions),
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


def _groups(mean_rank: Floats, critical: float) -> tuple[tuple[int, ...], ...]:
    """Maximal runs of neighbours, in order of rank, whose ends differ by less than the critical difference."""
    order = np.argsort(mean_rank, kind="stable").tolist()
    groups: list[tuple[int, ...]] = []
    for start in range(len(order)):
        group = [each for each in order[start:] if mean_rank[each] - mean_rank[order[start]] < critical]
        if len(group) > 1 and not (groups and group[-1] in groups[-1]):
            groups.append(tuple(group))
    return tuple(groups)


def _words(found: FriedmanResult | Refusal, facts: CampaignFacts) -> list[str]:
    if len(facts.standings) < 3 or facts.stopping is not None:
        return []  # of fewer there is nothing that the pair does not say; and it is of a number fixed beforehand
    if isinstance(found, Refusal):
        return [found.reason]
    over = f"over {found.n_blocks} seeds of {len(found.names)} optimizers"
    out = "; ".join(f"{name} is left out: {reason}" for name, reason in found.left_out.items())
    out = f" ({out})" if out else ""
    if not found.significant:
        return [f"Friedman's test {over} finds no significant difference at all ({p_text(found.p_value)}){out}."]
    alike = f"Friedman's test {over} says that they are not all alike ({p_text(found.p_value)}){out}."
    return [f"{alike} {_told_apart(found)}"]


def _told_apart(found: FriedmanResult) -> str:
    groups = [listed([found.names[each] for each in group]) for group in found.groups]
    if not groups:
        return "Nemenyi's test tells every one of them from every other."
    closer = f"average ranks closer than {found.critical_difference:.2f}"
    if sum(map(len, found.groups)) <= _MOST_NAMES:
        return f"Nemenyi's test, which is cautious, does not tell apart {'; nor '.join(groups)} ({closer})."
    ranks = np.array(found.mean_rank)
    n_pairs = len(ranks) * (len(ranks) - 1) // 2
    n_apart = int((np.abs(ranks[:, None] - ranks) >= found.critical_difference).sum()) // 2
    return (
        f"Nemenyi's test, which is cautious, tells {n_apart} of the {n_pairs} pairs apart ({closer} it does not; the "
        "critical-difference diagram shows which)."
    )


def _table(found: FriedmanResult | Refusal) -> ReportTable:
    if isinstance(found, Refusal):
        return refused("friedman", "Average ranks over seeds", found)
    n = len(found.names)
    rows = [
        [name, found.mean_rank[i], *(None if i == j else float(found.p_nemenyi[i, j]) for j in range(n))]
        for i, name in enumerate(found.names)
    ]
    left_out = "".join(f" {name} is left out: {reason}." for name, reason in found.left_out.items())
    return table_of(
        "friedman",
        "Average ranks over seeds",
        (
            OPTIMIZER,
            Column("average_rank", "average rank"),
            *(Column(f"p_{name}", f"p against {name}", "p") for name in found.names),
        ),
        rows,
        (
            f"Friedman's chi-squared {found.statistic:.2f} over {found.n_blocks} seeds, {p_text(found.p_value)}. "
            f"p-values of pairs: Nemenyi. Critical difference of average ranks at level {SIGNIFICANCE:g}: "
            f"{found.critical_difference:.2f}.{left_out}",
        ),
    )


def _figures(found: FriedmanResult | Refusal) -> tuple[ReportFigure, ...]:
    if isinstance(found, Refusal):
        return (ReportFigure("critical_difference", None),)
    return (
        ReportFigure(
            "critical_difference",
            found,
            f"Average rank of the final regret over {found.n_blocks} seeds (1 is the best)",
            (
                f"Friedman's test: chi-squared {found.statistic:.2f}, {p_text(found.p_value)}.",
                f"Bars join optimizers that Nemenyi's test does not tell apart at level {SIGNIFICANCE:g}.",
                *(f"{name} is left out: {reason}." for name, reason in found.left_out.items()),
            ),
            (WIDTH, 2.3 + 0.3 * math.ceil(len(found.names) / 2)),
        ),
    )


def _parts(found: FriedmanResult | Refusal, facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if len(facts.standings) < 2:
        return ()  # that no ranks can be given says it all
    if isinstance(found, Refusal):
        return (parts.RefusalPart(section=parts.RANKS, place=20, reason=found.reason),)
    return (
        parts.DrawingPart(
            section=parts.RANKS,
            place=20,
            id="critical-difference",
            title="Critical difference diagram",
            label="Drawing of critical differences",
            picture=found,
            captions=(
                f"Average ranks of final regrets over {found.n_blocks} shared seeds; a bar joins optimizers that "
                "Nemenyi's test does not tell apart. Friedman's test: "
                f"χ² = {found.statistic:.2f}, {p_text(found.p_value)}.",
                *(f"Left out: {name} ({reason})." for name, reason in found.left_out.items()),
            ),
        ),
    )


QUESTION: Final = Question(
    "friedman",
    of_results(friedman),
    words=_words,
    tables=one_table(_table),
    figures=lambda found, _: _figures(found),
    parts=_parts,
)
