from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.landscape.neighbourhood import landscape
from nhb2_plugins.landscape.plateaus import connected_components
from nhb2_plugins.landscape.view import Floats, View
from nhb2_plugins.landscape.walk import walk_autocorrelation
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CHOICES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.testing import generated_benchmark
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark, neighbours


@given(st.integers(1, 30), st.data())
def test_components_are_those_of_a_search_from_every_node(n: int, data: st.DataObject) -> None:
    nodes = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(nodes, nodes), max_size=40))
    first, second = np.array([e[0] for e in edges], dtype=np.int64), np.array([e[1] for e in edges], dtype=np.int64)
    component = connected_components(n, first, second)
    for node in range(n):
        reached, queue = {node}, [node]
        while queue:
            here = queue.pop()
            new = {b for a, b in [*edges, *((b, a) for a, b in edges)] if a == here} - reached
            reached |= new
            queue += new
        assert {other for other in range(n) if component[other] == component[node]} == reached
    assert sorted(set(component.tolist())) == list(range(int(component.max()) + 1))


def test_the_mini_table_by_hand() -> None:
    # 96 rows; a row's number decides, the higher the better. Every row is one plateau: of the edges nothing matters but
    # whether the first is a convolution. The last row (it is not, lr 0.4, batch size 512) is the one end.
    found = landscape(mini_benchmark())
    assert len(found.plateau_error_pct) == 96
    assert found.optimal_plateaus.tolist() == [found.plateau[-1]]
    assert found.basin_sizes.tolist() == [N_CONFIGURATIONS]
    assert (found.global_basin_share, found.mean_regret_pct) == (1, 0)
    # Steepest: the other class first (48 rows on), then the last learning rate, then the last batch size.
    assert found.mean_steps == pytest.approx(1 / 4 + 7 / 8 + 5 / 6)
    assert found.steps.max() == 3
    assert (found.n_local_optima, found.n_strict_local_optima) == (3 * 4**5, 0)
    assert found.n_optimal_functions == 1
    # Five edges of three moves, and of the first edge's six pairs of operations the three without the convolution.
    assert found.neutral_share == found.isomorphic_share == pytest.approx((5 * 3 + 3 / 2) / 30)


def _plateau(index: int, error: list[float]) -> set[int]:
    reached, queue = {index}, [index]
    while queue:
        new = {other for other in neighbours(queue.pop()) if error[other] == error[index]} - reached
        reached |= new
        queue += new
    return reached


def _naive_ascent(index: int, error: list[float]) -> tuple[set[int], int]:
    """Plateau by plateau, looking at every neighbour of every member."""
    moves, plateau = 0, _plateau(index, error)
    while True:
        best = min((error[other], other) for member in plateau for other in neighbours(member))
        if best[0] >= error[index]:
            return plateau, moves
        index, moves, plateau = best[1], moves + 1, _plateau(best[1], error)


@pytest.fixture(scope="module")
def coarse_error() -> list[float]:
    errors: list[float] = View.of(coarse_benchmark()).error_pct.tolist()
    return errors


def test_ascents_end_where_naive_ones_end(coarse_error: list[float]) -> None:
    found = landscape(coarse_benchmark())
    for index in np.random.default_rng(0).integers(0, N_CONFIGURATIONS, 12).tolist():
        end, moves = _naive_ascent(index, coarse_error)
        plateau = found.plateau[index]
        assert set(np.flatnonzero(found.plateau == found.optimum[plateau]).tolist()) == end
        assert found.steps[plateau] == moves


def test_plateaus_and_local_optima_are_the_naive_ones(coarse_error: list[float]) -> None:
    bench = coarse_benchmark()
    found = landscape(bench)
    optimal = np.isin(found.plateau, found.optimal_plateaus)
    sample = [*np.random.default_rng(1).integers(0, N_CONFIGURATIONS, 60), *np.flatnonzero(optimal)[::97]]
    for index in map(int, sample):
        if found.plateau_sizes[found.plateau[index]] > 500:
            continue  # the naive search is too slow; the mini table has large ones
        plateau = _plateau(index, coarse_error)
        assert set(np.flatnonzero(found.plateau == found.plateau[index]).tolist()) == plateau
        around = {other for member in plateau for other in neighbours(member)}
        assert optimal[index] == all(coarse_error[other] >= coarse_error[index] for other in around)
    assert found.plateau_sizes.max() > 1000  # there are ties to speak of


