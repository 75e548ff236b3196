"""Tests of pairs: against published examples, their refusals, their words."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.friedman import friedman
from nhb2_plugins.analysis.questions.pairs import magnitude_of, paired, pairs, unpaired
from tests.analysis.runs import campaign_of

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
    assert "say little: a (3), b (3) and c (3)" in sentences


def test_not_significant_is_said() -> None:
    generator = np.random.default_rng(5)
    finals = {name: (2 + generator.random(15)).tolist() for name in "ab"} | {"bad": [20.0 + i for i in range(15)]}
    text = " ".join(analyse(campaign_of(finals)).sentences)
    assert "is not significant: these runs do not say which of them is better" in text
    assert "significantly better than bad (p < 0.001)" in text
