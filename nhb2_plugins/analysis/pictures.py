"""Pictures as values: what files (:mod:`.plots`) and the page (:mod:`.page`) are both drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np

from nhb2_plugins.analysis.model import BaselineCurve, Floats, Interval
from nhb2_plugins.budget import SECONDS_PER_HOUR


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        title: with its unit.
        name: of the quantity, in a word or two.
        unit: behind a value, for example ``h``.
        log: whether it is logarithmic (on the page: starts out so).
        whole: whether its values are whole numbers.
        scale: a value of a curve, divided by this, is in the axis' unit.
    """

    title: str
    name: str
    unit: str = ""
    log: bool = True
    whole: bool = False
    scale: float = 1.0

    @property
    def short(self) -> str:
        """A title for where there is little room."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


TIME: Final = Axis("simulated time (hours)", "simulated time", "h", scale=SECONDS_PER_HOUR)
REGRET: Final = Axis("regret of the incumbent (percentage points)", "regret", "pp")


def _nothing() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Curve:
    """A right-continuous step.

    Attributes:
        name: for the legend.
        position: of its optimizer, which decides the look; None for random search.
        x: where it changes, ascending, shape (n,).
        y: its values from there on, shape (n,).
        low: lower end of the interval, shape (n,), or empty for none,
        high: and upper end.
        n_runs: the number of runs behind it, where a legend says that.
        smooth: whether it is a line from point to point instead.
    """

    name: str
    position: int | None
    x: Floats
    y: Floats
    low: Floats = field(default_factory=_nothing)
    high: Floats = field(default_factory=_nothing)
    n_runs: int | None = None
    smooth: bool = False


@dataclass(frozen=True)
class Strand:
    """One of many thin curves: its label and its steps."""

    label: str
    steps: Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves on two axes.

    Attributes:
        x: the axis,
        y: and the other one.
        curves: what is drawn.
        title: above, where several stand side by side.
        reference: a level of y, with its name.
        ends: intervals of the last values, one for each curve: drawn to the right of their end.
        extent: ends of the y axis where they are fixed.
        begin: where the x axis of a panel begins.
        strands: on the page, thin behind the curves, in the look of the first one,
        strands_name: and their name.
    """

    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    title: str = ""
    reference: tuple[float, str] | None = None
    ends: tuple[Interval, ...] = ()
    extent: tuple[float, float] | None = None
    begin: float = 0.0
    strands: tuple[Strand, ...] = ()
    strands_name: str = ""


@dataclass(frozen=True, eq=False)
class Panels:
    """Curves side by side that share the y axis and a legend."""

    panels: tuple[Curves, ...]


@dataclass(frozen=True)
class Strip:
    """The spread of values, one for each run: a row of dots, with what sums them up (None where there is no value).

    Attributes:
        name: of the row.
        position: of its optimizer, which decides the look.
        values: (seed, value) of each dot.
        mean: with its interval over runs.
        median: with its interval over runs.
        best: the smallest,
        quarter: the first quartile,
        three_quarters: the third,
        worst: and the largest value.
    """

    name: str
    position: int
    values: tuple[tuple[int, float], ...]
    mean: Interval | None = None
    median: Interval | None = None
    best: float | None = None
    quarter: float | None = None
    three_quarters: float | None = None
    worst: float | None = None

    @property
    def n_runs(self) -> int:
        """Number of values."""
        return len(self.values)


@dataclass(frozen=True)
class Strips:
    """Rows of values on one axis.

    Attributes:
        strips: the rows.
        axis: the axis' title for files,
        page_axis: for the page,
        narrow_axis: and for a narrow page.
        title: what is shown, for who cannot see it.
        value_of: what each value is of, beside its number.
        signed: whether values may be below zero, which gets a line then.
    """

    strips: tuple[Strip, ...]
    axis: str
    page_axis: str
    narrow_axis: str
    title: str = "Final regret of every run"
    value_of: str = "seed"
    signed: bool = False


@dataclass(frozen=True)
class RankDiagram:
    """Average ranks on a line, with bars over those that are not told apart (Demšar, JMLR 7, 2006).

    Attributes:
        names: marked names of what is ranked.
        positions: of the optimizers, which decide the looks.
        mean_rank: average ranks.
        critical_difference: two that differ by less are not told apart.
        groups: maximal sets (indices into ``names``, best rank first) within one critical difference: the bars. Single
            ones are left out.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    mean_rank: tuple[float, ...]
    critical_difference: float
    groups: tuple[tuple[int, ...], ...]

    @property
    def order(self) -> list[int]:
        """Positions among the names, the best rank first."""
        return sorted(range(len(self.names)), key=self.mean_rank.__getitem__)


@dataclass(frozen=True, eq=False)
class Matrix:
    """Probabilities with intervals over runs, one row and one column an optimizer.

    Attributes:
        names: marked names, of rows and columns.
        values: shape (n, n): [i, j] of i over j; NaN on the diagonal.
        low: lower ends of the intervals, shape (n, n),
        high: and upper ones.
        enough: whether each has enough runs for its intervals to be trusted.
    """

    names: tuple[str, ...]
    values: Floats
    low: Floats
    high: Floats
    enough: tuple[bool, ...]


Picture: TypeAlias = Curves | Panels | Strips | RankDiagram | Matrix
WIDTH: Final = 9.0
"""Of a figure, in inches."""


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """One figure as a file.

    Attributes:
        name: stem of its files.
        picture: what it shows; None where there is nothing to show: then there is no such file.
        title: what stands above it.
        notes: what a reader must know, beside the campaign's own notes.
        size: width and height in inches.
    """

    name: str
    picture: Picture | None
    title: str = ""
    notes: tuple[str, ...] = ()
    size: tuple[float, float] = (WIDTH, 5.0)


def curve_from(curve: Curve, begin: float) -> Curve:
    """The same curve from some place on; whole where it begins later."""
    first = int(np.searchsorted(curve.x, begin, side="right")) - 1
    if first < 0:
        return curve
    x = np.array([begin, *curve.x[first + 1 :]])
    y, low, high = curve.y[first:], curve.low[first:], curve.high[first:]
    if curve.smooth:
        y = np.interp(x, curve.x, curve.y)
    return replace(curve, x=x, y=y, low=low, high=high)


def baseline_of(curve: BaselineCurve, level: str, *, smooth: bool = False) -> Curve:
    """Random search as a curve of a picture.

    Args:
        curve: what is drawn.
        level: ``mean`` or ``median``.
        smooth: whether to draw it from point to point.
    """
    return Curve(curve.label, None, curve.x, getattr(curve, level), smooth=smooth)
