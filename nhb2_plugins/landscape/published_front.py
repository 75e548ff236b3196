"""A front that somebody published, as a CSV file, and how the table's own compares with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.exact.front import Front, exact_front, front_positions
from nhb2_plugins.exact.quality import FrontQuality, checked_points
from nhb2_plugins.files import read_regular
from nhb2_plugins.landscape.view import Floats, View
from nhb2_plugins.objectives import ERROR_PCT, OBJECTIVES, checked_front_objectives

if TYPE_CHECKING:
    import pandas

_MOST_BYTES: Final = 1 << 24
_OTHER_NAMES: Final = {"valid_error_pct": ERROR_PCT}


@dataclass(frozen=True, eq=False)
class PublishedFront:
    """A front in a file: its points that no other dominates.

    Attributes:
        name: of the file.
        objectives: names, one for each column.
        values: shape (n, n_objectives), by the first objective, ascending.
    """

    name: str
    objectives: tuple[str, ...]
    values: Floats


def read_front(path: Path) -> PublishedFront:
    """Read a front: a line of two or three objectives' names, then a point a line (``valid_error_pct,cost_s``).

    Raises:
        InvalidValueError: the file cannot be read or holds no such points.
        MissingExtraError: it has three objectives, and moocore is not installed.
    """
    try:
        text = read_regular(path, max_bytes=_MOST_BYTES).decode("utf-8-sig")
        header, *lines = list(csv.reader(io.StringIO(text))) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise InvalidValueError(f"front {path} cannot be read: {error}") from error
    names = [_OTHER_NAMES.get(name.strip(), name.strip()) for name in header]
    for name in names:
        if name not in OBJECTIVES:
            raise InvalidValueError(f"front {path}: " + describe_choices(name, OBJECTIVES, what="column"))
    try:
        objectives = checked_front_objectives(names)
    except InvalidValueError as error:
        raise InvalidValueError(f"front {path}: {error}") from error
    points = checked_points([line for line in lines if line], f"front {path}:")
    if points.shape[1] != len(objectives):
        raise InvalidValueError(f"front {path} has {len(objectives)} columns and points of {points.shape[1]} numbers")
    return PublishedFront(path.name, objectives, points[front_positions(points)])


def quality_against(
    view: View, published: PublishedFront, reference: Sequence[float] | None = None
) -> pandas.DataFrame:
    """The table's front measured against a published one, and the other way round.

    Columns: ``front``, ``points``, ``hypervolume_ratio`` (to the other one's, up to the other one's nadir),
    ``igd_plus`` and ``epsilon`` (of objectives scaled to 0 … 1 by the other's ideal and nadir), ``attained`` (share of
    the other's points that it dominates or equals).

    Args:
        view: the table.
        published: the other front.
        reference: a point in the place of both nadirs, a value for each of the published front's objectives. A front of
            one or two points has no hypervolume up to its own nadir.

    Raises:
        InvalidValueError: the table cannot answer, or one of the fronts has no point below the reference point.
        MissingExtraError: pandas or moocore is not installed.
    """
    own = _own(view, published).values
    qualities = {
        view.table: _quality(published.values, reference, f"front {published.name}"),
        published.name: _quality(own, reference, f"front of the {view.table}"),
    }
    fronts = {view.table: own, published.name: published.values}
    rows = [(name, *_compared(fronts[name], quality)) for name, quality in qualities.items()]
    columns = ("front", "points", "hypervolume_ratio", "igd_plus", "epsilon", "attained")
    return view.frame(dict(zip(columns, zip(*rows, strict=True), strict=True)))


def _own(view: View, published: PublishedFront) -> Front:
    return exact_front(view.bench, published.objectives, view.epoch, view.split, view.seed)


def _quality(front: Floats, reference: Sequence[float] | None, what: str) -> FrontQuality:
    try:
        return FrontQuality.of(front, reference)
    except InvalidValueError as error:
        raise InvalidValueError(f"{what}: {error}") from error


def _compared(front: Floats, quality: FrontQuality) -> tuple[int, float, float, float, float]:
    ratio = quality.hypervolume(front) / quality.front_hypervolume
    attained = float(np.mean(_attains(front, quality.front)))
    return len(front), ratio, quality.igd_plus(front), quality.epsilon(front), attained


def _attains(front: Floats, points: Floats) -> NDArray[np.bool_]:
    """Of each point whether any of the front is at most as large in every objective."""
    return np.asarray((front[:, np.newaxis] <= points).all(axis=2).any(axis=0))


def attainment_of(view: View, published: PublishedFront) -> pandas.DataFrame:
    """Each published point, and what the table reaches there.

    Columns: the objectives, ``attained`` (whether the table's front dominates or equals the point), and
    ``best_<first objective>``: the table's smallest value of the first objective among what is at most as large as the
    point in the others; NaN where nothing is.

    Raises:
        InvalidValueError: the table cannot answer.
        MissingExtraError: pandas is not installed, or moocore and there are three objectives.
    """
    own, points = _own(view, published).values, published.values
    within = (own[:, np.newaxis, 1:] <= points[:, 1:]).all(axis=2)
    best = np.where(within, own[:, :1], np.inf).min(axis=0)
    columns = dict(zip(published.objectives, points.T, strict=True))
    first = published.objectives[0]
    attained = _attains(own, points)
    return view.frame({**columns, "attained": attained, f"best_{first}": np.where(best < np.inf, best, np.nan)})
