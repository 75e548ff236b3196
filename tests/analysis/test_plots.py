"""Figures as files: what is on each of them, and what is not drawn at all."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse, report_figures
from nhb2_plugins.analysis.page.contents import matrix_rows
from nhb2_plugins.analysis.pictures import ReportFigure
from nhb2_plugins.analysis.plots import draw_figure, narrow_label
from nhb2_plugins.figure_theme import DIVERGING
from tests.analysis import golden
from tests.analysis.runs import campaign_of


def test_a_figure_without_anything_to_show_is_known_by_name_and_not_drawn(tmp_path: Path) -> None:
    every = [each.name for each in report_figures(analyse(campaign_of({name: [1.0, 2.0, 3.0] * 4 for name in "abc"})))]
    little = analyse(campaign_of({"a": [None]}))
    assert [each.name for each in report_figures(little)] == every
    assert [each.name for each in report_figures(little) if each.picture is not None] == []
    with pytest.raises(ValueError, match="nothing to draw in targets"):
        draw_figure(ReportFigure("targets", None), little, tmp_path / "targets.png")


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
