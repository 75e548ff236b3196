"""Expected ranks of runs that a reader orders by eye."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.pictures import Curves
from nhb2_plugins.analysis.questions.ranks import QUESTION, RankCurves, rank_curves
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from tests.analysis.runs import campaign_of, make_run, optimizer_of

# Known: nothing before 1; a alone from 1, with 20; b's 10 from 10 on; a's 5 from 50 on.
RESULTS = CampaignResults(
    (
        OptimizerRuns("gone", ()),
        optimizer_of("a", make_run([(1, 70.0), (50, 85.0)])),
        optimizer_of("b", make_run([(10, 80.0)])),
        optimizer_of("never", make_run([])),
    )
)
FACTS = facts_of(RESULTS)


@pytest.fixture(scope="module")
def found() -> RankCurves:
    answer = rank_curves(RESULTS)
    assert isinstance(answer, RankCurves)
    return answer


def test_ranks_change_when_the_order_does(found: RankCurves) -> None:
    assert found.optimizers == ("a", "b")  # whoever has no result is not ranked
    assert (found.time_s[0], found.time_s[-1], len(found.time_s)) == (1.0, 100.0, 200)
    assert np.diff(np.log(found.time_s)) == pytest.approx(np.log(100) / 199)
    a = np.where((found.time_s >= 10) & (found.time_s < 50), 2.0, 1.0)
    assert found.rank[0].tolist() == a.tolist()
    assert (found.rank[0] + found.rank[1] == 3).all()
    assert found.rank[0][0] == 1.0  # from the first moment on: b, without a result yet, is the worst


def test_the_last_rank_and_the_mean_over_log_time(found: RankCurves) -> None:
    assert [(each.value, each.known) for each in found.final] == [(1.0, False), (2.0, False)]  # of one run each
    # a is second from 10 to 50 of 1 to 100: log(5) / log(100) of the time.
    assert found.anytime[0] == pytest.approx(1 + np.log(5) / np.log(100), abs=0.01)
    assert sum(found.anytime) == pytest.approx(3.0)


def test_ties_share_the_mean_of_their_ranks_and_all_runs_count() -> None:
    found = rank_curves(campaign_of({"a": [1.0, 3.0], "b": [2.0, 2.0], "c": [None, 2.0]}))
    assert isinstance(found, RankCurves)
    # a: half of its runs are first, half last. b against a: 1/2; against c: a tie or a win: 3/4.
    assert [each.value for each in found.final] == pytest.approx([1 + 0.5 + 0.25, 1 + 0.5 + 0.25, 1 + 0.75 + 0.75])


def test_a_first_result_after_the_horizon_is_one_time() -> None:
    late = CampaignResults(tuple(optimizer_of(name, make_run([(200, 80.0)])) for name in "ab"))
    found = rank_curves(late)
    assert isinstance(found, RankCurves)
    assert found.time_s.tolist() == [100.0]
    assert found.rank.tolist() == [[1.5], [1.5]]


def test_the_tables(found: RankCurves) -> None:
    end, time = QUESTION.tables(found, FACTS)
    assert [row[0] for row in end.rows] == ["a", "b"]
    assert end.shown()[1][1] == "2.00"
    assert end.keys == ("optimizer", "final_rank", "anytime_rank")
    assert (time.keys, time.long, len(time.rows)) == (("time_s", "a", "b"), True, 200)
    assert time.rows[0] == (1.0, 1.0, 2.0)
    assert end.rows[0][2] == found.anytime[0]
    assert (end.title, time.title, end.headings) == (
        "Expected ranks",
        "Expected ranks over time",
        ("optimizer", "at the end", "over log time"),
    )
    assert end.notes == (
        "Expected rank among one run of each optimizer, drawn at random; 1 is the best. In brackets: 95% intervals "
        "over runs (bootstrap, expanded percentiles).",
    )


def test_the_pictures_and_places(found: RankCurves) -> None:
    (figure,) = QUESTION.figures(found, FACTS)
    assert isinstance(figure.picture, Curves)
    assert [(each.name, each.position, each.y[0], each.n_runs) for each in figure.picture.curves] == [
        ("a", 1, 1.0, None),
        ("b", 2, 2.0, None),
    ]
    assert (figure.picture.ends, figure.picture.extent) == (found.final, (0.8, 2.2))
    assert (figure.picture.y.title, figure.picture.y.log) == ("expected rank", False)
    assert (figure.title, figure.notes) == (
        "Expected rank among one run of each optimizer (1 is the best)",
        ("Right of the line: rank of the final regret, with its 95% interval over runs.",),
    )
    chart, table = QUESTION.parts(found, FACTS)
    assert isinstance(chart, parts.ChartPart)
    assert isinstance(table, parts.TablePart)
    assert (chart.section, chart.place, table.section, table.place) == (parts.RANKS, 10, parts.RANKS, 40)
    assert (chart.charts[0].key, chart.charts[0].title) == ("ranks", "Expected rank over simulated time")
    assert chart.charts[0].description == "Ranks at the end (1 is the best): a 1.00; b 2.00."
    assert chart.charts[0].first.y.title == "expected rank (1 is the best)"
    assert chart.charts[0].caption == (
        "The rank of a run among one run of each optimizer, drawn at random; no result yet ranks last."
    )
    assert (table.table.name, table.names, table.summary) == ("ranks", True, "Expected ranks in numbers")


def test_one_optimizer_has_no_rank() -> None:
    results = campaign_of({"a": [1.0], "never": [None]})
    found, facts = rank_curves(results), facts_of(results)
    assert found == Refusal("Ranks compare optimizers, and fewer than two have a result.")
    assert [each.picture for each in QUESTION.figures(found, facts)] == [None]
    assert [each.rows for each in QUESTION.tables(found, facts)] == [(), ()]
    (part,) = QUESTION.parts(found, facts)
    assert isinstance(part, parts.RefusalPart)
    assert (part.place, part.reason) == (10, found.reason)
