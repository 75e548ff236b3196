"""Optimizers against the exact law of random search: verdicts, refusals, words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.questions.ahead import QUESTION, AheadRow, ahead
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline, RegretLaw
from tests.analysis.runs import campaign_of, optimizer_with
from tests.analysis.worked import baseline

LAW = RegretLaw(1, 100.0, (0.0, 6.0), (0.0, 1.0))  # uniform between 0 and 6: the mean is 3
TEN = {
    "ahead": [0.6 + i / 20 for i in range(10)],
    "level": [0.3 + i * 0.6 for i in range(10)],
    "behind": [5.4 + i / 20 for i in range(10)],
    "few": [0.1] * 9,
}


def with_law(results: CampaignResults, *laws: RegretLaw) -> CampaignResults:
    solved: RandomSearchBaseline = replace(baseline(), laws=laws or (LAW,))
    return replace(results, baseline=solved)


def test_verdicts_and_words() -> None:
    results = with_law(campaign_of(TEN))
    rows = {row.optimizer: row for row in ahead(results)}
    assert [row.verdict for row in rows.values()] == [
        "ahead",
        "not told apart",
        "behind",
        "not tested: fewer than 10 runs",
    ]
    assert rows["ahead"].better == pytest.approx(1 - 0.825 / 6)
    assert rows["level"].better == pytest.approx(0.5)
    assert rows["ahead"].p_holm == pytest.approx(3 * (rows["ahead"].p_value or 0), rel=0.34)
    facts = analyse(results)
    assert list(QUESTION.words(facts.ahead, facts)) == [
        "Ahead of exact random search at 12 epochs: ahead (better with probability 0.86, p < 0.001, as good after "
        "10 s, 10.0 times as fast) (two-sided tests of the final regrets against its law at the end of the budget, "
        "Holm-corrected for all optimizers, level 0.05).",
        "Not told apart from exact random search at 12 epochs: level (better with probability 0.50, p = 1.000).",
        "Behind exact random search at 12 epochs: behind (better with probability 0.06, p < 0.001).",
        "No verdict against exact random search at 12 epochs: few (9 runs): fewer than 10 runs.",
    ]
    (table,) = QUESTION.tables(facts.ahead, facts)
    assert table.rows[0][:3] == ("ahead", 10, "ahead")
    (part,) = QUESTION.parts(facts.ahead, facts)
    assert isinstance(part, parts.TablePart)


def test_a_run_without_a_result_is_the_worst() -> None:
    results = with_law(campaign_of({"a": [None] * 9 + [0.3]}))
    (row,) = ahead(results)
    assert row.better == pytest.approx(0.95 / 10)  # nine are worse than any run of random search
    assert ahead(with_law(campaign_of({"a": [None] * 10})))[0].refused == "no result"


def test_one_run_is_too_few() -> None:
    (row,) = ahead(with_law(campaign_of({"a": [0.3]})))
    assert (row.n_runs, row.refused) == (1, "fewer than 10 runs")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"budget_s": None}, "no limit of simulated time"),
        ({"budget_s": 50.0}, "the law of random search is not recorded for its budget"),
        ({"crossing": "count"}, "evaluations that cross the budget count here, and not for exact random search"),
    ],
)
def test_what_the_law_is_not_of_is_not_compared_with_it(header: dict[str, object], reason: str) -> None:
    (row,) = ahead(with_law(CampaignResults((optimizer_with("a", TEN["ahead"], **header),))))
    assert (row.refused, row.p_value) == (reason, None)


def test_a_smaller_budget_is_compared_with_random_search_by_then() -> None:
    shorter = replace(LAW, budget_s=50.0, regret_pp=(0.0, 1.0))
    (row,) = ahead(with_law(CampaignResults((optimizer_with("a", TEN["ahead"], budget_s=50.0),)), LAW, shorter))
    assert row.better == pytest.approx(1 - 0.82)  # two are worse than anything of random search


def test_random_search_at_other_epochs_says_so() -> None:
    other = optimizer_with("RS", TEN["level"], epoch=4)
    rows = ahead(with_law(CampaignResults((other, optimizer_with("same", TEN["level"])))))
    assert [row.searched_at for row in rows] == ["4 epochs", ""]
    facts = analyse(with_law(CampaignResults((other,))))
    assert "RS (searched at 4 epochs, better" in next(iter(QUESTION.words(facts.ahead, facts)))
    assert [curve.label for curve in facts.baseline_time] == ["random search at 12 epochs, exact"]  # type: ignore[union-attr]


def test_what_was_recorded_without_a_law_says_how_to_get_it() -> None:
    (row,) = ahead(replace(campaign_of({"a": TEN["ahead"]}), baseline=replace(baseline(), laws=())))
    assert row.refused.startswith("an earlier version recorded random search without its law; nhb2 run")
    assert ahead(campaign_of({"a": TEN["ahead"]})) == ()
    assert AheadRow("a", 3, refused="x").verdict == "not tested: x"


def test_its_table_stands_below_the_pairs() -> None:
    facts = analyse(with_law(CampaignResults((optimizer_with("a", TEN["ahead"]),))))
    (part,) = QUESTION.parts(facts.ahead, facts)
    assert isinstance(part, parts.TablePart)
    assert (part.section, part.place, part.title) == (parts.RANKS, 60, "Against exact random search, final regret")
    assert part.table.keys == ("optimizer", "runs", "verdict", "better", "p_holm", "p_value")
