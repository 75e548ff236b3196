"""Random search, regularised evolution and the two-stage search: what they may and may not propose."""

from __future__ import annotations

from collections import deque

import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.two_stage import RandomSearchThenEvolution
from nhb2_plugins.space import Configuration
from tests.optimizers.moves import InTurn, distance, observed


def test_a_child_is_a_mutation_of_a_living_individual() -> None:
    optimizer = RegularizedEvolution(0, population_size=5, tournament_size=2)
    living: deque[Configuration] = deque(maxlen=5)
    for n in range(60):
        suggestion = optimizer.ask()
        if n >= 5:
            assert any(distance(suggestion.configuration, parent) == 1 for parent in living)
        optimizer.tell(suggestion, observed(suggestion.configuration))
        living.append(suggestion.configuration)


def test_a_tournament_of_the_whole_population_breeds_from_the_best() -> None:
    optimizer = RegularizedEvolution(0, population_size=3, tournament_size=3)
    founders = [optimizer.ask() for _ in range(3)]
    optimizer._random = InTurn(0)
    for accuracy, founder in zip((50.0, 70.0, 60.0), founders, strict=True):
        optimizer.tell(founder, Observation(accuracy, 1.0, 12, "valid", 222))
    assert distance(optimizer.ask().configuration, founders[1].configuration) == 1


def test_founders_keep_coming_while_nothing_has_ended() -> None:
    optimizer = RegularizedEvolution(0, population_size=2, tournament_size=2)
    assert len({optimizer.ask().configuration for _ in range(20)}) > 10


def test_an_evolution_over_cells_keeps_its_hyperparameters() -> None:
    optimizer = RegularizedEvolution(0, hyperparameters=(0.1, 64))
    for _ in range(100):
        suggestion = optimizer.ask()
        assert (suggestion.configuration.lr, suggestion.configuration.batch_size) == (0.1, 64)
        optimizer.tell(suggestion, observed(suggestion.configuration))


@pytest.mark.parametrize("kind", [RegularizedEvolution, RandomSearchThenEvolution])
def test_a_tournament_larger_than_the_population_is_refused(kind: type) -> None:
    kind(0, population_size=4, tournament_size=4)
    with pytest.raises(InvalidValueError, match="tournament_size 5 is larger than population_size 4"):
        kind(0, population_size=4, tournament_size=5)
    with pytest.raises(InvalidValueError, match="tournament_size 3 is larger than population_size 2"):
        kind(0, population_size=2)


@pytest.mark.parametrize("kind", [RegularizedEvolution, RandomSearchThenEvolution])
@pytest.mark.parametrize("setting", ["population_size", "tournament_size"])
def test_sizes_below_one_are_named(kind: type, setting: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{setting} 0"):
        kind(0, **{setting: 0})


def test_hyperparameters_outside_the_space_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.3"):
        RegularizedEvolution(0, hyperparameters=(0.3, 64))
