"""Figures of the analyses: their points, bars, lines and words, against numbers made by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.landscape.anova import FunctionalAnova, decompose
from nhb2_plugins.landscape.catalogue import ANALYSES, Request
from nhb2_plugins.landscape.fitness_distance import FitnessDistance
from nhb2_plugins.landscape.joint import joint_search
from nhb2_plugins.landscape.published_front import PublishedFront
from nhb2_plugins.landscape.view import View
from nhb2_plugins.landscape.walk import WalkAutocorrelation
from tests.core_fixtures import mini_benchmark, needs

pytestmark = [needs("matplotlib"), needs("pandas")]


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return mini_benchmark()


def anova() -> FunctionalAnova:
    """Of a + 2b + 4ab, each -1 or 1: shares 1, 4 and 16 of 21."""
    a, b = np.meshgrid([-1.0, 1.0], [-1.0, 1.0], indexing="ij")
    return decompose(a + 2 * b + 4 * a * b, ("a", "b"), table="a table (0123)", measure="made by hand")


def test_shares_are_bars_with_their_percentages() -> None:
    from nhb2_plugins.landscape.plots import plot_anova
    from tests.support.figures import drawn, names, notes, texts

    figure = drawn(plot_anova, {"error": anova(), "cost": anova()})
    assert figure.get_size_inches().tolist() == [10, 5.2]
    error, cost = figure.axes
    assert [bar.get_width() for bar in error.patches] == pytest.approx([4 / 21, 1 / 21, 16 / 21])  # main effects first
    assert [bar.get_y() + bar.get_height() / 2 for bar in error.patches] == pytest.approx([0, 1, 2])
    assert texts(error) == [" 19.0", " 4.8", " 76.2"]
    assert [each.get_position() for each in error.texts] == [
        (pytest.approx(4 / 21), 0),
        (pytest.approx(1 / 21), 1),
        (pytest.approx(16 / 21), 2),
    ]
    assert names(error, "y") == ["b", "a", "a × b"]
    assert error.yaxis_inverted()
    assert error.get_xlim() == pytest.approx((0, 1.12 * 16 / 21))
    assert [error.get_title(loc="left"), cost.get_title(loc="left")] == ["Variance of error", "Variance of cost"]
    assert [each.get_text() for each in error.get_legend().get_texts()] == ["main effect", "pair (largest 8 of 28)"]
    assert [
        each.get_facecolor() == error.patches[i].get_facecolor()
        for each, i in zip(error.get_legend().legend_handles, (0, 2), strict=True)
    ] == [True, True]
    assert error.xaxis.get_major_formatter()(0.125, 0) == "12.5 %"
    assert notes(figure) == ("error: made by hand. cost: made by hand. Exact over all configurations. a table (0123)")


def test_at_most_eight_pairs_are_shown_and_a_constant_has_an_axis() -> None:
    from nhb2_plugins.landscape.plots import plot_anova
    from tests.support.figures import drawn

    values = np.random.default_rng(0).random((2,) * 6)
    names = tuple("abcdef")
    (axes,) = drawn(plot_anova, {"error": decompose(values, names)}).axes
    assert len(axes.patches) == 6 + 8  # of 15 pairs
    (axes,) = drawn(plot_anova, {"error": decompose(0 * values, names)}).axes
    assert axes.get_xlim() == (0, 1)


def test_basins_distances_and_walks_stand_side_by_side() -> None:
    from matplotlib.colors import to_hex

    from nhb2_plugins.figure_theme import COLOURS
    from nhb2_plugins.landscape.plots import plot_landscape
    from tests.support.figures import drawn, notes

    local = SimpleNamespace(
        plateau_error_pct=np.array([12.0, 10.0, 15.0]),
        optimal_plateaus=np.array([1, 2]),
        basin_sizes=np.array([30, 10]),
        measure="error",
        table="a table (0123)",
    )
    errors = np.concatenate([[10.0], np.linspace(20, 40, 21)])
    distance = FitnessDistance(np.array([0] + [2] * 21), errors, 0.456, table="", measure="")
    walk = WalkAutocorrelation(np.array([1.0, np.exp(-0.5), 0.25]), {}, table="", measure="")
    figure = drawn(plot_landscape, (local, distance, walk))
    assert figure.get_size_inches().tolist() == [12.5, 4.4]
    basins, distances, steps = figure.axes
    (points,) = basins.collections
    assert np.asarray(points.get_offsets()).tolist() == [[0.0, 0.75], [5.0, 0.25]]
    assert basins.get_yscale() == "log"
    assert (to_hex(points.get_facecolor()[0]), points.get_linewidths().tolist()) == (COLOURS[0].lower(), [0])
    assert basins.get_title(loc="left") == "2 local optima"
    median, best = distances.lines
    assert (median.get_xdata().tolist(), median.get_ydata().tolist()) == ([0, 2], [10.0, 30.0])
    assert (best.get_ydata()[0], best.get_ydata()[1]) == (10.0, 20.0)
    assert [median.get_color(), best.get_color()] == [*COLOURS[:2]]
    (band,) = distances.collections
    assert (to_hex(band.get_facecolor()[0]), band.get_linewidths().tolist()) == (COLOURS[0].lower(), [0])
    assert band.get_paths()[0].vertices[:, 1].min() == 10.0
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(39.0)  # 95 % of 20 to 40
    labels = [each.get_text() for each in distances.get_legend().get_texts()]
    assert labels == ["5 % to 95 %", "median", "best"]
    assert distances.get_title(loc="left") == "Error and distance: correlation 0.46"
    assert steps.lines[0].get_ydata().tolist() == [1.0, np.exp(-0.5), 0.25]
    assert (steps.get_ylim(), steps.get_title(loc="left")) == ((0, 1.02), "Correlation length 2.0 steps")
    assert [each.get_xlabel() for each in (basins, distances, steps)] == [
        "regret of the local optimum (percentage points)",
        "coordinates that differ from the nearest optimum",
        "steps of a random walk",
    ]
    assert [each.get_ylabel() for each in (basins, distances, steps)] == [
        "share of the space in its basin",
        "error (%)",
        "autocorrelation of errors",
    ]
    assert notes(figure).startswith("error. Neighbours differ in one of the eight coordinates;")
    assert notes(figure).endswith("a table (0123)")


def line(axes: Any, label: str) -> Any:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return found


def test_fronts_of_error_against_cost_and_size(bench: Benchmark) -> None:
    # Row by row the error falls by a thousandth and the cost rises: all 96 are on the front.
    from nhb2_plugins.landscape.plots import plot_fronts
    from tests.support.figures import drawn, names, notes

    view = View.of(bench)
    published = PublishedFront("theirs.csv", ("cost_s", "error_pct"), np.array([[1.0, 50.0], [2.0, 49.0]]))
    figure = drawn(lambda path: plot_fronts(view, path, published))
    assert figure.get_size_inches().tolist() == [11, 5.2]
    cost, size = figure.axes
    assert cost.get_title(loc="left") == "Error against cost (96 on the front)"
    front = line(cost, "Pareto front")
    assert front.get_ydata().tolist() == sorted(view.row_error_pct.tolist(), reverse=True)
    assert front.get_xdata().tolist() == sorted(view.row_cost_s.tolist())
    steps = cost.lines[0]
    assert (steps.get_drawstyle(), steps.get_xdata().tolist()) == ("steps-post", front.get_xdata().tolist())
    (points,) = cost.collections
    assert np.asarray(points.get_offsets()).tolist() == np.column_stack([view.row_cost_s, view.row_error_pct]).tolist()
    theirs = line(cost, "theirs.csv")
    assert (theirs.get_xdata().tolist(), theirs.get_ydata().tolist()) == ([1.0, 2.0], [50.0, 49.0])
    assert [cost.get_xscale(), cost.get_yscale()] == ["log", "log"]
    assert cost.get_ylim()[1] == pytest.approx(1.6 * view.error_pct.max())
    assert (cost.get_xlabel(), cost.get_ylabel()) == ("cost of one evaluation (s)", "error (%)")
    best = line(size, "best of its size")
    assert best.get_xdata().tolist() == [0, 1, 2, 3, 4, 5, 6]
    # Cells of class 0 begin with a convolution; those of class 1 are the better by 48 thousandths.
    assert best.get_ydata()[0] == pytest.approx(view.error_pct.min())
    assert line(size, "Pareto front").get_xdata().tolist() == [0]
    assert size.get_title(loc="left") == "Error against size (1 on the front)"
    parameters = [Cell("3|33|333").params_live, Cell("0|00|000").params_live]
    ticks = names(size, "x")
    assert (ticks[0], ticks[-1]) == (f"0\n{parameters[0] / 1e6:.2f} M", f"6\n{parameters[1] / 1e6:.2f} M")
    assert len(size.collections) == 7
    assert notes(figure).startswith(f"{view.measure}; cost: {view.cost_measure}. Grey: all configurations.")


def test_a_published_front_of_other_objectives_is_not_drawn(bench: Benchmark) -> None:
    from nhb2_plugins.landscape.plots import plot_fronts
    from tests.support.figures import drawn

    other = PublishedFront("x.csv", ("error_pct", "params_live"), np.array([[1.0, 50.0]]))
    for against in (None, other):
        cost = drawn(lambda path, against=against: plot_fronts(View.of(bench), path, against)).axes[0]
        assert len(cost.lines) == 2


def test_what_each_strategy_loses_is_a_box(bench: Benchmark) -> None:
    from nhb2_plugins.landscape.plots import plot_joint
    from tests.support.figures import drawn, names, notes

    search = joint_search(bench)
    figure = drawn(plot_joint, search)
    assert figure.get_size_inches().tolist() == [9, 5.2]
    (axes,) = figure.axes
    groups = [
        search.architecture_only[[search.default]],
        search.architecture_only,
        search.hyperparameters_only,
        search.hyperparameters_first,
        search.architecture_first[[search.default]],
        search.architecture_first,
        search.alternating,
    ]
    medians = [
        each.get_xdata()[0] for each in axes.lines if len(set(each.get_xdata())) == 1 and each.get_linewidth() == 2
    ]
    assert medians == pytest.approx([np.median(group) - search.optimum_error_pct for group in groups])
    diamonds = [each.get_xdata()[0] for each in axes.lines if each.get_marker() == "D"]
    assert diamonds == pytest.approx([group.mean() - search.optimum_error_pct for group in groups])
    assert [name.replace("\n", " ") for name in names(axes, "y")] == [
        "architecture only, default setting",
        "architecture only, each of 48 settings",
        "hyperparameters only, each of 4,096 cells",
        "hyperparameters, then architecture, 4,096 cells",
        "architecture, then hyperparameters, default setting",
        "architecture, then hyperparameters, 48 settings",
        "alternating until nothing changes, 4,096 cells",
    ]
    assert axes.yaxis_inverted()
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("symlog", -0.01)
    assert axes.get_xticks().tolist() == [0]  # the largest regret is below a tenth
    assert f"0 is the joint optimum, error {search.optimum_error_pct:.3f} %." in notes(figure)
    assert f"{100 * search.interaction_share:.1f} % of the variance is interaction" in notes(figure)


def test_ticks_go_as_far_as_the_largest_regret(bench: Benchmark) -> None:
    from nhb2_plugins.landscape.plots import plot_joint
    from tests.support.figures import drawn

    # As far as one and a half times it.
    for most, ticks in ((2.1, [0, 0.1, 0.3, 1, 3]), (20.0, [0, 0.1, 0.3, 1, 3, 10, 30])):
        accuracy = 0 * bench.by_row(12).accuracy_pct + 90
        accuracy[:48] -= most  # whatever its setting, a cell of class 0 loses that much
        columns = np.broadcast_to(accuracy, (12, 2, 96)).copy()
        (axes,) = drawn(plot_joint, joint_search(mini_benchmark(valid_acc=columns))).axes
        assert axes.get_xticks().tolist() == ticks


def test_each_figure_is_named_after_its_analysis(bench: Benchmark, tmp_path: Path) -> None:
    from unittest.mock import patch

    from matplotlib.figure import Figure

    from nhb2_plugins.landscape.plots import FIGURES, draw

    asked = Request(bench)
    answers = {name: ANALYSES[name].answer(asked) for name in ("optima", "map", "fidelities", "pareto")}
    written: list[Path] = []
    with patch.object(Figure, "savefig", lambda _, path, **__: written.append(path)):
        files = draw(answers, tmp_path, ".svg")
    assert files == written == [tmp_path / f"{name}.svg" for name in ("map", "fidelities", "pareto")]
    assert set(FIGURES) == set(ANALYSES) - {"optima", "isomorphism"}
