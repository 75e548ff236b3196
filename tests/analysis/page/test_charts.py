"""Curves as the page draws them: thinned without visible change, the same in both drawings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nhb2_plugins.analysis.page.charts import (
    BASELINE_LOOK,
    N_GRID,
    as_json,
    chart_of,
    look_of,
    on_grid,
    shared_grid,
)
from nhb2_plugins.analysis.parts import PageChart
from nhb2_plugins.analysis.pictures import Axis, Curve, Curves, Strand
from nhb2_plugins.analysis.ticks import Scale
from nhb2_plugins.figure_theme import DASHES

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
    assert {look.dash for look in looks} <= {dash for _, dash in DASHES}


TIME = Axis("time (h)", "time", "h", scale=3600.0)
REGRET = Axis("regret (pp)", "regret", "pp")


def page_chart(*curves: Curve, x: Axis = TIME, y: Axis = REGRET, narrow: bool = False, **more: Any) -> PageChart:
    return PageChart("key", "A title", "What is seen.", {"Mean": Curves(x, y, curves, **more)}, narrow=narrow)


A = Curve("a <b>", 0, *np.array([[2, 4, 8], [4, 4, 1], [3, 3, 0.5], [5, 5, 2]]) * [[3600], [1], [1], [1]])
B = Curve("b", 1, np.array([3600.0, 28800.0]), np.array([2.0, 1.0]))


def test_what_the_script_draws_a_chart_from() -> None:
    chart = chart_of(page_chart(A, B))
    assert chart.grid == (1.0, 2.0, 4.0, 8.0)
    given = as_json(chart)
    assert [*given] == ["title", "x", "y", "grid", "variants", "labels"]
    low, high = given["y"]["range"]
    assert (low, high) == pytest.approx((0.5 / 10**0.04, 5 * 10**0.04))
    assert given["x"] == {"title": "time (h)", "short": "time (h)", "unit": "h", "log": True, "range": [1.0, 8.0]}
    a, b = given["variants"]["Mean"]
    assert a == {
        "name": "a <b>",
        "colour": look_of(0).colour,
        "dash": "solid",
        "y": [None, 4.0, "=", 1.0],
        "low": [None, 3.0, "=", 0.5],
        "high": [None, 5.0, "=", 2.0],
    }
    assert b == {"name": "b", "colour": look_of(1).colour, "dash": look_of(1).dash, "y": [2.0, "=", "=", 1.0]}
    assert given["labels"] == {"a <b>": ["a <b>"], "b": ["b"]}


def test_every_variant_is_on_the_grid_of_the_first() -> None:
    other = replace(B, x=np.array([7200.0, 10800.0]), y=np.array([3.0, 2.0]))
    both = {"Mean": Curves(TIME, REGRET, (A, B)), "Median": Curves(TIME, REGRET, (other,))}
    chart = chart_of(PageChart("key", "A title", "", both))
    assert [line.name for line in chart.lines] == ["a <b>", "b"]
    assert as_json(chart)["variants"]["Median"][0]["y"] == [None, 3.0, None, None]


def test_an_axis_begins_at_zero_unless_it_is_logarithmic_or_begins_below() -> None:
    for begin, expected in ((2.0, 0.0), (-1.0, -1.0)):
        curve = Curve("a", 0, np.array([begin, 5.0]), np.array([1.0, 2.0]))
        chart = chart_of(page_chart(curve, x=Axis("n", "n", log=False), y=replace(REGRET, log=False)))
        assert chart.scales == (Scale(expected, 5.0, log=False), Scale(0.0, 2.08, log=False))
    from_zero = Curve("a", 0, np.array([0.0, 1.0, 4.0]), np.array([3.0, 2.0, 1.0]))
    assert chart_of(page_chart(from_zero, x=Axis("n", "n"))).scales[0] == Scale(1.0, 4.0, log=True)
    single = Curve("a", 0, np.array([5.0]), np.array([3.0]))
    x, _ = chart_of(page_chart(single, x=Axis("n", "n"))).scales
    assert x.low < 5.0 < x.high


def test_the_y_axis_holds_curves_and_intervals_or_what_is_fixed() -> None:
    linear = replace(REGRET, log=False)
    chart = chart_of(page_chart(A, B, y=linear))
    assert chart.scales[1] == Scale(0.0, 5.2, log=False)
    assert chart_of(page_chart(A, B, y=linear, extent=(0.0, 1.0))).scales[1] == Scale(0.0, 1.0, log=False)


def test_single_runs_are_one_line_with_gaps_at_points_of_their_own() -> None:
    strands = (Strand("seed 0", [(1800.0, 9.0), (7200.0, 9.0)]), Strand("seed 4", [(3600.0, 5.12345), (7200.0, 1.0)]))
    chart = chart_of(page_chart(B, strands=strands, strands_name="every run (2)"))
    assert (chart.grid[0], chart.grid[-1]) == (0.5, 8.0)  # from the first strand to the end of the curve
    own, faint = as_json(chart)["variants"]["Mean"]
    assert own["name"] == "b"
    assert faint == {
        "name": "every run (2)",
        "colour": look_of(1).colour,
        "dash": look_of(1).dash,
        "y": (9.0, 9.0, None, 5.12, 1.0, None),
        "x": (0.5, 2.0, None, 1.0, 2.0, None),
        "labels": ("seed 0", "seed 4"),
        "faint": True,
    }
    assert not chart.is_labelled


def test_random_search_is_read_from_point_to_point_where_it_is_smooth() -> None:
    random = Curve("random", None, np.array([7200.0, 28800.0]), np.array([4.0, 1.0]), smooth=True)
    (given,) = as_json(chart_of(page_chart(A, random)))["variants"]["Mean"][1:]
    assert given["y"] == [4.0, 3.0, 1.0]  # at 2, 4 and 8 hours; the grid is that of the optimizers
    assert (given["colour"], given["width"], given["opacity"]) == (BASELINE_LOOK.colour, 6.0, 0.5)
    early = as_json(chart_of(page_chart(B, random)))["variants"]["Mean"][1]
    assert early["y"] == [0.0, 1.0]
    step = replace(random, smooth=False)
    assert as_json(chart_of(page_chart(A, step)))["variants"]["Mean"][1]["y"] == [4.0, "=", 1.0]


@pytest.mark.parametrize(
    ("n", "narrow", "labelled"),
    [(1, False, False), (2, False, True), (14, False, True), (15, False, False), (2, True, False)],
)
def test_lines_carry_their_names_where_there_is_room(n: int, narrow: bool, labelled: bool) -> None:
    chart = chart_of(page_chart(*(replace(B, name=f"optimizer {i}", position=i) for i in range(n)), narrow=narrow))
    assert chart.is_labelled == labelled
    assert len(as_json(chart)["labels"]) == n * labelled


def test_values_have_four_digits_and_intervals_three() -> None:
    curve = Curve("a", 0, *np.array([[1.0, 2.0], [1.23456, np.inf], [1.23456, 1.0], [np.nan, 2.34567]]))
    (line,) = chart_of(page_chart(curve, x=Axis("n", "n"))).lines
    assert (line.y, line.low, line.high) == ((1.235, None), (1.23, 1.0), (None, 2.35))
    none = replace(curve, low=np.full(2, np.nan), high=np.full(2, np.nan))
    (line,) = chart_of(page_chart(none, x=Axis("n", "n"))).lines
    assert (line.low, line.high) == ((), ())


def test_whole_numbers_stay_whole_and_few_changes_are_all_kept() -> None:
    every = np.arange(1.0, N_GRID + 1)
    assert shared_grid([every]).tolist() == every.tolist()
    assert shared_grid([np.zeros(0), np.array([3.0]), np.array([1.0])]).tolist() == [1.0, 3.0]
    assert shared_grid([np.zeros(0)]).tolist() == []
    long = np.arange(1.0, 10_001)
    whole, free = shared_grid([long], whole=True), shared_grid([long])
    assert (whole == np.round(whole)).all()
    assert not (free == np.round(free)).all()
    assert (whole[0], whole[-1], free[0], free[-1]) == (1.0, 10_000.0, 1.0, 10_000.0)
    from_zero = shared_grid([np.arange(0.0, 1000.0)])
    assert np.diff(from_zero) == pytest.approx(999 / (N_GRID - 1))
