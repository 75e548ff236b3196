from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from smac.runhistory import StatusType

from nhb2_plugins.adapters.smac import optimizer as smac_optimizer
from nhb2_plugins.adapters.smac.optimizer import FACADES, MULTI_FIDELITY_FACADES, SmacOptimizer
from nhb2_plugins.adapters.smac.parts import quick_model
from nhb2_plugins.ask_tell import Optimizer, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.encoding import ENCODINGS
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.simulation import simulate
from nhb2_plugins.testing import generated_benchmark

LADDER = FidelityLadder.hyperband(1, 12, 3)


class AtMost:
    """Ends an optimizer after so many suggestions."""

    def __init__(self, optimizer: Optimizer, n: int) -> None:
        self.optimizer = optimizer
        self.n_left = n

    def ask(self) -> Suggestion | None:
        self.n_left -= 1
        return self.optimizer.ask() if self.n_left >= 0 else None

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        self.optimizer.tell(suggestion, observation)


def make(facade: str, seed: int = 3, **arguments: Any) -> SmacOptimizer:
    ladder = LADDER if facade in MULTI_FIDELITY_FACADES else None
    return SmacOptimizer(seed, facade, ladder=ladder, **{"n_trials": 25, **arguments})


def sequence(optimizer: Optimizer, n: int, n_workers: int = 1) -> list[tuple[int, int]]:
    bench = generated_benchmark()
    logger = simulate(AtMost(optimizer, n), bench, budget_s=float("inf"), n_workers=n_workers)
    return [(record.configuration.index, record.epoch) for record in logger.records]


@pytest.mark.parametrize("facade", FACADES)
def test_smac_learns_what_is_told(facade: str) -> None:
    bench = generated_benchmark()
    optimizer = make(facade, n_trials=12)
    for _ in range(12):
        suggestion = optimizer.ask()
        assert suggestion is not None
        optimizer.tell(suggestion, bench.evaluate(suggestion.configuration, suggestion.epoch))
    told = list(optimizer.facade.runhistory.values())
    assert len(told) == 12
    assert {value.status for value in told} == {StatusType.SUCCESS}
    observation = bench.evaluate(suggestion.configuration, suggestion.epoch)
    assert (told[-1].cost, told[-1].time) == (observation.error_pct, observation.cost_s)


@pytest.mark.parametrize("facade", MULTI_FIDELITY_FACADES)
@pytest.mark.parametrize("ladder", [LADDER, FidelityLadder([12, 200])], ids=["1-12", "12-200"])
def test_a_ladder_is_climbed_on_its_own_budgets(facade: str, ladder: FidelityLadder) -> None:
    bench = generated_benchmark()
    optimizer = SmacOptimizer(3, facade, ladder=ladder)
    asked = set()
    for _ in range(22):
        suggestion = optimizer.ask()
        assert suggestion is not None
        asked.add((suggestion.budget, suggestion.epoch))
        optimizer.tell(suggestion, bench.evaluate(suggestion.configuration, suggestion.epoch))
    assert asked == set(zip(ladder.budgets, ladder.rungs, strict=True))


@pytest.mark.parametrize("facade", ["hpo", "multi_fidelity"])
@pytest.mark.parametrize("n_workers", [1, 4])
def test_a_seed_is_a_sequence(facade: str, n_workers: int) -> None:
    first = sequence(make(facade, n_trials=16), 16, n_workers)
    assert len(first) == 16
    assert first == sequence(make(facade, n_trials=16), 16, n_workers)
    assert first != sequence(make(facade, seed=4, n_trials=16), 16, n_workers)


def test_the_quick_model_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = sequence(make("hpo"), 12)
    slow_model = make("hpo").facade._model
    assert slow_model.meta["max_leaf_nodes"] == 4096
    monkeypatch.setattr(smac_optimizer, "quick_model", lambda facade, scenario: facade.get_model(scenario))
    optimizer = make("hpo")
    assert optimizer.facade._model.meta["max_leaf_nodes"] == 2**20
    assert sequence(optimizer, 12) == quick


def test_the_quick_model_leaves_room_for_every_trial() -> None:
    facade = FACADES["hpo"]
    model = quick_model(facade, make("hpo", n_trials=100_000).facade.scenario)
    assert model.meta["max_leaf_nodes"] == 200_000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_understood(encoding: Any) -> None:
    assert len(sequence(make("hpo", encoding=encoding), 10)) == 10


def test_settings_reach_smac() -> None:
    optimizer = make("hpo", retrain_after=2, n_initial=5, use_default_config=True, epoch=3)
    assert optimizer.facade._config_selector._retrain_after == 2
    assert len(optimizer.facade._initial_design.select_configurations()) == 6
    suggestion = optimizer.ask()
    assert suggestion is not None
    assert suggestion.epoch == 3


def test_the_facade_follows_from_the_ladder() -> None:
    assert isinstance(SmacOptimizer(1).facade, FACADES["hpo"])
    assert isinstance(SmacOptimizer(1, ladder=LADDER).facade, FACADES["multi_fidelity"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"facade": "hpoo"}, "'hpoo' is not one of .*did you mean 'hpo'"),
        ({"facade": "hyperband"}, "'hyperband' needs a fidelity ladder"),
        ({"facade": "hpo", "ladder": [12, 200]}, "'hpo' searches at one epoch"),
        ({"ladder": [1, 5, 12]}, "not geometric"),
        ({"encoding": "ordinary"}, "'ordinary'"),
        ({"epoch": 13}, "epoch 13"),
        ({"trials": 7}, "trials"),
        ({"walltime_limit": True}, "walltime_limit True is a truth value; it takes a number"),
        ({"trial_memory_limit": True}, "trial_memory_limit True"),
    ],
)
def test_unknown_settings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        SmacOptimizer(1, **arguments)


def test_nothing_is_printed_and_no_file_is_left(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    sequence(make("hpo"), 12)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_smacs_proposals_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = make("random")
    monkeypatch.setattr(optimizer.facade.optimizer, "_trial_generator", iter(()))
    assert optimizer.ask() is None
