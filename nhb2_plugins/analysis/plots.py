"""Figures as files: pictures drawn by matplotlib, in one theme, with table and conditions on each."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from nhb2_plugins.analysis.density import MANY_RUNS, density
from nhb2_plugins.analysis.end_labels import End, label_ends, labels_height
from nhb2_plugins.analysis.labels import MOST_LABELS
from nhb2_plugins.analysis.model import CampaignFacts
from nhb2_plugins.analysis.pictures import (
    WIDTH,
    Axis,
    Curve,
    Curves,
    Matrix,
    Panels,
    Picture,
    RankDiagram,
    ReportFigure,
    Strip,
    Strips,
)
from nhb2_plugins.analysis.ticks import first_digits
from nhb2_plugins.figure_theme import BASELINE, COLOURS, DIVERGING, PAPER, colour_and_dashes, diverging, themed_figure
from nhb2_plugins.text_table import counted, shortened, wrapped

_MARKS: Final = "osD^v"
_LEGEND_CHARACTERS: Final = 30
_COLUMN_CHARACTERS: Final = 13
_NARROW_CHARACTERS: Final = 17
_BESIDE_AXES: Final = 0.65  # inches of a figure's height that its axes do not have
_BESIDE_AXES_AND_NOTES: Final = 1.7


def draw_figure(figure: ReportFigure, facts: CampaignFacts, path: Path, suffix: str = "") -> None:
    """Draw one figure into a file.

    Args:
        figure: what is drawn.
        facts: of the campaign: what stands below it.
        path: the file.
        suffix: ``png``, ``svg`` or ``pdf``; the path's where not given.

    Raises:
        ValueError: it has no picture.
    """
    if figure.picture is None:
        raise ValueError(f"there is nothing to draw in {figure.name}")
    notes = (" ".join(figure.notes), *facts.notes)
    with themed_figure(path, [note for note in notes if note], figure.size, suffix) as canvas:
        canvas.suptitle(figure.title, x=0.01, ha="left", fontsize=11.5)
        _draw(figure.picture, canvas)


def draw_for_paper(figure: ReportFigure, width: float, path: Path, suffix: str = "") -> None:
    """Draw one figure as it stands in a paper: unscaled, without the caption, which the paper sets.

    Args:
        figure: what is drawn.
        width: in inches, of :data:`.paper.WIDTHS_IN`.
        path: the file.
        suffix: as in :func:`draw_figure`.

    Raises:
        ValueError: it has no picture.
    """
    if figure.picture is None:
        raise ValueError(f"there is nothing to draw in {figure.name}")
    with themed_figure(path, (), (width, _paper_height(figure.picture, width)), suffix, PAPER) as canvas:
        _draw(figure.picture, canvas)


_NARROW: Final = 5.0  # inches
_LEGEND_ROW: Final = 0.19


def _is_narrow(figure: Figure) -> bool:
    return bool(figure.get_size_inches()[0] < _NARROW)


def _stands_in_a_column(axes: Axes) -> bool:
    figure = axes.get_figure()
    return isinstance(figure, Figure) and _is_narrow(figure)


def _legend_columns(width: float) -> int:
    """How many entries stand beside each other below the axes; none where the legend stands beside them."""
    return 0 if width >= WIDTH - 1 else 1 if width < _NARROW else 3


def _paper_height(picture: Picture, width: float) -> float:
    n_columns = _legend_columns(width)
    legend = _LEGEND_ROW * (_n_legend_lines(picture, in_a_line=width < _NARROW) / n_columns + (n_columns > 1))
    if isinstance(picture, Panels):
        return legend + (0.5 + 1.3 * len(picture.panels) if width < _NARROW else 2.4)
    if isinstance(picture, Curves):
        height, room = 2.3 if width < _NARROW else 3.0, _room_for(_labels(picture, width), width)
        return max(height, room) if room < math.inf else height + legend
    if isinstance(picture, Strips):
        return 0.7 + 0.36 * len(picture.strips)
    n = len(picture.names)
    if isinstance(picture, RankDiagram):
        return 0.9 + 0.1 * len(picture.groups) + 0.32 * math.ceil(n / 2)
    return (1.1 if width < _NARROW else 0.9) + 0.36 * n


def _n_legend_lines(picture: Picture, *, in_a_line: bool) -> int:
    shown = picture.panels[0] if isinstance(picture, Panels) else picture
    curves = shown.curves if isinstance(shown, Curves) else ()
    return sum(_entry(each, in_a_line=in_a_line).count("\n") + 1 for each in curves)


@singledispatch
def _draw(picture: object, figure: Figure) -> None:
    raise TypeError(f"{picture!r:.80} cannot be drawn into {figure}")


# --- curves -----------------------------------------------------------------------------------------------------------


@_draw.register
def _draw_curves(picture: Curves, figure: Figure) -> None:
    axes = figure.add_subplot()
    draw_curves(picture, axes)
    axes.set_xlabel(_title(picture.x, figure))
    width, height = figure.get_size_inches()
    axes.set_ylabel(picture.y.short if _legend_columns(width) else picture.y.title)
    labels = _labels(picture, width)
    if labels and height >= _room_for(labels, width):
        _label_ends(axes, picture, labels, _label_points(width))
    else:
        _legend(figure, axes)


def draw_curves(picture: Curves, axes: Axes) -> None:
    """Draw curves and their bands on axes, with the axes' titles and scales; whoever has the axes tells the names."""
    floor = -np.inf if picture.reference else _floor(picture)
    for curve in picture.curves:
        _draw_curve(axes, curve, picture.x.scale, floor)
    for band in axes.collections:
        band.set_alpha(min(0.15, 0.45 / len(axes.collections)))  # the more lie over each other, the fainter
    if picture.ends:
        _draw_ends(axes, picture)
    if picture.reference:
        _draw_reference(axes, *picture.reference)
    axes.set(xlabel=picture.x.title, ylabel=picture.y.title)
    if not picture.ends:
        _scale_axes(axes)


