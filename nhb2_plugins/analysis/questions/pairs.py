"""Which optimizer is better than which? A test of the final regrets of every pair, corrected by Holm's method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from scipy.stats import mannwhitneyu, rankdata, wilcoxon

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.draws import depends_of
from nhb2_plugins.analysis.model import SIGNIFICANCE, CampaignFacts, Floats, Standing
from nhb2_plugins.analysis.question import Question, of_results, one_table
from nhb2_plugins.analysis.rank_statistics import holm, probability_better
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.sequential import differences_of
from nhb2_plugins.analysis.tables import Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import listed, p_text, some

FEWEST_PAIRS: Final = 6
"""With five pairs, Wilcoxon's smallest two-sided p is 0.0625: nothing could be significant."""
FEWEST_UNPAIRED: Final = 5
"""Runs of each optimizer for Mann and Whitney's test; five against five can give p = 0.008."""
_MAGNITUDES: Final = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
"""Upper bounds for a rank-biserial correlation in words (Romano et al., 2006, of Cliff's delta, the same number)."""


@dataclass(frozen=True)
class PairRow:
    """Two optimizers' final regrets compared.

    Attributes:
        first: marked name,
        second: and the other one.
        test: ``Wilcoxon signed-rank`` (paired by seed; both have the same seeds) or ``Mann-Whitney U`` (they have not);
            empty where refused.
        n_first: runs of the first,
        n_second: and of the second.
        p_value: two-sided; None where refused.
        p_holm: corrected for the number of pairs tested (Holm).
        effect: rank-biserial correlation, -1 … 1; positive where the first is better (has the smaller regrets).
        magnitude: of the effect in a word: ``negligible``, ``small``, ``medium``, ``large``; empty where refused.
        refused: why there is no test; empty where there is one.
        depends: of a pair on several draws why there is no verdict even where the test is significant.
        unequal: what the two do not have in common, of budget, workers, charging and the fidelity of their incumbents.
    """

    first: str
    second: str
    test: str
    n_first: int
    n_second: int
    p_value: float | None
    p_holm: float | None
    effect: float | None
    magnitude: str
    refused: str
    unequal: str = ""
    depends: str = ""

    @property
    def significant(self) -> bool:
        """Whether the two differ (level :data:`SIGNIFICANCE`, after Holm's correction), whatever is assumed."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE and not self.depends

    @property
    def not_told_apart(self) -> bool:
        """Whether the test finds no difference."""
        return self.p_holm is not None and self.p_holm >= SIGNIFICANCE

    @property
    def undecided(self) -> bool:
        """Whether the test finds a difference that depends on what is assumed."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE and bool(self.depends)

    @property
    def ahead(self) -> str:
        """The one that the effect speaks for, significant or not."""
        return self.first if (self.effect or 0) > 0 else self.second

    @property
    def behind(self) -> str:
        """The other one."""
        return self.second if self.ahead == self.first else self.first

    @property
    def verdict(self) -> str:
        """What the test says, in words."""
        if self.refused:
            return f"not tested: {self.refused}"
        if self.undecided:
            return f"not decided: {self.depends}"
        return f"{self.ahead} is better" if self.significant else "not significant"


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
    same_seeds = [run.header.seed for run in first.runs] == [run.header.seed for run in second.runs]
    row = (paired if same_seeds else unpaired)(*names, *values)
    return replace(row, unequal=_unequal(first, second), depends=depends_of(first, second))


def _unequal(first: OptimizerRuns, second: OptimizerRuns) -> str:
    one, other = first.runs[0].header, second.runs[0].header
    chosen = [{run.incumbents[-1].epoch for run in each.with_result} for each in (first, second)]
    unlike = {
        "budget": one.budget_s != other.budget_s,
        "workers": one.n_workers != other.n_workers,
        "charging": one.charging != other.charging,
        "fidelity of the incumbents": chosen[0] != chosen[1],
    }
    return ", ".join(what for what, differs in unlike.items() if differs)


def paired(first: str, second: str, a: Floats, b: Floats) -> PairRow:
    """Wilcoxon's signed-rank test of two optimizers' regrets with the same seeds; infinite is worst.

    The effect is the matched-pairs rank-biserial correlation (Kerby, 2014): the share of rank sums in favour of the
    first, minus the share against it.
    """
    if len(a) < FEWEST_PAIRS:
        return _refused((first, second), (len(a), len(b)), f"fewer than {FEWEST_PAIRS} pairs of runs")
    difference = differences_of(b, a)
    n_different = np.count_nonzero(difference)
    p_value = float(wilcoxon(difference).pvalue) if n_different else 1.0
    ranks = rankdata(np.abs(difference[difference != 0]))
    signs = np.sign(difference[difference != 0])
    effect = float(-(ranks @ signs) / ranks.sum()) if n_different else 0.0
    return _tested((first, second), "Wilcoxon signed-rank", (len(a), len(b)), p_value, effect)


def unpaired(first: str, second: str, a: Floats, b: Floats) -> PairRow:
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
    corrected = iter(holm([row.p_value for row in rows if row.p_value is not None]))
    return tuple(row if row.p_value is None else replace(row, p_holm=next(corrected)) for row in rows)


