"""What is told of a campaign that added seeds until its pairs were decided."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.questions.stopping import QUESTION
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.stopping import PairState, Stopping, write_stopping
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import campaign_of, on_draws

FACTS = facts_of(campaign_of({"a": [1.0], "b": [2.0]}))
PAIRS = (
    PairState("a", "b", 20, "first", 12, 55.0),
    PairState("a", "c", 18, "second", 9, 60.0),
    PairState("b", "c", 20, "alike", 17, 3.0),
    PairState("c", "d", 20, won=1.5),
)
FOUND = Stopping(0.05, 0.5, 4, 100, "limit", PAIRS)


def test_the_rule_and_every_decision_are_told() -> None:
    assert [*QUESTION.words(FOUND, FACTS)] == [
        "Sequential: seeds were added until every pair was decided, 4 at a time and at most 100; it stands at 20 seeds "
        "at the limit. Its verdicts hold under looking after every seed: any of them is wrong with probability at most "
        "0.05.",
        "Decided: a is better than b (after 12 seeds); c is better than a (after 9 seeds); b and c are alike to 0.5 "
        "percentage points (after 17 seeds).",
        "Not decided: c and d (20 seeds).",
    ]
    assert [*QUESTION.words(None, FACTS)] == []


@pytest.mark.parametrize(("stopped", "said"), [("decided", "when every pair was decided"), ("", "and goes on")])
def test_why_it_stands_where_it_does(stopped: str, said: str) -> None:
    first, *_ = QUESTION.words(replace(FOUND, stopped=stopped), FACTS)
    assert f"it stands at 20 seeds {said}." in first


def test_nothing_is_said_of_what_there_is_none_of() -> None:
    assert len([*QUESTION.words(replace(FOUND, pairs=PAIRS[:2]), FACTS)]) == 2
    _, undecided = QUESTION.words(replace(FOUND, pairs=PAIRS[3:]), FACTS)
    assert undecided.startswith("Not decided: c and d")


def test_of_many_pairs_six_are_named() -> None:
    _, decided = QUESTION.words(replace(FOUND, pairs=PAIRS[:1] * 8), FACTS)
    assert decided.endswith("; and 2 further pairs (see the table of decisions).")


def test_its_table_stands_before_the_ranks() -> None:
    (table,) = QUESTION.tables(FOUND, FACTS)
    assert (table.name, table.keys) == (
        "stopping",
        ("first", "second", "words", "decided_at", "n_seeds", "won"),
    )
    assert table.headings == ("first", "second", "verdict", "decided after seeds", "seeds", "most won by a bet")
    assert table.shown()[0] == ("a", "b", "a is better than b", "12", "20", "55.00")
    assert table.shown()[3] == ("c", "d", "c and d are not told apart", "–", "20", "1.50")
    assert QUESTION.tables(None, FACTS)[0].rows == ()  # type: ignore[index]
    (part,) = QUESTION.parts(FOUND, FACTS)
    assert isinstance(part, parts.TablePart)
    assert (part.section, part.place, part.title, part.names) == (
        parts.RANKS,
        5,
        "Decisions of a sequential campaign",
        False,
    )
    assert QUESTION.parts(None, FACTS) == ()
    assert QUESTION.numbers(campaign_of({"a": [1.0]}), replace(FACTS, stopping=FOUND)) is FOUND


def test_a_decision_that_depends_on_the_assumed_curves_is_no_verdict() -> None:
    """HB is better by 4 on two draws in three, and worse by 1 on the third: on the whole the bets are won."""
    better = [9.0, 9.0, 4.0] * 8
    ladder = FidelityLadder([4, 12])
    optimizers = (on_draws("HB", [5.0] * 24, 3, ladder=ladder), on_draws("b", better, 3))
    pair = PairState("HB", "b", 24, "first", 18, 60.0)
    stopping = Stopping(0.05, None, 5, 24, "decided", (pair,))
    facts = facts_of(CampaignResults(optimizers, stopping=stopping))
    assert facts.stopping is not None
    depends = (
        "it depends on the assumed learning curves: HB is ahead with crossing curves, HB is ahead with moderate "
        "curves, b is ahead with parallel curves"
    )
    assert [*QUESTION.words(facts.stopping, facts)][1:] == [f"Not decided between HB and b: {depends}."]
    (table,) = QUESTION.tables(facts.stopping, facts)
    assert table.shown()[0][:4] == ("HB", "b", f"not decided: {depends}", "18")  # type: ignore[index]
    assert json.loads(write_stopping(facts.stopping)) == json.loads(write_stopping(stopping))
    alike = replace(facts.stopping.pairs[0], verdict="alike")
    assert (alike.undecided, alike.words) == (False, "HB and b are alike")


def test_a_decision_that_all_curves_share_is_one() -> None:
    optimizers = (on_draws("HB", [5.0] * 24, 3, ladder=FidelityLadder([4, 12])), on_draws("b", [6.0, 7.0, 8.0] * 8, 3))
    stopping = Stopping(0.05, None, 5, 24, "decided", (PairState("HB", "b", 24, "first", 18, 60.0),))
    facts = facts_of(CampaignResults(optimizers, stopping=stopping))
    assert [*QUESTION.words(facts.stopping, facts)][1:] == ["Decided: HB is better than b (after 18 seeds)."]
