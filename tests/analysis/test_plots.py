"""Figures as files: what is on each of them, and what is not drawn at all."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nhb2_plugins.analysis import pictures
from nhb2_plugins.analysis.analyse import analyse, report_figures
from nhb2_plugins.analysis.model import Interval
from nhb2_plugins.analysis.page.contents import matrix_rows
from nhb2_plugins.analysis.plots import draw_figure, draw_for_paper, narrow_label
from nhb2_plugins.figure_theme import COLOURS, DIVERGING
from tests.analysis import golden
from tests.analysis.runs import campaign_of
from tests.support.figures import drawn, notes


def test_a_figure_without_anything_to_show_is_known_by_name_and_not_drawn(tmp_path: Path) -> None:
    every = [each.name for each in report_figures(analyse(campaign_of({name: [1.0, 2.0, 3.0] * 4 for name in "abc"})))]
    little = analyse(campaign_of({"a": [None]}))
    assert [each.name for each in report_figures(little)] == every
    assert [each.name for each in report_figures(little) if each.picture is not None] == []
    with pytest.raises(ValueError, match="nothing to draw in targets"):
        draw_figure(pictures.ReportFigure("targets", None), little, tmp_path / "targets.png")


def test_regrets_that_are_all_zero_are_drawn_on_a_linear_axis() -> None:
    drawn = "\n".join(golden.figures(analyse(campaign_of({"a": [0.0] * 3, "b": [0.0] * 3}))))
    regret = drawn.partition("# regret_over_time")[2].partition("# median")[0]
    assert [line.split()[1] for line in regret.splitlines() if line.startswith("  ticks")] == ["log", "linear"]


def test_looks_repeat_after_seven_with_other_dashes() -> None:
    finals = {f"optimizer {i}": [float(i + seed) for seed in range(5)] for i in range(9)}
    drawn = "\n".join(golden.figures(analyse(campaign_of(finals))))
    regret = drawn.partition("# regret_over_time")[2].partition("# median")[0]
    looks = [line.rsplit("' (", 1)[1].split(", ")[:2] for line in regret.splitlines() if line.startswith("  line 'opt")]
    assert looks[7:] == [["'#0072B2'", "'--'"], ["'#D55E00'", "'-.'"]]
    assert looks[:2] == [["'#0072B2'", "'-'"], ["'#D55E00'", "'--'"]]


def test_of_a_hundred_runs_the_dots_are_smaller() -> None:
    sizes = []
    for n in (99, 100):
        drawn = "\n".join(golden.figures(analyse(campaign_of({"a": [i / 10 for i in range(n)]}))))
        sizes.append(drawn.partition("# final_regret")[2].partition("  marks")[2].split("\n")[0])
    assert sizes[0] != sizes[1]


def test_above_two_hundred_runs_a_shape_stands_for_the_dots() -> None:
    has_dots = []
    for n in (200, 201):
        drawn = "\n".join(golden.figures(analyse(campaign_of({"a": [i / 10 for i in range(n)]}))))
        marks = drawn.partition("# final_regret")[2].split("\n# ")[0].split("  marks")[1:]
        has_dots.append(any(f" {2 * n}:" in each for each in marks))
    assert has_dots == [True, False]


def test_probabilities_have_the_colours_that_they_have_on_the_page() -> None:
    analysis = analyse(campaign_of({"a": [1.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]}))
    (row, _) = matrix_rows(analysis.improvement)
    cell = row.cells[1]
    assert cell is not None
    assert cell.value == pytest.approx(6 / 9)
    ours = [round(255 * each) for each in DIVERGING(cell.value)[:3]]
    theirs = [int(cell.ground[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(np.subtract(ours, theirs)).max() <= 2


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Regularized evolution", "Regularized\nevolution"),
        ("BOHB", "BOHB"),
        ("averyveryverylongword", "averyveryvery\nlongword"),
        ("a b c d e f g", "a b c d e\nf g"),
        (" ", " "),
        ("x" * 300, "xxxxxxxxxxxxx\nxxxxxxx…xxxxx\nxxxxxxxxxxxxx"),
    ],
)
def test_a_column_s_label_is_broken_between_words(name: str, label: str) -> None:
    assert narrow_label(name) == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("short", "short (1 run)"),
        ("x" * 22, "x" * 22 + " (1 run)"),
        ("x" * 23, "x" * 23 + "\n(1 run)"),
        ("one two three four five six seven", "one two three four five six\nseven (1 run)"),
        ("x" * 300, "x" * 30 + "\n…" + "x" * 29 + "\n(1 run)"),
    ],
)
def test_a_name_beside_a_curve_leaves_room_for_the_axes(name: str, label: str) -> None:
    drawn = "\n".join(golden.figures(analyse(campaign_of({name: [1.0]}))))
    assert f"text {label!r}" in drawn.partition("# regret_over_time")[2].partition("# median")[0]


def test_of_more_than_fourteen_curves_a_legend_tells_the_names() -> None:
    has_legend = []
    for n in (14, 15):
        drawn = "\n".join(golden.figures(analyse(campaign_of({f"optimizer {i}": [float(i + 1)] for i in range(n)}))))
        has_legend.append("\nlegend " in drawn.partition("# regret_over_time")[2].partition("# median")[0])
    assert has_legend == [False, True]


def test_of_names_that_are_higher_than_the_axes_a_legend_tells() -> None:
    names = [f"regularized evolution with a population of {i}" for i in range(13)]
    drawn = "\n".join(golden.figures(analyse(campaign_of({name: [1.0] for name in names}))))
    assert "\nlegend " in drawn.partition("# regret_over_time")[2].partition("# median")[0]


def test_a_long_name_leaves_room_for_every_figure() -> None:
    """Matplotlib draws figures whose axes have no room all the same, and warns."""
    finals = {"x" * 300: [1.0 + i / 9 for i in range(12)], "b": [2.0 + i / 9 for i in range(12)], "c": [4.0] * 12}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analysis = analyse(campaign_of(finals))
        for figure in report_figures(analysis):
            if figure.picture is not None:
                draw_figure(figure, analysis, Path(os.devnull), "svg")


# --- places on a figure, by hand --------------------------------------------------------------------------------------


def figure_of(picture: pictures.Picture, *, paper_in: float | None = None) -> Figure:
    """The figure of a picture, as a file of nine inches or for a paper."""
    given = pictures.ReportFigure("a", picture, "A title", ("A note.",))
    if paper_in is None:
        return drawn(partial(draw_figure, given, ANALYSIS))
    return drawn(partial(draw_for_paper, given, paper_in))


ANALYSIS = analyse(campaign_of({"a": [1.0]}))
RANKS = pictures.RankDiagram(("a", "b", "c"), (0, 1, 2), (2.0, 3.0, 1.0), 1.25, ((2, 0), (0, 1)))
X = pictures.Axis("simulated time (hours)", "simulated time", "h", scale=3600.0)
Y = pictures.Axis("regret (percentage points)", "regret", "pp")


def ends(lines: Any) -> list[list[tuple[float, float]]]:
    """The points of lines, to four digits."""
    return [[(round(float(x), 4), round(float(y), 4)) for x, y in zip(*each.get_data(), strict=True)] for each in lines]


def segments(axes: Axes) -> list[list[float]]:
    """Horizontal and vertical lines: x and y of their beginning, then of their end, to four digits."""
    return [np.round(each, 4).ravel().tolist() for lines in axes.collections for each in lines.get_segments()]


def test_ranks_hang_from_their_axis_in_the_order_of_the_means() -> None:
    (axes,) = figure_of(RANKS).axes
    found = segments(axes)
    assert found[:4] == [[1, 0, 3, 0], [1, 0, 1, 0.12], [2, 0, 2, 0.12], [3, 0, 3, 0.12]]
    assert found[4:6] == [[0.97, -0.2, 2.03, -0.2], [1.97, -0.42, 3.03, -0.42]]  # the bars
    assert found[6:] == [[1, 0.85, 2.25, 0.85], [1, 0.77, 1, 0.93], [2.25, 0.77, 2.25, 0.93]]
    # Below the bars at -0.69: two on the left, the third again on the first line, on the right.
    first, second = -0.69 - 0.42 * 0.4, -0.69 - 0.42 * 1.4
    assert ends(axes.lines) == [
        [(1, 0), (1, round(first, 4)), (0.76, round(first, 4))],
        [(2, 0), (2, round(second, 4)), (0.76, round(second, 4))],
        [(3, 0), (3, round(first, 4)), (3.24, round(first, 4))],
    ]
    assert [each.get_color() for each in axes.lines] == [COLOURS[i] for i in (2, 0, 1)]
    said = {each.get_text(): (*each.get_position(), each.get_ha()) for each in axes.texts}
    assert [(text, said[text]) for text in "123"] == [(text, (int(text), 0.18, "center")) for text in "123"]
    assert said["c  1.00"] == (pytest.approx(0.7), pytest.approx(first), "right")
    assert said["3.00  b"] == (pytest.approx(3.3), pytest.approx(first), "left")
    assert said["critical difference 1.25"] == (1.625, 1.0, "center")
    assert axes.get_xlim() == (-0.5, 4.5)
    assert axes.get_ylim() == (pytest.approx(-0.69 - 0.42 * 2), 1.4)


def test_a_critical_difference_wider_than_the_axis_is_not_drawn() -> None:
    (axes,) = figure_of(replace(RANKS, critical_difference=2.0)).axes
    assert not [each for each in axes.texts if "critical" in each.get_text()]
    assert len(segments(axes)) == 6


def strip(values: list[float], **more: Any) -> pictures.Strip:
    return pictures.Strip("a name", 1, tuple(enumerate(values)), **more)


SPREAD = strip([2.0, 6.0, 4.0], mean=Interval(4.5, 3.0, 7.0), median=Interval(4.0, 2.0, 6.0))


def test_a_strip_has_dots_a_line_at_the_median_and_a_diamond_at_the_mean() -> None:
    (axes,) = figure_of(pictures.Strips((SPREAD, strip([]), SPREAD), "regret", "", "")).axes
    first, median, error, second, median_below, error_below = axes.collections
    dots = np.asarray(first.get_offsets())
    assert dots[:, 0].tolist() == [2.0, 6.0, 4.0]
    assert (np.abs(dots[:, 1]) <= 0.28).all()
    assert len(set(dots[:, 1])) == 3
    assert first.get_sizes().tolist() == [9]
    assert np.asarray(second.get_offsets())[:, 1] == pytest.approx(2, abs=0.28)
    assert [each.get_segments()[0].tolist() for each in (median, median_below)] == [
        [[4, -0.3], [4, 0.3]],
        [[4, 1.7], [4, 2.3]],
    ]
    assert [each.get_segments()[0].tolist() for each in (error, error_below)] == [[[3, 0], [7, 0]], [[3, 2], [7, 2]]]
    diamond = axes.lines[0]
    assert (diamond.get_xdata()[0], diamond.get_marker(), diamond.get_markerfacecolor()) == (4.5, "D", COLOURS[1])
    assert (axes.get_ylim(), axes.get_xlim()[0], axes.get_xlabel()) == ((2.5, -0.5), 0, "regret")
    assert [each.get_text() for each in axes.get_yticklabels()] == ["a name"] * 3
    (signed,) = figure_of(pictures.Strips((SPREAD,), "change", "", "", signed=True)).axes
    assert ends(signed.lines)[-1] == [(0, 0), (0, 1)]
    assert signed.get_xlim()[0] < 0


def curves(*given: pictures.Curve, **more: Any) -> pictures.Curves:
    return pictures.Curves(X, Y, given, **more)


A = pictures.Curve("a", 0, *np.array([[3600, 7200, 36000], [8, 4, 2], [6, 0, 1], [9, 5, 3]]), n_runs=5)
B = pictures.Curve("b", 1, np.array([3600.0, 36000.0]), np.array([0.0, 0.5]))


def test_curves_are_steps_with_bands_that_end_above_zero() -> None:
    random = pictures.Curve("random", None, np.array([3600.0, 36000.0]), np.array([5.0, 4.0]), smooth=True)
    (axes,) = figure_of(curves(A, B, random)).axes
    assert ends(axes.lines) == [[(1, 8), (2, 4), (10, 2)], [(1, 0), (10, 0.5)], [(1, 5), (10, 4)]]
    assert [each.get_drawstyle() for each in axes.lines] == ["steps-post", "steps-post", "default"]
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.25, 9)  # half the smallest positive value
    assert band.get_alpha() == 0.15
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("simulated time (hours)", "regret (percentage points)")
    assert [axes.get_xscale(), axes.get_yscale()] == ["log", "log"]


def test_the_more_bands_lie_over_each_other_the_fainter_they_are() -> None:
    (axes,) = figure_of(curves(*(replace(A, position=i) for i in range(6)))).axes
    assert [each.get_alpha() for each in axes.collections] == [pytest.approx(0.075)] * 6


def test_a_level_to_compare_with_is_a_line_with_its_name() -> None:
    (axes,) = figure_of(curves(A, reference=(1.5, "best of the table"))).axes
    assert ends(axes.lines)[-1] == [(0, 1.5), (1, 1.5)]
    (name,) = [each for each in axes.texts if each.get_text() == "best of the table"]
    assert name.xy == (0, 1.5)
    assert axes.collections[0].get_paths()[0].vertices[:, 1].min() == 0  # an error has no floor


def test_intervals_of_last_values_stand_right_of_the_end() -> None:
    given = (replace(A, low=np.empty(0), high=np.empty(0)), replace(B, y=np.array([2.0, 1.0])))
    (axes,) = figure_of(curves(*given, ends=(Interval(2.0, 1.5, 2.5), Interval(1.0, 0.75, 1.25)))).axes
    step = 10**0.025  # of one to ten hours
    assert segments(axes)[:2] == [
        [round(10 * step, 4), 1.5, round(10 * step, 4), 2.5],
        [round(10 * step**2, 4), 0.75, round(10 * step**2, 4), 1.25],
    ]
    assert axes.get_xlim() == (1, pytest.approx(10 * step**4))
    assert axes.get_ylim() == (2.15, 0.85)
    assert axes.get_yticks().tolist() == [1, 2]
    assert max(axes.get_xticks()) <= 10
    assert [10, 10] in [list(each.get_xdata()) for each in axes.lines]


def test_panels_share_the_y_axis_and_begin_where_they_are_told_to() -> None:
    share = pictures.Axis("share of runs", "share", log=False)
    one = pictures.Curves(X, share, (A, B), "1 point", begin=1800.0)
    first, second = figure_of(pictures.Panels((one, replace(one, title="2 points")))).axes
    assert [each.get_title(loc="left") for each in (first, second)] == ["1 point", "2 points"]
    assert first.get_xlim() == second.get_xlim() == (0.5, 10)
    assert first.get_ylim() == second.get_ylim() == (-0.02, 1.02)
    assert (first.get_ylabel(), second.get_ylabel()) == ("share of runs", "")
    assert first.get_xlabel() == second.get_xlabel() == "simulated time (hours)"
    above, below = figure_of(pictures.Panels((one, one)), paper_in=3.3).axes
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "simulated time (h)")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.0, 1.9, [1, 1.5]),
        (1.0, 10.0, [1, 1.5, 2, 3, 5, 7, 10]),
        (1.0, 30.0, [1, 2, 3, 5, 10, 20, 30]),
        (1.0, 500.0, [1, 2, 5, 10, 20, 50, 100, 200, 500]),
        (1.0, 3000.0, [1, 3, 10, 30, 100, 300, 1000, 3000]),
        (1.0, 1e6, [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]),
    ],
)
def test_a_logarithmic_axis_has_at_most_nine_ticks(low: float, high: float, ticks: list[float]) -> None:
    x = 3600 * np.array([low, high])
    given = (pictures.Curve("a", 0, x, np.array([2.0, 1.0])), pictures.Curve("b", 1, x, np.array([1.0, 2.0])))
    (axes,) = figure_of(curves(*given, ends=(Interval(2.0, 2.0, 2.0), Interval(1.0, 1.0, 1.0)))).axes
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("picture", "column", "page"),
    [
        (curves(A, B), 2.3, 3.0),
        (curves(*(replace(A, position=i) for i in range(15))), 2.3 + 15 * 0.19, 3.0 + 0.19 * (15 / 3 + 1)),
        (
            pictures.Panels((curves(A, B, begin=1800.0), curves(A, begin=1800.0))),
            0.5 + 2 * 1.3 + 2 * 0.19,
            2.4 + 0.19 * (2 / 3 + 1),
        ),
        (pictures.Strips((SPREAD,) * 4, "", "", ""), 0.7 + 4 * 0.36, 0.7 + 4 * 0.36),
        (RANKS, 0.9 + 2 * 0.1 + 2 * 0.32, 0.9 + 2 * 0.1 + 2 * 0.32),
        (pictures.Matrix(("a", "b"), *[np.full((2, 2), 0.5)] * 3, (True, True)), 1.1 + 2 * 0.36, 0.9 + 2 * 0.36),
    ],
    ids=lambda each: type(each).__name__,
)
def test_in_a_paper_a_figure_is_as_high_as_its_rows_and_legend(
    picture: pictures.Picture, column: float, page: float
) -> None:
    assert figure_of(picture, paper_in=3.3).get_size_inches().tolist() == pytest.approx([3.3, column])
    assert figure_of(picture, paper_in=6.9).get_size_inches().tolist() == pytest.approx([6.9, page])


def test_a_matrix_has_its_probabilities_bold_where_they_are_certain() -> None:
    values = np.array([[np.nan, 0.75, 0.9], [0.25, np.nan, 0.5], [0.1, 0.5, np.nan]])
    low, high = values - 0.3, values + 0.3
    low[0, 2], high[0, 2], low[0, 1], high[0, 1], high[2, 0] = 0.8, 1.0, 0.6, 0.9, 0.2
    matrix = pictures.Matrix(("a", "b", "c"), values, low, high, (True, False, True))
    axes, bar = figure_of(matrix).axes

    def written() -> dict[tuple[float, float], tuple[str, object]]:
        cells = figure_of(matrix).axes[0].texts
        return {each.get_position(): (each.get_text(), each.get_weight()) for each in cells}

    cells = written()
    assert cells == {
        (1, 0): ("0.75", "normal"),  # b has too few runs
        (2, 0): ("0.90", "bold"),
        (0, 1): ("0.25", "normal"),
        (2, 1): ("0.50", "normal"),
        (0, 2): ("0.10", "bold"),
        (1, 2): ("0.50", "normal"),
    }
    low[0, 2], high[2, 0] = 0.5, 0.5  # an end on one half does not tell them apart
    assert [weight for _, weight in written().values()] == ["normal"] * 6
    assert [each.get_text() for each in axes.get_xticklabels()] == ["a", "b", "c"]
    assert (bar.get_ylabel(), bar.get_yticks().tolist()) == ("probability", [0, 0.25, 0.5, 0.75, 1])
    (alone,) = figure_of(pictures.Matrix(("a", "b", "c"), values, low, high, (True,) * 3), paper_in=3.3).axes
    assert [each.get_rotation() for each in alone.get_xticklabels()] == [90] * 3


def test_notes_and_title_stand_on_a_file_and_not_in_a_paper() -> None:
    figure = figure_of(RANKS)
    assert figure.get_suptitle() == "A title"
    assert notes(figure).startswith("A note. Numbers from the embedded table (01234567)")
    paper = figure_of(RANKS, paper_in=6.9)
    assert (paper.get_suptitle(), paper.get_supxlabel()) == ("", "")