def _labels(picture: Curves, width: float) -> list[str]:
    """The curves' names as they stand beside their ends; in a narrow figure without the number of runs."""
    if width < _NARROW:
        return ["\n".join(wrapped(curve.name, _COLUMN_CHARACTERS)) for curve in picture.curves]
    return [_entry(curve, in_a_line=False) for curve in picture.curves]


def _room_for(labels: Sequence[str], width: float) -> float:
    """How high a figure is at least, in inches, in which names stand beside the curves: else a legend tells them."""
    others = _BESIDE_AXES if _legend_columns(width) else _BESIDE_AXES_AND_NOTES
    return others + labels_height(labels, _label_points(width)) if len(labels) <= MOST_LABELS else math.inf


def _label_points(width: float) -> float:
    return 8.0 if width < _NARROW else 9.0


def _label_ends(axes: Axes, picture: Curves, labels: Sequence[str], points: float) -> None:
    if not picture.ends:
        axes.set_xlim(right=max(curve.x[-1] for curve in picture.curves) / picture.x.scale)
    right = axes.get_xlim()[1]
    values = [end.value for end in picture.ends] or [float(curve.y[-1]) for curve in picture.curves]
    places = [right if picture.ends else curve.x[-1] / picture.x.scale for curve in picture.curves]
    ends = [
        End(label, x, y, _colour(curve))
        for label, x, y, curve in zip(labels, places, values, picture.curves, strict=True)
    ]
    label_ends(axes, ends, points)


def _colour(curve: Curve) -> str:
    return str(BASELINE["color"]) if curve.position is None else colour_and_dashes(curve.position)[0]


def _title(axis: Axis, figure: Figure) -> str:
    return axis.short if _is_narrow(figure) else axis.title


def _draw_curve(axes: Axes, curve: Curve, scale: float, floor: float = -np.inf, width: float = 1.8) -> None:
    x, entry = curve.x / scale, _entry(curve, in_a_line=_stands_in_a_column(axes))
    if curve.position is None:
        # Over time the curve is smooth and was solved at some of its points; after n evaluations it is a step.
        drawn = "default" if curve.smooth else "steps-post"
        axes.plot(x, curve.y, drawstyle=drawn, label=entry, zorder=1.5, **BASELINE)
        return
    style = _line_style(curve.position)
    axes.step(x, curve.y, where="post", linewidth=width, label=entry, **style)
    if curve.low.size and np.isfinite(curve.low).any():
        low, high = np.maximum(curve.low, floor), np.maximum(curve.high, floor)
        axes.fill_between(x, low, high, step="post", color=style["color"], lw=0)


