"""Curves as the page draws them: thinned without visible change, the same in both drawings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nhb2_plugins.analysis.page.charts import DASHES, Chart, Line, as_json, look_of, on_grid, shared_grid
from nhb2_plugins.analysis.pictures import Axis

STEPS = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=600, unique=True).map(sorted)


DENSE = np.geomspace(0.5, 1e4, 5000).tolist()


@given(STEPS, STEPS)
@example(DENSE, [3.0])
@example(np.linspace(1, 9999, 5000).tolist(), DENSE)
def test_a_change_moves_by_less_than_a_hundredth_of_the_axis(first: list[float], second: list[float]) -> None:
    curves = [np.array(first), np.array(second)]
    grid = shared_grid(curves)
    low, high = grid[0], grid[-1]
    for x in curves:
        read = on_grid(grid, x, np.arange(len(x), dtype=float), digits=12)
        assert [value is not None for value in read] == [
            bool(x[0] * (1 - 1e-9) <= at <= x[-1] * (1 + 1e-9)) for at in grid
        ]
        shown = grid[np.searchsorted(grid, x * (1 - 1e-12))]
        if low < high:
            assert ((shown - x) / (high - low) <= 0.01).all()  # on a linear axis
            assert (np.log(shown / x) / np.log(high / low) <= 0.01).all()  # and on a logarithmic one


def test_values_are_exact_at_the_points_of_the_grid() -> None:
    x, values = np.array([1.0, 2.0, 5.0]), np.array([9.0, 4.0, 1.0])
    assert on_grid(np.array([0.5, 1.0, 1.9, 2.0, 5.0]), x, values) == (None, 9.0, 9.0, 4.0, 1.0)
    assert on_grid(np.array([1.0, 2.0]), np.zeros(0), np.zeros(0)) == (None, None)


@pytest.mark.parametrize("n_points", [3, 1000])
def test_a_curve_ends_where_it_is_no_longer_known(n_points: int) -> None:
    # Over evaluations: one optimizer makes 40 of them, another one many more.
    short, long = np.linspace(1.0, 40.0, n_points), np.linspace(1.0, 200.0, n_points)
    grid = shared_grid([short, long])
    assert {1.0, 40.0, 200.0} <= set(grid.tolist())
    shown = dict(zip(grid.tolist(), on_grid(grid, short, np.linspace(9.0, 2.0, n_points)), strict=True))
    assert shown[40.0] == 2.0
    assert {value for at, value in shown.items() if at > 40} == {None}


def test_sixteen_optimizers_look_different() -> None:
    looks = [look_of(position) for position in range(16)]
    assert len(set(looks)) == 16
    assert {look.dash for look in looks} <= set(DASHES)


def small_chart(**changes: object) -> Chart:
    look = look_of(0)
    lines = (Line("a <b>", look, (None, 4.0, 4.0, 1.0), (None, 3.0, 3.0, 0.5), (None, 5.0, 5.0, 2.0)),)
    return Chart(
        "key",
        "A title",
        "What is seen.",
        Axis("time (h)", "time", "h"),
        Axis("regret (pp)", "regret", "pp"),
        (1.0, 2.0, 4.0, 8.0),
        {"Mean": lines},
    )


def test_the_script_gets_repeated_values_as_signs() -> None:
    (line,) = as_json(small_chart())["variants"]["Mean"]
    assert line["y"] == [None, 4.0, "=", 1.0]
    assert line["high"] == [None, 5.0, "=", 2.0]
