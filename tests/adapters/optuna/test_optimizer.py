from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from nhb2_plugins.adapters.optuna import optimizer as optuna_optimizer
from nhb2_plugins.adapters.optuna.optimizer import SAMPLERS, OptunaOptimizer
from nhb2_plugins.adapters.optuna.search_space import OPTUNA_ENCODINGS, configuration_of
from nhb2_plugins.ask_tell import Optimizer, Suggestion
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import InvalidValueError, MissingExtraError
from nhb2_plugins.simulation import simulate
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.testing.fresh_process import output_of

INSTALLED = [name for name in SAMPLERS if name != "gp"]  # that one has tests, and an environment, of its own
ENCODINGS = {sampler: ["integer"] if sampler == "cmaes" else list(OPTUNA_ENCODINGS) for sampler in INSTALLED}


def make(seed: int, sampler: str) -> OptunaOptimizer:
    return OptunaOptimizer(seed, sampler, encoding=ENCODINGS[sampler][0])


def sequence(optimizer: Optimizer, budget_s: float = 8_000, n_workers: int = 1) -> list[int]:
    logger = simulate(optimizer, generated_benchmark(), budget_s=budget_s, n_workers=n_workers)
    return [record.configuration.index for record in logger.records]


@pytest.mark.parametrize(("sampler", "encoding"), [(name, each) for name in INSTALLED for each in ENCODINGS[name]])
def test_the_study_learns_what_is_told(sampler: str, encoding: Any) -> None:
    bench = generated_benchmark()
    optimizer = OptunaOptimizer(1, sampler, encoding=encoding, epoch=6)
    for _ in range(30):
        suggestion = optimizer.ask()
        assert suggestion.epoch == 6
        observation = bench.evaluate(suggestion.configuration, suggestion.epoch)
        optimizer.tell(suggestion, observation)
        trial = optimizer.study.trials[-1]
        assert configuration_of(trial) == suggestion.configuration
        assert (trial.state, trial.value) == (TrialState.COMPLETE, observation.error_pct)


def test_several_may_be_asked_before_one_is_told() -> None:
    bench = generated_benchmark()
    optimizer = OptunaOptimizer(1)
    for _ in range(5):
        suggestions: list[Suggestion] = [optimizer.ask() for _ in range(8)]
        for suggestion in reversed(suggestions):
            optimizer.tell(suggestion, bench.evaluate(suggestion.configuration))
    assert [trial.state for trial in optimizer.study.trials] == [TrialState.COMPLETE] * 40


@pytest.mark.parametrize("sampler", INSTALLED)
def test_a_seed_is_a_sequence(sampler: str) -> None:
    first = sequence(make(3, sampler))
    assert len(first) > 10
    assert first == sequence(make(3, sampler))
    assert first != sequence(make(4, sampler))


def test_cma_es_closes_in_on_good_hyperparameters_of_a_cell() -> None:
    """Its own domain: two numbers, the cell fixed."""
    bench = open_benchmark()
    part = Subspace(cellcode="0|10|210")
    optimizer = OptunaOptimizer(0, "cmaes", encoding="integer", restriction=part, n_startup_trials=5)
    ranks = {
        index: rank for rank, index in enumerate(sorted(part.indices, key=lambda i: -bench.evaluate_many([i])[0][0]))
    }
    told = []
    for _ in range(60):
        suggestion = optimizer.ask()
        assert suggestion.configuration in part
        optimizer.tell(suggestion, bench.evaluate(suggestion.configuration))
        told.append(ranks[suggestion.configuration.index])
    assert sum(told[-20:]) / 20 < sum(told[:20]) / 20
    assert min(told) <= 2


def test_what_a_sampler_needs_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optuna_optimizer, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=r"'gp' needs torch: pip install .*\[gp\]"):
        OptunaOptimizer(0, "gp")


def sequences_of_one_seed() -> list[list[int]]:
    """With one worker, and with four."""
    return [sequence(OptunaOptimizer(5, "tpe"), 10_000, n_workers) for n_workers in (1, 4)]


def test_the_sequence_is_the_same_in_every_process() -> None:
    code = "from tests.adapters.optuna.test_optimizer import sequences_of_one_seed; print(sequences_of_one_seed())"
    assert {output_of(code, hash_seed=hash_seed) for hash_seed in (0, 1, 2)} == {f"{sequences_of_one_seed()}\n"}


def test_settings_reach_the_sampler() -> None:
    optimizer = OptunaOptimizer(3, "tpe", n_startup_trials=3)
    defaults = OptunaOptimizer(3, "tpe")
    few, many = sequence(optimizer), sequence(defaults)
    assert few[:3] == many[:3]
    assert few[:9] != many[:9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampler": "tpee"}, "'tpee' is not one of .*did you mean 'tpe'"),
        ({"n_starting_trials": 3}, "n_starting_trials"),
        ({"n_startup_trials": True}, "n_startup_trials True is a truth value; it takes a number"),
        ({"sampler": "nsgaii", "mutation_prob": False}, "mutation_prob False is a truth value"),
        ({"encoding": "ordinal"}, "'ordinal'"),
        ({"epoch": 13}, "epoch 13"),
        ({"sampler": "cmaes"}, "needs encoding 'integer', not 'categorical'"),
        ({"sampler": "cmaes", "encoding": "integer", "restriction": Subspace(lr=0.1)}, "neither lr nor batch_size"),
    ],
)
def test_unknown_settings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        OptunaOptimizer(1, **arguments)


def test_nothing_is_printed_and_the_verbosity_is_the_users(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    sequence(OptunaOptimizer(1), 1_000)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before
