"""Values that every question shares: numbers as text, who leads, answers by their names."""

from __future__ import annotations

import copy

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import Estimate, Interval
from tests.analysis.runs import campaign_of


def test_numbers_are_shown_with_what_is_known_of_their_spread() -> None:
    assert str(Estimate(1.006, 0.014)) == "1.01 ± 0.01"
    assert str(Estimate(1.006, None)) == "1.01"
    assert str(Interval(1.006, -0.5, 2.0)) == "1.01 [-0.50, 2.00]"


def test_the_smallest_mean_leads_and_a_mean_over_a_minority_leads_nothing() -> None:
    facts = facts_of(campaign_of({"b": [2.0, 4.0], "a": [1.0, 2.0], "half": [3.5, None], "rare": [0.0, None, None]}))
    found = [(each.card.name, each.mean_pp, each.often) for each in facts.standings]
    assert found == [("a", 1.5, True), ("b", 3.0, True), ("half", 3.5, True), ("rare", 0.0, False)]
    assert [card.n_without_result for card in facts.optimizers] == [0, 0, 1, 2]


def test_who_has_no_result_does_not_stand_and_keeps_its_position() -> None:
    facts = facts_of(campaign_of({"none": [None], "a": [1.0]}))
    assert [each.card.name for each in facts.standings] == ["a"]
    assert [facts.position(name) for name in ("none", "a")] == [0, 1]
    with pytest.raises(ValueError, match="'b' is not in list"):
        facts.position("b")


def test_an_answer_is_had_by_the_name_of_its_question_also_from_a_copy() -> None:
    analysis = analyse(campaign_of({"a": [1.0, 2.0], "b": [2.0, 3.0]}))
    assert analysis.pairs is analysis.answers["pairs"]
    assert copy.copy(analysis).sentences == analysis.sentences
    with pytest.raises(AttributeError, match="piars"):
        analysis.piars  # noqa: B018
