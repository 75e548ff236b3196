"""Figures: one theme, one colour per optimizer, units on every axis, table and conditions on each."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    SIGNIFICANCE,
    AnytimeCurve,
    BaselineCurve,
    CampaignAnalysis,
    FriedmanResult,
    ImprovementMatrix,
    RankCurves,
    Refusal,
)
from nhb2_plugins.analysis.wording import rising_note
from nhb2_plugins.figure_theme import COLOURS, DASHES, themed_figure

_SECONDS_PER_HOUR: Final = 3600.0
_BASELINE: Final[Mapping[str, Any]] = {"color": "#999999", "linewidth": 4.5, "alpha": 0.55, "zorder": 1.5}
_WIDTH: Final = 9.0
_DIVERGING: Final = "PuOr"
_LEGEND_CHARACTERS: Final = 30
_COLUMN_CHARACTERS: Final = 13
FIGURE_NAMES: Final = frozenset(
    {
        "regret_over_time",
        "median_regret_over_time",
        "error_over_time",
        "regret_over_evaluations",
        "final_regret",
        "ranks_over_time",
        "critical_difference",
        "targets",
        "improvement",
    }
)
"""Stems of every figure that there can be."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReportFigure:
    """One figure.

    Attributes:
        name: stem of its files.
        title: what stands above it.
        notes: what a reader must know, beside the analysis' own notes.
        size: width and height in inches.
        draw: draws it.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    size: tuple[float, float]
    draw: Callable[[CampaignAnalysis, Figure], None]


def report_figures(analysis: CampaignAnalysis) -> tuple[ReportFigure, ...]:
    """The figures that an analysis has numbers for."""
    interval = f"Band: {CONFIDENCE:.0%} bootstrap interval over runs."
    exact = ("Random search is exact, from the complete table.",) if _baselines(analysis.baseline_time) else ()
    steps = ("Every run has a result where a curve begins.", *rising_note(analysis))
    curves = [
        ReportFigure(
            "regret_over_time",
            f"Regret in {analysis.measure}: mean over runs",
            (interval, *steps, *exact),
            (_WIDTH, 5),
            lambda found, figure: _draw_regret(found, figure, "mean"),
        ),
        ReportFigure(
            "median_regret_over_time",
            f"Regret in {analysis.measure}: median over runs",
            (interval, *steps, *exact),
            (_WIDTH, 5),
            lambda found, figure: _draw_regret(found, figure, "median"),
        ),
        ReportFigure(
            "error_over_time",
            f"{analysis.measure[0].upper()}{analysis.measure[1:]}: mean over runs",
            (interval, f"Best of the table: {analysis.optimum_error_pct:.2f} %.", *steps, *exact),
            (_WIDTH, 5),
            _draw_error,
        ),
        ReportFigure(
            "regret_over_evaluations",
            f"Regret in {analysis.measure}: mean over runs",
            (
                interval,
                "Up to the smallest number of evaluations of a run; an evaluation counts at any epoch.",
                *rising_note(analysis),
                *exact,
            ),
            (_WIDTH, 5),
            _draw_regret_over_evaluations,
        ),
    ]
    with_result = [row for row in analysis.finals if row.mean is not None]
    figures = curves if with_result else []
    if with_result:
        figures.append(
            ReportFigure(
                "final_regret",
                f"Final regret in {analysis.measure}",
                (f"Dots: runs. Line: median. Diamond: mean, with its {CONFIDENCE:.0%} bootstrap interval over runs.",),
                (_WIDTH, 1.6 + 0.5 * len(analysis.finals)),
                _draw_finals,
            )
        )
    if not isinstance(analysis.ranks, Refusal):
        figures.append(
            ReportFigure(
                "ranks_over_time",
                "Expected rank among one run of each optimizer (1 is the best)",
                (f"Right of the line: rank of the final regret, with its {CONFIDENCE:.0%} bootstrap interval.",),
                (_WIDTH, 5),
                _draw_ranks,
            )
        )
    if not isinstance(analysis.friedman, Refusal):
        figures.append(
            ReportFigure(
                "critical_difference",
                f"Average rank of the final regret over {analysis.friedman.n_blocks} seeds (1 is the best)",
                _friedman_notes(analysis.friedman),
                (_WIDTH, 2.3 + 0.3 * math.ceil(len(analysis.friedman.optimizers) / 2)),
                _draw_critical_difference,
            )
        )
    if analysis.targets:
        figures.append(
            ReportFigure(
                "targets",
                "Share of runs that have reached a regret",
                exact,
                (_WIDTH + 0.5, 4.2),
                _draw_targets,
            )
        )
    if not isinstance(analysis.improvement, Refusal):
        n = len(analysis.improvement.optimizers)
        figures.append(
            ReportFigure(
                "improvement",
                "Probability that a run of the row ends better than one of the column",
                (
                    f"Ties count half. Bold: the {CONFIDENCE:.0%} bootstrap interval does not hold one half, and both "
                    f"have at least {FEWEST_FOR_INTERVALS} runs.",
                ),
                (max(6.5, 2.8 + 0.85 * n), 2.2 + 0.5 * n),
                _draw_improvement,
            )
        )
    return tuple(figures)


def write_figures(analysis: CampaignAnalysis, directory: Path, suffix: str) -> list[Path]:
    """Draw every figure; the suffix decides the format (``png``, ``svg``, ``pdf``). Returns the files."""
    figures = report_figures(analysis)
    for name in FIGURE_NAMES - {each.name for each in figures}:
        (directory / f"{name}.{suffix}").unlink(missing_ok=True)  # of an earlier report, on other runs
    paths = []
    for each in figures:
        path = directory / f"{each.name}.{suffix}"
        draw_figure(each, analysis, path)
        paths.append(path)
    return paths


def draw_figure(report_figure: ReportFigure, analysis: CampaignAnalysis, path: Path) -> None:
    """Draw one figure into a file."""
    notes = (" ".join(report_figure.notes), *analysis.notes)
    with themed_figure(path, [note for note in notes if note], report_figure.size) as figure:
        figure.suptitle(report_figure.title, x=0.01, ha="left", fontsize=11.5)
        report_figure.draw(analysis, figure)


# -- curves


def _draw_regret(analysis: CampaignAnalysis, figure: Figure, level: Literal["mean", "median"]) -> None:
    axes = figure.add_subplot()
    floor = _floor(analysis.over_time, level)
    for position, curve in enumerate(analysis.over_time):
        _draw_curve(axes, curve, position, level, scale=_SECONDS_PER_HOUR, floor=floor)
    for baseline in _baselines(analysis.baseline_time):
        _draw_baseline(axes, baseline, level, scale=_SECONDS_PER_HOUR)
    axes.set_xlabel("simulated time (hours)")
    axes.set_ylabel("regret of the incumbent (percentage points)")
    _finish_curves(figure, axes)


def _draw_error(analysis: CampaignAnalysis, figure: Figure) -> None:
    axes = figure.add_subplot()
    best = analysis.optimum_error_pct
    for position, curve in enumerate(analysis.over_time):
        _draw_curve(axes, curve, position, "mean", scale=_SECONDS_PER_HOUR, offset=best)
    for baseline in _baselines(analysis.baseline_time):
        _draw_baseline(axes, baseline, "mean", scale=_SECONDS_PER_HOUR, offset=best)
    axes.axhline(best, color="#999999", linewidth=1, zorder=1)
    axes.annotate(
        "best of the table",
        (0, best),
        xycoords=("axes fraction", "data"),
        xytext=(3, 3),
        textcoords="offset points",
        fontsize=8,
        color="#666666",
    )
    axes.set_xlabel("simulated time (hours)")
    axes.set_ylabel("error of the incumbent (%)")
    _finish_curves(figure, axes)


def _draw_regret_over_evaluations(analysis: CampaignAnalysis, figure: Figure) -> None:
    axes = figure.add_subplot()
    floor = _floor(analysis.over_evaluations, "mean")
    for position, curve in enumerate(analysis.over_evaluations):
        _draw_curve(axes, curve, position, "mean", floor=floor)
    last = max((curve.x[-1] for curve in analysis.over_evaluations if curve.x.size), default=1)
    for baseline in _baselines(analysis.baseline_evaluations):
        _draw_baseline(axes, baseline, "mean", end=last)
    axes.set_xlabel("evaluations that have ended")
    axes.set_ylabel("regret of the incumbent (percentage points)")
    _finish_curves(figure, axes)


def _baselines(found: tuple[BaselineCurve, ...] | BaselineCurve | Refusal) -> tuple[BaselineCurve, ...]:
    if isinstance(found, Refusal):
        return ()
    return found if isinstance(found, tuple) else (found,)


def _line_style(position: int) -> dict[str, Any]:
    """An optimizer's colour and dashes; where colours repeat, their dashes do not."""
    shift = position // len(COLOURS)
    return {"color": COLOURS[position % len(COLOURS)], "linestyle": DASHES[(position + shift) % len(DASHES)]}


