"""Figures: one theme, one colour per optimizer, units on every axis, the table's provenance on each."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nhb2_plugins.analysis.curves import AnytimeCurve, anytime_regret
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.figure_theme import COLOURS, DASHES, themed_figure

_SECONDS_PER_HOUR: Final = 3600.0


def plot_anytime_regret(results: CampaignResults, path: Path) -> None:
    """Draw mean regret ± standard error over simulated time on logarithmic axes; the suffix decides the format."""
    curves = [anytime_regret(each, results.horizon_s) for each in results.optimizers]
    with themed_figure(path, results.notes) as figure:
        axes = figure.add_subplot()
        for position, curve in enumerate(curves):
            _draw_curve(axes, curve, position)
        axes.set_xlabel("simulated time (hours)")
        axes.set_ylabel("regret of the incumbent (percentage points)")
        axes.set_title(f"Regret in {results.measure}: mean over runs, band ± standard error", loc="left")
        means = np.concatenate([curve.mean for curve in curves])
        # A logarithmic axis needs something positive to show: there is nothing where no run has a result, and no
        # positive regret where every run found the optimum at once.
        if np.isfinite(means).any():
            _make_logarithmic(axes, "x")
        if (means > 0).any():
            _make_logarithmic(axes, "y")
        axes.legend(loc="lower left")


def _make_logarithmic(axes: mpl.axes.Axes, which: Literal["x", "y"]) -> None:
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _draw_curve(axes: mpl.axes.Axes, curve: AnytimeCurve, position: int) -> None:
    hours = curve.time_s / _SECONDS_PER_HOUR
    colour = COLOURS[position % len(COLOURS)]
    axes.step(
        hours,
        curve.mean,
        where="post",
        color=colour,
        linestyle=DASHES[position % len(DASHES)],
        linewidth=1.8,
        label=f"{curve.name} ({curve.n_runs} run{'s' if curve.n_runs != 1 else ''})",
    )
    floor = _positive_floor(curve)
    low = np.maximum(curve.mean - curve.standard_error, floor)
    axes.fill_between(hours, low, curve.mean + curve.standard_error, step="post", color=colour, alpha=0.15, lw=0)


def _positive_floor(curve: AnytimeCurve) -> float:
    """Half the smallest positive mean: a logarithmic axis has no zero to draw a band down to."""
    positive = curve.mean[curve.mean > 0]
    return float(positive.min()) / 2 if positive.size else 1e-3
