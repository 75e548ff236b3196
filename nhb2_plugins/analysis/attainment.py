"""What shares of several archives attain: empirical attainment surfaces, of two objectives at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nhb2_plugins.analysis.model import Floats
from nhb2_plugins.exact.quality import moocore

QUARTILES: Final = (25, 50, 75)


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Empirical attainment surfaces of several archives: steps, as curves of a picture have them.

    Attributes:
        name: whose archives they are.
        x: values of one objective where a surface changes, ascending, shape (n,).
        quarter: the other objective that a quarter of the archives attain there, shape (n,); NaN where so many attain
            none,
        median: half of them,
        three_quarters: three quarters of them.
    """

    name: str
    x: Floats
    quarter: Floats
    median: Floats
    three_quarters: Floats


@dataclass(frozen=True, eq=False)
class Attainment:
    """What archives attain in a pair of objectives. Of a third it is left open what it comes to.

    Attributes:
        y: name of the pair's first objective,
        x: and of its second.
        surfaces: of each optimizer's final archives.
        exact: of the exact fronts: of a single one all three surfaces are that front.
    """

    y: str
    x: str
    surfaces: tuple[Surfaces, ...]
    exact: Surfaces

    @property
    def is_a_trade(self) -> bool:
        """Whether one objective costs the other: no configuration is the best in both."""
        return len(np.unique(self.exact.median[~np.isnan(self.exact.median)])) > 1


def attainment_of(
    pair: tuple[str, str], archives: Mapping[str, Sequence[Floats]], fronts: Sequence[Floats], end: float
) -> Attainment:
    """The surfaces of a pair of objectives.

    Args:
        pair: names.
        archives: name of an optimizer → its archives, each of shape (n, 2), all to be minimised.
        fronts: the exact fronts, in the same form.
        end: the value of the second objective up to which surfaces run, unless one changes beyond.
    """
    corners = {name: _corners(each) for name, each in archives.items()}
    exact = _corners(fronts)
    end = max([end, *(float(found[:, 1].max()) for found in corners.values())])
    surfaces = tuple(_surfaces(name, found, end) for name, found in corners.items())
    return Attainment(*pair, surfaces, _surfaces("exact front", exact[exact[:, 1] <= end], end))


def _corners(archives: Sequence[Floats]) -> Floats:
    """Corners of the surfaces, with the percentage of archives that attain each, shape (n, 3)."""
    minimal = [moocore().filter_dominated(np.ascontiguousarray(each)) for each in archives]
    sets = np.repeat(np.arange(len(minimal)), [len(each) for each in minimal])
    corners: Floats = moocore().eaf(np.concatenate(minimal), sets, percentiles=list(QUARTILES))
    return corners


def _surfaces(name: str, corners: Floats, end: float) -> Surfaces:
    x = np.unique([*corners[:, 1], end])
    return Surfaces(name, x, *(_step(corners[corners[:, 2] == percent], x) for percent in QUARTILES))


def _step(points: Floats, x: Floats) -> Floats:
    """The smallest first value among points whose second one is at most x; NaN where there is none."""
    within = points[:, 1] <= x[:, np.newaxis]
    best = np.where(within, points[:, 0], np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(best), best, np.nan)