def _draw_curve(
    axes: Axes,
    curve: AnytimeCurve,
    position: int,
    level: Literal["mean", "median"],
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    floor: float = -np.inf,
) -> None:
    if not curve.x.size:
        return
    style = _line_style(position)
    x = curve.x / scale
    middle, low, high = (getattr(curve, f"{level}{end}") + offset for end in ("", "_low", "_high"))
    runs = f"{curve.n_runs} run{'s' if curve.n_runs != 1 else ''}"
    axes.step(x, middle, where="post", linewidth=1.8, label=_label(curve.optimizer, runs), **style)
    axes.fill_between(
        x, np.maximum(low, floor), np.maximum(high, floor), step="post", color=style["color"], alpha=0.15, lw=0
    )


def _draw_baseline(
    axes: Axes,
    curve: BaselineCurve,
    level: Literal["mean", "median"],
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    end: float = np.inf,
) -> None:
    shown = curve.x <= end
    values = getattr(curve, level)[shown] + offset
    # Over time the curve is smooth and was solved at some of its points; after n evaluations it is a step.
    drawn = "default" if scale != 1 else "steps-post"
    axes.plot(curve.x[shown] / scale, values, drawstyle=drawn, label=_label(curve.label), **_BASELINE)


def _label(name: str, runs: str = "") -> str:
    """A legend's entry, in lines that leave room for the axes."""
    lines = textwrap.wrap(name, _LEGEND_CHARACTERS) or [""]
    if not runs:
        return "\n".join(lines)
    counted = f"({runs})"
    if len(lines[-1]) + 1 + len(counted) <= _LEGEND_CHARACTERS:
        return "\n".join([*lines[:-1], f"{lines[-1]} {counted}"])
    return "\n".join([*lines, counted])


