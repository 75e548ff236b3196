"""Priors of a stated quality: where they stand among all configurations, and what frameworks get of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.priors import BANDS
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing.benchmarks import generated_benchmark


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return generated_benchmark()


@pytest.mark.parametrize("quality", BANDS)
@pytest.mark.parametrize("epoch", [4, 12])
def test_a_prior_lies_in_its_band_of_the_tables_own_errors(bench: Benchmark, quality: Any, epoch: int) -> None:
    errors = 100 - bench.evaluate_many(np.arange(N_CONFIGURATIONS), epoch)[0]
    low, high = BANDS[quality]
    drawn = [nhb2.prior(quality, bench, seed=seed, epoch=epoch) for seed in range(20)]
    assert len({prior.configuration for prior in drawn}) > 15
    for prior in drawn:
        error = errors[prior.configuration.index]
        assert prior.error_pct == error == bench.evaluate(prior.configuration, epoch).error_pct
        assert low <= prior.quantile < high
        assert (errors < error).mean() <= prior.quantile < (errors <= error).mean()


def test_a_prior_is_that_of_its_seed(bench: Benchmark) -> None:
    one, same, other = (nhb2.prior("bad", bench, seed=seed) for seed in (3, 3, 4))
    assert one == same
    assert one.configuration != other.configuration


def test_a_prior_keeps_to_the_problems_part_and_seed(bench: Benchmark) -> None:
    part = Subspace(lr=0.1, one_per_class=True)
    problem = Problem(bench, epoch=4, seed=bench.seeds[1], restriction=part)
    prior = nhb2.prior("adversarial", problem, seed=1)
    assert prior.configuration in part
    assert prior.error_pct == bench.evaluate(prior.configuration, 4, seed=bench.seeds[1]).error_pct
    accuracy, _ = bench.evaluate_many(part.indices, 4, seed=bench.seeds[1])
    assert (accuracy > 100 - prior.error_pct).mean() >= 0.98
    assert prior.values == {"cell": prior.configuration.cellcode, "lr": 0.1, "batch_size": prior.values["batch_size"]}
    assert prior.weights()["lr"] == [1.0]
    assert prior.configuration_space()["cell"].default_value == prior.configuration.cellcode


def test_weights_are_probabilities_that_prefer_the_believed_value(bench: Benchmark) -> None:
    prior = nhb2.prior("good", bench, seed=0)
    weights = prior.weights(confidence=0.7)
    for name, choices in nhb2.choices().items():
        believed = choices.index(prior.values[name])
        assert sum(weights[name]) == pytest.approx(1)
        assert weights[name][believed] == 0.7
        assert {round(each, 12) for i, each in enumerate(weights[name]) if i != believed} == {
            round(0.3 / (len(choices) - 1), 12)
        }


def test_configspace_draws_from_a_prior_and_starts_at_it(bench: Benchmark) -> None:
    prior = nhb2.prior("good", bench, seed=0)
    space = prior.configuration_space(confidence=0.9, seed=1)
    assert dict(space.get_default_configuration()) == prior.values
    drawn = space.sample_configuration(400)
    for name, value in prior.values.items():
        assert np.mean([each[name] == value for each in drawn]) == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize("encoding", ["ordinal", "integer", "digits", "unit"])
def test_every_encoding_has_the_prior_as_its_default(bench: Benchmark, encoding: Any) -> None:
    prior = nhb2.prior("medium", bench, encoding=encoding)
    default = prior.configuration_space().get_default_configuration()
    assert prior.problem.configuration(dict(default)) == prior.configuration


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quality": "god"}, r"quality of a prior 'god' is not one of .* \(did you mean 'good'\?\)"),
        ({"quality": ["good"]}, r"quality of a prior \['good'\] is not one of"),
        ({"seed": -1}, "seed -1 is not an integer in 0"),
        ({"epoch": 13}, "epoch 13 is not one of"),
        ({"restriction": Subspace(cellcode="0|10|210", lr=0.1)}, "no configuration of Subspace.* is in the band"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(bench: Benchmark, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        nhb2.prior(**{"quality": "adversarial", "bench": bench, **arguments})


@pytest.mark.parametrize("confidence", [0, 1, -0.1, True, float("nan"), "high"])
def test_a_confidence_that_is_none_is_refused(bench: Benchmark, confidence: Any) -> None:
    with pytest.raises(InvalidValueError, match="is not between 0 and 1"):
        nhb2.prior("good", bench).weights(confidence)


def test_the_page_states_the_bands() -> None:
    page = (Path(__file__).parents[1] / "docs" / "glue.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert {quality: (float(low), float(high)) for quality, low, high in rows} == BANDS
    assert BANDS["good"] == (0, 0.01)
