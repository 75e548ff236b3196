"""Curves as values: what the static drawing and the interactive one are both made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from nhb2_plugins.analysis.labels import LABEL_CHARACTERS, MOST_LABELS
from nhb2_plugins.analysis.model import Floats
from nhb2_plugins.analysis.parts import PageChart
from nhb2_plugins.analysis.pictures import Axis, Curve, Curves
from nhb2_plugins.analysis.ticks import Scale, spanning
from nhb2_plugins.figure_theme import BASELINE, colour_and_dashes
from nhb2_plugins.text_table import wrapped

Points = tuple[float | None, ...]
"""Values on a grid; None where there is none."""

N_GRID: Final = 180
"""Points of a grid on either axis (logarithmic and linear): a change moves by less than 1/170 of it."""
LINE_WIDTH: Final = 2.4
SIGNIFICANT_DIGITS: Final = 4
INTERVAL_DIGITS: Final = 3


@dataclass(frozen=True)
class Look:
    """How an optimizer looks in every figure of the page."""

    colour: str
    dash: str = "solid"
    width: float = LINE_WIDTH
    opacity: float = 1.0


BASELINE_LOOK: Final = Look(BASELINE["color"], width=BASELINE["linewidth"] + 1.5, opacity=BASELINE["alpha"])


def look_of(position: int) -> Look:
    """The look of the optimizer at a position."""
    colour, (_, dash) = colour_and_dashes(position)
    return Look(colour, dash)


@dataclass(frozen=True)
class Line:
    """A right-continuous step.

    Attributes:
        name: for the legend.
        look: colour and dash.
        y: on the chart's grid, or at ``x``.
        low: lower end of the interval, empty for none,
        high: and upper end.
        x: where it has points of its own (None between two lines of one name), else empty.
        faint: whether it is drawn behind, thin.
        labels: what stands at its points in place of its name, where it has points of its own: one for each piece
            between two gaps.
    """

    name: str
    look: Look
    y: Points
    low: Points = ()
    high: Points = ()
    x: Points = ()
    faint: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart with its curves on a grid.

    Attributes:
        given: what is shown.
        grid: where the curves are given, ascending.
        variants: curves by the name of the variant (``Mean``, ``Median``); the first is shown.
    """

    given: PageChart
    grid: tuple[float, ...]
    variants: Mapping[str, tuple[Line, ...]]
    scales: tuple[Scale, Scale] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", (self._x_scale(), self._y_scale()))

    @property
    def x(self) -> Axis:
        """The axis of the grid."""
        return self.given.first.x

    @property
    def y(self) -> Axis:
        """The other one."""
        return self.given.first.y

    @property
    def is_labelled(self) -> bool:
        """Whether its lines carry their names, as far as there is room."""
        return (
            not self.given.narrow and 1 < len(self.lines) <= MOST_LABELS and not any(line.faint for line in self.lines)
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """The curves of the first variant."""
        return next(iter(self.variants.values()), ())

    def _x_scale(self) -> Scale:
        xs = [value for value in self.grid if value > 0 or not self.x.log]
        if len(xs) < 2:
            return spanning(xs, log=self.x.log)
        return Scale(xs[0] if self.x.log else min(0.0, xs[0]), xs[-1], self.x.log)

    def _y_scale(self) -> Scale:
        if self.given.first.extent is not None:
            return Scale(*self.given.first.extent, log=self.y.log)
        values = [value for line in self.lines for part in (line.y, line.low, line.high) for value in part]
        return spanning([value for value in values if value is not None], log=self.y.log)


def chart_of(given: PageChart) -> Chart:
    """A chart, thinned to what can be seen of it; its grid is the curves' of the first variant."""
    first = given.first
    own = [curve.x for curve in first.curves if curve.position is not None]
    if first.strands:
        begin = min(strand.steps[0][0] for strand in first.strands)
        own.append(np.array([begin, max(strand.steps[-1][0] for strand in first.strands)]))
    grid = shared_grid(own, whole=first.x.whole)
    return Chart(
        given,
        tuple(float(f"{value * (1 / first.x.scale):.6g}") for value in grid),
        {name: tuple(_lines(curves, grid)) for name, curves in given.variants.items()},
    )


def _lines(curves: Curves, grid: Floats) -> Iterator[Line]:
    for curve in curves.curves:
        look = BASELINE_LOOK if curve.position is None else look_of(curve.position)
        low, high = (
            on_grid(grid, curve.x, each, digits=INTERVAL_DIGITS) if np.isfinite(each).any() else ()
            for each in (curve.low, curve.high)
        )
        yield Line(curve.name, look, _read(curve, grid), low, high)
    if curves.strands:
        yield _strands(curves, look)


def _read(curve: Curve, grid: Floats) -> Points:
    if curve.smooth:
        return rounded(np.interp(grid, curve.x, curve.y, left=0.0))
    return on_grid(grid, curve.x, curve.y)


def _strands(curves: Curves, look: Look) -> Line:
    """Many curves as one line with gaps, at points of their own."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for strand in curves.strands:
        xs += [*rounded([time / curves.x.scale for time, _ in strand.steps]), None]
        ys += [*rounded([value for _, value in strand.steps], INTERVAL_DIGITS), None]
    labels = tuple(strand.label for strand in curves.strands)
    return Line(curves.strands_name, look, tuple(ys), x=tuple(xs), faint=True, labels=labels)


def shared_grid(curves: Sequence[Floats], *, whole: bool = False) -> Floats:
    """Where to read several steps: each of their beginnings and ends, and few enough points between for a page.

    Args:
        curves: where each step changes, ascending; empty ones are passed over.
        whole: keep to whole numbers.
    """
    given = [curve for curve in curves if len(curve)]
    if not given:
        return np.zeros(0)
    low, high = min(curve[0] for curve in given), max(curve[-1] for curve in given)
    changes = np.unique(np.concatenate(given))
    if len(changes) <= N_GRID:
        return changes
    spread = [np.linspace(low, high, N_GRID)]
    if low > 0:
        spread.append(np.geomspace(low, high, N_GRID))
    points = np.concatenate(spread)
    return np.unique(np.concatenate([np.round(points) if whole else points, *(curve[[0, -1]] for curve in given)]))


def on_grid(grid: Floats, x: Floats, values: Floats, *, digits: int = SIGNIFICANT_DIGITS) -> Points:
    """A curve read on a grid; None before it begins, after it ends, and where it is not finite.

    Args:
        grid: where to read it.
        x: where it has values, ascending.
        values: those values.
        digits: significant ones to keep.
    """
    if not len(x):
        return (None,) * len(grid)
    position = np.searchsorted(x, grid * (1 + 1e-12), side="right") - 1
    given = (position >= 0) & (grid <= x[-1] * (1 + 1e-12))
    return rounded(np.where(given, values[np.maximum(position, 0)], np.nan), digits)


def rounded(values: Sequence[float] | Floats, digits: int = SIGNIFICANT_DIGITS) -> Points:
    """Values to a few significant digits: more cannot be seen, and would double the page."""
    return tuple(float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values)


def as_json(chart: Chart) -> dict[str, Any]:
    """What the page's script draws the chart from."""
    return {
        "title": chart.given.title,
        "x": _axis_json(chart.x, chart.scales[0]),
        "y": _axis_json(chart.y, chart.scales[1]),
        "grid": chart.grid,
        "variants": {name: [_line_json(line) for line in lines] for name, lines in chart.variants.items()},
        "labels": {line.name: wrapped(line.name, LABEL_CHARACTERS) for line in chart.lines if chart.is_labelled},
    }


def _axis_json(axis: Axis, scale: Scale) -> dict[str, Any]:
    return {
        "title": axis.title,
        "short": axis.short,
        "unit": axis.unit,
        "log": axis.log,
        "range": [scale.low, scale.high],
    }


def _folded(values: Points) -> list[float | str | None]:
    """The values, each that repeats the one before it as a ``=``: half of a step's are such."""
    return ["=" if i and value is not None and value == values[i - 1] else value for i, value in enumerate(values)]


def _line_json(line: Line) -> dict[str, Any]:
    content: dict[str, Any] = {"name": line.name, "colour": line.look.colour, "dash": line.look.dash}
    if line.look == BASELINE_LOOK:
        content |= {"width": line.look.width, "opacity": line.look.opacity}
    content["y"] = line.y if line.x else _folded(line.y)
    if line.low:
        content |= {"low": _folded(line.low), "high": _folded(line.high)}
    if line.x:
        content |= {"x": line.x, "labels": line.labels}
    if line.faint:
        content["faint"] = True
    return content