def _floor(curves: Iterable[AnytimeCurve], level: str) -> float:
    """Half the smallest positive value of a curve: a logarithmic axis has no zero to draw a band down to."""
    values = np.concatenate([getattr(curve, level) for curve in curves])
    positive = values[values > 0]
    return float(positive.min()) / 2 if positive.size else 1e-3


def _finish_curves(figure: Figure, axes: Axes) -> None:
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    # A logarithmic axis needs something positive to show: there is nothing where no run has a result, and no positive
    # regret where every run found the optimum at once.
    if lines and any((values > 0).any() for values in lines):
        _make_logarithmic(axes, "y")
    if lines:
        _make_logarithmic(axes, "x")
    _legend(figure, axes)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", fontsize=9, handlelength=2.6)


def _make_logarithmic(axes: Axes, which: Literal["x", "y"], most_ticks: int = 9) -> None:
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    axis.set_major_locator(LogLocator(10, subs=_tick_digits(low, high, most_ticks)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


_TICK_DIGITS: Final = ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))


def _tick_digits(low: float, high: float, most_ticks: int) -> tuple[float, ...]:
    """First digits of the ticks of a logarithmic axis: the more, the shorter it is."""
    for digits in _TICK_DIGITS:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        if sum(low <= tick <= high for tick in ticks) <= most_ticks:
            return digits
    return _TICK_DIGITS[-1]


# -- final regrets