def _line_style(position: int) -> dict[str, Any]:
    """An optimizer's colour and dashes; where these repeat, marks tell them apart, in grey as well."""
    colour, (dashes, _) = colour_and_dashes(position)
    style: dict[str, Any] = {"color": colour, "linestyle": dashes}
    if turn := position // len(COLOURS):
        style |= {"marker": _MARKS[(turn - 1) % len(_MARKS)], "markersize": 4.5, "markevery": 0.13}
    return style


def _entry(curve: Curve, *, in_a_line: bool) -> str:
    """A legend's entry of a curve; in a narrow figure in one line, without the number of runs."""
    if in_a_line:
        return shortened(curve.name, _LEGEND_CHARACTERS)
    return _label(curve.name, "" if curve.n_runs is None else counted(curve.n_runs, "run"))


def _label(name: str, runs: str = "") -> str:
    """A name, and a number of runs, in lines that leave room for the axes."""
    lines = wrapped(name, _LEGEND_CHARACTERS)
    if not runs:
        return "\n".join(lines)
    counted = f"({runs})"
    if len(lines[-1]) + 1 + len(counted) <= _LEGEND_CHARACTERS:
        return "\n".join([*lines[:-1], f"{lines[-1]} {counted}"])
    return "\n".join([*lines, counted])


def _floor(picture: Curves) -> float:
    """Half the smallest positive value of a curve: a logarithmic axis has no zero to draw a band down to."""
    values = [curve.y for curve in picture.curves if curve.position is not None]
    positive = np.concatenate([own[own > 0] for own in values]) if values else np.empty(0)
    return float(positive.min()) / 2 if positive.size else 1e-3


def _draw_reference(axes: Axes, level: float, name: str) -> None:
    axes.axhline(level, color="#999999", linewidth=1, zorder=1)
    axes.annotate(
        name,
        (0, level),
        xycoords=("axes fraction", "data"),
        xytext=(3, 3),
        textcoords="offset points",
        fontsize=8,
        color="#666666",
    )


def _scale_axes(axes: Axes) -> None:
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    # A logarithmic axis needs something positive to show: there is nothing where no run has a result, and no positive
    # regret where every run found the optimum at once.
    if lines and any((values > 0).any() for values in lines):
        _make_logarithmic(axes, "y")
    if lines:
        _make_logarithmic(axes, "x")


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    n_columns = _legend_columns(figure.get_size_inches()[0])
    if handles and n_columns:
        figure.legend(handles, labels, loc="outside lower center", ncols=n_columns, fontsize=9, handlelength=2.6)
    elif handles:
        figure.legend(handles, labels, loc="outside right upper", fontsize=9, handlelength=2.6)


def _make_logarithmic(axes: Axes, which: Literal["x", "y"], most_ticks: int = 0) -> None:
    most_ticks = most_ticks or (5 if which == "x" and _stands_in_a_column(axes) else 9)
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    axis.set_major_locator(LogLocator(10, subs=first_digits(low, high, _TICK_DIGITS, most_ticks)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


_TICK_DIGITS: Final = ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))


def _draw_ends(axes: Axes, picture: Curves) -> None:
    """Intervals of the last values, right of the end of the curves; the best rank above."""
    _make_logarithmic(axes, "x")
    hours = picture.curves[0].x / picture.x.scale
    left, right, n = hours[0], hours[-1], len(picture.curves)
    step = (right / left) ** 0.025
    for index, (curve, end) in enumerate(zip(picture.curves, picture.ends, strict=True)):
        errors = np.abs([[end.value - end.low], [end.high - end.value]])
        x = right * step ** (1 + index / n * 2)
        axes.errorbar(x, end.value, yerr=errors, fmt="o", color=_colour(curve), ms=4.5, capsize=2.5, lw=1.3)
    axes.axvline(right, color="#BBBBBB", lw=1, zorder=1)
    axes.set_xlim(left, right * step**4)
    axes.set_xticks([tick for tick in axes.get_xticks() if left <= tick <= right])
    axes.set_ylim(n + 0.15, 0.85)
    axes.set_yticks(range(1, n + 1))


