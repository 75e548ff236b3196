"""Figures: one theme, one colour per optimizer, units on every axis, the table's provenance on each."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nhb2_plugins.analysis.curves import AnytimeCurve, anytime_regret
from nhb2_plugins.analysis.results import CampaignResults

# Okabe and Ito's palette ("Color Universal Design", 2008), which colour-blind readers can tell apart, without its
# yellow (too faint on white). The dash pattern repeats the distinction for print in grey.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))

_STYLE: Final[Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 150,
}
_SECONDS_PER_HOUR: Final = 3600.0
_CAPTION_CHARACTERS: Final = 140


def plot_anytime_regret(results: CampaignResults, path: Path) -> None:
    """Draw mean regret ± standard error over simulated time on logarithmic axes; the suffix decides the format."""
    curves = [anytime_regret(each, results.horizon_s) for each in results.optimizers]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        for position, curve in enumerate(curves):
            _draw_curve(axes, curve, position)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("simulated time (hours)")
        axes.set_ylabel("regret of the incumbent (percentage points)")
        axes.set_title(f"Regret in {results.measure}: mean over runs, band ± standard error", loc="left")
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.legend(loc="lower left")
        figure.supxlabel(_caption(results), fontsize=7.5, color="#555555", x=0.01, ha="left")
        figure.savefig(path)


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


def _caption(results: CampaignResults) -> str:
    return "\n".join(wrapped for note in results.notes for wrapped in textwrap.wrap(note, _CAPTION_CHARACTERS))
