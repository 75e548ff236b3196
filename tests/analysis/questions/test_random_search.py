"""Optimizers against exact random search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.baseline_curves import NOT_RECORDED
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.random_search import QUESTION, MatchRow, matches, time_to_stay_below
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with
from tests.analysis.worked import baseline


def test_the_time_to_match_is_when_it_is_matched_for_good() -> None:
    places, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 2.0, 3.0, 2.0])
    assert time_to_stay_below(places, values, 2.0) == 4.0
    assert time_to_stay_below(places, values, 3.0) == 2.0
    assert time_to_stay_below(places, values, 9.0) == 1.0
    assert time_to_stay_below(places, values, 1.0) is None


# -- by hand: random search has mean regrets 20, 9, 5, 3 from seconds 2, 10, 40, 100 on; medians are 1 less


def _matches(finals: dict[str, list[float | None]], solved: RandomSearchBaseline | None) -> CampaignResults:
    return replace(campaign_of(finals), baseline=solved)


def test_a_match_says_when_and_how_many_times_as_fast() -> None:
    a, b = make_run([(10, 80.0), (20, 88.0)], optimizer="a"), make_run([(10, 84.0)], optimizer="b")
    results = CampaignResults((optimizer_of("a", a), optimizer_of("b", b)), baseline=baseline())
    rows = matches(results)
    assert rows == (
        MatchRow("a", "mean", 3.0, 20.0, 5.0),
        MatchRow("a", "median", 2.0, 20.0, 5.0),
        MatchRow("b", "mean", 3.0, None, 0.4),  # 6 at the end: random search has at most that from 40 of 100 s on
        MatchRow("b", "median", 2.0, None, 0.4),
    )
    facts = analyse(results)
    table, *_ = QUESTION.tables(rows, facts)
    assert table.headings[1:] == ("level", "regret of random search", "matched after s", "times as fast")
    assert table.notes == (
        "Random search is exact, from the complete table, and as far as each optimizer's budget goes. Below 1: the "
        "optimizer ends behind it, and random search needs that share of the budget to be as good.",
    )
    assert table.shown()[0] == ("a", "mean", "3.00", "20", "5.00")
    assert table.shown()[2] == ("b", "mean", "3.00", "–", "0.40")


def test_what_matches_at_once_has_no_factor() -> None:
    results = CampaignResults((optimizer_of("a", make_run([(0, 89.0)])),), baseline=baseline())
    (mean, _) = matches(results)  # type: ignore[misc]
    assert (mean.time_s, mean.speed_up) == (0.0, None)


def test_an_optimizer_with_a_smaller_budget_is_matched_with_random_search_by_then() -> None:
    run = make_run([(10, 84.0)], optimizer="a", budget_s=40.0)  # 6 at the end, where random search has 5
    longer = make_run([(10, 84.0)], optimizer="b")
    rows = matches(CampaignResults((optimizer_of("a", run), optimizer_of("b", longer)), baseline=baseline()))
    a, _, b, _ = rows  # type: ignore[misc]
    assert (a.random_regret_pp, a.time_s, a.speed_up) == (5.0, None, 1.0)  # as good as 6 from 40 of 40 s on
    assert (b.random_regret_pp, b.time_s, b.speed_up) == (3.0, None, 0.4)


def test_why_there_is_no_comparison_is_said_once_on_the_page() -> None:
    unrecorded = _matches({"a": [1.0]}, None)
    facts = analyse(unrecorded)
    (refusal,) = QUESTION.parts(facts.random_search, facts)
    assert isinstance(refusal, parts.RefusalPart)
    assert (refusal.section, refusal.reason) == (parts.ON_THE_WAY, NOT_RECORDED)
    unsolved = RandomSearchBaseline(str(TABLE["digest"]), 12, None, {}, None, "It takes too long.")
    facts = analyse(_matches({"a": [1.0]}, unsolved))
    (refusal,) = QUESTION.parts(facts.random_search, facts)
    assert refusal.reason == "It takes too long."
    assert list(QUESTION.words(facts.random_search, facts)) == []
    assert [table.rows for table in QUESTION.tables(facts.random_search, facts)] == [(), (), ()]
    late = analyse(_matches({"a": [1.0, None]}, replace(baseline(), over_time={4: baseline().over_time[1]})))
    assert late.random_search == Refusal("No optimizer has a result in every run before the end of the budget.")
    assert late.baseline_time == Refusal("Random search was not solved for these numbers of workers.")


def test_random_search_s_curves_begin_when_a_result_is_nearly_sure() -> None:
    facts = analyse(_matches({"a": [1.0]}, baseline()))
    _, time, evaluations = QUESTION.tables(facts.random_search, facts)
    assert time.rows == (
        ("random search, exact", 10.0, 9.0, 8.0, 7.0, 11.0),
        ("random search, exact", 40.0, 5.0, 4.0, 3.0, 7.0),
        ("random search, exact", 100.0, 3.0, 2.0, 1.0, 5.0),
    )
    assert (time.keys[1], evaluations.keys[1], evaluations.rows) == ("time_s", "evaluations", ())
    assert (time.name, evaluations.name) == ("baseline_time", "baseline_evaluations")
    assert (time.title, time.long, time.headings) == (
        "Random search, exact",
        True,
        ("label", "time_s", "mean", "median", "quarter", "three quarters"),
    )
    table = [*QUESTION.parts(facts.random_search, facts)][-1]
    assert isinstance(table, parts.TablePart)
    assert table.title == "Time to match what random search reaches at the end"


@pytest.mark.parametrize(("n", "label"), [(1, "1 worker"), (4, "4 workers")])
def test_curves_for_several_numbers_of_workers_are_told_apart(n: int, label: str) -> None:
    both = replace(baseline(), over_time=dict.fromkeys((1, 4), baseline().over_time[1]))
    runs = tuple(optimizer_with(name, [1.0], n_workers=workers) for name, workers in (("a", 1), ("b", 4)))
    curves = analyse(CampaignResults(runs, baseline=both)).baseline_time
    assert f"random search, exact, {label}" in [curve.label for curve in curves]
