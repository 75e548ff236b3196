"""How good a set of points is, held against a front: hypervolume, IGD+ and additive epsilon, all by moocore."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.levels import Floats, as_numbers
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.metric import FLOAT_NOISE_PP


def moocore() -> Any:
    """The library.

    Raises:
        MissingExtraError: it is not installed.
    """
    with needs_extra("fronts are measured by moocore", "pareto"):
        import moocore as library
    return library


@dataclass(frozen=True, eq=False)
class FrontQuality:
    """A front and a reference point, against which sets of points are measured. All objectives are minimised.

    IGD+ and epsilon mix objectives, so these are scaled for them: 0 at the front's best value, 1 at the reference
    point.

    Attributes:
        front: shape (n, n_objectives).
        reference: the point up to which hypervolume counts, shape (n_objectives,).
    """

    front: Floats
    reference: Floats

    @classmethod
    def of(cls, front: ArrayLike, reference: ArrayLike | None = None) -> FrontQuality:
        """Measures against a front.

        Args:
            front: shape (n, n_objectives); points of it that others dominate do no harm.
            reference: the reference point; None for the nadir, the largest value of each objective on the front.

        Raises:
            InvalidValueError: no points, values that are no numbers, a reference point of another length, or one that
                no point of the front is below in every objective.
            MissingExtraError: moocore is not installed.
        """
        values = checked_points(front, "front")
        values = np.ascontiguousarray(values[moocore().is_nondominated(values)])
        point = values.max(axis=0) if reference is None else checked_reference(reference, values.shape[1])
        made = cls(values, point)
        if not made.front_hypervolume > 0:
            named = "the nadir of the front" if reference is None else "the reference point"
            place = ", ".join(f"{value:.10g}" for value in point)
            raise InvalidValueError(
                f"no point of the front lies below {named}, ({place}), in every objective: there is no hypervolume to "
                "compare with; name a reference point beyond"
            )
        return made

    @cached_property
    def front_hypervolume(self) -> float:
        """Of the front itself, in the product of the objectives' units."""
        return self.hypervolume(self.front)

    def hypervolume(self, points: ArrayLike) -> float:
        """Of the region that the points dominate, up to the reference point."""
        return float(moocore().hypervolume(points, ref=self.reference))

    def hypervolume_pct(self, points: ArrayLike) -> float:
        """The same in percent of the front's."""
        return 100 * self.hypervolume(points) / self.front_hypervolume

    def regret_pp(self, points: ArrayLike) -> float:
        """What is missing to the front's hypervolume, in percentage points of it; 0 for the front."""
        regret = 100 - self.hypervolume_pct(points)
        return 0.0 if regret < FLOAT_NOISE_PP else regret

    def igd_plus(self, points: ArrayLike) -> float:
        """Mean distance from the front's points to the region that the points dominate; 0 for the front."""
        return float(moocore().igd_plus(self._scaled(points), ref=self._scaled(self.front)))

    def epsilon(self, points: ArrayLike) -> float:
        """By how much the points must be moved in every objective to dominate the front; 0 for the front."""
        return float(moocore().epsilon_additive(self._scaled(points), ref=self._scaled(self.front)))

    def _scaled(self, points: ArrayLike) -> Floats:
        ideal = self.front.min(axis=0)
        scaled: Floats = (np.asarray(points, dtype=np.float64) - ideal) / (self.reference - ideal)
        return scaled

    @staticmethod
    def of_growing(points: Iterable[Sequence[float]], measure: Callable[[Floats], float]) -> Iterator[float]:
        """A measure of a set after each point that is added to it."""
        seen: list[Sequence[float]] = []
        for point in points:
            seen.append(point)
            yield measure(np.array(seen))


def checked_points(points: ArrayLike, what: str) -> Floats:
    """The points, shape (n, n_objectives).

    Raises:
        InvalidValueError: there are none, or they are no such numbers.
    """
    try:
        values = np.ascontiguousarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 2 or not values.size or values.shape[1] < 2 or not np.isfinite(values).all():
        raise InvalidValueError(f"{what} {points!r:.80} is not one or more points of two or more finite numbers")
    return values


def checked_reference(reference: ArrayLike, n_objectives: int) -> Floats:
    """The reference point, shape (n_objectives,).

    Raises:
        InvalidValueError: it is not so many finite numbers.
    """
    point = as_numbers(reference)
    if point.shape != (n_objectives,) or not np.isfinite(point).all():
        raise InvalidValueError(f"reference point {reference!r:.80} is not {n_objectives} finite numbers")
    return point
