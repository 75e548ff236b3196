from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace
from ConfigSpace import Configuration as SpaceConfiguration
from hypothesis import given
from hypothesis import strategies as st

import nhb2_plugins
from nhb2_plugins.adapters.configspace_adapter import (
    ENCODINGS,
    Encoding,
    configuration_space,
    to_configuration,
    to_values,
)
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import (
    BATCH_SIZES,
    EDGE_NAMES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    N_CONFIGURATIONS,
    OPERATIONS,
    Configuration,
)
from nhb2_plugins.subspace import Subspace
from tests.core_fixtures import configurations

SPACES: dict[Encoding, ConfigurationSpace] = {encoding: configuration_space(encoding, seed=0) for encoding in ENCODINGS}
encodings = st.sampled_from(ENCODINGS)
CONFIGURATION = Configuration("0|10|210", 0.1, 256)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_space_has_196608_configurations_in_every_encoding(encoding: Encoding) -> None:
    space = SPACES[encoding]
    assert set(space) == set(HYPERPARAMETER_NAMES)
    assert space.estimate_size() == N_CONFIGURATIONS
    assert space.meta == {"benchmark": "NAS-HPO-Bench-II", "encoding": encoding}
    assert space.name == "NAS-HPO-Bench-II"
    assert not space.conditions
    assert not space.forbidden_clauses


def test_the_kinds_of_hyperparameters() -> None:
    kinds = {
        encoding: [type(space[name]).__name__ for name in ("op_01", "lr", "batch_size")]
        for encoding, space in SPACES.items()
    }
    assert kinds == {
        "categorical": ["CategoricalHyperparameter"] * 3,
        "ordinal": ["CategoricalHyperparameter", "OrdinalHyperparameter", "OrdinalHyperparameter"],
        "integer": ["CategoricalHyperparameter", "UniformIntegerHyperparameter", "UniformIntegerHyperparameter"],
    }
    for name in EDGE_NAMES:
        assert all(tuple(space[name].choices) == OPERATIONS for space in SPACES.values())
    assert tuple(SPACES["categorical"]["lr"].choices) == LEARNING_RATES
    assert tuple(SPACES["ordinal"]["batch_size"].sequence) == BATCH_SIZES
    assert (SPACES["integer"]["lr"].lower, SPACES["integer"]["lr"].upper) == (0, 7)
    assert (SPACES["integer"]["batch_size"].lower, SPACES["integer"]["batch_size"].upper) == (0, 5)


def test_the_default_space_is_categorical_and_public() -> None:
    assert nhb2_plugins.configuration_space is configuration_space
    assert configuration_space().meta["encoding"] == "categorical"


@given(configurations, encodings)
def test_every_configuration_is_legal_and_round_trips(configuration: Configuration, encoding: Encoding) -> None:
    from ConfigSpace import Configuration as Values

    values = to_values(configuration, encoding)
    assert {type(value) for value in values.values()} <= {str, float, int}
    assert to_configuration(values, encoding) == configuration
    in_space = Values(SPACES[encoding], values=values)
    in_space.check_valid_configuration()
    assert to_configuration(in_space, encoding) == configuration
    assert to_configuration(dict(in_space), encoding) == configuration
    through_its_vector = Values(SPACES[encoding], vector=in_space.get_array())
    assert to_configuration(through_its_vector, encoding) == configuration


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_samples_are_configurations_of_built_in_values_and_reach_every_choice(encoding: Encoding) -> None:
    sampled = [
        to_configuration(values, encoding) for values in configuration_space(encoding, seed=3).sample_configuration(500)
    ]
    assert {type(value) for each in sampled for value in each.to_hyperparameters().values()} == {str, float, int}
    for position, n_choices in enumerate((4, 4, 4, 4, 4, 4, 8, 6)):
        assert {each.choices[position] for each in sampled} == set(range(n_choices))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_seed_decides_the_samples(encoding: Encoding) -> None:
    def sample(seed: int) -> list[Configuration]:
        space = configuration_space(encoding, seed=seed)
        return [to_configuration(values, encoding) for values in space.sample_configuration(20)]

    assert sample(1) == sample(1) != sample(2)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_space_survives_json_and_pickling(encoding: Encoding) -> None:
    space = SPACES[encoding]
    assert pickle.loads(pickle.dumps(space)) == space
    exported = json.loads(json.dumps(space.to_serialized_dict()))
    read_back = ConfigurationSpace.from_serialized_dict(exported)
    assert dict(read_back) == dict(space)  # ConfigSpace writes meta but does not read it back
    assert read_back.name == space.name


