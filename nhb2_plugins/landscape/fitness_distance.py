"""Does the error lead to the optimum? Error against the number of coordinates that differ from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.landscape.view import Floats, Integers, Measured, View
from nhb2_plugins.space import N_CHOICES

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class FitnessDistance(Measured):
    """Error against distance to the nearest optimum. Made by :func:`fitness_distance`.

    Attributes:
        distance: number of coordinates in which each configuration differs from the nearest of all configurations with
            the best error, 0..8, shape (196608,).
        error_pct: of each configuration.
        correlation: Pearson's, between the two; NaN where one is constant.
    """

    distance: Integers
    error_pct: Floats
    correlation: float

    def to_frame(self) -> pandas.DataFrame:
        """One row a distance: ``distance``, ``n_configurations``, ``mean_error_pct``, ``best_error_pct``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        distances = np.unique(self.distance)
        groups = [self.error_pct[self.distance == distance] for distance in distances]
        columns = {
            "distance": distances,
            "n_configurations": [len(group) for group in groups],
            "mean_error_pct": [group.mean() for group in groups],
            "best_error_pct": [group.min() for group in groups],
        }
        return self.frame(columns)


def fitness_distance(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None
) -> FitnessDistance:
    """The fitness–distance correlation, over all configurations; near 1 the error leads to the optimum.

    Source: Jones, Forrest, "Fitness distance correlation as a measure of problem difficulty for genetic algorithms",
    ICGA 1995.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    view = View.of(bench, epoch, split, seed)
    error = view.error_by_coordinate
    distance = np.where(error == error.min(), 0, len(N_CHOICES))
    for axis in range(len(N_CHOICES)):  # one change of each coordinate is enough, so one pass is exact
        distance = np.minimum(distance, distance.min(axis, keepdims=True) + 1)
    flat = distance.ravel().astype(np.int64)
    constant = flat.max() == 0
    correlation = math.nan if constant else float(np.corrcoef(flat, view.error_pct)[0, 1])
    return FitnessDistance(flat, view.error_pct, correlation, table=view.table, measure=view.measure)
