"""Names beside the ends of curves: none upon another, all on the sheet, and each led to from its own curve."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from nhb2_plugins.analysis.analyse import analyse, report_figures
from nhb2_plugins.analysis.end_labels import End, label_ends, labels_height
from nhb2_plugins.analysis.plots import draw_figure, draw_for_paper
from tests.analysis.runs import campaign_of

LONG = "Regularized evolution with a population of fifty and tournaments of ten"
WORD = "an_optimizer_whose_name_is_one_word_without_any_break"
NAMES = {
    "two": ["A", "BOHB"],
    "five": ["Random search", "Regularized evolution", "Optuna TPE", "SMAC", "BOHB"],
    "twelve": [f"optimizer {i}" for i in range(12)],
    "long": [f"{name} {turn}" for turn in (1, 2) for name in (LONG, WORD, "short")],
    "fourteen": [f"{LONG} {i}" for i in range(14)],
}


def boxes_of(figure: Figure) -> tuple[Axes, list[Annotation], list[Any]]:
    """The axes, their labels, and where these stand, in pixels, in their order from below."""
    figure.draw_without_rendering()
    (axes,) = figure.axes
    labels = [each for each in axes.texts if isinstance(each, Annotation) and each.arrow_patch is not None]
    boxes = [(Text.get_window_extent(each), each) for each in labels]
    boxes.sort(key=lambda pair: float(pair[0].y0))
    return axes, [label for _, label in boxes], [box for box, _ in boxes]


def drawn(ends: Sequence[End], scale: str = "log") -> Figure:
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.set_yscale(scale)
    axes.set_xlim(0, 10)
    axes.set_ylim(0.1, 10)
    label_ends(axes, ends, 9.0)
    return figure


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("width", [3.3, 6.9, 9.0])
def test_names_are_on_the_sheet_and_not_upon_each_other(
    names: str, width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: figures.append(self))
    finals = {name: [1.5 * i % 4 + 0.37 * seed % 3 + 0.3 for seed in range(6)] for i, name in enumerate(NAMES[names])}
    analysis = analyse(campaign_of(finals))
    shown = next(each for each in report_figures(analysis) if each.name == "regret_over_time")
    if width < 9:
        draw_for_paper(shown, width, None)  # nothing is written
    else:
        draw_figure(shown, analysis, None)
    axes, labels, boxes = boxes_of(figures[0])
    if names == "fourteen" and width == 9:
        assert figures[0].legends
        return
    assert len(labels) == len(finals)
    assert all(one.y1 <= other.y0 + 0.01 for one, other in pairwise(boxes))
    sheet = figures[0].bbox
    assert all(sheet.x0 <= box.x0 and box.x1 <= sheet.x1 for box in boxes)
    assert all(sheet.y0 <= box.y0 and box.y1 <= sheet.y1 for box in boxes)
    assert axes.bbox.width > 0.4 * sheet.width


def test_a_lead_begins_where_its_curve_ends() -> None:
    axes, labels, _ = boxes_of(drawn([End("low", 10, 0.2, "#ff0000"), End("high", 4, 5.0, "#00ff00")]))
    assert [each.get_text() for each in labels] == ["low", "high"]
    for label, value in zip(labels, (0.2, 5.0), strict=True):
        at = axes.transAxes.transform(label.xy)
        assert at[1] == pytest.approx(axes.transData.transform((10, value))[1])
        assert at[0] == pytest.approx(axes.bbox.x1)
        begin = axes.transData.transform((10, value))[0] + 12 / 72 * axes.figure.dpi
        assert Text.get_window_extent(label).x0 == pytest.approx(begin, abs=0.5)
        assert label.arrow_patch is not None
        assert label.arrow_patch.get_linewidth() == 0.7
    assert axes.get_xlim() == (0, 10)
    (rest,) = axes.collections  # from where the curve ends before the others to the axes' end
    assert rest.get_paths()[0].vertices.tolist() == [[4, 5], [10, 5]]
    assert rest.get_linewidth() == [0.7]


def test_labels_of_the_same_value_stand_next_to_each_other() -> None:
    ends = [End(name, 10, 1.0, "#000000") for name in "abc"]
    axes, labels, boxes = boxes_of(drawn(ends))
    assert len({label.xy for label in labels}) == 1
    heights = [box.y1 - box.y0 for box in boxes]
    assert all(other.y0 - one.y1 < heights[0] / 2 for one, other in pairwise(boxes))
    assert axes.bbox.y0 <= boxes[0].y0


def test_zero_stands_at_the_foot_of_a_logarithmic_axis() -> None:
    _, labels, boxes = boxes_of(drawn([End("none", 10, 0.0, "#000000"), End("some", 10, 0.11, "#000000")]))
    assert [each.get_text() for each in labels] == ["none", "some"]
    assert labels[0].xy == (1.0, 0.0)
    assert boxes[0].y1 <= boxes[1].y0


def test_labels_are_as_high_as_their_lines() -> None:
    one, three = labels_height(["a"], 10), labels_height(["a", "b\nc"], 10)
    assert one == pytest.approx((12 + 2) / 72)
    assert three == pytest.approx((36 + 4) / 72)
