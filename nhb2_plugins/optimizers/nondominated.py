"""Which of several results with several objectives are better: non-dominated sorting and crowding distance.

Source: Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE TEC 2002.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.exact.quality import moocore


def standing_of(values: Sequence[Sequence[float]]) -> list[tuple[int, float]]:
    """Of each point (number of its front, minus its crowding distance): the smallest is the best.

    Args:
        values: of each point, all objectives to be minimised.

    Raises:
        MissingExtraError: moocore is not installed.
    """
    points = np.array(values, dtype=np.float64)
    ranks = moocore().pareto_rank(points)
    distance = np.empty(len(points))
    for rank in np.unique(ranks):
        distance[ranks == rank] = crowding_distance(points[ranks == rank])
    return list(zip(ranks.tolist(), (-distance).tolist(), strict=True))


def crowding_distance(front: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much room each point of a front has: its neighbours' distance, summed over objectives scaled to 0 … 1.

    The ends of each objective have infinite room.

    Args:
        front: shape (n, n_objectives).
    """
    distance = np.zeros(len(front))
    for column in front.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]]
        distance[order[[0, -1]]] = np.inf
        if spread > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
    return distance
