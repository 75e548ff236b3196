"""Figures before they are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def drawn(plot: Callable[..., None], *arguments: Any, **keywords: Any) -> Figure:
    """What a function would write into the file that it takes last."""
    figures: list[Figure] = []
    with patch.object(Figure, "savefig", lambda this, *_, **__: figures.append(this)):
        plot(*arguments, Path(os.devnull), **keywords)
    (figure,) = figures
    return figure


def texts(axes: Axes) -> list[str]:
    """What is written into axes."""
    return [each.get_text() for each in axes.texts]


def names(axes: Axes, which: str) -> list[str]:
    """What the ticks of an axis are called."""
    return [each.get_text() for each in getattr(axes, f"get_{which}ticklabels")()]


def notes(figure: Figure) -> str:
    """The fine print below, in a line."""
    return " ".join(figure.get_supxlabel().split())
