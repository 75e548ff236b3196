"""Drawings that stand still: critical differences, and final regrets run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from nhb2_plugins.analysis.density import MANY_RUNS, density
from nhb2_plugins.analysis.page.charts import Look, look_of
from nhb2_plugins.analysis.page.svg import element, picture
from nhb2_plugins.analysis.page.ticks import Scale, spanning
from nhb2_plugins.analysis.pictures import RankDiagram, Strip, Strips
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
    return _RankDrawing(diagram).drawing() + _rank_rows(diagram)


def describe_rank_diagram(diagram: RankDiagram) -> str:
    """The diagram in words."""
    ranks = ", ".join(f"{diagram.names[i]} {diagram.mean_rank[i]:.2f}" for i in _by_rank(diagram))
    groups = "; ".join(" and ".join(diagram.names[i] for i in group) for group in diagram.groups)
    joined = f" Not told apart: {groups}." if groups else " All are told apart."
    return f"Average ranks: {ranks}. Critical difference {diagram.critical_difference:.2f}.{joined}"


def _by_rank(diagram: RankDiagram) -> list[int]:
    return sorted(range(len(diagram.names)), key=lambda i: diagram.mean_rank[i])


class _RankDrawing:
    def __init__(self, diagram: RankDiagram) -> None:
        self._diagram = diagram
        self._order = _by_rank(diagram)
        self._scale = Scale(1.0, float(max(len(self._order), 2)), log=False)
        self._spans = [sorted(diagram.mean_rank[i] for i in group) for group in diagram.groups]
        self._levels = _levels(self._spans)
        is_long = any(len(wrapped(name, _NAME_CHARACTERS)) > 1 for name in diagram.names)
        self._row = _NAME_ROW + (_NAME_LINE if is_long else 0)
        self._names_y = _AXIS_Y + 24 + _BAR_GAP * (max(self._levels, default=-1) + 1)

    def drawing(self) -> Markup:
        n_left = (len(self._order) + 1) // 2
        return picture(
            _WIDTH,
            self._names_y + self._row * (n_left - 1) + 22,
            "Critical difference diagram",
            describe_rank_diagram(self._diagram),
            *self._axis(),
            *(part for place in range(len(self._order)) for part in self._name(place, n_left)),
            *self._bars(),
            class_="diagram wide-only",
        )

    def _at(self, rank: float) -> float:
        return _NAME_SIDE + (_WIDTH - 2 * _NAME_SIDE) * self._scale.position(rank)

    def _axis(self) -> Iterator[Markup]:
        last = int(self._scale.high)
        yield _line(self._at(1), _AXIS_Y, self._at(last), _AXIS_Y)
        for rank in range(1, last + 1):
            yield _line(self._at(rank), _AXIS_Y - 6, self._at(rank), _AXIS_Y)
            yield element("text", str(rank), x=self._at(rank), y=_AXIS_Y - 12, text_anchor="middle", class_="tick")
        end = 1 + min(self._diagram.critical_difference, last - 1.0)
        yield _line(self._at(1), 16.0, self._at(end), 16.0)
        yield _line(self._at(1), 11.0, self._at(1), 21.0)
        yield _line(self._at(end), 11.0, self._at(end), 21.0)
        wider = " (wider than the axis)" if self._diagram.critical_difference > last - 1 else ""
        note = f"critical difference {self._diagram.critical_difference:.2f}{wider}"
        yield element("text", note, x=self._at(end) + 10, y=20.0, class_="tick")

    def _name(self, place: int, n_left: int) -> Iterator[Markup]:
        i = self._order[place]
        is_left = place < n_left
        row = place if is_left else len(self._order) - 1 - place
        x, y = self._at(self._diagram.mean_rank[i]), self._names_y + self._row * row
        end = _NAME_SIDE - 14 if is_left else _WIDTH - _NAME_SIDE + 14
        colour = look_of(self._diagram.positions[i]).colour
        yield element("path", d=f"M{x:.1f} {_AXIS_Y}V{y:.1f}H{end:.1f}", fill="none", stroke=colour, stroke_width=1.6)
        yield element("circle", cx=x, cy=_AXIS_Y, r=4.5, fill=colour, class_="ringed")
        *before, last = wrapped(self._diagram.names[i], _NAME_CHARACTERS)
        anchor, shift = ("end", -6) if is_left else ("start", 6)
        yield _lines([*before, f"{last}  {self._diagram.mean_rank[i]:.2f}"], end + shift, y + 4.5, anchor)

    def _bars(self) -> Iterator[Markup]:
        for span, level in zip(self._spans, self._levels, strict=True):
            y = _AXIS_Y + 14 + _BAR_GAP * level
            yield element("line", x1=self._at(span[0]) - 5, y1=y, x2=self._at(span[-1]) + 5, y2=y, class_="group-bar")


def _rank_rows(diagram: RankDiagram) -> Markup:
    width, order = NARROW.width, _by_rank(diagram)
    scale = Scale(1.0, float(max(len(order), 2)), log=False)
    spans = [sorted(diagram.mean_rank[i] for i in group) for group in diagram.groups]
    levels = _levels(spans)
    bars_y = _RANK_ROW * len(order) + 18
    floor = bars_y + _BAR_GAP * (max(levels, default=-1) + 1)

    def at(rank: float) -> float:
        return 12 + (width - 24) * scale.position(rank)

    drawn = [_line(at(rank), 10.0, at(rank), floor, "grid") for rank in range(1, int(scale.high) + 1)]
    for row, i in enumerate(order):
        rank, y, colour = diagram.mean_rank[i], _RANK_ROW * row + 18, look_of(diagram.positions[i]).colour
        name = shortened(diagram.names[i], _LINE_CHARACTERS - 6)
        drawn += [
            element("text", f"{name}  {rank:.2f}", x=4, y=y, class_="name"),
            element("line", x1=at(1), y1=y + 11, x2=at(rank), y2=y + 11, stroke=colour, stroke_width=1.6),
            element("circle", cx=at(rank), cy=y + 11, r=4.5, fill=colour, class_="ringed"),
        ]
    for span, level in zip(spans, levels, strict=True):
        y = bars_y + _BAR_GAP * level
        drawn.append(element("line", x1=at(span[0]) - 5, y1=y, x2=at(span[-1]) + 5, y2=y, class_="group-bar"))
    drawn.append(_line(at(1), floor, at(scale.high), floor))
    drawn += [
        element("text", str(rank), x=at(rank), y=floor + 17, text_anchor="middle", class_="tick")
        for rank in range(1, int(scale.high) + 1)
    ]
    note = f"average rank; critical difference {diagram.critical_difference:.2f}"
    drawn.append(element("text", note, x=width / 2, y=floor + 38, text_anchor="middle", class_="axis-title"))
    title, words = "Critical difference diagram", describe_rank_diagram(diagram)
    return picture(width, floor + 46, title, words, *drawn, class_=NARROW.class_)


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
        parts.append(_line(at(0.0), _STRIP_TOP, at(0.0), floor))
    for number, strip in enumerate(strips.strips):
        parts += _strip(
            strip, strips.value_of, at, _STRIP_TOP + layout.row * (number + 0.5) + layout.name_above / 3, layout
        )
    centre = (layout.left + layout.width - layout.right) / 2
    axis = strips.narrow_axis if layout.name_above else strips.page_axis
    parts.append(element("text", axis, x=centre, y=floor + 42, text_anchor="middle", class_="axis-title"))
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
        line = shortened(name, _LINE_CHARACTERS)
        return element("text", line, x=layout.left, y=y - layout.name_above, class_="name")
    return _lines(wrapped(name, _NAME_CHARACTERS), layout.left - 12, y + 4.5, "end")


def _lines(lines: Sequence[str], x: float, y: float, anchor: str) -> Markup:
    """A name in lines around a height."""
    first = y - _NAME_LINE * (len(lines) - 1) / 2
    spans = (element("tspan", each, x=x, y=first + _NAME_LINE * i) for i, each in enumerate(lines))
    return element("text", *spans, text_anchor=anchor, class_="name")


def _strip_in_words(strip: Strip) -> str:
    if strip.median is None:
        return f"{strip.name}: no run with a result"
    spread = f"from {strip.best:.2f} to {strip.worst:.2f} in {strip.n_runs} runs"
    return f"{strip.name}: median {strip.median.value:.2f}, {spread}"


def _strip_tick(x: float, value: float, floor: float) -> tuple[Markup, Markup]:
    return (
        _line(x, _STRIP_TOP, x, floor, "grid"),
        element("text", f"{value:g}", x=x, y=floor + 18, text_anchor="middle", class_="tick"),
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
        top, bottom = y - _BOX_HALF, y + _BOX_HALF
        yield element("line", x1=middle, y1=top, x2=middle, y2=bottom, stroke=look.colour, class_="median")
        yield element("path", d=f"M{mean:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6Z", class_="mean-mark")


def _line(x1: float, y1: float, x2: float, y2: float, class_: str = "frame") -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)
