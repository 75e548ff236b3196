"""The in-process BOHB by itself: no hpbandster here."""

from __future__ import annotations

from collections import Counter

import numpy as np

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_model import BohbSettings
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing.fresh_process import output_of

ENCODINGS = ["categorical", "integer"]
BANDWIDTHS = ["normal_reference", "clipped"]


def loss_of(configuration: Configuration) -> float:
    return float(sum(choice * choice for choice in configuration.choices))


def run(optimizer: Bohb) -> list[Suggestion]:
    suggestions = []
    while (suggestion := optimizer.ask()) is not None:
        suggestions.append(suggestion)
        optimizer.tell_loss(suggestion, loss_of(suggestion.configuration))
    return suggestions


def test_a_run_on_the_default_ladder() -> None:
    suggestions = run(Bohb(n_iterations=4))
    assert Counter(suggestion.epoch for suggestion in suggestions) == {12: 32, 200: 6}
    assert len({(suggestion.token.config_id, suggestion.budget) for suggestion in suggestions}) == 38


def test_budgets_are_asked_for_as_they_are_and_served_snapped() -> None:
    suggestions = run(Bohb(FidelityLadder.hyperband(1, 12, eta=3), n_iterations=3))
    assert {(suggestion.budget, suggestion.epoch) for suggestion in suggestions} == {(12 / 9, 1), (4, 4), (12, 12)}
    assert all(type(suggestion.budget) is float for suggestion in suggestions)


def test_tell_learns_the_error() -> None:
    optimizer = Bohb([1, 12], n_iterations=1)
    suggestions = [optimizer.ask() for _ in range(12)]
    assert None not in suggestions
    assert optimizer.ask() is None
    for i, suggestion in enumerate(suggestions):
        assert suggestion is not None
        optimizer.tell(suggestion, Observation(50.0 + (i == 5), 1.0, 1, "valid", 0))
    last = optimizer.ask()
    assert last is not None
    assert suggestions[5] is not None
    assert last.configuration == suggestions[5].configuration  # the highest accuracy goes on
    assert not optimizer.is_done
    optimizer.tell_loss(last, 1.0)
    assert optimizer.ask() is None
    assert optimizer.is_done


def test_without_end() -> None:
    optimizer = Bohb([12])
    for _ in range(50):
        suggestion = optimizer.ask()
        assert suggestion is not None
        optimizer.tell_loss(suggestion, 1.0)
    assert not optimizer.is_done


def runs_of_one_seed() -> list[list[int]]:
    """What it proposes under each encoding and bandwidth."""
    every = [BohbSettings(encoding=each, bandwidth=other) for each in ENCODINGS for other in BANDWIDTHS]  # type: ignore[arg-type]
    optimizers = (Bohb([1, 4, 12], n_iterations=6, seed=5, settings=settings) for settings in every)
    return [[suggestion.configuration.index for suggestion in run(optimizer)] for optimizer in optimizers]


def test_same_seed_same_run_in_fresh_processes() -> None:
    code = "from tests.optimizers.test_bohb import runs_of_one_seed; print(runs_of_one_seed())"
    assert {output_of(code, hash_seed=hash_seed) for hash_seed in (1, 2, 3)} == {f"{runs_of_one_seed()}\n"}


def test_global_random_states_are_left_alone() -> None:
    before = np.random.get_state()  # noqa: NPY002
    run(Bohb([1, 12], n_iterations=6))
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], before[1])  # type: ignore[index]
    assert after[2] == before[2]  # type: ignore[index]
