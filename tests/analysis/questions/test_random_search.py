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
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with
from tests.analysis.worked import baseline


@pytest.mark.parametrize(("n_runs", "told"), [(4, False), (5, True)])
def test_nothing_is_called_ahead_of_random_search_on_too_few_runs(n_runs: int, told: bool) -> None:
    reached = ReachedByRandomSearch((50.0, 100.0), (1.0, 1.0), *[(9.0, 8.0)] * 4, ((0.0, 0.0),) * len(TARGETS_PP))
    baseline = RandomSearchBaseline(TABLE["digest"], 12, 100.0, {1: reached}, reached, "")  # type: ignore[arg-type]
    results = replace(campaign_of({"a": [1.0 + i / 10 for i in range(n_runs)]}), baseline=baseline)
    text = " ".join(analyse(results).sentences)
    assert ("Ahead of exact random search" in text) == told


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
        MatchRow("a", "mean", 3.0, 20.0, 5.0, None),
        MatchRow("a", "median", 2.0, 20.0, 5.0, None),
        MatchRow("b", "mean", 3.0, None, 0.4, None),  # 6 at the end: random search has at most that from 40 of 100 s on
        MatchRow("b", "median", 2.0, None, 0.4, None),
    )
    facts = analyse(results)
    table, *_ = QUESTION.tables(rows, facts)
    assert table.shown()[0] == ("a", "mean", "3.00", "20", "5.00")
    assert table.shown()[2] == ("b", "mean", "3.00", "–", "0.40")


def test_what_matches_at_once_has_no_factor() -> None:
    results = CampaignResults((optimizer_of("a", make_run([(0, 89.0)])),), baseline=baseline())
    (mean, _) = matches(results)  # type: ignore[misc]
    assert (mean.time_s, mean.speed_up) == (0.0, None)


def test_the_words_tell_ahead_level_and_behind_by_the_interval_at_the_end() -> None:
    five = {
        "ahead": [1.0, 1.1, 1.2, 1.3, 1.4],
        "level": [2.0, 2.5, 3.0, 3.5, 4.0],
        "behind": [5.0] * 5,
        "few": [1.0] * 4,
    }
    results = _matches(five, baseline())
    rows = matches(results)
    assert [row.end_pp is None for row in rows if row.level == "mean"] == [False, False, False, True]  # type: ignore[union-attr]
    assert QUESTION.words(rows, analyse(results)) == [
        "Ahead of exact random search at the end of the budget, by more than the bootstrap interval: ahead (as good "
        "after 10 s, 10.0 times as fast).",
        "Not told apart from exact random search at the end of the budget: level.",
        "Behind exact random search at the end of the budget, by more than the bootstrap interval: behind.",
    ]


@pytest.mark.parametrize("edge", [2.0, 4.0])
def test_an_interval_that_ends_at_random_search_s_mean_holds_it(edge: float) -> None:
    rows = matches(_matches({"a": [3.0] * 5, "b": [edge] * 5}, baseline()))
    a, b = (row for row in rows if row.level == "mean")  # type: ignore[union-attr]
    assert a.end_pp == pytest.approx((3.0, 3.0))
    assert b.end_pp == pytest.approx((edge, edge))


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
    assert QUESTION.words(facts.random_search, facts) == []
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
    table = [*QUESTION.parts(facts.random_search, facts)][-1]
    assert isinstance(table, parts.TablePart)
    assert table.title == "Time to match what random search reaches at the end"


@pytest.mark.parametrize(("n", "label"), [(1, "1 worker"), (4, "4 workers")])
def test_curves_for_several_numbers_of_workers_are_told_apart(n: int, label: str) -> None:
    both = replace(baseline(), over_time=dict.fromkeys((1, 4), baseline().over_time[1]))
    runs = tuple(optimizer_with(name, [1.0], n_workers=workers) for name, workers in (("a", 1), ("b", 4)))
    curves = analyse(CampaignResults(runs, baseline=both)).baseline_time
    assert f"random search, exact, {label}" in [curve.label for curve in curves]
