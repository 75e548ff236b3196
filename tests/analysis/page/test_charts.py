"""Curves as the page draws them: thinned without visible change, the same in both drawings."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.page.cell_drawing import describe_cell, draw_cell
from nhb2_plugins.analysis.page.charts import BASELINE_LOOK, DASHES, Chart, Line, as_json, look_of, on_grid, shared_grid
from nhb2_plugins.analysis.page.diagrams import draw_rank_diagram, draw_strips
from nhb2_plugins.analysis.page.drawing import draw_chart
from nhb2_plugins.analysis.page.ticks import Scale, spanning
from nhb2_plugins.analysis.pictures import Axis, Strip, Strips
from nhb2_plugins.analysis.questions.final_regret import final_rows
from nhb2_plugins.analysis.questions.friedman import friedman
from nhb2_plugins.cells import Cell
from nhb2_plugins.figure_theme import BASELINE
from tests.analysis.runs import campaign_of

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


@given(st.floats(1e-3, 1e3), st.floats(1.3, 1e6), st.booleans())
def test_an_axis_has_ticks_within_its_ends(low: float, ratio: float, log: bool) -> None:
    scale = Scale(low, low * ratio, log)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 12
    assert all(scale.low * (1 - 1e-6) <= tick <= scale.high * (1 + 1e-6) for tick in ticks)


@pytest.mark.parametrize("log", [True, False])
def test_an_axis_of_nothing_or_of_one_value_is_an_axis(log: bool) -> None:
    for values in ([], [float("nan")], [0.0], [3.0], [-1.0]):
        scale = spanning(values, log=log)
        assert scale.low < scale.high


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


def test_the_static_drawing_steps_and_does_not_slope() -> None:
    drawing = str(draw_chart(small_chart()))
    assert 'aria-label="A title. What is seen."' in drawing
    paths = re.findall(r' d="([^"]+)"', drawing)
    assert len(paths) == 2
    for path in paths:
        assert set(re.findall("[A-Za-z]", path)) <= set("MHVZ")


def test_long_names_that_differ_at_their_ends_differ_in_a_diagram() -> None:
    names = [f"an optimizer with a long name that two lines do not hold at all, variant {i}" for i in range(3)]
    found = friedman(campaign_of({name: [i + j / 7 for j in range(10)] for i, name in enumerate(names)}))
    assert not isinstance(found, Refusal)
    drawing = str(draw_rank_diagram(found))
    shown = re.findall(r'class="name">(.*?)</text>', drawing)
    assert len(shown) == 6  # of the wide drawing, in two lines each, and of a phone's
    assert len({re.sub(r"<[^>]*>|  .*", "", name) for name in shown}) == 6
    assert all("…" in name for name in shown)
    assert [name.count("<tspan") for name in shown] == [2] * 3 + [0] * 3


def test_a_long_name_is_whole_in_two_lines() -> None:
    name = "Regularized evolution of fifty in tens"
    drawing = str(draw_strips(Strips((Strip(name, 0, ((0, 1.0),)),), "a", "b", "c")))
    assert re.findall(r"<tspan[^>]*>([^<]*)<", drawing) == ["Regularized evolution of", "fifty in tens"]


@pytest.mark.parametrize(("n_runs", "n_dots", "n_shapes"), [(200, 200, 0), (201, 0, 1)])
def test_above_two_hundred_runs_their_density_is_drawn(n_runs: int, n_dots: int, n_shapes: int) -> None:
    values = [1 + i / n_runs for i in range(n_runs)]
    drawing = str(draw_strips(Strips(final_rows(facts_of(campaign_of({"a": values}))), "a", "b", "c")))
    assert (drawing.count("<circle"), drawing.count('class="density"')) == (n_dots, n_shapes)


def test_lines_are_named_beside_their_ends_where_there_is_room() -> None:
    lines = tuple(Line(name, look_of(i), (4.0, 3.0 + i)) for i, name in enumerate(("a", "b <", "c")))
    chart = Chart("key", "A title", "", Axis("n", "n"), Axis("y", "y"), (1.0, 2.0), {"Mean": lines})
    wide, narrow = str(draw_chart(chart)).split("</svg>")[:2]
    labels = re.findall(r'class="label"><tspan[^>]* y="([\d.]+)">([^<]*)<', wide)
    assert [name for _, name in labels] == ["a", "b &lt;", "c"]
    heights = sorted((float(y) for y, _ in labels), reverse=True)
    assert heights == [float(y) for y, _ in labels]  # the smallest value is the lowest
    assert all(below - above > 14 for below, above in pairwise(heights))
    assert "label" not in narrow.replace("aria-label", "")
    assert as_json(chart)["labels"] == {"a": ["a"], "b <": ["b <"], "c": ["c"]}
    assert as_json(replace(chart, narrow=True))["labels"] == {}


def test_exact_random_search_looks_the_same_on_the_page_and_in_files() -> None:
    assert BASELINE_LOOK.colour == BASELINE["color"]
    line = Line("random search, exact", BASELINE_LOOK, (4.0, 3.0))
    chart = Chart("key", "A title", "", Axis("n", "n"), Axis("y", "y"), (1.0, 2.0), {"Mean": (line,)})
    drawn = re.findall(
        r'<path [^>]*stroke="([^"]*)"[^>]*stroke-width="([^"]*)"[^>]*stroke-opacity="([^"]*)"', str(draw_chart(chart))
    )
    assert drawn == [(BASELINE["color"], "6", "0.5")] * 2
    (given,) = as_json(chart)["variants"]["Mean"]
    assert (given["colour"], given["width"], given["opacity"]) == (BASELINE["color"], 6.0, 0.5)


def test_a_single_point_is_seen() -> None:
    line = Line("a", look_of(0), (4.0,))
    drawing = str(draw_chart(Chart("key", "A title", "", Axis("n", "n"), Axis("y", "y"), (1.0,), {"Mean": (line,)})))
    assert re.search(r'<path [^>]*stroke-linecap="round"', drawing)


def test_a_cell_shows_each_edge_with_its_operation_and_fades_the_dead() -> None:
    drawing = str(draw_cell("3|00|210"))  # node 1 has no input: what comes from it computes nothing
    assert drawing.count('class="edge dead"') == 6 - len(Cell("3|00|210").live_edges)
    assert drawing.count('class="edge"') == len(Cell("3|00|210").live_edges)
    assert re.findall(r">(conv 3×3|pool 3×3|skip|zero)<", drawing).count("conv 3×3") == 3
    assert describe_cell("3|33|333") == "Every edge is zero."
    assert "1 to 3: avgpool3x3 (computes nothing)" in describe_cell("3|00|210")
