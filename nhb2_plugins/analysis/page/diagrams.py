"""Drawings that stand still: critical differences, and final regrets run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from nhb2_plugins.analysis.density import MANY_RUNS, density
from nhb2_plugins.analysis.page.charts import Look, look_of
from nhb2_plugins.analysis.page.svg import element, line, picture, text, text_lines
from nhb2_plugins.analysis.pictures import RankDiagram, Strip, Strips
from nhb2_plugins.analysis.ticks import Scale, spanning
from nhb2_plugins.text_table import shortened, wrapped

_WIDTH: Final = 860.0
_NAME_SIDE: Final = 285.0  # room for names beside the axis of ranks
_NAME_CHARACTERS: Final = 26
_NAME_ROW: Final = 27.0
_NAME_LINE: Final = 16.0
_LINE_CHARACTERS: Final = 44  # of a name in a row of its own
_RANK_ROW: Final = 38.0
_AXIS_Y: Final = 66.0
_BAR_GAP: Final = 12.0

_STRIP_TOP: Final = 8.0
_STRIP_SPREAD: Final = 30.0
_BOX_HALF: Final = 14.0
_MANY_DOTS: Final = 30


def draw_rank_diagram(diagram: RankDiagram) -> Markup:
    """Average ranks on a line, the best to the left; a bar joins those that are not told apart.

    For a screen and for paper, and again for a phone, with a row an optimizer; the style sheet shows one.
    """
    return _rank_names(diagram) + _rank_rows(diagram)


def describe_rank_diagram(diagram: RankDiagram) -> str:
    """The diagram in words."""
    ranks = ", ".join(f"{diagram.names[i]} {diagram.mean_rank[i]:.2f}" for i in diagram.order)
    groups = "; ".join(" and ".join(diagram.names[i] for i in group) for group in diagram.groups)
    joined = f" Not told apart: {groups}." if groups else " All are told apart."
    return f"Average ranks: {ranks}. Critical difference {diagram.critical_difference:.2f}.{joined}"


class _Ranks:
    """What both drawings share: an axis of ranks, and bars in rows."""

    def __init__(self, diagram: RankDiagram, left: float, width: float) -> None:
        self._diagram = diagram
        self._left, self._width = left, width
        self._spans = [sorted(diagram.mean_rank[i] for i in group) for group in diagram.groups]
        self._levels = _levels(self._spans)
        self.order = diagram.order
        self.every = range(1, max(len(self.order), 2) + 1)
        self.bars_height = _BAR_GAP * (max(self._levels, default=-1) + 1)

    def at(self, rank: float) -> float:
        return self._left + self._width * Scale(1.0, float(self.every[-1]), log=False).position(rank)

    def bars(self, top: float) -> Iterator[Markup]:
        for span, level in zip(self._spans, self._levels, strict=True):
            y = top + _BAR_GAP * level
            yield line(self.at(span[0]) - 5, y, self.at(span[-1]) + 5, y, "group-bar")

    def drawing(self, width: float, height: float, class_: str, *drawn: Markup) -> Markup:
        words = describe_rank_diagram(self._diagram)
        return picture(width, height, "Critical difference diagram", words, *drawn, class_=class_)


def _rank_names(diagram: RankDiagram) -> Markup:
    """Names on stalks on either side of the bars."""
    ranks = _Ranks(diagram, _NAME_SIDE, _WIDTH - 2 * _NAME_SIDE)
    is_long = any(len(wrapped(name, _NAME_CHARACTERS)) > 1 for name in diagram.names)
    row = _NAME_ROW + (_NAME_LINE if is_long else 0)
    first = _AXIS_Y + 24 + ranks.bars_height
    n, n_left = len(ranks.order), (len(ranks.order) + 1) // 2
    rows = [place if place < n_left else n - 1 - place for place in range(n)]
    return ranks.drawing(
        _WIDTH,
        first + row * (n_left - 1) + 22,
        WIDE.class_,
        *_rank_axis(ranks, diagram.critical_difference),
        *(
            part
            for place, i in enumerate(ranks.order)
            for part in _stalk(diagram, i, ranks.at(diagram.mean_rank[i]), first + row * rows[place], place < n_left)
        ),
        *ranks.bars(_AXIS_Y + 14),
    )


def _rank_axis(ranks: _Ranks, critical_difference: float) -> Iterator[Markup]:
    begin, last = ranks.at(1), ranks.every[-1]
    yield line(begin, _AXIS_Y, ranks.at(last), _AXIS_Y, "frame")
    for rank in ranks.every:
        yield line(ranks.at(rank), _AXIS_Y - 6, ranks.at(rank), _AXIS_Y, "frame")
        yield text(str(rank), ranks.at(rank), _AXIS_Y - 12, "tick")
    end = ranks.at(1 + min(critical_difference, last - 1.0))
    yield line(begin, 16.0, end, 16.0, "frame")
    yield line(begin, 11.0, begin, 21.0, "frame")
    yield line(end, 11.0, end, 21.0, "frame")
    wider = " (wider than the axis)" if critical_difference > last - 1 else ""
    yield text(f"critical difference {critical_difference:.2f}{wider}", end + 10, 20.0, "tick", None)


def _stalk(diagram: RankDiagram, i: int, x: float, y: float, is_left: bool) -> Iterator[Markup]:
    end = _NAME_SIDE - 14 if is_left else _WIDTH - _NAME_SIDE + 14
    colour = look_of(diagram.positions[i]).colour
    yield element("path", d=f"M{x:.1f} {_AXIS_Y}V{y:.1f}H{end:.1f}", fill="none", stroke=colour, stroke_width=1.6)
    yield element("circle", cx=x, cy=_AXIS_Y, r=4.5, fill=colour, class_="ringed")
    *before, last = wrapped(diagram.names[i], _NAME_CHARACTERS)
    anchor, shift = ("end", -6) if is_left else ("start", 6)
    lines = [*before, f"{last}  {diagram.mean_rank[i]:.2f}"]
    yield text_lines(lines, end + shift, y + 4.5, _NAME_LINE, "name", anchor)


def _rank_rows(diagram: RankDiagram) -> Markup:
    """A row an optimizer, the bars below them."""
    ranks = _Ranks(diagram, 12, NARROW.width - 24)
    bars_y = _RANK_ROW * len(ranks.order) + 18
    floor = bars_y + ranks.bars_height
    rows: list[Markup] = []
    for row, i in enumerate(ranks.order):
        rank, y, colour = diagram.mean_rank[i], _RANK_ROW * row + 18, look_of(diagram.positions[i]).colour
        name = shortened(diagram.names[i], _LINE_CHARACTERS - 6)
        rows += [
            text(f"{name}  {rank:.2f}", 4, y, "name", None),
            line(ranks.at(1), y + 11, ranks.at(rank), y + 11, stroke=colour, stroke_width=1.6),
            element("circle", cx=ranks.at(rank), cy=y + 11, r=4.5, fill=colour, class_="ringed"),
        ]
    note = f"average rank; critical difference {diagram.critical_difference:.2f}"
    return ranks.drawing(
        NARROW.width,
        floor + 46,
        NARROW.class_,
        *(line(ranks.at(rank), 10.0, ranks.at(rank), floor, "grid") for rank in ranks.every),
        *rows,
        *ranks.bars(bars_y),
        line(ranks.at(1), floor, ranks.at(ranks.every[-1]), floor, "frame"),
        *(text(str(rank), ranks.at(rank), floor + 17, "tick") for rank in ranks.every),
        text(note, NARROW.width / 2, floor + 38, "axis-title"),
    )


def _levels(spans: Sequence[Sequence[float]]) -> list[int]:
    """The line that each bar stands on, so that none touches another."""
    ends: list[float] = []
    levels = []
    for span in spans:
        level = next((i for i, end in enumerate(ends) if end < span[0] - 0.1), len(ends))
        ends[level : level + 1] = [span[-1]]
        levels.append(level)
    return levels


@dataclass(frozen=True)
class StripLayout:
    """The room of a drawing of final regrets; names stand beside the rows, or above them.

    Attributes:
        width: of the whole.
        left: where the axis begins,
        right: and how far from the edge it ends.
        row: height of a row.
        name_above: how far above a row's middle its name stands; 0 for beside it.
        class_: for the style sheet.
    """

    width: float
    left: float
    right: float
    row: float
    name_above: float
    class_: str


WIDE: Final = StripLayout(_WIDTH, 236.0, 18.0, 46.0, 0.0, "diagram wide-only")
NARROW: Final = StripLayout(360.0, 8.0, 14.0, 62.0, 23.0, "diagram narrow-only")


def draw_strips(strips: Strips, layout: StripLayout = WIDE) -> Markup:
    """Every value as a dot, quartiles and median as a box, the mean as a diamond.

    Args:
        strips: one for each row.
        layout: :data:`WIDE`, or :data:`NARROW` for a phone.
    """
    everything = [value for strip in strips.strips for _, value in strip.values] + [0.0] * strips.signed
    positive = [value for value in everything if value > 0]
    is_log = len(positive) == len(everything) and bool(positive) and max(positive) / min(positive) > 8
    scale = spanning(everything, log=is_log)
    floor = _STRIP_TOP + layout.row * len(strips.strips)

    def at(value: float) -> float:
        return layout.left + (layout.width - layout.left - layout.right) * scale.position(value)

    parts = [part for tick in scale.ticks() for part in _strip_tick(at(tick), tick, floor)]
    if strips.signed:
        parts.append(line(at(0.0), _STRIP_TOP, at(0.0), floor, "frame"))
    for number, strip in enumerate(strips.strips):
        parts += _strip(
            strip, strips.value_of, at, _STRIP_TOP + layout.row * (number + 0.5) + layout.name_above / 3, layout
        )
    centre = (layout.left + layout.width - layout.right) / 2
    axis = strips.narrow_axis if layout.name_above else strips.page_axis
    parts.append(text(axis, centre, floor + 42, "axis-title"))
    words = "; ".join(_strip_in_words(strip) for strip in strips.strips)
    return picture(layout.width, floor + 50, strips.title, words + ".", *parts, class_=layout.class_)


def _strip(
    strip: Strip, value_of: str, at: Callable[[float], float], y: float, layout: StripLayout
) -> Iterator[Markup]:
    look = look_of(strip.position)
    yield _strip_name(strip.name, y, layout)
    if strip.n_runs > MANY_RUNS:
        yield _density(strip, at, y, look, layout)
    yield from _box(strip, at, y, look)
    if strip.n_runs <= MANY_RUNS:
        yield element(
            "g", *(_dot(strip, value_of, *each, at, y) for each in strip.values), fill=look.colour, class_="dot"
        )
    yield from _marks(strip, at, y, look)


def _strip_name(name: str, y: float, layout: StripLayout) -> Markup:
    if layout.name_above:
        return text(shortened(name, _LINE_CHARACTERS), layout.left, y - layout.name_above, "name", None)
    return text_lines(wrapped(name, _NAME_CHARACTERS), layout.left - 12, y + 4.5, _NAME_LINE, "name", "end")


def _strip_in_words(strip: Strip) -> str:
    if strip.median is None:
        return f"{strip.name}: no run with a result"
    spread = f"from {strip.best:.2f} to {strip.worst:.2f} in {strip.n_runs} runs"
    return f"{strip.name}: median {strip.median.value:.2f}, {spread}"


def _strip_tick(x: float, value: float, floor: float) -> tuple[Markup, Markup]:
    return (
        line(x, _STRIP_TOP, x, floor, "grid"),
        text(f"{value:g}", x, floor + 18, "tick"),
    )


def _dot(strip: Strip, value_of: str, number: int, value: float, at: Callable[[float], float], y: float) -> Markup:
    """One run; dots are spread over the height by the golden ratio, so that equal ones stay apart."""
    shift = ((number * 0.618034) % 1 - 0.5) * _STRIP_SPREAD
    few = strip.n_runs <= _MANY_DOTS
    # A hundred titles an optimizer would be a third of the page.
    title = (element("title", f"{strip.name}, {value_of} {number}: {value:.2f}"),) if few else ()
    return element("circle", *title, cx=at(value), cy=y + shift, r=3.2 if few else 2.0)


def _density(strip: Strip, at: Callable[[float], float], y: float, look: Look, layout: StripLayout) -> Markup:
    """How many runs lie where, up and down from the middle of the row."""
    places = np.array([at(value) for _, value in strip.values])
    xs = np.linspace(max(layout.left, places.min() - 12), min(layout.width - layout.right, places.max() + 12), 90)
    heights = density(places, xs) * _STRIP_SPREAD / 2
    above = "L".join(f"{x:.1f} {y - height:.1f}" for x, height in zip(xs, heights, strict=True))
    below = "L".join(f"{x:.1f} {y + height:.1f}" for x, height in zip(xs[::-1], heights[::-1], strict=True))
    return element("path", d=f"M{above}L{below}Z", fill=look.colour, class_="density")


def _box(strip: Strip, at: Callable[[float], float], y: float, look: Look) -> Iterator[Markup]:
    if strip.quarter is not None and strip.three_quarters is not None:
        left, right = at(strip.quarter), at(strip.three_quarters)
        yield element(
            "rect",
            x=left,
            y=y - _BOX_HALF,
            width=max(right - left, 1.0),
            height=2 * _BOX_HALF,
            rx=3,
            stroke=look.colour,
            class_="box",
        )


def _marks(strip: Strip, at: Callable[[float], float], y: float, look: Look) -> Iterator[Markup]:
    if strip.median is not None and strip.mean is not None:
        middle, mean = at(strip.median.value), at(strip.mean.value)
        yield line(middle, y - _BOX_HALF, middle, y + _BOX_HALF, "median", stroke=look.colour)
        yield element("path", d=f"M{mean:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6Z", class_="mean-mark")
