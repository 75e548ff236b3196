from __future__ import annotations

import math

import numpy as np
import pytest

from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.landscape.neighbourhood import Landscape, landscape
from nhb2_plugins.landscape.view import View
from nhb2_plugins.landscape.walk import walk_autocorrelation
from nhb2_plugins.space import N_CONFIGURATIONS
from nhb2_plugins.testing import generated_benchmark
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark, neighbour_matrix, neighbours


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


@needs("pandas")
def test_means_are_over_all_configurations() -> None:
    # Two on the best plateau; two that ascend to the other optimum, which has one, in one and two moves.
    found = Landscape(
        plateau=np.array([0, 0, 1, 2, 3]),
        plateau_error_pct=np.array([10.0, 15.0, 12.0, 20.0]),
        optimum=np.array([0, 2, 2, 2]),
        steps=np.array([0, 1, 0, 2]),
        n_local_optima=0,
        n_strict_local_optima=0,
        n_optimal_functions=0,
        neutral_share=0.0,
        isomorphic_share=0.0,
        table="",
        measure="",
    )
    assert found.optimal_plateaus.tolist() == [0, 2]
    assert found.basin_sizes.tolist() == [2, 3]
    assert (found.global_basin_share, found.mean_steps) == (0.4, 0.6)
    assert found.mean_regret_pct == pytest.approx(3 * 2 / 5)
    assert found.basins_frame()["basin_share"].tolist() == [0.4, 0.6]


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
    all_neighbours = neighbour_matrix()
    better = error[all_neighbours].min(axis=1)
    found = landscape(bench)
    assert found.n_local_optima == (better >= error).sum()
    assert found.n_strict_local_optima == (better > error).sum()
    assert found.neutral_share == pytest.approx((error[all_neighbours] == error[:, np.newaxis]).mean())
    same_row = bench.rows[all_neighbours] == bench.rows[:, np.newaxis]
    assert found.isomorphic_share == pytest.approx(same_row.mean())
    assert found.basin_sizes.sum() == N_CONFIGURATIONS


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