def _draw_finals(analysis: CampaignAnalysis, figure: Figure) -> None:
    axes = figure.add_subplot()
    names = [row.optimizer for row in analysis.finals]
    for position, (row, card) in enumerate(zip(analysis.finals, analysis.optimizers, strict=True)):
        if row.mean is None:
            continue
        colour = COLOURS[position % len(COLOURS)]
        regrets = np.array([run.regret_pp for run in card.runs if run.regret_pp is not None])
        spread = np.random.default_rng(position).uniform(-0.28, 0.28, len(regrets)) if len(regrets) > 1 else [0.0]
        axes.scatter(
            regrets, position + np.asarray(spread), s=9 if len(regrets) < 100 else 4, color=colour, alpha=0.35, lw=0
        )
        if row.median is not None:
            axes.vlines(row.median.value, position - 0.3, position + 0.3, color="black", lw=2)
        errors = [[row.mean.value - row.mean.low], [row.mean.high - row.mean.value]]
        axes.errorbar(
            row.mean.value, position, xerr=np.abs(errors), fmt="D", color="black", mfc=colour, ms=5, capsize=4, lw=1.6
        )
    axes.set_yticks(range(len(names)), [_label(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("regret of the final incumbent (percentage points)")


# -- ranks


def _draw_ranks(analysis: CampaignAnalysis, figure: Figure) -> None:
    ranks = analysis.ranks
    if not isinstance(ranks, RankCurves):
        raise TypeError("there are no ranks to draw")
    axes = figure.add_subplot()
    positions = _positions(analysis, ranks.optimizers)
    hours = ranks.time_s / _SECONDS_PER_HOUR
    for index, (name, position) in enumerate(zip(ranks.optimizers, positions, strict=True)):
        style = _line_style(position)
        axes.step(hours, ranks.rank[index], where="post", linewidth=1.8, label=_label(name), **style)
    _make_logarithmic(axes, "x")
    left, right = hours[0], hours[-1]
    step = (right / left) ** 0.025
    for index, position in enumerate(positions):
        final = ranks.final[index]
        errors = np.abs([[final.value - final.low], [final.high - final.value]])
        x = right * step ** (1 + index / len(positions) * 2)
        colour = COLOURS[position % len(COLOURS)]
        axes.errorbar(x, final.value, yerr=errors, fmt="o", color=colour, ms=4.5, capsize=2.5, lw=1.3)
    axes.axvline(right, color="#BBBBBB", lw=1, zorder=1)
    axes.set_xlim(left, right * step**4)
    axes.set_xticks([tick for tick in axes.get_xticks() if left <= tick <= right])
    axes.set_ylim(len(ranks.optimizers) + 0.15, 0.85)
    axes.set_yticks(range(1, len(ranks.optimizers) + 1))
    axes.set_xlabel("simulated time (hours)")
    axes.set_ylabel("expected rank")
    _legend(figure, axes)


def _positions(analysis: CampaignAnalysis, names: Sequence[str]) -> list[int]:
    """Where optimizers stand in the analysis' order, which decides their colours."""
    order = [card.marked_name for card in analysis.optimizers]
    return [order.index(name) for name in names]


def _friedman_notes(found: FriedmanResult) -> tuple[str, ...]:
    p_value = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    notes = (
        f"Friedman's test: chi-squared {found.statistic:.2f}, {p_value}.",
        f"Bars join optimizers that Nemenyi's test does not tell apart at level {SIGNIFICANCE:g}.",
    )
    return (*notes, *(f"{name} is left out: {reason}." for name, reason in found.left_out.items()))


def _draw_critical_difference(analysis: CampaignAnalysis, figure: Figure) -> None:
    """The diagram of Demšar (2006): an axis of ranks, names on stalks, bars over those not told apart."""
    found = analysis.friedman
    if not isinstance(found, FriedmanResult):
        raise TypeError("there is no test to draw")
    axes = figure.add_subplot()
    n = len(found.optimizers)
    order = np.argsort(found.mean_rank, kind="stable").tolist()
    positions = _positions(analysis, found.optimizers)
    bar_step, name_step = 0.22, 0.42
    below_bars = -0.25 - bar_step * len(found.groups)
    axes.hlines(0, 1, n, color="black", lw=1.2)
    for rank in range(1, n + 1):
        axes.vlines(rank, 0, 0.12, color="black", lw=1)
        axes.text(rank, 0.18, str(rank), ha="center", va="bottom", fontsize=9)
    for row, group in enumerate(found.groups):
        ends = [found.mean_rank[each] for each in group]
        axes.hlines(-0.2 - bar_step * row, min(ends) - 0.03, max(ends) + 0.03, color="black", lw=3.5)
    half = math.ceil(n / 2)
    margin = 0.12 * (n - 1)
    for place, index in enumerate(order):
        on_left = place < half
        level = below_bars - name_step * ((place if on_left else n - 1 - place) + 0.4)
        edge = 1 - margin if on_left else n + margin
        rank, colour = found.mean_rank[index], COLOURS[positions[index] % len(COLOURS)]
        axes.plot([rank, rank, edge], [0, level, level], color=colour, lw=1.5, solid_joinstyle="miter")
        text = f"{found.optimizers[index]}  {rank:.2f}" if on_left else f"{rank:.2f}  {found.optimizers[index]}"
        axes.text(
            edge + (-0.02 if on_left else 0.02) * n,
            level,
            text,
            ha="right" if on_left else "left",
            va="center",
            fontsize=9,
        )
    cd = found.critical_difference
    if cd < n - 1:
        axes.hlines(0.85, 1, 1 + cd, color="black", lw=1.2)
        axes.vlines([1, 1 + cd], 0.77, 0.93, color="black", lw=1.2)
        axes.text(1 + cd / 2, 1.0, f"critical difference {cd:.2f}", ha="center", va="bottom", fontsize=9)
    axes.set_xlim(1 - 0.75 * (n - 1), n + 0.75 * (n - 1))
    axes.set_ylim(below_bars - name_step * half, 1.4)
    axes.axis("off")


# -- targets and improvement


def _draw_targets(analysis: CampaignAnalysis, figure: Figure) -> None:
    panels = figure.subplots(1, len(analysis.targets), sharey=True, squeeze=False)[0]
    for axes, curves in zip(panels, analysis.targets, strict=True):
        positions = _positions(analysis, curves.optimizers)
        for index, (name, position) in enumerate(zip(curves.optimizers, positions, strict=True)):
            times, n_runs = curves.times_s[index], curves.n_runs[index]
            share = np.arange(len(times) + 1) / n_runs
            x = np.array([analysis.horizon_s * 1e-6, *times, analysis.horizon_s]) / _SECONDS_PER_HOUR
            runs = f"{n_runs} run{'s' if n_runs != 1 else ''}"
            axes.step(
                x, [*share, share[-1]], where="post", linewidth=1.6, label=_label(name, runs), **_line_style(position)
            )
        if curves.baseline_time_s.size:
            hours = curves.baseline_time_s / _SECONDS_PER_HOUR
            axes.plot(hours, curves.baseline_share, label="random search, exact", **_BASELINE)
        points = "point" if curves.target_pp == 1 else "points"
        axes.set_title(f"{curves.target_pp:g} percentage {points}", loc="left", fontsize=10)
        axes.set_xlabel("simulated time (hours)")
        _limit_to_times(axes, analysis)
    panels[0].set_ylim(-0.02, 1.02)
    panels[0].set_ylabel("share of runs")
    _legend(figure, panels[0])


def _limit_to_times(axes: Axes, analysis: CampaignAnalysis) -> None:
    """From when one run in a hundred has reached the easiest target: before, nothing is to be seen."""
    times = np.sort(np.concatenate(analysis.targets[0].times_s))
    first = max(float(times[len(times) // 100]) * 0.9, analysis.horizon_s * 1e-5)
    axes.set_xscale("log")
    axes.set_xlim(first / _SECONDS_PER_HOUR, analysis.horizon_s / _SECONDS_PER_HOUR)
    _make_logarithmic(axes, "x", most_ticks=5)


def _draw_improvement(analysis: CampaignAnalysis, figure: Figure) -> None:
    found = analysis.improvement
    if not isinstance(found, ImprovementMatrix):
        raise TypeError("there is no probability of improvement to draw")
    axes = figure.add_subplot()
    n = len(found.optimizers)
    runs = {row.optimizer: row.n_runs for row in analysis.finals}
    enough = [runs[name] >= FEWEST_FOR_INTERVALS for name in found.optimizers]
    image = axes.imshow(found.probability, vmin=0, vmax=1, cmap=_DIVERGING, aspect="auto")
    for i in range(n):
        for j in range(n):
            if i != j:
                _write_probability(axes, found, i, j, enough=enough[i] and enough[j])
    axes.set_yticks(range(n), [_label(name) for name in found.optimizers])
    axes.set_xticks(range(n), [narrow_label(name) for name in found.optimizers], fontsize=8)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1])
    bar.set_label("probability")
    bar.outline.set_visible(False)


def narrow_label(name: str) -> str:
    """A name in short lines; a word is broken only where it would run into the next column."""
    widest = max((len(word) for word in name.split()), default=1)
    return "\n".join(textwrap.wrap(name, min(max(10, widest), _COLUMN_CHARACTERS))) if name.strip() else name


def _write_probability(axes: Axes, found: ImprovementMatrix, i: int, j: int, *, enough: bool) -> None:
    value = float(found.probability[i, j])
    certain = enough and not found.low[i, j] <= 0.5 <= found.high[i, j]
    axes.text(
        j,
        i,
        f"{value:.2f}",
        ha="center",
        va="center",
        fontsize=9.5,
        fontweight="bold" if certain else "normal",
        color="white" if abs(value - 0.5) > 0.33 else "black",
    )
