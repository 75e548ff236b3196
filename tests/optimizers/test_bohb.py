"""The in-process BOHB by itself: no hpbandster here."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_density import CandidateSampler, best_candidate
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings
from nhb2_plugins.optimizers.bracket_search import BracketTrial
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


def model_with_results(n: int = 60, *, seed: int = 0, **settings: object) -> BohbModel:
    model = BohbModel(BohbSettings(**settings), seed=seed)  # type: ignore[arg-type]
    generator = np.random.default_rng(seed)
    for index in generator.integers(0, 196_608, n):
        configuration = Configuration.from_index(index)
        model.learn(configuration, 12.0, loss_of(configuration))
    return model


def test_a_run_on_the_default_ladder() -> None:
    suggestions = run(Bohb(n_iterations=4))
    assert Counter(suggestion.epoch for suggestion in suggestions) == {12: 32, 200: 6}
    assert [suggestion.token.number for suggestion in suggestions] == list(range(38))


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


def test_the_share_of_model_based_picks_is_one_minus_the_random_fraction() -> None:
    model = model_with_results()
    n = sum(model.propose().model_based for _ in range(600))
    assert abs(n / 600 - 2 / 3) < 4 * math.sqrt(2 / 9 / 600)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("bandwidth", BANDWIDTHS)
def test_a_model_based_pick_is_the_models_own_vector(encoding: str, bandwidth: str) -> None:
    model = model_with_results(encoding=encoding, bandwidth=bandwidth, random_fraction=0)
    fitted = model._models[12.0]
    order = list(model.space)
    for _ in range(25):
        twin = np.random.RandomState()
        twin.set_state(model.generator.get_state())
        twin.random_sample()  # the coin
        sampler = CandidateSampler(fitted.good, bandwidth_factor=3, min_bandwidth=1e-3)
        vectors = sampler.draw(64, twin)[0].vectors
        best, _ = best_candidate(fitted.good.densities(vectors), fitted.bad.densities(vectors))
        assert best is not None
        proposal = model.propose()
        assert proposal.model_based
        # ConfigSpace itself reads the vector.
        values = {name: model.space[name].to_value(vectors[best][i]) for i, name in enumerate(order)}
        expected = proposal.configuration.to_hyperparameters()
        if encoding == "integer":
            assert (values.pop("lr"), values.pop("batch_size")) == proposal.configuration.choices[6:]
        assert values == {name: expected[name] for name in values}


def test_clipped_picks_are_better_than_random_on_a_function_with_structure() -> None:
    model = model_with_results(200, bandwidth="clipped", random_fraction=0)
    picks = [loss_of(model.propose().configuration) for _ in range(200)]
    uniform = [loss_of(Configuration.from_index(i)) for i in np.random.default_rng(1).integers(0, 196_608, 200)]
    assert np.median(picks) < np.median(uniform)


def test_smaller_budgets_are_ignored_once_a_larger_one_has_a_model() -> None:
    model = model_with_results()
    configuration = Configuration.from_index(0)
    for _ in range(40):
        model.learn(configuration, 1.0, 0.0)
    assert list(model._models) == [12.0]


def test_crashed_evaluations_count_as_bad() -> None:
    model = BohbModel(BohbSettings(random_fraction=0, bandwidth="clipped"))
    for i in range(60):
        choices = (0, 0, 0, 0, 0, 0, 0, 0) if i % 2 else (3, 3, 3, 3, 3, 3, 7, 5)
        model.learn(Configuration.from_choices(choices), 12.0, 1.0 if i % 2 else math.inf)
    picks = [sum(model.propose().configuration.choices[:6]) for _ in range(40)]
    assert np.mean(picks) < 4.5  # half of 6 · 1.5 would be indifferent at 9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding": "ordinal"}, "BOHB's encoding 'ordinal' is not one of 'categorical', 'integer'"),
        ({"bandwidth": "clip"}, r"bandwidth 'clip' is not one of .* \(did you mean 'clipped'\?\)"),
        ({"random_fraction": 1.5}, "random_fraction 1.5 is not between 0 and 1"),
        ({"random_fraction": math.nan}, "random_fraction nan is not between 0 and 1"),
        ({"num_samples": 0}, "num_samples 0 is not between 1 and inf"),
        ({"top_n_percent": 100}, "top_n_percent 100 is not between 1 and 99"),
        ({"min_bandwidth": 0}, "min_bandwidth 0 is not between"),
        ({"bandwidth_factor": -1}, "bandwidth_factor -1 is not between"),
    ],
)
def test_settings_are_checked(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        BohbSettings(**settings)  # type: ignore[arg-type]


def test_wrong_calls_are_refused() -> None:
    for wrong in (0, -1, 1.5, True, "3"):
        with pytest.raises(
            InvalidValueError, match=f"n_iterations {wrong!r} is not an integer of at least 1, nor None"
        ):
            Bohb(n_iterations=wrong)  # type: ignore[arg-type]
    optimizer = Bohb([12])
    suggestion = optimizer.ask()
    assert suggestion is not None
    with pytest.raises(InvalidValueError, match="loss nan is not a number"):
        optimizer.tell_loss(suggestion, math.nan)
    stranger = Suggestion(suggestion.configuration, token=BracketTrial(0, (0, 0, 0), False, 12.0))
    with pytest.raises(InvalidValueError, match="not running"):
        Bohb([12]).tell_loss(stranger, 1.0)
    optimizer.tell_loss(suggestion, 1.0)
    with pytest.raises(InvalidValueError, match="told twice"):
        optimizer.tell_loss(suggestion, 1.0)
