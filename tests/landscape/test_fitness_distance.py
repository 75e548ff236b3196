"""Error against distance, by hand and one configuration at a time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from tests.core_fixtures import mini_benchmark, needs
from tests.landscape.tables import coarse_benchmark


def test_distances_are_to_the_nearest_of_all_optima() -> None:
    bench = coarse_benchmark()
    found = fitness_distance(bench)
    best = np.flatnonzero(found.error_pct == found.error_pct.min())
    assert len(best) > 1
    optima = [Configuration.from_index(index).choices for index in best.tolist()]
    for index in np.random.default_rng(2).integers(0, N_CONFIGURATIONS, 200).tolist():
        choices = Configuration.from_index(index).choices
        distances = [sum(a != b for a, b in zip(choices, optimum, strict=True)) for optimum in optima]
        assert found.distance[index] == min(distances)


def test_the_mini_tables_fitness_distance_correlation() -> None:
    found = fitness_distance(mini_benchmark())
    points = [
        (((a == 0) + (lr != 7) + (batch != 5)), -((a > 0) * 48 + lr * 6 + batch))
        for a, lr, batch in product(range(4), range(8), range(6))
    ]
    expected = np.corrcoef(np.array(points, dtype=float).T)[0, 1]
    assert found.correlation == pytest.approx(expected)


@needs("pandas")
def test_the_distance_frame_counts_everything() -> None:
    found = fitness_distance(mini_benchmark())
    frame = found.to_frame()
    assert frame["distance"].tolist() == [0, 1, 2, 3]
    # One class out of two holds three quarters of the codes; 7 of 8 learning rates, 5 of 6 batch sizes are others.
    share = [3 * 1 * 1, 1 + 3 * 7 + 3 * 5, 7 + 5 + 3 * 7 * 5, 7 * 5]
    assert frame["n_configurations"].tolist() == [each * 4**5 for each in share]
    assert frame["best_error_pct"][0] == pytest.approx(100 - (40 + 12 + 0.1 + 0.095))
