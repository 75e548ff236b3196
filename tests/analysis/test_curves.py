"""Step functions and anytime curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.analysis.curves import anytime_regret, standard_error, step_values
from nhb2_plugins.analysis.results import OptimizerRuns
from tests.analysis.runs import make_run

STEPS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e3, 1e3)), min_size=1, max_size=20).map(
    lambda steps: sorted({time: (time, value) for time, value in steps}.values())
)


def test_a_step_holds_from_its_time_on_and_nothing_is_known_before() -> None:
    values = step_values([(10.0, 5.0), (20.0, 3.0)], np.array([9.999, 10.0, 19.999, 20.0, 1e9]))
    assert np.isnan(values[0])
    assert values[1:].tolist() == [5.0, 5.0, 3.0, 3.0]


def test_no_step_is_never_known() -> None:
    assert np.isnan(step_values([], np.array([0.0, 1.0]))).all()


@given(STEPS, st.lists(st.floats(0, 2e6), min_size=1, max_size=20))
def test_a_step_function_equals_its_definition(steps: list[tuple[float, float]], times: list[float]) -> None:
    for time, value in zip(times, step_values(steps, np.array(times)), strict=True):
        past = [each for start, each in steps if start <= time]
        assert (np.isnan(value) and not past) or value == past[-1]


def test_the_mean_curve_is_the_mean_of_the_runs_at_every_change() -> None:
    runs = OptimizerRuns("a", (make_run([(10, 80.0), (30, 85.0)]), make_run([(20, 70.0), (40, 89.0)], seed=1)))
    curve = anytime_regret(runs, budget_s=100)
    assert curve.time_s.tolist() == [20, 30, 40, 100]
    assert curve.mean.tolist() == pytest.approx([15.0, 12.5, 3.0, 3.0])  # the optimum of make_run is 90
    assert curve.standard_error.tolist() == pytest.approx([5.0, 7.5, 2.0, 2.0])


def test_changes_after_the_budget_do_not_show() -> None:
    curve = anytime_regret(OptimizerRuns("a", (make_run([(10, 80.0), (150, 90.0)]),)), budget_s=100)
    assert curve.time_s.tolist() == [10, 100]
    assert curve.mean.tolist() == pytest.approx([10.0, 10.0])


def test_a_single_run_has_no_spread() -> None:
    assert standard_error(np.array([[1.0, 2.0]])).tolist() == [0.0, 0.0]


def test_the_standard_error_is_that_of_the_mean() -> None:
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
