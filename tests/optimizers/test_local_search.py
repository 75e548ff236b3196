"""Local search: its neighbourhood, its moves, its restarts."""

from __future__ import annotations

import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.optimizers.local_search import LocalSearch, neighbours
from nhb2_plugins.space import N_CHOICES, Configuration


def observed(accuracy_pct: float) -> Observation:
    return Observation(accuracy_pct, 100.0, 12, "valid", 222)


@pytest.mark.parametrize("index", [0, 14_050, 196_607])
def test_neighbours_are_exactly_the_one_coordinate_changes(index: int) -> None:
    configuration = Configuration.from_index(index)
    around = neighbours(configuration)
    assert len(set(around)) == len(around) == sum(N_CHOICES) - len(N_CHOICES) == 30
    for neighbour in around:
        assert sum(x != y for x, y in zip(neighbour.choices, configuration.choices, strict=True)) == 1


def test_a_better_neighbour_is_moved_to_and_its_neighbours_follow() -> None:
    optimizer = LocalSearch(0)
    start = optimizer.ask()
    assert start is not None
    assert optimizer.ask() is None, "nothing can be asked for before the start's result is known"
    optimizer.tell(start, observed(50.0))
    first, second = optimizer.ask(), optimizer.ask()
    assert first is not None
    assert second is not None
    optimizer.tell(first, observed(50.0))  # not strictly better: no move
    optimizer.tell(second, observed(60.0))
    following = optimizer.ask()
    assert following is not None
    assert following.configuration in neighbours(second.configuration)


def test_it_starts_again_at_a_local_optimum() -> None:
    optimizer = LocalSearch(0)
    start = optimizer.ask()
    assert start is not None
    optimizer.tell(start, observed(90.0))
    for _ in range(30):
        suggestion = optimizer.ask()
        assert suggestion is not None
        assert suggestion.configuration in neighbours(start.configuration)
        optimizer.tell(suggestion, observed(10.0))
    again = optimizer.ask()
    assert again is not None
    assert again.configuration not in neighbours(start.configuration)


def test_a_late_result_of_the_place_before_changes_nothing() -> None:
    optimizer = LocalSearch(0)
    start = optimizer.ask()
    assert start is not None
    optimizer.tell(start, observed(50.0))
    first, late = optimizer.ask(), optimizer.ask()
    assert first is not None
    assert late is not None
    optimizer.tell(first, observed(60.0))
    optimizer.tell(late, observed(70.0))
    following = optimizer.ask()
    assert following is not None
    assert following.configuration in neighbours(first.configuration)
