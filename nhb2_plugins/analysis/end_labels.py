"""Names beside the ends of curves in a figure of matplotlib, in the place of a legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Annotation, Text
from matplotlib.transforms import ScaledTranslation

from nhb2_plugins.analysis.labels import spread

_LEAD_POINTS: Final = 12.0
_GAP_POINTS: Final = 2.0
_LINE: Final = 1.2  # of the type's size


class End(NamedTuple):
    """Where a curve ends.

    Attributes:
        label: its name, in lines.
        x: where it ends, in the axes' unit,
        y: and at which value.
        colour: of the line that leads to the name.
    """

    label: str
    x: float
    y: float
    colour: str


def labels_height(labels: Sequence[str], type_points: float) -> float:
    """How high labels are above each other, in inches."""
    n_lines = sum(label.count("\n") + 1 for label in labels)
    return (n_lines * _LINE * type_points + len(labels) * _GAP_POINTS) / 72


def label_ends(axes: Axes, ends: Sequence[End], type_points: float) -> None:
    """Write each curve's name right of the axes, none upon another, a fine line leading there from the curve's end.

    Args:
        axes: whose scales and right limit are set.
        ends: of the curves.
        type_points: size of the type.
    """
    right = axes.get_xlim()[1]
    for end in ends:
        if end.x < right:
            axes.hlines(end.y, end.x, right, color=end.colour, lw=0.7)
    axes.add_artist(_Places(axes, ends, [_label(axes, end, type_points) for end in ends]))


def _label(axes: Axes, end: End, type_points: float) -> Annotation:
    figure = axes.get_figure()
    aside = axes.transAxes + ScaledTranslation(_LEAD_POINTS / 72, 0, figure.dpi_scale_trans)  # type: ignore[union-attr]
    line = {"arrowstyle": "-", "color": end.colour, "lw": 0.7, "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)}
    return axes.annotate(
        end.label,
        xy=(1, 0.5),
        xycoords="axes fraction",
        xytext=(1, 0.5),
        textcoords=aside,
        va="center",
        fontsize=type_points,
        linespacing=_LINE,
        annotation_clip=False,
        arrowprops=line,
    )


class _Places(Artist):
    """Draws nothing: gives the labels their places, once the layout has given the axes theirs."""

    zorder = -1

    def __init__(self, axes: Axes, ends: Sequence[End], labels: Sequence[Annotation]) -> None:
        super().__init__()
        self._given = axes, ends, labels
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        axes, ends, labels = self._given
        box, gap = axes.bbox, _GAP_POINTS / 72 * axes.figure.dpi
        with np.errstate(divide="ignore"):  # zero, on a logarithmic axis, is below
            at = axes.transData.transform([(end.x, end.y) for end in ends])[:, 1]
        wanted = np.clip(np.nan_to_num(at, nan=box.y0, neginf=box.y0), box.y0, box.y1).tolist()
        sizes = [Text.get_window_extent(label, renderer).height + gap for label in labels]  # without the lines
        places = spread(wanted, sizes, box.y0, box.y1)
        for label, own, place in zip(labels, wanted, places, strict=True):
            label.xy = (1.0, (own - box.y0) / box.height)
            label.set_position((1.0, (place - box.y0) / box.height))