@_draw.register
def _draw_panels(picture: Panels, figure: Figure) -> None:
    n = len(picture.panels)
    shape = (n, 1) if _is_narrow(figure) else (1, n)
    panels = figure.subplots(*shape, sharex=_is_narrow(figure), sharey=True, squeeze=False).ravel()
    for axes, curves in zip(panels, picture.panels, strict=True):
        for curve in curves.curves:
            _draw_curve(axes, curve, curves.x.scale, width=1.6)
        axes.set_title(curves.title, loc="left", fontsize=10)
        if not _is_narrow(figure) or axes is panels[-1]:
            axes.set_xlabel(_title(curves.x, figure))
        axes.set_xscale("log")
        axes.set_xlim(
            (curves.begin or 0) / curves.x.scale, max(curve.x[-1] for curve in curves.curves) / curves.x.scale
        )
        _make_logarithmic(axes, "x", most_ticks=5)
    panels[0].set_ylim(-0.02, 1.02)
    panels[0].set_ylabel(picture.panels[0].y.title)
    _legend(figure, panels[0])


# --- strips -----------------------------------------------------------------------------------------------------------


@_draw.register
def _draw_strips(picture: Strips, figure: Figure) -> None:
    axes = figure.add_subplot()
    for row, strip in enumerate(picture.strips):
        _draw_strip(axes, row, strip)
    names = [strip.name for strip in picture.strips]
    axes.set_yticks(range(len(names)), [_row_label(name, figure) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    if picture.signed:
        axes.axvline(0, color="#666666", lw=1, zorder=1)
    else:
        axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(picture.narrow_axis if _is_narrow(figure) else picture.axis)


def _row_label(name: str, figure: Figure) -> str:
    return "\n".join(wrapped(name, _NARROW_CHARACTERS)) if _is_narrow(figure) else _label(name)


def _draw_strip(axes: Axes, row: int, strip: Strip) -> None:
    if strip.mean is None or strip.median is None:
        return
    (colour, _), values = colour_and_dashes(strip.position), np.array([value for _, value in strip.values])
    if len(values) > MANY_RUNS:
        at = np.linspace(values.min(), values.max(), 200)
        height = 0.3 * density(values, at)
        axes.fill_between(at, row - height, row + height, color=colour, alpha=0.35, lw=0)
    else:
        spread = np.random.default_rng(row).uniform(-0.28, 0.28, len(values)) if len(values) > 1 else np.zeros(1)
        axes.scatter(values, row + spread, s=9 if len(values) < 100 else 4, color=colour, alpha=0.35, lw=0)
    axes.vlines(strip.median.value, row - 0.3, row + 0.3, color="black", lw=2)
    mean = strip.mean
    errors = np.abs([[mean.value - mean.low], [mean.high - mean.value]])
    axes.errorbar(mean.value, row, xerr=errors, fmt="D", color="black", mfc=colour, ms=5, capsize=4, lw=1.6)


# --- average ranks ----------------------------------------------------------------------------------------------------

_BAR_STEP: Final = 0.22
_NAME_STEP: Final = 0.42


@_draw.register
def _draw_rank_diagram(picture: RankDiagram, figure: Figure) -> None:
    """The diagram of Demšar (2006): an axis of ranks, names on stalks, bars over those not told apart."""
    axes = figure.add_subplot()
    n = len(picture.names)
    axes.hlines(0, 1, n, color="black", lw=1.2)
    for rank in range(1, n + 1):
        axes.vlines(rank, 0, 0.12, color="black", lw=1)
        axes.text(rank, 0.18, str(rank), ha="center", va="bottom", fontsize=9)
    for row, group in enumerate(picture.groups):
        ends = [picture.mean_rank[each] for each in group]
        axes.hlines(-0.2 - _BAR_STEP * row, min(ends) - 0.03, max(ends) + 0.03, color="black", lw=3.5)
    below_bars = -0.25 - _BAR_STEP * len(picture.groups)
    for place, index in enumerate(picture.order):
        _draw_stalk(axes, picture, index, place, below_bars)
    _draw_critical_difference(axes, picture.critical_difference, n)
    axes.set_xlim(1 - 0.75 * (n - 1), n + 0.75 * (n - 1))
    axes.set_ylim(below_bars - _NAME_STEP * math.ceil(n / 2), 1.4)
    axes.axis("off")


def _draw_stalk(axes: Axes, picture: RankDiagram, index: int, place: int, below_bars: float) -> None:
    n = len(picture.names)
    on_left = place < math.ceil(n / 2)
    level = below_bars - _NAME_STEP * ((place if on_left else n - 1 - place) + 0.4)
    margin = 0.12 * (n - 1)
    edge = 1 - margin if on_left else n + margin
    longest = _NARROW_CHARACTERS if _stands_in_a_column(axes) else _LEGEND_CHARACTERS
    name, rank = shortened(picture.names[index], longest), picture.mean_rank[index]
    colour, _ = colour_and_dashes(picture.positions[index])
    axes.plot([rank, rank, edge], [0, level, level], color=colour, lw=1.5, solid_joinstyle="miter")
    text = f"{name}  {rank:.2f}" if on_left else f"{rank:.2f}  {name}"
    aside = edge + (-0.02 if on_left else 0.02) * n
    axes.text(aside, level, text, ha="right" if on_left else "left", va="center", fontsize=9)


def _draw_critical_difference(axes: Axes, difference: float, n: int) -> None:
    if difference < n - 1:
        axes.hlines(0.85, 1, 1 + difference, color="black", lw=1.2)
        axes.vlines([1, 1 + difference], 0.77, 0.93, color="black", lw=1.2)
        text = f"critical difference {difference:.2f}"
        axes.text(1 + difference / 2, 1.0, text, ha="center", va="bottom", fontsize=9)


# --- probabilities ----------------------------------------------------------------------------------------------------


@_draw.register
def _draw_matrix(picture: Matrix, figure: Figure) -> None:
    axes = figure.add_subplot()
    n = len(picture.names)
    image = axes.imshow(picture.values, vmin=0, vmax=1, cmap=DIVERGING, aspect="auto")
    for i in range(n):
        for j in range(n):
            if i != j:
                _write_probability(axes, picture, i, j)
    axes.set_yticks(range(n), [_row_label(name, figure) for name in picture.names])
    rotation = 90 if _is_narrow(figure) else 0
    axes.set_xticks(range(n), [narrow_label(name) for name in picture.names], fontsize=8, rotation=rotation)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if _is_narrow(figure):
        return  # the numbers stand in the cells
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1])
    bar.set_label("probability")
    bar.outline.set_visible(False)


def narrow_label(name: str) -> str:
    """A name in short lines; a word is broken only where it would run into the next column."""
    name = shortened(name, 3 * _COLUMN_CHARACTERS)
    widest = max((len(word) for word in name.split()), default=1)
    return "\n".join(textwrap.wrap(name, min(max(10, widest), _COLUMN_CHARACTERS))) if name.strip() else name


def _write_probability(axes: Axes, picture: Matrix, i: int, j: int) -> None:
    value = float(picture.values[i, j])
    enough = picture.enough[i] and picture.enough[j]
    certain = enough and not picture.low[i, j] <= 0.5 <= picture.high[i, j]
    axes.text(
        j,
        i,
        f"{value:.2f}",
        ha="center",
        va="center",
        fontsize=min(9.5, _cell_points(axes, len(picture.names)) / 2.3),
        fontweight="bold" if certain else "normal",
        color=diverging(value)[1],
    )


def _cell_points(axes: Axes, n: int) -> float:
    """How wide a cell will be, about, in points: two thirds of the figure are the matrix."""
    figure = axes.get_figure()
    return float(figure.get_size_inches()[0]) * 72 * 0.66 / n if isinstance(figure, Figure) else math.inf
