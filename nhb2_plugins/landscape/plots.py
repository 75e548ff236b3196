"""Figures of the analyses; each says the table and what was measured. The suffix of a path decides the format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullFormatter

from nhb2_plugins.cells import PARAMS_PER_CONV_EDGE, STEM_AND_HEAD_PARAMS
from nhb2_plugins.figure_theme import COLOURS, themed_figure
from nhb2_plugins.landscape.anova import FunctionalAnova
from nhb2_plugins.landscape.catalogue import Fidelities
from nhb2_plugins.landscape.fidelity_correlation import FidelityCorrelation
from nhb2_plugins.landscape.fitness_distance import FitnessDistance
from nhb2_plugins.landscape.heat_maps import (
    draw_correlation,
    draw_map,
    draw_noise,
    plot_fidelities,
    plot_map,
    plot_noise,
)
from nhb2_plugins.landscape.hyperparameter_map import HyperparameterMap
from nhb2_plugins.landscape.joint import JointSearch
from nhb2_plugins.landscape.neighbourhood import Landscape
from nhb2_plugins.landscape.pareto import expenses, front_indices
from nhb2_plugins.landscape.published_front import PublishedFront
from nhb2_plugins.landscape.seed_noise import SeedNoise
from nhb2_plugins.landscape.view import Floats, Measured, View
from nhb2_plugins.landscape.walk import WalkAutocorrelation

_N_PAIRS: Final = 8
_GREY: Final = "#BBBBBB"
_PERCENT: Final = FuncFormatter(lambda share, _: f"{100 * share:.10g} %")
_PLAIN: Final = FuncFormatter(lambda value, _: f"{value:,.10g}")


def plot_anova(by_quantity: Mapping[str, FunctionalAnova], path: Path) -> None:
    """Bars: the shares of all main effects and of the largest pairs, one panel a quantity."""
    anovas = list(by_quantity.values())
    notes = [f"{quantity}: {anova.measure}." for quantity, anova in by_quantity.items()]
    with themed_figure(path, [*notes, f"Exact over all configurations. {anovas[0].table}"], (10, 5.2)) as figure:
        panels = figure.subplots(1, len(anovas), squeeze=False)[0]
        for axes, (quantity, anova) in zip(panels, by_quantity.items(), strict=True):
            draw_shares(axes, anova)
            axes.set_title(f"Variance of {quantity}", loc="left")
        handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in COLOURS[:2]]
        panels[0].legend(handles, ["main effect", f"pair (largest {_N_PAIRS} of 28)"], loc="lower right")


def draw_shares(axes: Axes, anova: FunctionalAnova) -> None:
    """Bars on axes: the shares of the main effects and of the largest pairs."""
    frame = anova.to_frame().groupby("order").head(max(_N_PAIRS, len(anova.names)))
    position = np.arange(len(frame))
    axes.barh(position, frame["share"], color=[COLOURS[order - 1] for order in frame["order"]])
    for where, share in zip(position, frame["share"], strict=True):
        axes.text(share, float(where), f" {100 * share:.1f}", va="center", fontsize=8)
    axes.set_yticks(position, frame["coordinates"], fontsize=8.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12 * frame["share"].max() or 1)
    axes.xaxis.set_major_formatter(_PERCENT)
    axes.set_xlabel("share of the variance")
    axes.grid(False, axis="y")


def plot_fronts(view: View, path: Path, against: PublishedFront | None = None) -> None:
    """All configurations and the Pareto fronts of error against cost, and against the network's size.

    Args:
        view: what is drawn.
        path: the file.
        against: a published front, drawn beside the one of error against cost where it is one.
    """
    notes = [
        f"{view.measure}; cost: {view.cost_measure}. Grey: all configurations. Multiply-accumulates and "
        "parameters both count the convolutions that reach the output, so they share a front.",
        view.table,
    ]
    with themed_figure(path, notes, (11, 5.2)) as figure:
        cost, size = figure.subplots(1, 2, sharey=True)
        _draw_cost_front(cost, view)
        if against is not None and set(against.objectives) == {"error_pct", "cost_s"}:
            points = dict(zip(against.objectives, against.values.T, strict=True))
            cost.plot(points["cost_s"], points["error_pct"], "s", color=COLOURS[1], ms=3.5, label=against.name)
            cost.legend(loc="upper right", ncols=2)
        _draw_size_front(size, view)
        cost.set_ylabel("error (%)")
        cost.set_yscale("log")
        cost.set_ylim(top=1.6 * view.error_pct.max())  # room for the legends
        cost.yaxis.set_major_locator(LogLocator(10, subs=(1, 1.5, 2, 3, 5, 7)))
        cost.yaxis.set_major_formatter(_PLAIN)
        cost.yaxis.set_minor_formatter(NullFormatter())
        size.tick_params(labelleft=False)


def _draw_cost_front(axes: Axes, view: View) -> None:
    axes.set_xscale("log")
    axes.scatter(view.row_cost_s, view.row_error_pct, s=1, color=_GREY, lw=0, alpha=0.5, rasterized=True)
    front = front_indices(view.error_pct, view.cost_s)
    axes.step(view.cost_s[front], view.error_pct[front], where="post", color=COLOURS[0], lw=1.5)
    axes.plot(view.cost_s[front], view.error_pct[front], "o", color=COLOURS[0], ms=4, label="Pareto front")
    axes.set_xlabel("cost of one evaluation (s)")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"Error against cost ({len(front)} on the front)", loc="left")
    axes.legend(loc="upper right", ncols=2)


def _draw_size_front(axes: Axes, view: View) -> None:
    convolutions = (expenses(view, "params_live") - STEM_AND_HEAD_PARAMS) / PARAMS_PER_CONV_EDGE
    counts = np.unique(convolutions)
    groups = [view.error_pct[convolutions == count] for count in counts]
    parts = axes.violinplot(groups, counts.tolist(), widths=0.8, showextrema=False)
    for body in parts["bodies"]:  # type: ignore[attr-defined]  # annotated as one collection; it is a list
        body.set(facecolor=_GREY, alpha=0.8)
    axes.plot(counts, [group.min() for group in groups], "_", color="#555555", ms=14, label="best of its size")
    front = front_indices(view.error_pct, convolutions)
    axes.plot(convolutions[front], view.error_pct[front], "o", color=COLOURS[0], ms=5, label="Pareto front")
    millions = [(STEM_AND_HEAD_PARAMS + PARAMS_PER_CONV_EDGE * count) / 1e6 for count in counts]
    axes.set_xticks(counts, [f"{count:.0f}\n{million:.2f} M" for count, million in zip(counts, millions, strict=True)])
    axes.set_xlabel("convolutions that reach the output, and parameters of the network")
    axes.set_title(f"Error against size ({len(front)} on the front)", loc="left")
    axes.legend(loc="upper right", ncols=2)


def plot_landscape(found: tuple[Landscape, FitnessDistance, WalkAutocorrelation], path: Path) -> None:
    """Three panels: basins of the local optima; error by distance to the optimum; autocorrelation of walks."""
    local, distance, walk = found
    notes = [
        f"{local.measure}. Neighbours differ in one of the eight coordinates; optima are plateaus, basins those of "
        "steepest ascent.",
        local.table,
    ]
    with themed_figure(path, notes, (12.5, 4.4)) as figure:
        basins, distances, correlation = figure.subplots(1, 3)
        draw_basins(basins, local)
        draw_distances(distances, distance)
        draw_walk(correlation, walk)


def draw_basins(axes: Axes, local: Landscape) -> None:
    """Each local optimum on axes: its regret, and the share of the space in its basin."""
    regret = local.plateau_error_pct[local.optimal_plateaus] - local.plateau_error_pct.min()
    axes.scatter(regret, local.basin_sizes / local.basin_sizes.sum(), s=14, color=COLOURS[0], lw=0, alpha=0.7)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.set_xlabel("regret of the local optimum (percentage points)")
    axes.set_ylabel("share of the space in its basin")
    axes.set_title(f"{len(regret):,} local optima", loc="left")


def draw_distances(axes: Axes, found: FitnessDistance) -> None:
    """Errors by distance to the optimum on axes: median, best, and where nine in ten are."""
    values = np.unique(found.distance)
    groups = [found.error_pct[found.distance == value] for value in values]
    low, middle, high = np.transpose([np.percentile(group, (5, 50, 95)) for group in groups])
    axes.fill_between(values, low, high, color=COLOURS[0], alpha=0.15, lw=0, label="5 % to 95 %")
    axes.plot(values, middle, "o-", color=COLOURS[0], label="median")
    axes.plot(values, [group.min() for group in groups], "s--", color=COLOURS[1], label="best")
    axes.set_xlabel("coordinates that differ from the nearest optimum")
    axes.set_ylabel("error (%)")
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.set_title(f"Error and distance: correlation {found.correlation:.2f}", loc="left")
    axes.legend(loc="upper left")


def draw_walk(axes: Axes, walk: WalkAutocorrelation) -> None:
    """The autocorrelation by lag on axes."""
    axes.plot(walk.correlation, "o-", color=COLOURS[0])
    axes.set_xlabel("steps of a random walk")
    axes.set_ylabel("autocorrelation of errors")
    axes.set_ylim(0, 1.02)
    axes.set_title(f"Correlation length {walk.correlation_length:.1f} steps", loc="left")


def plot_joint(search: JointSearch, path: Path) -> None:
    """What each strategy loses to the joint search: the range over its starts, quartiles, median, and mean."""
    notes = [
        f"{search.measure}. Every stage searches exhaustively; 0 is the joint optimum, error "
        f"{search.optimum_error_pct:.3f} %. Box: quartiles and median over starts; whiskers: range; diamond: mean. "
        f"{100 * search.interaction_share:.1f} % of the variance is interaction of architecture and hyperparameters.",
        search.table,
    ]
    with themed_figure(path, notes, (9, 5.2)) as figure:
        draw_joint(figure.add_subplot(), search)


def draw_joint(axes: Axes, search: JointSearch) -> None:
    """The strategies' regrets as boxes on axes."""
    setting = "default setting"
    groups: dict[str, Floats] = {
        f"architecture only,\n{setting}": search.architecture_only[[search.default]],
        "architecture only,\neach of 48 settings": search.architecture_only,
        "hyperparameters only,\neach of 4,096 cells": search.hyperparameters_only,
        "hyperparameters, then\narchitecture, 4,096 cells": search.hyperparameters_first,
        f"architecture, then\nhyperparameters, {setting}": search.architecture_first[[search.default]],
        "architecture, then\nhyperparameters, 48 settings": search.architecture_first,
        "alternating until\nnothing changes, 4,096 cells": search.alternating,
    }
    regrets = [errors - search.optimum_error_pct for errors in groups.values()]
    axes.boxplot(
        regrets,
        orientation="horizontal",
        whis=(0, 100),
        widths=0.55,
        showmeans=True,
        patch_artist=True,
        boxprops={"facecolor": COLOURS[5], "edgecolor": COLOURS[0], "alpha": 0.6},
        medianprops={"color": COLOURS[1], "lw": 2},
        meanprops={"marker": "D", "markerfacecolor": COLOURS[1], "markeredgecolor": COLOURS[1], "markersize": 5},
    )
    axes.set_yticks(range(1, len(groups) + 1), list(groups), fontsize=8.5)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(-0.01, None)
    axes.set_xticks([tick for tick in (0, 0.1, 0.3, 1, 3, 10, 30, 90) if tick <= 1.5 * max(map(max, regrets))])
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("regret to the joint optimum (percentage points; linear below 0.1)")
    axes.set_title("One after the other, or jointly?", loc="left")
    axes.grid(False, axis="y")


