"""Pieces of sentences."""

from __future__ import annotations

import pytest

from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.wording import (
    budget_of,
    fidelity_of,
    listed,
    p_text,
    rising_note,
    some,
)
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import optimizer_with


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A, quick", "B"], "A, quick; and B"),
        (["A", "B, slow", "C"], "A; B, slow; and C"),
    ],
)
def test_names_are_listed_so_that_they_can_be_told_apart(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_of_more_than_six_the_rest_is_counted() -> None:
    items = [str(number) for number in range(8)]
    assert some(items[:6], "others") == "0; 1; 2; 3; 4; 5"
    assert some(items[:7], "others") == "0; 1; 2; 3; 4; 5; and 1 others"
    assert some(items, "more pairs") == "0; 1; 2; 3; 4; 5; and 2 more pairs"


def test_p_values_below_a_thousandth_are_not_told_apart() -> None:
    assert [p_text(p) for p in (0.5, 0.001, 0.00099, 0.0)] == ["p = 0.500", "p = 0.001", "p < 0.001", "p < 0.001"]


LADDER = FidelityLadder.hyperband(1, 12, eta=3)


@pytest.mark.parametrize(
    ("header", "rises"),
    [
        ({}, False),
        ({"epoch": 4}, True),
        ({"ladder": LADDER}, True),
        ({"epoch": 200, "measure_epoch": 200}, False),
        ({"epoch": 12, "measure_epoch": 200}, True),
    ],
)
def test_a_curve_can_rise_where_the_search_sees_another_fidelity_than_the_measure(header: dict, rises: bool) -> None:
    facts = facts_of(CampaignResults((optimizer_with("a", [6.0, 7.0], **header),)))
    note = rising_note(facts)
    assert bool(note) == rises
    assert all(text.endswith(f"worse at {header.get('measure_epoch', 12)}.") for text in note)


def test_fidelities_and_budgets_in_words() -> None:
    kinds = ({}, {"epoch": 200}, {"ladder": LADDER}, {"epoch": 1, "budget_s": None})
    facts = facts_of(CampaignResults(tuple(optimizer_with(f"o{i}", [1.0], **kind) for i, kind in enumerate(kinds))))
    assert [fidelity_of(card) for card in facts.optimizers] == [
        "12 epochs",
        "200 epochs (expected test accuracy)",
        "1, 4, 12 epochs",
        "1 epoch",
    ]
    assert [budget_of(card) for card in facts.optimizers] == ["100 s", "100 s", "100 s", "no limit"]
