from __future__ import annotations

from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from optuna.trial import FixedTrial, create_trial

from nhb2_plugins.adapters.optuna.search_space import OPTUNA_ENCODINGS
from nhb2_plugins.adapters.optuna_adapter import (
    OptunaObjective,
    configuration_of,
    enqueue,
    optuna_search_space,
    suggest_configuration,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from tests.adapters.optuna.studies import make_study
from tests.core_fixtures import configurations


@pytest.mark.parametrize("encoding", ["categorical", "integer", "digits"])
def test_the_space_has_every_configuration(encoding: Any) -> None:
    space = optuna_search_space(encoding)
    size = 1
    for distribution in space.values():
        size *= len(distribution.choices) if hasattr(distribution, "choices") else distribution.high + 1
    assert tuple(space) == HYPERPARAMETER_NAMES
    assert size == N_CONFIGURATIONS


def test_the_space_of_numbers_from_0_to_1_is_a_box() -> None:
    space = optuna_search_space("unit")
    assert space == dict.fromkeys(HYPERPARAMETER_NAMES, FloatDistribution(0.0, 1.0))
    part = optuna_search_space("unit", Subspace(lr=0.1))
    assert part == space | {"lr": FloatDistribution(5.5 / 8, 5.5 / 8)}
    study = make_study()
    trial = study.ask(part)
    assert configuration_of(trial).lr == 0.1


@given(configurations, st.sampled_from(OPTUNA_ENCODINGS))
def test_a_trial_and_its_configuration_translate_both_ways(configuration: Configuration, encoding: Any) -> None:
    params = dict(to_values(configuration, encoding))
    trial = create_trial(params=params, distributions=optuna_search_space(encoding), value=1.0)
    assert configuration_of(trial) == configuration
    assert suggest_configuration(FixedTrial(params), encoding) == configuration


def test_the_definitions_of_both_sides_agree() -> None:
    for encoding in OPTUNA_ENCODINGS:
        trial = make_study().ask()
        suggest_configuration(trial, encoding)
        assert trial.distributions == optuna_search_space(encoding)


def test_an_encoding_that_optuna_cannot_express_is_refused(bench: Benchmark) -> None:
    with pytest.raises(InvalidValueError, match="'ordinal' is not one of 'categorical', 'integer'"):
        optuna_search_space("ordinal")
    with pytest.raises(InvalidValueError, match="'ordinal'"):
        OptunaObjective(bench, encoding="ordinal")


def test_configurations_are_enqueued_in_order(bench: Benchmark) -> None:
    wanted = [Configuration.from_index(index) for index in (7, 140_000, 3)]
    for encoding in OPTUNA_ENCODINGS:
        study, objective = make_study(), OptunaObjective(bench, encoding=encoding)
        enqueue(study, wanted[0], encoding)
        enqueue(study, wanted[1:], encoding)
        study.optimize(objective, n_trials=3)
        assert [configuration_of(trial) for trial in study.trials] == wanted
        assert [record.configuration for record in objective.logger.records] == wanted
        enqueue(study, wanted, encoding, skip_if_exists=True)
        assert len(study.trials) == 3


@pytest.mark.parametrize("value", [0.4, 0.1, 0.9, 6.5, 9, -1])
def test_a_fixed_value_that_is_no_rank_is_refused(bench: Benchmark, value: float) -> None:
    ranks = to_values(Configuration.from_index(7), "integer")
    study, objective = make_study(), OptunaObjective(bench, encoding="integer")
    study.enqueue_trial({**ranks, "lr": value})
    with pytest.raises(InvalidValueError, match=f"rank of lr {value} is not one of 0"):
        study.optimize(objective, n_trials=1)
    with pytest.raises(InvalidValueError, match=f"rank of batch_size {value} is not one of 0"):
        objective(FixedTrial({**ranks, "batch_size": value}))
    study.sampler = optuna.samplers.PartialFixedSampler({"lr": value}, study.sampler)
    with pytest.raises(InvalidValueError, match=f"rank of lr {value} is not one of 0"):
        study.optimize(objective, n_trials=1)
    assert len(objective.logger) == 0


@pytest.mark.parametrize("name", ["lr", "batch_size", "op_01"])
def test_a_fixed_value_that_is_no_choice_is_refused_by_optuna(bench: Benchmark, name: str) -> None:
    study, objective = make_study(), OptunaObjective(bench)
    study.enqueue_trial({name: 0.7})
    with pytest.raises(ValueError, match=r"0\.7"):
        study.optimize(objective, n_trials=1)
    assert len(objective.logger) == 0


def test_ranks_that_are_fixed_are_evaluated(bench: Benchmark) -> None:
    study, objective = make_study(), OptunaObjective(bench, encoding="integer")
    study.enqueue_trial({"lr": 7, "batch_size": 0.0})
    study.optimize(objective, n_trials=1)
    record = objective.logger.records[0]
    assert (record.lr, record.batch_size) == (0.4, 16)


def test_only_configurations_are_enqueued() -> None:
    with pytest.raises(InvalidValueError, match=r"'0\|10\|210' is not a Configuration"):
        enqueue(make_study(), ["0|10|210"])  # type: ignore[list-item]
