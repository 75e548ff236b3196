"""The static drawing of a chart: seen without scripts, and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from nhb2_plugins.analysis.labels import LABEL_CHARACTERS, spread
from nhb2_plugins.analysis.page.charts import Chart, Line, Look, Points
from nhb2_plugins.analysis.page.svg import element, legend_swatch, line, picture, text, text_lines
from nhb2_plugins.analysis.ticks import Scale
from nhb2_plugins.text_table import wrapped

_SMALLEST_STEP: Final = 0.5  # in the drawing's units: what moves less is not seen
_LABEL_ROOM: Final = 172.0
_LABEL_LINE: Final = 15.0


@dataclass(frozen=True)
class ChartLayout:
    """The room of a drawing, and of its axes in it."""

    width: float
    height: float
    class_: str
    is_wide: bool = False
    left: float = 58.0
    right: float = 12.0
    top: float = 12.0
    bottom: float = 50.0


WIDE: Final = ChartLayout(860.0, 400.0, "chart-static wide-only", is_wide=True)
NARROW: Final = ChartLayout(360.0, 310.0, "chart-static narrow-only")
BESIDE: Final = ChartLayout(360.0, 310.0, "chart-static")


def draw_chart(chart: Chart) -> Markup:
    """The first variant of a chart: for a screen and for paper, and again for a phone; the style sheet shows one."""
    if chart.given.narrow:
        return _drawing(chart, BESIDE)
    return _drawing(chart, WIDE) + _drawing(chart, NARROW)


def _drawing(chart: Chart, layout: ChartLayout) -> Markup:
    labels = chart.is_labelled and layout.is_wide
    frame = _Frame(*chart.scales, layout, _LABEL_ROOM if labels else layout.right)
    # From the back to the front: single runs, what is broad and grey, the curves.
    ordered = sorted(chart.lines, key=lambda curve: (not curve.faint, curve.look.opacity))
    x, y = (axis.title if layout.is_wide else axis.short for axis in (chart.x, chart.y))
    return picture(
        layout.width,
        layout.height,
        chart.given.title,
        chart.given.description,
        *frame.grid(),
        *(frame.curve(each, chart.grid) for each in ordered),
        *(frame.labels(chart) if labels else ()),
        text(x, layout.left + frame.width / 2, layout.height - 8, "axis-title"),
        element(
            "text",
            y,
            transform=f"translate(15 {layout.top + frame.height / 2:.0f}) rotate(-90)",
            text_anchor="middle",
            class_="axis-title",
        ),
        class_=layout.class_,
    )


def swatch(look: Look, *, faint: bool = False) -> Markup:
    """A piece of a line as it looks in the figures."""
    width, dash = (1.0, None) if faint else (look.width + 0.6, _dash_array(look))
    return legend_swatch(stroke=look.colour, stroke_width=width, stroke_dasharray=dash, stroke_opacity=_opacity(look))


def _dash_array(look: Look) -> str | None:
    return None if look.dash == "solid" else look.dash


def _opacity(look: Look) -> float | None:
    return look.opacity if look.opacity < 1 else None


class _Frame:
    """The area of the curves, and the axes around it."""

    def __init__(self, x: Scale, y: Scale, layout: ChartLayout, right: float) -> None:
        self.width = layout.width - layout.left - right
        self.height = layout.height - layout.top - layout.bottom
        self._layout = layout
        self._x = x
        self._y = y

    def at_x(self, value: float) -> float:
        return self._layout.left + self.width * self._x.position(value)

    def at_y(self, value: float) -> float:
        return self._layout.top + self.height * (1 - self._y.position(value))

    def grid(self) -> Iterator[Markup]:
        left, top = self._layout.left, self._layout.top
        right, floor = left + self.width, top + self.height
        for value in self._y.ticks():
            y = self.at_y(value)
            yield line(left, y, right, y, "grid")
            yield text(f"{value:g}", left - 7, y + 4, "tick", "end")
        for value in self._x.ticks():
            x = self.at_x(value)
            yield line(x, top, x, floor, "grid")
            yield text(f"{value:g}", x, floor + 18, "tick")
        yield line(left, floor, right, floor, "frame")

    def curve(self, curve: Line, grid: tuple[float, ...]) -> Markup:
        return element(
            "path",
            d="".join(self._steps(xs, ys) for xs, ys in _pieces(curve.x or grid, curve.y)),
            fill="none",
            stroke=curve.look.colour,
            stroke_width=1 if curve.faint else curve.look.width,
            stroke_linecap="round",  # a single point is seen, too
            stroke_opacity=0.35 if curve.faint else _opacity(curve.look),
            stroke_dasharray=None if curve.faint else _dash_array(curve.look),
        )

    def labels(self, chart: Chart) -> Iterator[Markup]:
        """Each line's name beside its end, a fine line leading there."""
        edge = self._layout.left + self.width
        ends = [next(self._ends(each, chart.grid), None) for each in chart.lines]
        named = [(curve, *end) for curve, end in zip(chart.lines, ends, strict=True) if end]
        texts = [wrapped(curve.name, LABEL_CHARACTERS) for curve, _, _ in named]
        sizes = [_LABEL_LINE * len(lines) + 2 for lines in texts]
        places = spread([y for _, _, y in named], sizes, 0.0, self._layout.top + self.height)
        for (curve, x, y), lines, place in zip(named, texts, places, strict=True):
            lead = f"M{x:.1f} {y:.1f}H{edge:.1f}L{edge + 14:.1f} {place:.1f}"
            yield element("path", d=lead, fill="none", stroke=curve.look.colour, class_="lead")
            yield text_lines(lines, edge + 18, place + 4.5, _LABEL_LINE, "label")

    def _ends(self, curve: Line, grid: tuple[float, ...]) -> Iterator[tuple[float, float]]:
        for x, y in zip(reversed(grid), reversed(curve.y), strict=True):
            if y is not None:
                yield self.at_x(x), self.at_y(y)

    def _steps(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        x, y = self.at_x(xs[0]), self.at_y(ys[0])
        parts = [f"M{x:.1f} {y:.1f}"]
        for each_x, each_y in zip(xs[1:], ys[1:], strict=True):
            next_y = self.at_y(each_y)
            if abs(next_y - y) >= _SMALLEST_STEP:
                parts.append(f"H{self.at_x(each_x):.1f}V{next_y:.1f}")
                y = next_y
        parts.append(f"H{self.at_x(xs[-1]):.1f}")
        return "".join(parts)


def _pieces(xs: Points | tuple[float, ...], ys: Points) -> Iterator[tuple[list[float], list[float]]]:
    """What is drawn in one go: the points between two gaps."""
    piece: list[tuple[float, float]] = []
    for x, y in [*zip(xs, ys, strict=True), (None, None)]:
        if x is not None and y is not None:
            piece.append((x, y))
        elif piece:
            yield [each for each, _ in piece], [each for _, each in piece]
            piece = []