def test_numpy_scalars_are_welcome() -> None:
    values = {name: np.array([value])[0] for name, value in to_values(CONFIGURATION).items()}
    assert {type(value).__module__ for value in values.values()} == {"numpy"}
    assert to_configuration(values) == CONFIGURATION
    ranks = {name: np.array([value])[0] for name, value in to_values(CONFIGURATION, "integer").items()}
    assert to_configuration(ranks, "integer") == CONFIGURATION


@pytest.mark.parametrize("seed", [-1, 2**32, "a", 1.5, True, np.True_, [1]])
def test_a_wrong_seed_is_named_with_the_allowed_ones(seed: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        configuration_space(seed=seed)
    assert str(refusal.value) == f"seed {seed!r} is not an integer in 0..4294967295, or None"


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.int64(7), np.uint8(7)])
def test_every_seed_that_numpy_takes_is_taken(seed: Any) -> None:
    samples = [configuration_space(seed=each).sample_configuration(3) for each in (seed, int(seed))]
    assert samples[0] == samples[1]


@pytest.mark.parametrize("encoding", ["onehot", "", None, "Categorical", ["integer"]])
def test_an_unknown_encoding_is_named_with_the_allowed_ones_and_never_taken_for_another(encoding: Any) -> None:
    values = to_values(CONFIGURATION)
    for refuse in (
        lambda: configuration_space(encoding),
        lambda: to_configuration(values, encoding),
        lambda: to_values(CONFIGURATION, encoding),
    ):
        with pytest.raises(InvalidValueError) as refusal:
            refuse()
        message = f"encoding {encoding!r} is not one of 'categorical', 'ordinal', 'integer'"
        assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("encoding", "change", "message"),
    [
        ("categorical", {"lr": 0.3}, r"learning rate 0\.3 is not one of"),
        ("ordinal", {"batch_size": 20}, "batch size 20 is not one of"),
        ("categorical", {"op_01": "conv1x1"}, "op_01 'conv1x1' is not one of"),
        ("integer", {"lr": 8}, "rank of lr 8 is not one of 0, 1, 2, 3, 4, 5, 6, 7"),
        ("integer", {"lr": -1}, "rank of lr -1 is not one of"),
        ("integer", {"lr": 0.1}, r"rank of lr 0\.1 is not one of"),
        ("integer", {"batch_size": 256}, "rank of batch_size 256 is not one of 0, 1, 2, 3, 4, 5"),
        ("integer", {"batch_size": "1"}, "rank of batch_size '1' is not one of"),
        ("categorical", {"momentum": 0.9}, r"hyperparameters \['batch_size', .*'momentum'.* are not exactly"),
        ("integer", {"momentum": 0.9}, r"hyperparameters \['batch_size', .*'momentum'.* are not exactly"),
    ],
)
def test_values_outside_the_space_are_named(encoding: Encoding, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        to_configuration(to_values(CONFIGURATION, encoding) | change, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", HYPERPARAMETER_NAMES)
def test_a_missing_value_is_an_error(encoding: Encoding, name: str) -> None:
    values = to_values(CONFIGURATION, encoding)
    del values[name]
    with pytest.raises(InvalidValueError, match="are not exactly"):
        to_configuration(values, encoding)


def test_ranks_and_values_are_not_mixed_up() -> None:
    """Values of one encoding under the name of another are refused, never a different configuration."""
    with pytest.raises(InvalidValueError):
        to_configuration(to_values(CONFIGURATION, "integer"), "categorical")
    with pytest.raises(InvalidValueError):
        to_configuration(to_values(CONFIGURATION, "ordinal"), "integer")


@pytest.mark.parametrize("encoding", ["digits", "unit"])
def test_spaces_of_numbers_alone(encoding: Any) -> None:
    space = configuration_space(encoding, seed=0)
    assert {*space} == {*HYPERPARAMETER_NAMES}
    assert not any(isinstance(space[name], CategoricalHyperparameter) for name in space)
    assert encoding == "unit" or space.estimate_size() == N_CONFIGURATIONS
    drawn = [to_configuration(values, encoding) for values in space.sample_configuration(300)]
    assert len({each.index for each in drawn}) > 290
    for configuration in drawn:
        values = to_values(configuration, encoding)
        assert to_configuration(SpaceConfiguration(space, values=dict(values)), encoding) == configuration
    part = configuration_space(encoding, restriction=Subspace(lr=0.1), seed=0)
    assert {to_configuration(values, encoding).lr for values in part.sample_configuration(20)} == {0.1}
    with pytest.raises(InvalidValueError, match="nothing for a whole cell"):
        configuration_space(encoding, restriction=Subspace(one_per_class=True))