def _words(rows: Sequence[PairRow], facts: CampaignFacts) -> list[str]:
    """How the optimizer that leads compares with each other one, and the others with one another."""
    if not facts.standings or facts.stopping is not None:  # these tests are of a number of runs fixed beforehand
        return []
    best = facts.standings[0]
    name = best.card.marked_name
    rivals = {row.second if row.first == name else row.first: row for row in rows if name in (row.first, row.second)}
    ranked = {each.card.marked_name: rivals[each.card.marked_name] for each in facts.standings[1:]}
    if ranked and all(row.p_holm is None for row in rows):
        return ["No pair of optimizers was tested: there are too few runs, so nothing here is known to be significant."]
    others = [row for row in rows if name not in (row.first, row.second) and row.p_holm is not None]
    of_the_best = _against_the_best(best, ranked)
    depends = [f"Not decided between {row.first} and {row.second}: {row.depends}." for row in rows if row.undecided]
    return [*of_the_best, *depends, *_untested(name, ranked), *_of_others(others, further=bool(of_the_best))]


def _against_the_best(best: Standing, rivals: Mapping[str, PairRow]) -> list[str]:
    """What the tests of the leading one say; its rivals in order."""
    name = best.card.marked_name
    worse = [_with_p(rival, row) for rival, row in rivals.items() if row.significant and row.ahead == name]
    better = [_with_p(rival, row) for rival, row in rivals.items() if row.significant and row.ahead != name]
    equal = [_with_p(rival, row) for rival, row in rivals.items() if row.not_told_apart]
    found = []
    if worse:
        found.append(
            f"{name} is significantly better than {listed(worse)} "
            f"(two-sided tests of the final regrets, Holm-corrected for all pairs, level {SIGNIFICANCE:g})."
        )
    if better:
        n_empty, n_runs = best.card.n_without_result, len(best.card.runs)
        why = f"{n_empty} of its {n_runs} runs have no result" if n_empty else "a few bad runs make its mean"
        found.append(
            f"Although {name} has the smaller mean, {listed(better)} {'ends' if len(better) == 1 else 'end'} "
            f"significantly better by the ranks of the runs: {why}."
        )
    if equal:
        found.append(
            f"The difference between {name} and {listed(equal)} is not significant: these runs do not say which of "
            "them is better."
        )
    return found


def _untested(best: str, rivals: Mapping[str, PairRow]) -> list[str]:
    reasons = dict.fromkeys(row.refused for row in rivals.values() if row.refused)
    names = {reason: [name for name, row in rivals.items() if row.refused == reason] for reason in reasons}
    return [f"Not tested against {best}: {listed(own)} ({reason})." for reason, own in names.items()]


def _of_others(rows: Sequence[PairRow], *, further: bool) -> list[str]:
    """Pairs without the leading one; ``further`` where something was said of it."""
    better, not_told_apart = ("Also significantly", "Also not") if further else ("Significantly", "Not")
    others = "further pairs (see the table of pairs)"
    significant = [f"{row.ahead} than {row.behind}" for row in rows if row.significant]
    insignificant = [f"{row.first} and {row.second}" for row in rows if row.not_told_apart]
    found = [f"{better} better: {some(significant, others)}."] if significant else []
    return [*found, f"{not_told_apart} significant: {some(insignificant, others)}."] if insignificant else found


def _with_p(name: str, row: PairRow) -> str:
    if row.p_holm is None:
        return name
    unequal = f"; not alike: {row.unequal}" if row.unequal else ""
    return f"{name} ({p_text(row.p_holm)}{unequal})"


_COLUMNS: Final = (
    Column("first", "first", "text"),
    Column("second", "second", "text"),
    Column("verdict", "verdict", "text"),
    Column("p_holm", "p (Holm)", "p"),
    Column("effect", "effect"),
    Column("magnitude", "size", "text"),
    Column("unequal", "not alike", "text"),
    Column("test", "test", "text"),
    Column("p_value", "p", "p"),
    Column("runs_first", "runs of first", "count", "n_first"),
    Column("runs_second", "of second", "count", "n_second"),
)


def _table(rows: Sequence[PairRow]) -> ReportTable:
    columns = [each for each in _COLUMNS if each.key != "unequal" or any(row.unequal for row in rows)]
    return table_of(
        "pairs",
        "Pairs of optimizers, final regret",
        columns,
        rows_of(rows, columns),
        (
            "Two-sided; Wilcoxon's test where both have the same seeds, Mann and Whitney's where not. Effect: "
            "rank-biserial correlation, positive where the first is better. Verdict at level "
            f"{SIGNIFICANCE:g} after Holm's correction.",
        ),
    )


def _parts(rows: Sequence[PairRow], _facts: CampaignFacts) -> tuple[parts.Part, ...]:
    table = _table(rows)
    if not rows:
        return ()
    return (parts.TablePart(section=parts.RANKS, place=50, table=table, title="Pair by pair", names=False),)


QUESTION: Final = Question("pairs", of_results(pairs), words=_words, tables=one_table(_table), parts=_parts)
