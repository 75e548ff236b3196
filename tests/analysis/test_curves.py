"""Step functions, their alignment, and anytime curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.analysis.curves import (
    MOST_POINTS,
    AlignedRuns,
    aligned_over_evaluations,
    aligned_over_time,
    curve_of,
    final_regrets,
    standard_error,
    step_matrix,
    step_values,
)
from nhb2_plugins.analysis.resampling import mean_interval, median_interval
from tests.analysis.runs import make_run, optimizer_of, optimizer_with

STEPS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e3, 1e3)), min_size=1, max_size=20).map(
    lambda steps: sorted({time: (time, value) for time, value in steps}.values())
)
TIMES = st.integers(1, 140)
RUNS = st.lists(
    st.lists(st.tuples(TIMES, st.integers(0, 90)), min_size=1, max_size=8).map(
        lambda pairs: [(time, float(value)) for time, value in sorted(dict(pairs).items())]
    ),
    min_size=1,
    max_size=5,
)


def test_a_step_holds_from_its_time_on_and_nothing_is_known_before() -> None:
    values = step_values([(10.0, 5.0), (20.0, 3.0)], np.array([9.999, 10.0, 19.999, 20.0, 1e9]))
    assert np.isnan(values[0])
    assert values[1:].tolist() == [5.0, 5.0, 3.0, 3.0]


def test_no_step_is_never_known() -> None:
    assert np.isnan(step_values([], np.array([0.0, 1.0]))).all()


def test_of_several_steps_at_one_place_the_last_counts() -> None:
    assert step_values([(1.0, 5.0), (1.0, 4.0)], np.array([1.0])).tolist() == [4.0]


@given(STEPS, st.lists(st.floats(0, 2e6), min_size=1, max_size=20))
def test_a_step_function_equals_its_definition(steps: list[tuple[float, float]], times: list[float]) -> None:
    for time, value in zip(times, step_values(steps, np.array(times)), strict=True):
        past = [each for start, each in steps if start <= time]
        assert (np.isnan(value) and not past) or value == past[-1]


def test_before_its_first_step_a_function_has_the_value_asked_for() -> None:
    matrix = step_matrix([[(10.0, 5.0)], []], np.array([9.0, 10.0]))
    assert matrix.tolist() == [[np.inf, 5.0], [np.inf, np.inf]]
    assert step_matrix([[(10.0, 5.0)]], np.array([9.0]), before=7.0).tolist() == [[7.0]]


def test_the_mean_curve_is_the_mean_of_the_runs_at_every_change() -> None:
    runs = optimizer_of("a", make_run([(10, 80.0), (30, 85.0)]), make_run([(20, 70.0), (40, 89.0)], seed=1))
    curve = curve_of(runs, aligned_over_time(runs, 100))
    assert curve.x.tolist() == [20, 30, 40, 100]
    assert curve.mean.tolist() == pytest.approx([15.0, 12.5, 3.0, 3.0])  # the optimum of make_run is 90
    assert curve.median.tolist() == pytest.approx([15.0, 12.5, 3.0, 3.0])
    assert (curve.n_runs, curve.n_without_result) == (2, 0)


@given(RUNS)
def test_the_aligned_values_are_those_of_each_run_at_every_moment(runs: list[list[tuple[float, float]]]) -> None:
    """Exactly: at each place, and anywhere up to the next one, every run has the value that the curve says."""
    optimizer = optimizer_of("a", *(make_run(run, seed=seed) for seed, run in enumerate(runs)))
    aligned = aligned_over_time(optimizer, 100)
    first = max(run[0][0] for run in runs)
    if first > 100:
        assert not aligned.places.size
        return
    assert aligned.places[0] == first
    assert aligned.places[-1] == 100
    assert (np.diff(aligned.places) > 0).all()
    values = aligned.values_at(np.arange(len(aligned.places)))
    nexts = [*aligned.places[1:], 100.0]
    for column, (place, following) in enumerate(zip(aligned.places, nexts, strict=True)):
        for moment in (place, (place + following) / 2, max(np.nextafter(following, 0), place)):
            known = [[90 - accuracy for time, accuracy in run if time <= moment][-1] for run in runs]
            assert values[:, column] == pytest.approx(known)


@given(RUNS)
def test_mean_and_median_at_every_place_are_those_of_the_values_there(runs: list[list[tuple[float, float]]]) -> None:
    optimizer = optimizer_of("a", *(make_run(run, seed=seed) for seed, run in enumerate(runs)))
    aligned = aligned_over_time(optimizer, 100)
    mean, median = aligned.mean_and_median()
    assert len(mean) == len(median) == len(aligned.places)
    if aligned.places.size:
        values = aligned.values_at(np.arange(len(aligned.places)))
        assert mean == pytest.approx(values.mean(axis=0))
        assert median.tolist() == np.median(values, axis=0).tolist()


@given(RUNS)
def test_over_evaluations_the_n_th_place_is_what_was_known_after_n(runs: list[list[tuple[float, float]]]) -> None:
    optimizer = optimizer_of("a", *(make_run(run, seed=seed) for seed, run in enumerate(runs)))
    aligned = aligned_over_evaluations(optimizer)
    assert aligned.places[-1] == min(map(len, runs))
    for n in range(1, min(map(len, runs)) + 1):
        column = np.searchsorted(aligned.places, n, side="right") - 1
        assert aligned.values_at(np.array([column]))[:, 0] == pytest.approx([90 - run[n - 1][1] for run in runs])


def test_changes_after_the_budget_do_not_show() -> None:
    runs = optimizer_of("a", make_run([(10, 80.0), (150, 90.0)]))
    curve = curve_of(runs, aligned_over_time(runs, 1000))  # the run's own budget is 100
    assert curve.x.tolist() == [10, 100]
    assert curve.mean.tolist() == pytest.approx([10.0, 10.0])


def test_a_run_without_a_result_is_left_out_and_counted() -> None:
    runs = optimizer_with("a", [3.0, None, 5.0])
    curve = curve_of(runs, aligned_over_time(runs, 100))
    assert curve.mean.tolist() == pytest.approx([4.0, 4.0])
    assert (curve.n_runs, curve.n_without_result) == (2, 1)
    assert final_regrets(runs).tolist() == pytest.approx([3.0, np.inf, 5.0])


def test_no_result_at_all_is_an_empty_curve() -> None:
    runs = optimizer_with("a", [None, None])
    for aligned in (aligned_over_time(runs, 100), aligned_over_evaluations(runs)):
        curve = curve_of(runs, aligned)
        assert (curve.x.size, curve.mean.size, curve.median_high.size, curve.n_runs) == (0, 0, 0, 0)


def test_a_curve_of_many_changes_keeps_a_selection_of_them_exactly() -> None:
    steps = [(time / 20, 89 - 70 / time) for time in range(1, 2000)]
    runs = optimizer_of("a", make_run(steps), make_run([(0.5, 80.0)], seed=1))
    aligned = aligned_over_time(runs, 100)
    curve = curve_of(runs, aligned)
    assert len(aligned.places) > 1900
    assert MOST_POINTS / 3 < len(curve.x) <= MOST_POINTS + 1
    assert (curve.x[0], curve.x[-1]) == (0.5, 100)
    positions = np.searchsorted(aligned.places, curve.x)
    assert (aligned.places[positions] == curve.x).all()
    assert aligned.mean_and_median()[0][positions] == pytest.approx(curve.mean)


def test_what_is_kept_lies_evenly_on_the_logarithm() -> None:
    places = np.geomspace(1.0, 100.0, 5000)
    steps = [(float(place), 1.0) for place in places]
    kept = curve_of(optimizer_with("a", [1.0]), AlignedRuns(places, (steps,))).x
    assert (len(kept), kept[0], kept[-1]) == (MOST_POINTS, 1.0, 100.0)
    assert np.diff(np.log(kept)).max() < 1.2 * np.log(100) / (MOST_POINTS - 1)


def test_a_single_run_has_no_spread() -> None:
    assert standard_error(np.array([1.0])) is None
    runs = optimizer_with("a", [3.0])
    curve = curve_of(runs, aligned_over_time(runs, 100))
    for column in (curve.mean_low, curve.mean_high, curve.median_low, curve.median_high):
        assert np.isnan(column).tolist() == [True, True]


def test_the_standard_error_is_that_of_the_mean() -> None:
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)


def test_the_intervals_of_a_curve_hold_its_middle_and_are_those_of_the_values_there() -> None:
    runs = optimizer_with("a", [float(each) for each in range(12)])
    curve = curve_of(runs, aligned_over_time(runs, 100))
    finals = np.arange(12.0)[:, np.newaxis]
    assert (curve.mean_low[-1], curve.mean_high[-1]) == tuple(float(end[0]) for end in mean_interval(finals))
    assert (curve.median_low[-1], curve.median_high[-1]) == tuple(float(end[0]) for end in median_interval(finals))
    assert curve.mean_low[-1] < curve.mean[-1] < curve.mean_high[-1]
    assert curve.median_low[-1] < curve.median[-1] < curve.median_high[-1]
