"""Parts of the space as Optuna's samplers see them."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FixedTrial

from nhb2_plugins.adapters.optuna.search_space import OPTUNA_ENCODINGS
from nhb2_plugins.adapters.optuna_adapter import (
    OptunaObjective,
    Subspace,
    configuration_of,
    enqueue,
    optuna_search_space,
    suggest_configuration,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.encoding import NUMERIC_ENCODINGS, Encoding, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import CELLCODES, Configuration
from nhb2_plugins.testing import generated_benchmark
from tests.support.parts import PARTS

CASES = {
    f"{name}-{encoding}": (part, encoding)
    for name, part in PARTS.items()
    for encoding in OPTUNA_ENCODINGS
    if encoding not in NUMERIC_ENCODINGS or not part.needs_whole_cells
}
cases = pytest.mark.parametrize(("part", "encoding"), CASES.values(), ids=CASES)


@cases
@pytest.mark.parametrize("sampler", [RandomSampler(0), TPESampler(seed=0, n_startup_trials=10), NSGAIISampler(seed=0)])
def test_nothing_outside_is_proposed(
    bench: Benchmark, encoding: Encoding, part: Subspace, sampler: BaseSampler
) -> None:
    study = optuna.create_study(sampler=sampler)
    objective = OptunaObjective(bench, encoding=encoding, restriction=part)
    study.optimize(objective, n_trials=60)
    proposed = [record.configuration for record in objective.logger.records]
    assert len(proposed) == 60
    assert all(each in part for each in proposed)
    assert [configuration_of(trial) for trial in study.trials] == proposed
    assert all(trial.distributions == optuna_search_space(encoding, part) for trial in study.trials)


@cases
def test_the_distributions_hold_as_many_configurations_as_the_part(encoding: Encoding, part: Subspace) -> None:
    size = 1
    for distribution in optuna_search_space(encoding, part).values():
        if isinstance(distribution, FloatDistribution):
            continue
        is_categorical = isinstance(distribution, CategoricalDistribution)
        size *= len(distribution.choices) if is_categorical else distribution.high - distribution.low + 1
    assert size == (1 if encoding == "unit" else part.size)


def test_ask_and_tell_takes_a_part() -> None:
    study = optuna.create_study(sampler=RandomSampler(0))
    drawn = [configuration_of(study.ask(optuna_search_space("integer", PARTS["classes"]))) for _ in range(50)]
    assert all(each in PARTS["classes"] for each in drawn)


@cases
def test_a_members_trial_is_itself(encoding: Encoding, part: Subspace) -> None:
    study = optuna.create_study()
    member = Configuration(part.cellcodes[-1], part.learning_rates[-1], part.batch_sizes[0])
    enqueue(study, member, encoding, restriction=part)
    trial = study.ask()
    assert suggest_configuration(trial, encoding, part) == member
    assert suggest_configuration(FixedTrial(trial.params), encoding, part) == member


def test_what_is_outside_is_not_enqueued() -> None:
    study = optuna.create_study()
    other = next(code for code in CELLCODES if Cell(code).canonical_code != code)
    inside = Configuration(Cell(other).canonical_code, 0.1, 16)
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        enqueue(study, [inside, Configuration(other, 0.1, 16)], restriction=PARTS["classes"])
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        enqueue(study, Configuration("0|10|210", 0.2, 16), restriction=PARTS["lr"])
    assert not study.trials


@pytest.mark.parametrize("call", [optuna_search_space, lambda e, p: suggest_configuration(FixedTrial({}), e, p)])
def test_ordinals_are_still_refused(call: Any) -> None:
    with pytest.raises(InvalidValueError, match="'ordinal'"):
        call("ordinal", PARTS["lr"])


@pytest.mark.filterwarnings("ignore")  # Optuna's own, of a value outside its distribution
@pytest.mark.parametrize("value", [0.4, 0.1, 0.9, 1.5])
@pytest.mark.parametrize("way", ["enqueued", "fixed", "partly fixed"])
def test_a_learning_rate_is_no_rank(value: float, way: str) -> None:
    """Optuna hands an integer parameter's value on as it is, and rounds none: 0.4 was taken for rank 0, 0.003125."""
    objective = OptunaObjective(generated_benchmark(), encoding="integer")

    def ask() -> None:
        sampler: BaseSampler = RandomSampler(seed=0)
        if way == "fixed":
            objective(FixedTrial({**to_values(Configuration("0|10|210", 0.1, 16), "integer"), "lr": value}))
        if way == "partly fixed":
            sampler = optuna.samplers.PartialFixedSampler({"lr": value}, sampler)
        study = optuna.create_study(sampler=sampler)
        if way == "enqueued":
            study.enqueue_trial({"lr": value})
        study.optimize(objective, n_trials=1)

    with pytest.raises(InvalidValueError, match=f"rank of lr {value} is not one of 0, 1, 2"):
        ask()
    assert len(objective.logger) == 0
