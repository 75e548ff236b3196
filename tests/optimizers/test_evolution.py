"""Random search, regularised evolution and the two-stage search: what they may and may not propose."""

from __future__ import annotations

import random
from collections import deque

import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.bohb_then_evolution import BohbThenEvolution
from nhb2_plugins.optimizers.draws import draw_configuration, mutate_one_coordinate
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.optimizers.two_stage import RandomSearchThenEvolution
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration


def observed(configuration: Configuration, cost_s: float = 100.0) -> Observation:
    return Observation(float(configuration.index % 97), cost_s, 12, "valid", 222)


def distance(a: Configuration, b: Configuration) -> int:
    return sum(x != y for x, y in zip(a.choices, b.choices, strict=True))


def test_random_search_draws_as_pythons_random_does() -> None:
    optimizer = RandomSearch(7)
    random.seed(7)
    for _ in range(50):
        expected = (random.choice(CELLCODES), random.choice(LEARNING_RATES), random.choice(BATCH_SIZES))
        assert optimizer.ask().configuration == Configuration(*expected)


def test_a_mutation_changes_exactly_one_coordinate() -> None:
    generator = random.Random(0)
    parent = draw_configuration(generator)
    changed = set()
    for _ in range(2000):
        child = mutate_one_coordinate(parent, generator)
        assert distance(parent, child) == 1
        changed |= {i for i, (x, y) in enumerate(zip(parent.choices, child.choices, strict=True)) if x != y}
    assert changed == set(range(8))


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
    optimizer = RegularizedEvolution(0, population_size=3, tournament_size=200)
    founders = [optimizer.ask() for _ in range(3)]
    for accuracy, founder in zip((50.0, 70.0, 60.0), founders, strict=True):
        optimizer.tell(founder, Observation(accuracy, 1.0, 12, "valid", 222))
    assert distance(optimizer.ask().configuration, founders[1].configuration) == 1


def test_founders_keep_coming_while_nothing_has_ended() -> None:
    optimizer = RegularizedEvolution(0, population_size=2)
    assert len({optimizer.ask().configuration for _ in range(20)}) > 10


def test_an_evolution_over_cells_keeps_its_hyperparameters() -> None:
    optimizer = RegularizedEvolution(0, hyperparameters=(0.1, 64))
    for _ in range(100):
        suggestion = optimizer.ask()
        assert (suggestion.configuration.lr, suggestion.configuration.batch_size) == (0.1, 64)
        optimizer.tell(suggestion, observed(suggestion.configuration))


def test_two_stages_search_hyperparameters_first_and_the_cell_with_the_best_of_them() -> None:
    optimizer = RandomSearchThenEvolution(0, first_stage_s=1000)
    first, second = [], []
    for n in range(40):
        suggestion = optimizer.ask()
        (first if n < 10 else second).append(suggestion.configuration)
        optimizer.tell(suggestion, observed(suggestion.configuration))
    assert len({configuration.cellcode for configuration in first}) == 1
    assert len({configuration.lr for configuration in first}) > 1
    best = max(first, key=lambda configuration: configuration.index % 97)
    assert {(configuration.lr, configuration.batch_size) for configuration in second} == {(best.lr, best.batch_size)}
    assert len({configuration.cellcode for configuration in second}) > 5


def test_the_first_stage_ends_where_a_sum_of_its_costs_reaches_its_time() -> None:
    """Five times 0.1 is 0.5 as a sum from 0 on; taken off 0.5 one by one they leave 3e-17."""
    optimizer = RandomSearchThenEvolution(0, first_stage_s=0.5)
    asked = []
    for _ in range(6):
        suggestion = optimizer.ask()
        assert suggestion is not None
        asked.append(suggestion)
        optimizer.tell(suggestion, observed(suggestion.configuration, cost_s=0.1))
    assert [suggestion.token is None for suggestion in asked] == [False] * 5 + [True]


def test_a_late_result_of_the_first_stage_does_not_enter_the_population() -> None:
    optimizer = RandomSearchThenEvolution(0, first_stage_s=100, population_size=1)
    early, late = optimizer.ask(), optimizer.ask()
    optimizer.tell(early, observed(early.configuration))
    founder = optimizer.ask()
    optimizer.tell(founder, observed(founder.configuration))
    optimizer.tell(late, Observation(99.9, 100.0, 12, "valid", 222))
    assert distance(optimizer.ask().configuration, founder.configuration) == 1


@pytest.mark.parametrize("kind", [RegularizedEvolution, RandomSearchThenEvolution])
@pytest.mark.parametrize("setting", ["population_size", "tournament_size"])
def test_sizes_below_one_are_named(kind: type, setting: str) -> None:
    with pytest.raises(InvalidValueError, match=f"{setting} 0"):
        kind(0, **{setting: 0})


def test_a_first_stage_without_time_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="first_stage_s 0"):
        RandomSearchThenEvolution(0, first_stage_s=0)


def test_hyperparameters_outside_the_space_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.3"):
        RegularizedEvolution(0, hyperparameters=(0.3, 64))


def test_bohb_then_evolution_finishes_its_brackets_before_it_searches_cells() -> None:
    optimizer = BohbThenEvolution(0)
    first, second = [], []
    for _ in range(80):
        suggestion = optimizer.ask()
        assert suggestion is not None
        (second if suggestion.token is None else first).append(suggestion)
        optimizer.tell(suggestion, observed(suggestion.configuration))
        assert not (second and suggestion.token is not None), "BOHB proposes nothing once the evolution has begun"
    # Brackets of 9 + 3 + 1, 3 + 1, 3, and 9 + 3 + 1 again.
    assert [suggestion.epoch for suggestion in first] == [1] * 9 + [4] * 3 + [12] + [4] * 3 + [12] * 4 + [1] * 9 + [
        4
    ] * 3 + [12]
    assert len({suggestion.configuration.cellcode for suggestion in first}) == 1
    best = max((suggestion.configuration for suggestion in first), key=lambda configuration: configuration.index % 97)
    assert {(each.configuration.lr, each.configuration.batch_size) for each in second} == {(best.lr, best.batch_size)}
    assert any(suggestion.token.model_based for suggestion in first)
