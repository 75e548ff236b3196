"""Tests of pairs: against published examples, their refusals, their words."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.friedman import friedman
from nhb2_plugins.analysis.questions.pairs import QUESTION, magnitude_of, paired, pairs, unpaired
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import campaign_of, on_draws, optimizer_with

# Differences in height of cross- and self-fertilised plants (Darwin, 1876; Wilcoxon's W is 24, p 0.041).
DARWIN = np.array([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75], dtype=float)


def test_wilcoxon_on_darwins_plants() -> None:
    row = paired("a", "b", DARWIN, np.zeros(15))
    assert row.p_value == pytest.approx(0.041259765625)
    assert row.effect == pytest.approx(-(96 - 24) / 120)  # the first has the larger values, so it is worse
    assert (row.test, row.magnitude) == ("Wilcoxon signed-rank", "large")
    assert paired("b", "a", np.zeros(15), DARWIN).effect == pytest.approx(0.6)


def test_mann_whitney_of_separated_samples() -> None:
    row = unpaired("a", "b", np.arange(5.0), np.arange(10.0, 15.0))
    assert row.p_value == pytest.approx(2 / 252)  # one of C(10, 5) arrangements, on either side
    assert row.effect == 1.0


def test_holm_multiplies_from_the_smallest_p_on() -> None:
    generator = np.random.default_rng(0)
    finals = {
        name: (mean + generator.normal(0, 0.8, 12)).clip(0.1).tolist()
        for name, mean in (("a", 2), ("b", 3), ("c", 3.4))
    }
    rows = sorted(pairs(campaign_of(finals)), key=lambda row: row.p_value or 0)
    p_values = [row.p_value or 0.0 for row in rows]
    expected = np.minimum(np.maximum.accumulate([3 * p_values[0], 2 * p_values[1], p_values[2]]), 1)
    assert [row.p_holm for row in rows] == pytest.approx(expected)


def test_a_run_without_a_result_is_the_worst() -> None:
    a, b = np.array([1.0, 2, 3, 4, 5, 6, 7]), np.array([np.inf, 1, 2, 3, 4, 5, 6])
    row = paired("a", "b", a, b)
    assert row.effect == pytest.approx((7 - 21) / 28)
    both = np.full(7, np.inf)
    assert (paired("a", "b", both, both).p_value, paired("a", "b", both, both).effect) == (1.0, 0.0)


@pytest.mark.parametrize(("effect", "word"), [(0.1, "negligible"), (-0.2, "small"), (0.4, "medium"), (-0.9, "large")])
def test_an_effect_in_a_word(effect: float, word: str) -> None:
    assert magnitude_of(effect) == word


def test_too_few_runs_are_refused_with_the_reason() -> None:
    results = campaign_of({"a": [1, 2, 3], "b": [2, 3, 4], "c": [5, 6, 7]})
    found = friedman(results)
    assert isinstance(found, Refusal)
    assert "at least 10 seeds" in found.reason
    assert {row.refused for row in pairs(results)} == {"fewer than 6 pairs of runs"}
    sentences = " ".join(analyse(results).sentences)
    assert "No pair of optimizers was tested" in sentences
    assert "fewer than 5 runs: a (3), b (3) and c (3)" in sentences


def test_not_significant_is_said() -> None:
    generator = np.random.default_rng(5)
    finals = {name: (2 + generator.random(15)).tolist() for name in "ab"} | {"bad": [20.0 + i for i in range(15)]}
    text = " ".join(analyse(campaign_of(finals)).sentences)
    assert "is not significant: these runs do not say which of them is better" in text
    assert "significantly better than bad (p < 0.001)" in text


# -- by hand


def test_a_pair_without_a_result_keeps_names_and_counts_in_their_places() -> None:
    (row,) = pairs(campaign_of({"ran": [1.0, 2.0, 3.0], "never": [None, None]}))
    assert (row.first, row.second, row.n_first, row.n_second) == ("ran", "never", 3, 2)
    assert (row.refused, row.test, row.p_value, row.p_holm, row.effect, row.magnitude) == (
        "no result",
        "",
        None,
        None,
        None,
        "",
    )
    assert row.verdict == "not tested: no result"
    (row,) = pairs(campaign_of({"four": [1.0] * 4, "five": [1.0] * 5}))
    assert (row.n_first, row.n_second, row.refused) == (4, 5, "fewer than 5 runs of one of them")
    (row,) = pairs(campaign_of({"five": [1.0] * 5, "also": [1.0] * 5}))
    assert (row.n_first, row.n_second, row.refused) == (5, 5, "fewer than 6 pairs of runs")


def test_six_pairs_that_all_point_one_way() -> None:
    """The smallest p that six pairs can have: 2 / 2**6."""
    (row,) = pairs(campaign_of({"worse": [2.0, 3, 4, 5, 6, 7], "better": [1.0, 1, 1, 1, 1, 1]}))
    assert (row.test, row.n_first, row.n_second) == ("Wilcoxon signed-rank", 6, 6)
    assert (row.p_value, row.p_holm, row.effect) == pytest.approx((2 / 64, 2 / 64, -1.0))
    assert (row.significant, row.ahead, row.behind) == (True, "better", "worse")
    assert row.verdict == "better is better"


def test_five_against_seven_that_are_apart() -> None:
    """One of C(12, 5) = 792 arrangements on either side."""
    (row,) = pairs(campaign_of({"five": [1.0, 2, 3, 4, 5], "seven": [6.0, 7, 8, 9, 10, 11, 12]}))
    assert (row.test, row.n_first, row.n_second) == ("Mann-Whitney U", 5, 7)
    assert (row.p_value, row.effect) == pytest.approx((2 / 792, 1.0))
    assert (row.ahead, row.behind, row.magnitude) == ("five", "seven", "large")


def test_the_same_values_are_no_difference() -> None:
    (row,) = pairs(campaign_of({"a": [1.0] * 6, "b": [1.0] * 6}))
    assert (row.p_value, row.effect, row.magnitude, row.significant) == (1.0, 0.0, "negligible", False)
    assert row.verdict == "not significant"


def test_an_unpaired_effect_is_how_much_more_often_the_first_is_better() -> None:
    row = unpaired(
        "a", "b", np.array([1.0, 2.0, 3.0, 10.0, 11.0, 12.0]), np.array([4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 20.0])
    )
    assert row.effect == pytest.approx((3 * 7 + 3 - 3 * 6) / 42)
    assert unpaired("b", "a", np.arange(10.0, 15.0), np.arange(5.0)).effect == -1.0


@pytest.mark.parametrize(
    ("effect", "word"),
    [(0.146, "negligible"), (0.147, "small"), (-0.329, "small"), (0.33, "medium"), (0.473, "medium"), (0.474, "large")],
)
def test_an_effect_s_word_begins_at_its_bound(effect: float, word: str) -> None:
    assert magnitude_of(effect) == word


def test_the_words_name_the_better_the_untested_and_the_others() -> None:
    ten = [i / 10 for i in range(10)]
    finals = {"a": ten, "b": [each + 5 for each in ten], "c": [each + 5.05 for each in ten], "few": [3.0, 3.0]}
    _, _, better, untested, also, *_ = analyse(campaign_of(finals)).sentences
    assert better == (
        "a is significantly better than b (p = 0.006) and c (p = 0.006) (two-sided tests of the final regrets, "
        "Holm-corrected for all pairs, level 0.05)."
    )
    assert untested == "Not tested against a: few (fewer than 5 runs of one of them)."
    assert also == "Also significantly better: b than c."


def test_few_runs_of_all_are_told_once() -> None:
    said = analyse(campaign_of({"a": [1.0], "b": [2.0], "c": [3.0]})).sentences
    assert said[1] == (
        "No pair of optimizers was tested: there are too few runs, so nothing here is known to be significant."
    )
    assert not any("Not tested" in sentence for sentence in said)


def test_the_table_stands_last_among_the_ranks_and_has_a_row_a_pair() -> None:
    results = campaign_of({"a": [1.0] * 6, "b": [2.0] * 6, "c": [3.0] * 6})
    facts = analyse(results)
    (part,) = QUESTION.parts(facts.pairs, facts)
    assert isinstance(part, parts.TablePart)
    assert (part.section, part.place, part.names, part.title) == (parts.RANKS, 50, False, "Pair by pair")
    assert [row[:3] for row in part.table.rows] == [
        ("a", "b", "not significant"),
        ("a", "c", "not significant"),
        ("b", "c", "not significant"),
    ]
    assert part.table.rows[0][-2:] == (6, 6)
    (table,) = QUESTION.tables(facts.pairs, facts)
    assert table == part.table
    alone = analyse(campaign_of({"a": [1.0]}))
    assert (QUESTION.parts(alone.pairs, alone), alone.pairs) == ((), ())


def test_whoever_is_better_by_ranks_alone_is_named_with_the_reason() -> None:
    even = [1.0 + i / 1000 for i in range(20)]
    bad_at_times = [0.5 - i / 1000 for i in range(18)] + [60.0, 70.0]
    facts = analyse(campaign_of({"bad at times": bad_at_times, "even": even}))
    (sentence,) = QUESTION.words(facts.pairs, facts)
    assert sentence == (
        "Although even has the smaller mean, bad at times (p = 0.012) ends significantly better by the ranks of the "
        "runs: a few bad runs make its mean."
    )
    some = [*[1.45, 1.5, 1.55, 1.6, 1.65] * 6, *[None] * 24]
    facts = analyse(campaign_of({"some": some, "all": [1.7] * 54, "each": [1.7] * 54}))
    sentence, *_ = QUESTION.words(facts.pairs, facts)
    assert "each (p = " in sentence
    assert ") end significantly better by the ranks of the runs: 24 of its 54 runs have no result." in sentence


def test_of_ten_optimizers_six_further_pairs_are_named() -> None:
    generator = np.random.default_rng(1)
    facts = analyse(campaign_of({name: (2 + generator.random(12)).tolist() for name in "abcdefghij"}))
    *_, last = QUESTION.words(facts.pairs, facts)
    assert last.startswith("Also not significant: ")
    assert last.endswith("; and 30 further pairs (see the table of pairs).")  # of 36


def test_what_was_said_of_nobody_is_not_said_also() -> None:
    """Where nothing is told of the leading one, the sentence of the others is the first of its kind."""
    same = [1.0 + i / 10 for i in range(12)]
    facts = analyse(campaign_of({"some": [1.0, *[None] * 11], "a": same, "b": same}))
    said = QUESTION.words(facts.pairs, facts)
    assert not any(sentence.startswith("Also") for sentence in said[:1])
    # Much better on two kinds of curves and worse on the third, it is told apart from nobody.
    depends = on_draws("leads", [(1.0, 1.0, 3.8)[seed % 3] for seed in range(18)], 3, ladder=FidelityLadder([4, 12]))
    finals = {"a": 3.0, "b": 3.1, "c": 3.6}
    others = (
        on_draws(name, [mean + (seed + (name == "b")) % 2 / 5 for seed in range(18)], 3)
        for name, mean in finals.items()
    )
    facts = analyse(CampaignResults((depends, *others)))
    said = QUESTION.words(facts.pairs, facts)
    assert [sentence.split(":")[0] for sentence in said[:3]] == [
        f"Not decided between leads and {name}" for name in "abc"
    ]
    assert said[3:] == ["Significantly better: a than c; b than c.", "Not significant: a and b."]


def test_runs_that_are_not_alike_are_compared_and_said_to_be_unlike() -> None:
    ten = [1.0 + i / 10 for i in range(10)]
    longer, shorter = optimizer_with("a", ten), optimizer_with("b", [each + 5 for each in ten], budget_s=50.0)
    (row,) = pairs(CampaignResults((longer, shorter)))
    assert (row.unequal, row.significant) == ("budget", True)
    facts = analyse(CampaignResults((longer, shorter)))
    assert "a is significantly better than b (p = 0.002; not alike: budget)" in QUESTION.words(facts.pairs, facts)[0]
    (table,) = QUESTION.tables((row,), facts)
    ends = ("unequal", "test", "p_value", "runs_first", "runs_second")
    assert table.keys == ("first", "second", "verdict", "p_holm", "effect", "magnitude", *ends)
    assert dict(zip(table.keys, table.shown()[0], strict=True))["unequal"] == "budget"
    workers = optimizer_with("c", ten, n_workers=2, charging="cached")
    (row,) = pairs(CampaignResults((longer, workers)))
    assert row.unequal == "workers, charging"
    (row,) = pairs(campaign_of({"a": ten, "b": ten}))
    assert row.unequal == ""


def test_what_is_not_alike_has_a_column_only_where_something_is_not() -> None:
    facts = analyse(campaign_of({"a": [1.0] * 10, "b": [2.0] * 10}))
    (table,) = QUESTION.tables(facts.pairs, facts)
    assert "unequal" not in table.keys
