"""Friedman's and Nemenyi's tests, against published numbers and the libraries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scikit_posthocs
from scipy.stats import friedmanchisquare

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.friedman import (
    QUESTION,
    FriedmanResult,
    critical_difference,
    friedman,
    friedman_of,
)
from nhb2_plugins.analysis.questions.pairs import pairs
from tests.analysis.runs import campaign_of

# Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006), table 6: AUC of C4.5 with
# m, cf, neither and both tuned, on 14 data sets. Large is good there. In the last row but one two values are printed
# as equal; the average ranks printed below the table are those with the third column ahead, so it is here.
DEMSAR_AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
NAMES = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")


def test_friedman_and_nemenyi_give_demsars_numbers() -> None:
    found = friedman_of(-DEMSAR_AUC, NAMES, {})
    assert found.mean_rank == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)
    n, k = DEMSAR_AUC.shape
    ranks = np.array(found.mean_rank)
    without_ties = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
    assert without_ties == pytest.approx(9.28, abs=5e-3)  # as printed there, not corrected for ties
    assert found.statistic == pytest.approx(friedmanchisquare(*DEMSAR_AUC.T).statistic)
    assert found.statistic > without_ties
    assert found.significant
    expected = scikit_posthocs.posthoc_nemenyi_friedman(DEMSAR_AUC).to_numpy()
    assert found.p_nemenyi == pytest.approx(expected)
    # No two of them differ by 1.25: the paper finds the test not powerful enough for any pair.
    assert found.groups == ((3, 1, 2, 0),)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_critical_values_are_those_of_demsars_table_5(k: int, q: float) -> None:
    assert critical_difference(k, 10) == pytest.approx(q * np.sqrt(k * (k + 1) / 60), abs=1e-3)


def test_an_optimizer_of_few_runs_is_left_out_of_friedman_and_tested_unpaired() -> None:
    generator = np.random.default_rng(3)
    finals = {name: (1 + generator.random(12)).tolist() for name in "abc"} | {"few": [1.5, 1.6, 1.7, 1.8, 1.9]}
    found = friedman(campaign_of(finals))
    assert not isinstance(found, Refusal)
    assert (found.names, found.n_blocks, found.left_out) == (("a", "b", "c"), 12, {"few": "5 runs"})
    tests = {(row.first, row.second): row.test for row in pairs(campaign_of(finals))}
    assert tests[("a", "b")] == "Wilcoxon signed-rank"
    assert tests[("a", "few")] == "Mann-Whitney U"


def test_equal_results_are_refused_not_divided_by_zero() -> None:
    found = friedman(campaign_of({name: [2.0] * 12 for name in "abc"}))
    assert isinstance(found, Refusal)
    assert "end at the same regret" in found.reason


# -- by hand


def _by_mean_rank(n_seeds: int = 10) -> dict[str, list[float]]:
    """On every seed: a before b, b before c."""
    return {
        name: [start + seed / 100 for seed in range(n_seeds)] for name, start in (("a", 1.0), ("b", 2.0), ("c", 3.0))
    }


def test_an_order_that_is_the_same_on_every_seed() -> None:
    """chi² = 12 n / (k (k + 1)) · Σ (R − 2)² = 10 · 2 = 20; two ranks apart is told, one (below 1.05) is not."""
    found = friedman(campaign_of(_by_mean_rank()))
    assert not isinstance(found, Refusal)
    assert (found.names, found.positions, found.n_blocks) == (("a", "b", "c"), (0, 1, 2), 10)
    assert (found.statistic, found.p_value) == pytest.approx((20.0, np.exp(-10.0)))
    assert found.mean_rank == (1.0, 2.0, 3.0)
    assert found.critical_difference == pytest.approx(2.343 * np.sqrt(2 / 10), abs=1e-3)
    assert found.groups == ((0, 1), (1, 2))
    assert found.p_nemenyi.diagonal().tolist() == [1, 1, 1]
    assert found.p_nemenyi[0, 2] < 0.001 < 0.05 < found.p_nemenyi[0, 1]
    assert found.significant


def test_nine_seeds_are_too_few_and_two_optimizers_as_well() -> None:
    reason = "Friedman's test is not made: it compares at least three optimizers, and fewer share at least 10 seeds."
    two = {name: values for name, values in _by_mean_rank().items() if name != "c"}
    for finals in (_by_mean_rank(9), two):
        assert friedman(campaign_of(finals)) == Refusal(reason)


def test_whoever_was_run_without_a_result_is_left_out_with_the_reason() -> None:
    results = campaign_of({**_by_mean_rank(), "none": [None] * 10, "few": [1.0], "two": [1.0, 2.0]})
    found = friedman(results)
    assert not isinstance(found, Refusal)
    assert found.left_out == {"none": "no result", "few": "1 run", "two": "2 runs"}


def test_the_words_name_who_is_not_told_apart() -> None:
    facts = analyse(campaign_of({**_by_mean_rank(), "few": [9.0]}))
    (said,) = QUESTION.words(facts.friedman, facts)
    assert said == (
        "Friedman's test over 10 seeds of 3 optimizers says that they are not all alike (p < 0.001) (few is left out: "
        "1 run). Nemenyi's test, which is cautious, does not tell apart a and b; nor b and c (average ranks closer "
        "than 1.05)."
    )


def test_groups_of_more_than_twelve_names_are_counted() -> None:
    facts = analyse(campaign_of(_by_mean_rank()))
    twelve, thirteen = (
        replace(facts.friedman, groups=((0, 1, 2), (0, 1, 2), (0, 1, 2), last)) for last in ((0, 1, 2), (0, 1, 2, 0))
    )
    (said,) = QUESTION.words(twelve, facts)
    assert said.count("a, b and c") == 4
    (said,) = QUESTION.words(thirteen, facts)
    assert "tells 1 of the 3 pairs apart (average ranks closer than 1.05 it does not; the critical-difference" in said


def test_many_seeds_tell_every_one_apart() -> None:
    facts = analyse(campaign_of(_by_mean_rank(30)))
    (said,) = QUESTION.words(facts.friedman, facts)
    assert said.endswith("alike (p < 0.001). Nemenyi's test tells every one of them from every other.")


def test_no_difference_is_said_and_of_two_optimizers_nothing() -> None:
    alike = {name: [float((seed + shift) % 3) for seed in range(12)] for name, shift in (("a", 0), ("b", 1), ("c", 2))}
    facts = analyse(campaign_of(alike))
    (said,) = QUESTION.words(facts.friedman, facts)
    assert said == "Friedman's test over 12 seeds of 3 optimizers finds no significant difference at all (p = 1.000)."
    two = analyse(campaign_of({"a": [1.0] * 12, "b": [2.0] * 12}))
    assert QUESTION.words(two.friedman, two) == []
    three = analyse(campaign_of({"a": [1.0], "b": [2.0], "c": [3.0]}))
    assert QUESTION.words(three.friedman, three) == [three.friedman.reason]


def test_of_many_names_the_pairs_told_apart_are_counted() -> None:
    """Ranks 1 to 13 on every seed; with 12 seeds, ranks closer than 5.27 are not told apart."""
    results = campaign_of({f"o{i:02}": [i + seed / 100 for seed in range(12)] for i in range(13)})
    facts = facts_of(results)
    found = QUESTION.numbers(results, facts)
    (said,) = QUESTION.words(found, facts)
    n_apart = sum(13 - apart for apart in range(6, 13))  # six ranks apart, or more
    assert isinstance(found, FriedmanResult)
    assert found.critical_difference == pytest.approx(5.27, abs=0.01)
    assert f"Nemenyi's test, which is cautious, tells {n_apart} of the 78 pairs apart (average ranks closer" in said


def test_the_table_and_the_figure_say_who_is_left_out() -> None:
    facts = analyse(campaign_of({**_by_mean_rank(), "few": [9.0]}))
    (table,) = QUESTION.tables(facts.friedman, facts)
    assert [row[:2] for row in table.rows] == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert [row[2 + i] for i, row in enumerate(table.rows)] == [None, None, None]
    assert table.keys == ("optimizer", "average_rank", "p_a", "p_b", "p_c")
    assert table.notes[0].startswith(
        "Friedman's chi-squared 20.00 over 10 seeds, p < 0.001. p-values of pairs: Nemenyi."
    )
    assert table.notes[0].endswith("at level 0.05: 1.05. few is left out: 1 run.")
    (figure,) = QUESTION.figures(facts.friedman, facts)
    assert (figure.picture, figure.size) == (facts.friedman, (9.0, pytest.approx(2.9)))
    assert figure.title == "Average rank of the final regret over 10 seeds (1 is the best)"
    assert figure.notes == (
        "Friedman's test: chi-squared 20.00, p < 0.001.",
        "Bars join optimizers that Nemenyi's test does not tell apart at level 0.05.",
        "few is left out: 1 run.",
    )
    (part,) = QUESTION.parts(facts.friedman, facts)
    assert isinstance(part, parts.DrawingPart)
    assert (part.section, part.place, part.picture) == (parts.RANKS, 20, facts.friedman)
    assert (part.id, part.title, part.label) == (
        "critical-difference",
        "Critical difference diagram",
        "Drawing of critical differences",
    )
    assert part.captions == (
        "Average ranks of final regrets over 10 shared seeds; a bar joins optimizers that Nemenyi's test does not tell "
        "apart. Friedman's test: χ² = 20.00, p < 0.001.",
        "Left out: few (1 run).",
    )


def test_a_refusal_stands_on_the_page_unless_there_are_no_ranks_at_all() -> None:
    two, one = (analyse(campaign_of({name: [1.0] for name in names})) for names in ("ab", "a"))
    (part,) = QUESTION.parts(two.friedman, two)
    assert isinstance(part, parts.RefusalPart)
    assert (part.place, part.reason) == (20, two.friedman.reason)
    assert QUESTION.parts(one.friedman, one) == ()
    (table,) = QUESTION.tables(one.friedman, one)
    assert (table.rows, table.notes) == ((), (one.friedman.reason,))
    assert [each.picture for each in QUESTION.figures(one.friedman, one)] == [None]
