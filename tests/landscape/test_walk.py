"""Walks, against their steps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.landscape.view import Floats, View
from nhb2_plugins.landscape.walk import WalkAutocorrelation, walk_autocorrelation
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CHOICES
from nhb2_plugins.testing import generated_benchmark
from tests.core_fixtures import needs
from tests.landscape.tables import coarse_benchmark, neighbour_matrix


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
    means: Floats = values[neighbour_matrix()].mean(axis=1)
    return means


def test_correlation_along_one_coordinate() -> None:
    bench = coarse_benchmark()
    grid = View.of(bench).error_by_coordinate
    found = walk_autocorrelation(bench)
    for axis, name in enumerate(HYPERPARAMETER_NAMES):
        pairs = [np.roll(grid, shift, axis).ravel() for shift in range(1, N_CHOICES[axis])]
        expected = np.corrcoef(np.tile(grid.ravel(), len(pairs)), np.concatenate(pairs))[0, 1]
        assert found.by_coordinate[name] == pytest.approx(expected)


def test_ten_lags_are_usual_and_a_walk_that_never_forgets_has_no_length() -> None:
    found = walk_autocorrelation(coarse_benchmark())
    assert found.correlation.shape == (11,)
    assert found.correlation[0] == pytest.approx(1)
    for first in (0.0, 1.0, -1.0):
        assert math.isnan(replace(found, correlation=np.array([1.0, first])).correlation_length)
    assert replace(found, correlation=np.array([1.0, -0.5])).correlation_length == pytest.approx(1 / math.log(2))


@needs("pandas")
def test_the_frame_has_a_row_a_lag_and_a_coordinate() -> None:
    by_coordinate = {name: i / 10 for i, name in enumerate(HYPERPARAMETER_NAMES)}
    found = WalkAutocorrelation(np.array([1.0, 0.5, 0.25]), by_coordinate, table="a table", measure="error")
    frame = found.to_frame()
    assert frame["change"].tolist() == ["any, lag 1", "any, lag 2", *HYPERPARAMETER_NAMES]
    assert frame["correlation"].tolist() == [0.5, 0.25, *by_coordinate.values()]
    assert found.correlation_length == pytest.approx(1 / np.log(2))