def test_counts_of_single_configurations_are_the_naive_ones() -> None:
    bench = generated_benchmark()
    error = View.of(bench).error_pct
    all_neighbours = _neighbour_matrix()
    better = error[all_neighbours].min(axis=1)
    found = landscape(bench)
    assert found.n_local_optima == (better >= error).sum()
    assert found.n_strict_local_optima == (better > error).sum()
    assert found.neutral_share == pytest.approx((error[all_neighbours] == error[:, np.newaxis]).mean())
    same_row = bench.rows[all_neighbours] == bench.rows[:, np.newaxis]
    assert found.isomorphic_share == pytest.approx(same_row.mean())
    assert found.basin_sizes.sum() == N_CONFIGURATIONS


def _neighbour_matrix() -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The 30 neighbours of every configuration by digits of the index in mixed radix, shape (196608, 30)."""
    strides = [math.prod(N_CHOICES[axis + 1 :]) for axis in range(len(N_CHOICES))]
    index = np.arange(N_CONFIGURATIONS)
    columns = []
    for stride, n in zip(strides, N_CHOICES, strict=True):
        digit = index // stride % n
        columns += [index + ((digit + shift) % n - digit) * stride for shift in range(1, n)]
    matrix = np.stack(columns, axis=1)
    assert sorted(matrix[123_456].tolist()) == sorted(neighbours(123_456))
    return matrix


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


def test_walks_are_correlated_as_their_steps_say() -> None:
    bench = generated_benchmark()
    error = View.of(bench).error_pct
    centred = error - error.mean()
    found = walk_autocorrelation(bench, n_lags=3)
    expected, walked = [], centred
    for _ in range(4):
        expected.append(float((centred * walked).mean() / centred.var()))
        walked = _mean_of_neighbours(walked)
    assert found.correlation == pytest.approx(expected)
    assert found.correlation_length == pytest.approx(-1 / math.log(expected[1]))


def _mean_of_neighbours(values: Floats) -> Floats:
    means: Floats = values[_neighbour_matrix()].mean(axis=1)
    return means


def test_correlation_along_one_coordinate() -> None:
    bench = coarse_benchmark()
    grid = View.of(bench).error_by_coordinate
    found = walk_autocorrelation(bench)
    for axis, name in enumerate(HYPERPARAMETER_NAMES):
        pairs = [np.roll(grid, shift, axis).ravel() for shift in range(1, N_CHOICES[axis])]
        expected = np.corrcoef(np.tile(grid.ravel(), len(pairs)), np.concatenate(pairs))[0, 1]
        assert found.by_coordinate[name] == pytest.approx(expected)


def test_a_flat_table_has_one_plateau_and_no_correlations() -> None:
    flat = mini_benchmark(**{name: 0 * c + 50 for name, c in mini_columns().items() if name.endswith("_acc")})
    found = landscape(flat)
    assert len(found.plateau_error_pct) == 1
    assert (found.global_basin_share, found.neutral_share, found.n_optimal_functions) == (1, 1, 96)
    assert math.isnan(fitness_distance(flat).correlation)
    assert np.isnan(walk_autocorrelation(flat).correlation).all()
    assert math.isnan(walk_autocorrelation(flat).correlation_length)


@needs("pandas")
def test_frames_say_their_table() -> None:
    bench = coarse_benchmark()
    found = landscape(bench, seed="mean")
    basins = found.basins_frame(3)
    assert len(basins) == 3
    assert basins["error_pct"].is_monotonic_increasing
    assert basins["regret_pct"][0] == 0
    for frame in (found.to_frame(), basins, fitness_distance(bench).to_frame(), walk_autocorrelation(bench).to_frame()):
        assert frame.attrs["table"] == bench.provenance.label
    assert "mean over seeds" in found.to_frame().attrs["measure"]
