"""The static drawing of a chart: seen without scripts, and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from nhb2_plugins.analysis.page.charts import Chart, Line, Look, Points
from nhb2_plugins.analysis.page.svg import element, picture
from nhb2_plugins.analysis.page.ticks import Scale

_WIDTH: Final = 860.0
_NARROW_WIDTH: Final = 540.0
_HEIGHT: Final = 400.0
_LEFT: Final = 62.0
_RIGHT: Final = 14.0
_TOP: Final = 12.0
_BOTTOM: Final = 50.0
_SMALLEST_STEP: Final = 0.5  # in the drawing's units: what moves less is not seen


def draw_chart(chart: Chart) -> Markup:
    """The first variant of a chart."""
    whole = _NARROW_WIDTH if chart.narrow else _WIDTH
    frame = _Frame(*chart.scales, width=whole - _LEFT - _RIGHT)
    ordered = sorted(chart.lines, key=lambda line: not line.faint)
    return picture(
        whole,
        _HEIGHT,
        chart.title,
        chart.description,
        *frame.grid(),
        *(band for line in ordered if line.low for band in frame.band(line, chart.grid)),
        *(frame.line(line, chart.grid) for line in ordered),
        element(
            "text", chart.x.title, x=_LEFT + frame.width / 2, y=_HEIGHT - 8, text_anchor="middle", class_="axis-title"
        ),
        element(
            "text",
            chart.y.title,
            transform=f"translate(15 {_TOP + frame.height / 2:.0f}) rotate(-90)",
            text_anchor="middle",
            class_="axis-title",
        ),
        class_="chart-static",
    )


def swatch(look: Look, *, faint: bool = False) -> Markup:
    """A piece of a line as it looks in the figures."""
    width, dash = (1, None) if faint else (3, _dash_array(look))
    line = element("line", x1=1, y1=6, x2=33, y2=6, stroke=look.colour, stroke_width=width, stroke_dasharray=dash)
    return element("svg", line, viewBox="0 0 34 12", width=34, height=12, aria_hidden="true", class_="swatch")


def _dash_array(look: Look) -> str | None:
    return None if look.dash == "solid" else look.dash


class _Frame:
    """The area of the curves, and the axes around it."""

    height = _HEIGHT - _TOP - _BOTTOM

    def __init__(self, x: Scale, y: Scale, *, width: float) -> None:
        self.width = width
        self._x = x
        self._y = y

    def at_x(self, value: float) -> float:
        return _LEFT + self.width * self._x.position(value)

    def at_y(self, value: float) -> float:
        return _TOP + self.height * (1 - self._y.position(value))

    def grid(self) -> Iterator[Markup]:
        for value in self._y.ticks():
            y = self.at_y(value)
            yield element("line", x1=_LEFT, y1=y, x2=_LEFT + self.width, y2=y, class_="grid")
            yield element("text", f"{value:g}", x=_LEFT - 7, y=y + 4, text_anchor="end", class_="tick")
        floor = _TOP + self.height
        for value in self._x.ticks():
            x = self.at_x(value)
            yield element("line", x1=x, y1=_TOP, x2=x, y2=floor, class_="grid")
            yield element("text", f"{value:g}", x=x, y=floor + 18, text_anchor="middle", class_="tick")
        yield element("line", x1=_LEFT, y1=floor, x2=_LEFT + self.width, y2=floor, class_="frame")

    def line(self, line: Line, grid: tuple[float, ...]) -> Markup:
        return element(
            "path",
            d="".join(self._steps(xs, ys) for xs, ys in _pieces(line.x or grid, line.y)),
            fill="none",
            stroke=line.look.colour,
            stroke_width=1 if line.faint else 2.4,
            stroke_linecap="round",  # a single point is seen, too
            stroke_opacity=0.35 if line.faint else None,
            stroke_dasharray=None if line.faint else _dash_array(line.look),
        )

    def band(self, line: Line, grid: tuple[float, ...]) -> Iterator[Markup]:
        for (xs, lows), (_, highs) in zip(_pieces(grid, line.low), _pieces(grid, line.high), strict=False):
            there = self._steps(xs, highs)
            back = self._steps_back(xs, lows)
            yield element("path", d=f"{there}{back}Z", fill=line.look.colour, fill_opacity=0.13)

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

    def _steps_back(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        y = self.at_y(ys[-1])
        parts = [f"V{y:.1f}"]
        for each_x, each_y in zip(reversed(xs), [*reversed(ys[:-1]), ys[0]], strict=True):
            next_y = self.at_y(each_y)
            if abs(next_y - y) >= _SMALLEST_STEP:
                parts.append(f"H{self.at_x(each_x):.1f}V{next_y:.1f}")
                y = next_y
        return "".join(parts) + f"H{self.at_x(xs[0]):.1f}"


def _pieces(xs: Points | tuple[float, ...], ys: Points) -> Iterator[tuple[list[float], list[float]]]:
    """What is drawn in one go: the points between two gaps."""
    piece: list[tuple[float, float]] = []
    for x, y in [*zip(xs, ys, strict=True), (None, None)]:
        if x is not None and y is not None:
            piece.append((x, y))
        elif piece:
            yield [each for each, _ in piece], [each for _, each in piece]
            piece = []
