"""Shares of runs that reach targets."""

from __future__ import annotations

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.pictures import TIME, Panels
from nhb2_plugins.analysis.questions.targets import QUESTION, target_curves
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with
from tests.analysis.worked import baseline


@pytest.mark.parametrize(("solved", "n_points"), [({1: 4}, 0), ({4: 4}, 0), ({1: 1}, 2), ({1: 4, 4: 4}, 0)])
def test_shares_of_random_search_stand_beside_targets_where_all_have_its_workers(
    solved: dict[int, int], n_points: int
) -> None:
    # Keys: numbers of workers for which random search was solved; values: workers of the first optimizer.
    reached = ReachedByRandomSearch((50.0, 100.0), (1.0, 1.0), *[(9.0, 8.0)] * 4, ((0.0, 0.0),) * len(TARGETS_PP))
    first = optimizer_with("a", [1.0, 2.0], n_workers=next(iter(solved.values())))
    baseline = RandomSearchBaseline(str(TABLE["digest"]), 12, 100.0, dict.fromkeys(solved, reached), reached, "")
    results = CampaignResults((first, optimizer_with("b", [1.0, 2.0], n_workers=1)), baseline=baseline)
    assert {len(curves.baseline_share) for curves in analyse(results).targets} == {n_points}


# -- by hand


def _campaign() -> CampaignResults:
    """a: within 2 pp from 10 and 30 s on in two of three runs; b: never below 4."""
    runs = (make_run([(10, 88.0)]), make_run([(20, 80.0), (30, 88.5)], seed=1), make_run([(5, 70.0)], seed=2))
    return CampaignResults((optimizer_of("a", *runs), optimizer_with("b", [4.0])), baseline=baseline())


def test_the_targets_shown_are_the_hardest_that_half_reach_and_two_harder_ones() -> None:
    assert TARGETS_PP == (20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)
    for finals, expected in (
        ([0.0] * 4, [0.1]),
        ([1.0, 1.0, 0.3, 0.3], [0.5]),
        ([9.0, 4.0, 1.5, 0.7, 0.05], [2.0, 1.0, 0.5]),
        ([20.0, 20.0, 1.5], [20.0, 10.0, 5.0]),
        ([30.0, 30.0, 30.0, 1.5], [20.0, 10.0, 5.0]),
        ([20.0], [20.0]),
        ([25.0], []),
        ([None], []),
    ):
        assert [each.target_pp for each in target_curves(campaign_of({"a": finals}))] == expected, finals
    both = campaign_of({"a": [1.0, 1.0, 1.0], "b": [9.0], "c": [None, None]})  # three of six runs
    assert [each.target_pp for each in target_curves(both)] == [1.0]


def test_times_are_those_of_the_first_incumbent_within_the_target() -> None:
    (found,) = target_curves(_campaign())
    assert (found.target_pp, found.optimizers, found.n_runs) == (2.0, ("a", "b"), (3, 1))
    assert [each.tolist() for each in found.times_s] == [[10.0, 30.0], []]
    assert found.baseline_time_s.tolist() == [2.0, 10.0, 40.0, 100.0]
    assert found.baseline_share.tolist() == [0.01, 0.05, 0.2, 0.5]


def test_what_is_reached_after_the_horizon_is_not_reached() -> None:
    for second, n in ((100, 1), (101, 0)):
        results = CampaignResults((optimizer_of("a", make_run([(1, 80.0), (second, 89.95)])),))
        assert len(target_curves(results)[-1].times_s[0]) == 1
        assert (target_curves(results)[-1].target_pp == 0.1) == bool(n)


def test_the_table_says_by_when_half_of_all_runs_are_there() -> None:
    facts = analyse(_campaign())
    (table,) = QUESTION.tables(facts.targets, facts)
    assert table.keys == ("optimizer", "share_2", "time_s_2")
    assert table.headings == ("optimizer", "reach 2 pp", "half of all runs by s (2 pp)")
    assert table.rows == (("a", 2 / 3, 30.0), ("b", 0.0, None))  # the second of three
    assert table.title == "Share of runs that reach a regret, and by when half of them have"
    four = analyse(campaign_of({"a": [0.0, 0.0, 30.0, 30.0]}))
    assert QUESTION.tables(four.targets, four)[0].rows == (("a", 0.5, 10.0),)  # type: ignore[index]


def test_the_figure_begins_when_one_in_a_hundred_is_there() -> None:
    facts = analyse(_campaign())
    (figure,) = QUESTION.figures(facts.targets, facts)
    assert isinstance(figure.picture, Panels)
    (panel,) = figure.picture.panels
    assert (panel.x, panel.y.title) == (TIME, "share of runs")
    assert (panel.title, panel.begin, panel.extent) == ("2 percentage points", 9.0, (0.0, 1.0))
    a, b, random = panel.curves
    assert (a.name, a.position, a.n_runs) == ("a", 0, 3)
    assert a.x.tolist() == pytest.approx([1e-4, 10.0, 30.0, 100.0])
    assert a.y.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert b.x.tolist() == pytest.approx([1e-4, 100.0])
    assert b.y.tolist() == [0.0, 0.0]
    assert (random.name, random.position, random.smooth) == ("random search, exact", None, True)
    assert (random.x.tolist(), random.y.tolist()) == ([2.0, 10.0, 40.0, 100.0], [0.01, 0.05, 0.2, 0.5])
    assert figure.title == "Share of runs that have reached a regret"
    assert (figure.notes, figure.size) == (("Random search is exact, from the complete table.",), (9.5, 4.2))
    one = analyse(campaign_of({"a": [1.0]}))
    assert QUESTION.figures(one.targets, one)[0].notes == ()  # type: ignore[index]
    assert QUESTION.figures(one.targets, one)[0].picture.panels[0].title == "1 percentage point"  # type: ignore[index,union-attr]


def test_of_two_hundred_runs_the_third_begins_the_axis() -> None:
    runs = tuple(make_run([(1.0 + seed, 89.95)], seed=seed, budget_s=1000.0) for seed in range(200))
    facts = analyse(CampaignResults((optimizer_of("a", *runs),)))
    (figure,) = QUESTION.figures(facts.targets, facts)
    assert figure.picture.panels[0].begin == pytest.approx(0.9 * 3)  # type: ignore[union-attr]


def test_the_page_has_a_chart_for_each_target() -> None:
    facts = analyse(_campaign())
    charts, table = QUESTION.parts(facts.targets, facts)
    assert isinstance(charts, parts.ChartPart)
    assert isinstance(table, parts.TablePart)
    assert charts.section is table.section is parts.TARGETS
    (chart,) = charts.charts
    assert (chart.key, chart.title, chart.narrow) == ("target-0", "Within 2 pp of the optimum", True)
    assert chart.description == (
        "Runs with a regret of at most 2 percentage points by the end: a: 2 of 3 runs; b: 0 of 1 runs."
    )
    assert chart.variants["Share"].curves[0].x[0] == pytest.approx(0.8 * 2)  # before the first of all, random search
    none = analyse(campaign_of({"a": [25.0]}))
    assert QUESTION.parts(none.targets, none) == ()
    assert QUESTION.figures(none.targets, none)[0].picture is None  # type: ignore[index]
    assert QUESTION.tables(none.targets, none)[0].rows == ()  # type: ignore[index]
