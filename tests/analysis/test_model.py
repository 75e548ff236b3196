"""Values that every question shares: numbers as text, who leads, answers by their names."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    FEWEST_FOR_VERDICTS,
    SIGNIFICANCE,
    Estimate,
    Interval,
)
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import campaign_of


def test_levels_and_fewest_runs_are_those_that_the_documentation_states() -> None:
    assert (CONFIDENCE, SIGNIFICANCE, FEWEST_FOR_INTERVALS, FEWEST_FOR_VERDICTS) == (0.95, 0.05, 5, 10)


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
    assert {*analysis.answers, "plot", "table_label"} <= set(dir(analysis))
    assert copy.copy(analysis).sentences == analysis.sentences
    with pytest.raises(AttributeError, match=r"^a CampaignAnalysis has no 'piars'; its answers: .*pairs"):
        analysis.piars  # noqa: B018


def test_ten_runs_are_enough_and_who_often_has_a_result_stands_before_who_has_enough_runs() -> None:
    finals = {"nine": [1.0] * 9, "ten": [2.0] * 10, "rarely": [0.5, *[None] * 9], "seldom": [0.1, None, None]}
    facts = facts_of(campaign_of(finals))
    assert [(each.card.name, each.often, each.enough) for each in facts.standings] == [
        ("ten", True, True),
        ("nine", True, False),
        ("rarely", False, True),
        ("seldom", False, False),
    ]


@pytest.mark.parametrize(
    ("header", "epochs", "saw_the_measure"),
    [
        ({}, (12,), False),
        ({"epoch": 200}, (200,), True),
        ({"ladder": FidelityLadder([4, 12])}, (4, 12), False),
        ({"ladder": FidelityLadder([12, 200])}, (12, 200), True),
    ],
)
def test_a_card_says_at_which_fidelities_it_searched(
    header: dict[str, Any], epochs: tuple[int, ...], saw_the_measure: bool
) -> None:
    (card,) = facts_of(campaign_of({"a": [6.0]}, **header)).optimizers
    assert card.epochs == epochs
    assert card.searched_on(200) is saw_the_measure
    assert card.searched_on(12) is False
