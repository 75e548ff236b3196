from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from tests.adapters.optuna.studies import make_study
from tests.core_fixtures import configurations


@pytest.mark.parametrize("encoding", OPTUNA_ENCODINGS)
def test_the_space_has_every_configuration(encoding: Any) -> None:
    space = optuna_search_space(encoding)
    size = 1
    for distribution in space.values():
        size *= len(distribution.choices) if hasattr(distribution, "choices") else distribution.high + 1
    assert tuple(space) == HYPERPARAMETER_NAMES
    assert size == N_CONFIGURATIONS


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


def test_only_configurations_are_enqueued() -> None:
    with pytest.raises(InvalidValueError, match=r"'0\|10\|210' is not a Configuration"):
        enqueue(make_study(), ["0|10|210"])  # type: ignore[list-item]
