"""Anytime curves of two runs that are averaged by hand: their tables, pictures and places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.pictures import REGRET, TIME, Curves
from nhb2_plugins.analysis.questions.anytime import QUESTION, anytime, ends_in_words
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import make_run, optimizer_of, optimizer_with
from tests.analysis.worked import baseline

# Regrets: 10 from second 10 and 5 from 30; 20 from 20 and 1 from 40.
A = optimizer_of("a", make_run([(10, 80.0), (30, 85.0)]), make_run([(20, 70.0), (40, 89.0)], seed=1))
RESULTS = CampaignResults((OptimizerRuns("gone", ()), A), baseline=baseline())
FACTS = facts_of(RESULTS)
FOUND = anytime(RESULTS)


def test_the_tables_hold_the_means_at_every_change() -> None:
    time, evaluations = QUESTION.tables(FOUND, FACTS)
    assert (time.name, evaluations.name, time.long) == ("curves_time", "curves_evaluations", True)
    assert time.keys == ("optimizer", "time_s", "mean", "mean_low", "mean_high", "median", "median_low", "median_high")
    assert [(row[0], *row[1:3], row[5]) for row in time.rows] == [
        ("a", 20.0, 15.0, 15.0),
        ("a", 30.0, 12.5, 12.5),
        ("a", 40.0, 3.0, 3.0),
        ("a", 100.0, 3.0, 3.0),
    ]
    assert np.isnan([*time.rows[0][3:5], *time.rows[0][6:8]]).all()  # of two runs there is no interval
    assert [row[1:3] for row in evaluations.rows] == [(1.0, 15.0), (2.0, 3.0)]
    assert (time.headings[1], evaluations.headings[1]) == ("simulated second", "evaluations")


def test_the_figures_show_mean_median_error_and_evaluations() -> None:
    mean, median, error, evaluations = QUESTION.figures(FOUND, FACTS)
    names = ["regret_over_time", "median_regret_over_time", "error_over_time", "regret_over_evaluations"]
    assert [each.name for each in (mean, median, error, evaluations)] == names
    for figure in (mean, median, error, evaluations):
        assert isinstance(figure.picture, Curves)
        curve, random = figure.picture.curves
        assert (curve.name, curve.position, curve.n_runs) == ("a", 1, 2)
        assert (random.name, random.position) == ("random search, exact", None)
    assert mean.picture.curves[0].y.tolist() == pytest.approx([15.0, 12.5, 3.0, 3.0])
    # From where the runs begin, at second 20: a third of the way from 9 at second 10 to 5 at second 40.
    assert mean.picture.curves[1].x.tolist() == [20.0, 40.0, 100.0]
    assert mean.picture.curves[1].y.tolist() == pytest.approx([9 - 4 / 3, 5.0, 3.0])
    assert median.picture.curves[1].y.tolist() == pytest.approx([8 - 4 / 3, 4.0, 2.0])
    assert (mean.picture.x, mean.picture.y, mean.picture.reference) == (TIME, REGRET, None)
    assert error.picture.curves[0].y.tolist() == pytest.approx([25.0, 22.5, 13.0, 13.0])
    five = optimizer_with("five", [1.0, 2.0, 3.0, 4.0, 5.0])
    found = CampaignResults((five,), baseline=baseline())
    mean_of_five, _, error_of_five, _ = QUESTION.figures(anytime(found), facts_of(found))
    low, shifted = (each.picture.curves[0].low for each in (mean_of_five, error_of_five))
    assert shifted.tolist() == pytest.approx((low + 10.0).tolist())
    assert error.picture.reference == (10.0, "best of the table")
    assert error.picture.y.title == "error of the incumbent (%)"
    # Over evaluations as far as the longest curve: of 1, 2, 3, 5 the second is the last.
    assert evaluations.picture.curves[1].x.tolist() == [2.0]
    assert evaluations.picture.curves[1].y.tolist() == [9.0]
    assert [each.picture.curves[1].smooth for each in (mean, median, error, evaluations)] == [True, True, True, False]


def test_figures_begin_where_all_curves_do() -> None:
    early = optimizer_of("early", *(make_run([(2 + seed, 80.0), (12, 84.0), (30, 85.0)], seed=seed) for seed in (0, 1)))
    late = optimizer_of("late", make_run([(60, 89.0)]), make_run([(20, 85.0)], seed=1))
    results = CampaignResults((early, A))
    curves = QUESTION.figures(anytime(results), facts_of(results))[0].picture.curves  # type: ignore[index,union-attr]
    assert [(curve.x[0], curve.y[0]) for curve in curves] == [(20.0, pytest.approx(6.0)), (20.0, pytest.approx(15.0))]
    assert [len(curve.low) == len(curve.x) for curve in curves] == [True, True]
    half = optimizer_of("half", make_run([(50, 89.0)]))
    results = CampaignResults((early, half))
    curves = QUESTION.figures(anytime(results), facts_of(results))[0].picture.curves  # type: ignore[index,union-attr]
    assert [curve.x[0] for curve in curves] == [50.0, 50.0]
    # What begins in the second half does not take the first from the others.
    results = CampaignResults((early, A, late))
    curves = QUESTION.figures(anytime(results), facts_of(results))[0].picture.curves  # type: ignore[index,union-attr]
    assert [curve.x[0] for curve in curves] == [20.0, 20.0, 60.0]


def test_a_figure_s_notes_say_what_is_drawn() -> None:
    band, begins = (
        "Band: 95% interval over runs, pointwise, of 5 runs and more.",
        "Every run has a result where a curve begins.",
    )
    exact = "Random search is exact, from the complete table."
    mean, median, error, evaluations = QUESTION.figures(FOUND, FACTS)
    assert mean.notes == median.notes == (band, begins, exact)
    assert error.notes == (band, "Best of the table: 10.00 %.", begins, exact)
    counted = "Up to the smallest number of evaluations of a run; an evaluation counts at any epoch."
    assert evaluations.notes == (band, counted, exact)
    assert [each.title for each in (mean, median, error, evaluations)] == [
        "Regret in validation error after 12 epochs: mean over runs",
        "Regret in validation error after 12 epochs: median over runs",
        "Validation error after 12 epochs: mean over runs",
        "Regret in validation error after 12 epochs: mean over runs",
    ]
    without = facts_of(replace(RESULTS, baseline=None))
    assert QUESTION.figures(FOUND, without)[0].notes == (band, begins)  # type: ignore[index]


def test_a_search_below_the_measure_is_told_that_curves_can_rise() -> None:
    results = CampaignResults((optimizer_of("a", make_run([(10, 80.0)], ladder=FidelityLadder((4.0, 12.0)))),))
    figures = QUESTION.figures(anytime(results), facts_of(results))
    assert all(any("A curve can rise" in note for note in figure.notes) for figure in figures)
    assert not any("can rise" in note for figure in QUESTION.figures(FOUND, FACTS) for note in figure.notes)


def test_the_page_has_two_charts_and_one_for_each_optimizer_with_a_result() -> None:
    time, evaluations, runs = QUESTION.parts(FOUND, FACTS)
    assert [each.section for each in (time, evaluations, runs)] == [
        parts.ON_THE_WAY,
        parts.ON_THE_WAY,
        parts.OPTIMIZERS,
    ]
    assert [each.optimizer for each in (time, evaluations, runs)] == [None, None, 1]
    (chart,) = time.charts
    assert (chart.key, chart.title, [*chart.variants]) == (
        "over-time",
        "Regret over simulated time",
        ["Mean", "Median"],
    )
    assert chart.description == (
        "gone has no run with a result; a falls from a mean of 15.00 to 3.00 percentage points."
    )
    (own,) = runs.charts
    assert (own.key, own.title) == ("runs-figure-2", "Incumbents over simulated time")
    assert own.description == "a: 2 runs. a falls from a mean of 15.00 to 3.00 percentage points."
    strands = own.variants["Mean"].strands
    assert [each.label for each in strands] == ["seed 0", "seed 1"]
    assert [time for time, _ in strands[0].steps] == [10.0, 30.0, 100.0]
    assert [regret for _, regret in strands[0].steps] == pytest.approx([10.0, 5.0, 5.0])
    assert own.variants["Mean"].strands_name == "every run (2)"
    alone = CampaignResults((optimizer_with("b", [1.0, None]),))
    (*_, runs) = QUESTION.parts(anytime(alone), facts_of(alone))
    assert runs.charts[0].description == "b: 1 run. b falls from a mean of 1.00 to 1.00 percentage points."


def test_without_any_result_there_is_no_figure() -> None:
    results = CampaignResults((optimizer_of("a", make_run([])),))
    found, facts = anytime(results), facts_of(results)
    assert [each.picture for each in QUESTION.figures(found, facts)] == [None] * 4
    assert [each.rows for each in QUESTION.tables(found, facts)] == [(), ()]
    assert ends_in_words(found.over_time[0]) == "a has no run with a result"
    assert len([*QUESTION.parts(found, facts)]) == 2


def test_an_answer_is_had_by_its_question_s_name() -> None:
    analysis = analyse(RESULTS)
    assert np.array_equal(analysis.anytime.over_time[1].mean, FOUND.over_time[1].mean)
    with pytest.raises(AttributeError, match="has no 'anytim'; its answers: comparison, final_regret, stopping, pairs"):
        _ = analysis.anytim
