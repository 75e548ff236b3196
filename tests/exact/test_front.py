"""The exact front, against every pair of configurations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import exact_front
from nhb2_plugins.exact.front import front_positions
from nhb2_plugins.objectives import OBJECTIVES, Evaluation, objective_values
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from tests.core_fixtures import N_ROWS, needs
from tests.exact.benches import bench_of

_RNG = np.random.default_rng(5)
BENCH = bench_of(_RNG.integers(20, 40, N_ROWS) / 2, _RNG.integers(10, 30, N_ROWS))
PART = Subspace(lr=0.1, batch_size=64)


def values_of(bench: Benchmark, objectives: tuple[str, ...], part: Subspace) -> np.ndarray[Any, Any]:
    """One configuration after another."""
    rows = []
    for index in part.indices.tolist():
        configuration = Configuration.from_index(index)
        seen = bench.evaluate(configuration)
        rows.append(objective_values(objectives, Evaluation(configuration.cellcode, seen.error_pct, seen.cost_s)))
    return np.array(rows)


@needs("moocore")
@pytest.mark.parametrize(
    "objectives",
    [
        ("error_pct", "cost_s"),
        ("cost_s", "params_live"),
        ("error_pct", "params_total"),
        ("error_pct", "cost_s", "macs_live"),
    ],
)
def test_the_front_is_what_nothing_dominates(objectives: tuple[str, ...]) -> None:
    front = exact_front(BENCH, objectives, restriction=PART)
    values = values_of(BENCH, objectives, PART)
    as_small = (values[:, np.newaxis] <= values).all(axis=2) & (values[:, np.newaxis] < values).any(axis=2)
    expected = {tuple(row) for row in values[~as_small.any(axis=0)].tolist()}
    assert [tuple(row) for row in front.values.tolist()] == sorted(expected)
    for row, index, n in zip(front.values, front.indices, front.n_configurations, strict=True):
        same = PART.indices[(values == row).all(axis=1)]
        assert (index, n) == (same[0], len(same))


def test_of_the_whole_space_and_of_another_epoch() -> None:
    front = exact_front(BENCH)
    every = exact_front(BENCH, restriction=Subspace(lr=None))
    assert front.values.tolist() == every.values.tolist()
    assert front.n_configurations.sum() == every.n_configurations.sum()
    assert front.nadir == (front.values[-1, 0], front.values[0, 1])
    assert front.ideal == (front.values[0, 0], front.values[-1, 1])
    other = exact_front(BENCH, epoch=3, split="train", seed="mean")
    accuracy, cost = BENCH.evaluate_many(other.indices, 3, "train", "mean")
    assert other.values.tolist() == np.column_stack([100 - accuracy, cost]).tolist()
    assert other.values.tolist() != front.values.tolist()


def test_sizes_are_those_of_the_cells() -> None:
    front = exact_front(BENCH, ("error_pct", "params_live"))
    for value, index in zip(front.values, front.indices, strict=True):
        assert value[1] == Cell(Configuration.from_index(index).cellcode).params_live


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_positions_are_the_first_of_equals_by_the_first_objective(points: list[tuple[int, int]]) -> None:
    front = front_positions(np.array(points, dtype=float)).tolist()
    undominated = {(a, b) for a, b in points if not any(x <= a and y <= b and (x, y) != (a, b) for x, y in points)}
    assert [points[i] for i in front] == sorted(undominated)
    assert all(points.index(points[i]) == i for i in front)


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (("error_pct",), "are not two or three"),
        (tuple(OBJECTIVES)[:4], "are not two or three"),
        (("error_pct", "error_pct"), "must be one or more different names"),
        (("error_pct", "cost"), "objective 'cost' is not one of.*did you mean 'cost_s'"),
    ],
)
def test_other_objectives_are_refused(objectives: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        exact_front(BENCH, objectives)


def test_a_part_is_looked_at_by_its_own_configurations() -> None:
    part = exact_front(BENCH, restriction=PART)
    assert set(part.indices.tolist()) <= set(PART.indices.tolist())
    assert exact_front(BENCH, restriction=WHOLE_SPACE).n_configurations.sum() > part.n_configurations.sum()