def _fidelities(found: Fidelities, path: Path) -> None:
    plot_fidelities(dict(zip(("All configurations", "Among the best decile"), found, strict=True)), path)


FIGURES: Final[Mapping[str, Callable[[Any, Path], None]]] = {
    "map": plot_map,
    "anova": plot_anova,
    "fidelities": _fidelities,
    "landscape": plot_landscape,
    "pareto": lambda request, path: plot_fronts(View.of(*request.where), path, request.against),
    "noise": plot_noise,
    "joint": plot_joint,
}
"""By the analysis' name: what draws its answer (``catalogue.ANALYSES``)."""


ON_AXES: Final[Mapping[type[Measured], tuple[Callable[[Axes, Any], object], tuple[float, float]]]] = {
    HyperparameterMap: (draw_map, (7, 5.4)),
    FunctionalAnova: (draw_shares, (6, 5)),
    FidelityCorrelation: (draw_correlation, (7, 6)),
    Landscape: (draw_basins, (7, 4.2)),
    FitnessDistance: (draw_distances, (7, 4.2)),
    WalkAutocorrelation: (draw_walk, (7, 4.2)),
    SeedNoise: (draw_noise, (7, 5.4)),
    JointSearch: (draw_joint, (9, 5.2)),
}
"""By the kind of an answer: what draws it on axes, and the size in inches of a figure that holds nothing else."""


def draw(answers: Mapping[str, Any], directory: Path, suffix: str = ".png") -> list[Path]:
    """Draw the figures of the analyses that have one; the files written, named after the analyses.

    Args:
        answers: by the names of the analyses; one without a figure is passed over.
        directory: an existing directory.
        suffix: ``.png``, ``.svg`` or ``.pdf``.
    """
    files = {name: directory / f"{name}{suffix}" for name in answers if name in FIGURES}
    for name, path in files.items():
        FIGURES[name](answers[name], path)
    return list(files.values())
