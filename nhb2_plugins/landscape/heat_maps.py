"""Heat maps: learning rate × batch size, and epoch × epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nhb2_plugins.figure_theme import COLOURS, SEQUENTIAL, themed_figure
from nhb2_plugins.landscape.fidelity_correlation import FidelityCorrelation
from nhb2_plugins.landscape.hyperparameter_map import HyperparameterMap
from nhb2_plugins.landscape.seed_noise import SeedNoise
from nhb2_plugins.landscape.view import Floats
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES


def plot_map(found: HyperparameterMap, path: Path) -> None:
    """Errors by learning rate and batch size; the best learning rate of each batch size has a frame."""
    notes = [f"{found.measure}; {found.of}. Framed: the best learning rate of each batch size.", found.table]
    with themed_figure(path, notes, (7, 5.4)) as figure:
        axes = figure.add_subplot()
        draw_map(axes, found)


def draw_map(axes: Axes, found: HyperparameterMap) -> None:
    """The map on axes, with a colour bar beside them."""
    image = _draw_grid(axes, found.error_pct, "{:.1f}")
    for column, row in enumerate(found.best_lr_rank):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=2.5, ec=COLOURS[1], clip_on=False))
    _colour_bar(axes.figure, image, axes, "error (%), logarithmic colours")
    axes.set_title(f"Error (%): {found.of}", loc="left")


def plot_noise(noise: SeedNoise, path: Path) -> None:
    """The mean standard deviation over seeds by learning rate and batch size."""
    notes = [f"Standard deviation over seeds, mean over cells; {noise.measure}.", noise.table]
    with themed_figure(path, notes, (7, 5.4)) as figure:
        draw_noise(figure.add_subplot(), noise)


def draw_noise(axes: Axes, noise: SeedNoise) -> None:
    """The mean deviations on axes, with a colour bar beside them."""
    deviation = np.take(noise.row_deviation_pct, noise.bench.rows).reshape(-1, len(LEARNING_RATES) * len(BATCH_SIZES))
    mean = deviation.mean(axis=0).reshape(len(LEARNING_RATES), len(BATCH_SIZES))
    image = _draw_grid(axes, mean, "{:.2f}")
    _colour_bar(axes.figure, image, axes, "percentage points, logarithmic colours")
    axes.set_title("Seed noise (percentage points)", loc="left")


def _draw_grid(axes: Axes, values: Floats, text: str) -> AxesImage:
    """A heat map over learning rates (upwards) and batch sizes with its numbers in it."""
    positive = values[values > 0]
    norm = LogNorm(positive.min(), positive.max()) if positive.size and positive.max() > positive.min() else Normalize()
    image = axes.imshow(values, origin="lower", aspect="auto", cmap=f"{SEQUENTIAL}_r", norm=norm)
    for (row, column), value in np.ndenumerate(values):
        _write(axes, image, (column, row), value, text.format(value), 9)
    axes.set_xticks(range(len(BATCH_SIZES)), [str(size) for size in BATCH_SIZES])
    axes.set_yticks(range(len(LEARNING_RATES)), [f"{lr:g}" for lr in LEARNING_RATES])
    axes.set_xlabel("batch size")
    axes.set_ylabel("learning rate")
    _bare(axes)
    return image


def _write(axes: Axes, image: AxesImage, at: tuple[int, int], value: float, text: str, size: float) -> None:
    red, green, blue, _ = image.to_rgba(np.array(value))
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5  # luma (BT.601): white on dark, black on light
    axes.text(*at, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")


def _bare(axes: Axes) -> None:
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _colour_bar(figure: Figure | SubFigure, image: AxesImage, axes: Axes | Sequence[Axes], label: str) -> None:
    bar = figure.colorbar(image, ax=axes, label=label)
    bar.outline.set_visible(False)
    if isinstance(image.norm, LogNorm):
        bar.ax.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 3, 4, 5, 7)))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.yaxis.set_minor_locator(NullLocator())


def plot_fidelities(panels: Mapping[str, FidelityCorrelation], path: Path) -> None:
    """Correlation matrices side by side, on one scale from −1 to 1."""
    first = next(iter(panels.values()))
    notes = [f"{first.measure}. Of a pair's decile: the best tenth of configurations at its later epoch.", first.table]
    with themed_figure(path, notes, (12, 6)) as figure:
        subplots = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, found) in zip(subplots, panels.items(), strict=True):
            image = draw_correlation(axes, found)
            axes.set_title(title, loc="left")
        bar = figure.colorbar(image, ax=subplots, label="Kendall's tau-b", shrink=0.8)
        bar.outline.set_visible(False)


def draw_correlation(axes: Axes, found: FidelityCorrelation) -> AxesImage:
    """One matrix with its numbers on axes."""
    image = axes.imshow(found.tau_b, cmap="RdBu", vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(found.tau_b):
        if np.isfinite(value):
            _write(axes, image, (column, row), value, _short(value), 7)
    names = [str(epoch) for epoch in found.epochs]
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("epochs")
    axes.set_ylabel("epochs")
    axes.set_title("Kendall's tau-b of two epochs", loc="left")
    _bare(axes)
    return image


def _short(correlation: float) -> str:
    """Two decimals in few characters: ``.87``, ``-.05``, ``1``."""
    text = f"{correlation + 0.0:.2f}".replace("-0.00", "0.00")
    return text.replace("1.00", "1").replace("0.", ".")
