"""The one theme of every figure: colours, fonts, and the notes below that say which table it is of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

# Okabe and Ito's palette ("Color Universal Design", 2008), which colour-blind readers can tell apart, without its
# yellow (too faint on white). The dash pattern repeats the distinction for print in grey.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: Final = (
    ("-", "solid"),
    ("--", "9 4"),
    ("-.", "9 3 2 3"),
    (":", "2 3"),
    ((0, (5, 1, 1, 1, 1, 1)), "9 3 2 3 2 3"),
    ((0, (1, 1)), "4 3"),
    ((0, (8, 2)), "14 4"),
)
"""Each pattern as matplotlib writes it, and as SVG does."""
SEQUENTIAL: Final = "viridis"
"""Colour map of quantities: even in lightness, so that it survives colour blindness and grey print."""

BASELINE: Final[Mapping[str, Any]] = {"color": "#7A828C", "linewidth": 4.5, "alpha": 0.5}
"""How random search, exact, is drawn in every figure: broad and grey behind the others, since no run is behind it."""


def colour_and_dashes(position: int) -> tuple[str, tuple[Any, str]]:
    """How the optimizer at a position looks in every figure: seven colours, and other dashes in each further round."""
    turn, number = divmod(position, len(COLOURS))
    return COLOURS[number], DASHES[(number + turn) % len(DASHES)]


def diverging(value: float) -> tuple[str, str]:
    """The colour of a probability, and that of text on it: blue above one half, orange below, with a contrast of 4.5.

    Args:
        value: 0 to 1.
    """
    towards = np.array([0, 93, 148]) if value >= 0.5 else np.array([196, 92, 0])
    share = abs(value - 0.5) * 2 * 0.85
    red, green, blue = (255 * (1 - share) + towards * share).astype(int)
    text = "#16202b" if share <= 0.7 else "#ffffff" if value > 0.97 else "#000000"
    return f"#{red:02x}{green:02x}{blue:02x}", text


DIVERGING: Final = ListedColormap([diverging(each)[0] for each in np.linspace(0, 1, 257)], "nhb2_diverging")
"""The same as a colour map."""

STYLE: Final[Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "text.parse_math": False,  # a label may hold dollars; nothing that is written here is a formula
}
PAPER: Final[Any] = STYLE | {
    "font.family": "STIXGeneral",  # the typeface of most papers; comes with matplotlib
    "pdf.fonttype": 42,  # the submission systems of conferences refuse Type 3
    "ps.fonttype": 42,
    "axes.labelsize": 10,
    "axes.titlesize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
}
"""For a paper of 10 point type: its figures stand there unscaled."""
NOTE_COLOUR: Final = "#555555"
NOTE_SIZE: Final = 7.5
_NOTE_CHARACTERS_PER_INCH: Final = 17.5


@contextmanager
def themed_figure(
    path: Path, notes: Iterable[str], size: tuple[float, float] = (8, 5), suffix: str = "", style: Any = STYLE
) -> Iterator[Figure]:
    """A figure to draw on; written when the block ends, the notes below it.

    Args:
        path: where to write.
        notes: lines of fine print: the table, what was measured, how.
        size: width and height in inches.
        suffix: the format; the path's where not given.
        style: matplotlib's settings.
    """
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        yield figure
        width = int(size[0] * _NOTE_CHARACTERS_PER_INCH)
        text = "\n".join(line for note in notes for line in textwrap.wrap(note, width))
        if text:
            figure.supxlabel(text, fontsize=NOTE_SIZE, color=NOTE_COLOUR, x=0.01, ha="left")
        figure.savefig(path, format=suffix or None)
