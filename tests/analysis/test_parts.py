"""The sections of the page: their order, and what stands below their headings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.results import CampaignResults
from tests.analysis.runs import campaign_of, optimizer_with
from tests.analysis.worked import baseline

FACTS = facts_of(campaign_of({"a": [1.0]}))
FRONT = replace(FACTS, objectives=("error_pct", "cost_s"))


def test_sections_stand_in_this_order_each_with_an_id_of_its_own() -> None:
    assert [each.title for each in parts.SECTIONS] == [
        "Comparison",
        "Conclusions",
        "On the way",
        "Ranks and differences",
        "Time to target",
        "The front",
        "Best architectures",
        "Optimizers",
        "Failed runs",
        "Do it again",
        "How to cite",
    ]
    assert len({each.id for each in parts.SECTIONS}) == len(parts.SECTIONS)


@pytest.mark.parametrize(
    ("of_front", "said"),
    [
        (False, "regret is their distance to the best that the table holds."),
        (True, "Regret is what its archive of non-dominated results misses of the exact front's hypervolume."),
    ],
)
def test_what_was_found_at_the_end_is_told_by_what_was_minimised(of_front: bool, said: str) -> None:
    intro = parts.COMPARISON.intro(FRONT if of_front else FACTS)
    assert intro.startswith("What each optimizer had found when its budget was spent. ")
    assert intro.endswith(said)
    assert "Minimised were error_pct, cost_s; the exact front is known" in parts.FRONT.intro(FRONT)
    assert parts.CITE.intro(FACTS) == ""


def test_curves_that_can_rise_and_random_search_are_explained_where_they_are() -> None:
    begin = "The regret of the incumbent while the search goes on, from the moment when every run has a result. "
    begin += "Intervals are 95 % bootstrap intervals over runs."
    exact = " The broad grey line is random search, computed exactly from the table: no run is behind it."
    rising = " A curve can rise: an incumbent is the best of any fidelity seen"
    assert parts.ON_THE_WAY.intro(FACTS) == begin
    solved = CampaignResults((optimizer_with("a", [1.0]),), baseline=baseline())
    assert parts.ON_THE_WAY.intro(facts_of(solved)) == begin + exact
    few_epochs = replace(solved, optimizers=(optimizer_with("a", [1.0], epoch=4),))
    assert parts.ON_THE_WAY.intro(facts_of(few_epochs)).startswith(begin + exact + rising)
