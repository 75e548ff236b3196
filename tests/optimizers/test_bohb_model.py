"""BOHB's model by itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_density import CandidateSampler, best_candidate
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings
from nhb2_plugins.space import Configuration

ENCODINGS = ["categorical", "integer"]


BANDWIDTHS = ["normal_reference", "clipped"]


def loss_of(configuration: Configuration) -> float:
    return float(sum(choice * choice for choice in configuration.choices))


def model_with_results(n: int = 60, *, seed: int = 0, **settings: object) -> BohbModel:
    model = BohbModel(BohbSettings(**settings), seed=seed)  # type: ignore[arg-type]
    generator = np.random.default_rng(seed)
    for index in generator.integers(0, 196_608, n):
        configuration = Configuration.from_index(index)
        model.learn(configuration, 12.0, loss_of(configuration))
    return model


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
    stranger = Suggestion(suggestion.configuration, token=replace(suggestion.token))
    with pytest.raises(InvalidValueError, match="not running"):
        Bohb([12]).tell_loss(stranger, 1.0)
    optimizer.tell_loss(suggestion, 1.0)
    with pytest.raises(InvalidValueError, match="told twice"):
        optimizer.tell_loss(suggestion, 1.0)
