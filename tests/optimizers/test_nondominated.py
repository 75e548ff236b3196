"""Non-dominated sorting and crowding distance, on points whose answers a reader sees."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.nondominated import crowding_distance, standing_of
from nhb2_plugins.space import Configuration
from tests.core_fixtures import needs
from tests.optimizers.moves import InTurn

pytestmark = needs("moocore")


def test_fronts_come_first_and_room_decides_within_one() -> None:
    points = [(0, 4), (1, 1), (1.5, 0.75), (4, 0), (2, 2), (5, 5)]
    standing = standing_of(points)
    assert [rank for rank, _ in standing] == [0, 0, 0, 0, 1, 2]
    ends = {0, 3}
    assert {number for number, (rank, room) in enumerate(standing) if rank == 0 and room == -math.inf} == ends
    # Of the two in the middle the first has the neighbours (0, 4) and (1.5, 0.75), the second (1, 1) and (4, 0).
    assert standing[1][1] == pytest.approx(-(1.5 / 4 + 3.25 / 4))
    assert standing[2][1] == pytest.approx(-(3 / 4 + 1 / 4))


def test_equal_values_have_no_room_between_them() -> None:
    assert crowding_distance(np.ones((3, 2))).tolist() == [math.inf, 0, math.inf]
    assert crowding_distance(np.array([[1.0, 2.0]])).tolist() == [math.inf]


def observed(error_pct: float, cost_s: float) -> Observation:
    return Observation(100 - error_pct, cost_s, 12, "valid", 222)


def test_of_several_objectives_a_parent_is_on_the_best_front() -> None:
    """Tournaments of three of four, each four in turn: parents are never the dominated ones."""
    optimizer = RegularizedEvolution(0, population_size=4, tournament_size=3, objectives=("error_pct", "cost_s"))
    told = {}
    for error, cost in ((50, 10), (10, 50), (60, 60), (30, 30)):
        suggestion = optimizer.ask()
        optimizer.tell(suggestion, observed(error, cost))
        told[suggestion.configuration] = (error, cost)
    optimizer._random = InTurn(0)
    parents = [_parent(optimizer.ask().configuration, list(told)) for _ in range(100)]
    # Both ends of the front have infinite room; the one that is drawn first wins.
    assert {told[each] for each in parents if each is not None} == {(50, 10), (10, 50)}


def _parent(child: Configuration, population: list[Configuration]) -> Configuration | None:
    near = [each for each in population if sum(a != b for a, b in zip(each.choices, child.choices, strict=True)) == 1]
    return near[0] if len(near) == 1 else None


def test_with_the_error_alone_nothing_changes() -> None:
    first, second = RegularizedEvolution(3), RegularizedEvolution(3, objectives=("error_pct",))
    for number in range(60):
        one, two = first.ask(), second.ask()
        assert one == two
        for optimizer, suggestion in ((first, one), (second, two)):
            optimizer.tell(suggestion, observed(float(number * 37 % 89), 10.0))


def test_wrong_objectives_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="alone only 'error_pct'"):
        RegularizedEvolution(0, objectives=("cost_s",))
