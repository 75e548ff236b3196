"""The static drawing of a chart: seen without scripts, and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from nhb2_plugins.analysis.page.charts import LABEL_CHARACTERS, Chart, Line, Look, Points
from nhb2_plugins.analysis.page.labels import spread
from nhb2_plugins.analysis.page.svg import element, picture
from nhb2_plugins.analysis.page.ticks import Scale
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
    if chart.narrow:
        return _drawing(chart, BESIDE)
    return _drawing(chart, WIDE) + _drawing(chart, NARROW)


def _drawing(chart: Chart, layout: ChartLayout) -> Markup:
    labels = chart.is_labelled and layout.is_wide
    frame = _Frame(*chart.scales, layout, _LABEL_ROOM if labels else layout.right)
    # From the back to the front: single runs, what is broad and grey, the curves.
    ordered = sorted(chart.lines, key=lambda line: (not line.faint, line.look.opacity))
    x, y = (axis.title if layout.is_wide else axis.short for axis in (chart.x, chart.y))
    return picture(
        layout.width,
        layout.height,
        chart.title,
        chart.description,
        *frame.grid(),
        *(frame.line(line, chart.grid) for line in ordered),
        *(frame.labels(chart) if labels else ()),
        element(
            "text", x, x=layout.left + frame.width / 2, y=layout.height - 8, text_anchor="middle", class_="axis-title"
        ),
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
    line = element(
        "line",
        x1=1,
        y1=6,
        x2=33,
        y2=6,
        stroke=look.colour,
        stroke_width=width,
        stroke_dasharray=dash,
        stroke_opacity=_opacity(look),
    )
    return element("svg", line, viewBox="0 0 34 12", width=34, height=12, aria_hidden="true", class_="swatch")


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
        for value in self._y.ticks():
            y = self.at_y(value)
            yield element("line", x1=self._layout.left, y1=y, x2=self._layout.left + self.width, y2=y, class_="grid")
            yield element("text", f"{value:g}", x=self._layout.left - 7, y=y + 4, text_anchor="end", class_="tick")
        floor = self._layout.top + self.height
        for value in self._x.ticks():
            x = self.at_x(value)
            yield element("line", x1=x, y1=self._layout.top, x2=x, y2=floor, class_="grid")
            yield element("text", f"{value:g}", x=x, y=floor + 18, text_anchor="middle", class_="tick")
        yield element(
            "line", x1=self._layout.left, y1=floor, x2=self._layout.left + self.width, y2=floor, class_="frame"
        )

    def line(self, line: Line, grid: tuple[float, ...]) -> Markup:
        return element(
            "path",
            d="".join(self._steps(xs, ys) for xs, ys in _pieces(line.x or grid, line.y)),
            fill="none",
            stroke=line.look.colour,
            stroke_width=1 if line.faint else line.look.width,
            stroke_linecap="round",  # a single point is seen, too
            stroke_opacity=0.35 if line.faint else _opacity(line.look),
            stroke_dasharray=None if line.faint else _dash_array(line.look),
        )

    def labels(self, chart: Chart) -> Iterator[Markup]:
        """Each line's name beside its end, a fine line leading there."""
        edge = self._layout.left + self.width
        ends = [next(self._ends(line, chart.grid), None) for line in chart.lines]
        named = [(line, *end) for line, end in zip(chart.lines, ends, strict=True) if end]
        texts = [wrapped(line.name, LABEL_CHARACTERS) for line, _, _ in named]
        sizes = [_LABEL_LINE * len(lines) + 2 for lines in texts]
        places = spread([y for _, _, y in named], sizes, 0.0, self._layout.top + self.height)
        for (line, x, y), lines, place in zip(named, texts, places, strict=True):
            lead = f"M{x:.1f} {y:.1f}H{edge:.1f}L{edge + 14:.1f} {place:.1f}"
            yield element("path", d=lead, fill="none", stroke=line.look.colour, class_="lead")
            first = place + 4.5 - _LABEL_LINE * (len(lines) - 1) / 2
            rows = (element("tspan", each, x=edge + 18, y=first + _LABEL_LINE * i) for i, each in enumerate(lines))
            yield element("text", *rows, class_="label")

    def _ends(self, line: Line, grid: tuple[float, ...]) -> Iterator[tuple[float, float]]:
        for x, y in zip(reversed(grid), reversed(line.y), strict=True):
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
