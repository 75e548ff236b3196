"""Two stages: hyperparameters first, then cells."""

from __future__ import annotations

import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.two_stage import RandomSearchThenEvolution
from tests.optimizers.moves import distance, observed


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
    optimizer = RandomSearchThenEvolution(0, first_stage_s=100, population_size=1, tournament_size=1)
    early, late = optimizer.ask(), optimizer.ask()
    optimizer.tell(early, observed(early.configuration))
    founder = optimizer.ask()
    optimizer.tell(founder, observed(founder.configuration))
    optimizer.tell(late, Observation(99.9, 100.0, 12, "valid", 222))
    assert distance(optimizer.ask().configuration, founder.configuration) == 1


def test_a_first_stage_without_time_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="first_stage_s 0"):
        RandomSearchThenEvolution(0, first_stage_s=0)
