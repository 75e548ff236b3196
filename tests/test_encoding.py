"""Values of a framework to a configuration and back, under each encoding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.encoding import (
    ALL_ENCODINGS,
    CELL_NAME,
    ENCODINGS,
    checked_encoding,
    choices,
    hyperparameter_choices,
    to_configuration,
    to_values,
)
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, EDGE_NAMES, LEARNING_RATES, OPERATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from tests.core_fixtures import configurations

CONFIGURATION = Configuration("3|10|210", lr=0.1, batch_size=128)
EDGES = {"op_01": "zero", "op_02": "avgpool3x3", "op_12": "conv3x3", "op_03": "skip", "op_13": "avgpool3x3"}
NAMED = {**EDGES, "op_23": "conv3x3"}
"""The cell of :data:`CONFIGURATION`, edge by edge: its digits are in the order of the edges' names."""
LR_RANK, BATCH_SIZE_RANK = LEARNING_RATES.index(0.1), BATCH_SIZES.index(128)


def test_an_unknown_encoding_is_named_with_the_allowed_ones() -> None:
    assert [checked_encoding(each) for each in ALL_ENCODINGS] == ["categorical", "ordinal", "integer", "digits", "unit"]
    known = "'categorical', 'ordinal', 'integer', 'digits', 'unit'"
    message = rf"encoding 'ordnal' is not one of {known} \(did you mean 'ordinal'\?\)"
    for call in (checked_encoding, hyperparameter_choices, lambda each: to_configuration({}, each)):
        with pytest.raises(InvalidValueError, match=message):
            call("ordnal")
    with pytest.raises(InvalidValueError, match=message):
        to_values(CONFIGURATION, "ordnal")  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="'ordinal' is not one of 'integer'"):
        checked_encoding("ordinal", ("integer",))


@pytest.mark.parametrize("encoding", ["categorical", "ordinal"])
def test_choices_of_the_whole_space_are_its_values(encoding: Any) -> None:
    edges = dict.fromkeys(EDGE_NAMES, OPERATIONS)
    assert hyperparameter_choices(encoding) == {**edges, "lr": LEARNING_RATES, "batch_size": BATCH_SIZES}
    assert [*hyperparameter_choices(encoding)] == [*EDGE_NAMES, "lr", "batch_size"]


def test_choices_as_integers_are_ranks() -> None:
    choices = hyperparameter_choices("integer")
    assert choices["op_23"] == OPERATIONS
    assert (choices["lr"], choices["batch_size"]) == (tuple(range(8)), tuple(range(6)))


def test_choices_of_a_part_keep_their_ranks_in_the_whole() -> None:
    part = Subspace(cellcode="3|10|210", lr=0.1, batch_size=128)
    edges = {name: (operation,) for name, operation in NAMED.items()}
    assert hyperparameter_choices(restriction=part) == {**edges, "lr": (0.1,), "batch_size": (128,)}
    ranked = {**edges, "lr": (LR_RANK,), "batch_size": (BATCH_SIZE_RANK,)}
    assert hyperparameter_choices("integer", part) == ranked


def test_cells_stand_whole_where_the_part_needs_it_or_one_asks_for_it() -> None:
    one_per_class = hyperparameter_choices(restriction=Subspace(one_per_class=True))
    assert [*one_per_class] == [CELL_NAME, "lr", "batch_size"]
    assert len(one_per_class[CELL_NAME]) == 1011
    assert hyperparameter_choices(whole_cells=True)[CELL_NAME] == CELLCODES
    edges = hyperparameter_choices(restriction=Subspace(one_per_class=True), whole_cells=False)
    assert edges["op_01"] == OPERATIONS
    assert CELL_NAME not in edges


def test_choices_are_shared_and_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        hyperparameter_choices()["lr"] = ()  # type: ignore[index]


def test_values_of_one_configuration_under_each_encoding() -> None:
    assert to_values(CONFIGURATION) == {**NAMED, "lr": 0.1, "batch_size": 128}
    assert to_values(CONFIGURATION, "integer") == {**NAMED, "lr": LR_RANK, "batch_size": BATCH_SIZE_RANK}
    whole = to_values(CONFIGURATION, whole_cells=True)
    assert whole == {CELL_NAME: "3|10|210", "lr": 0.1, "batch_size": 128}
    assert [*whole] == [CELL_NAME, "lr", "batch_size"]
    with pytest.raises(InvalidValueError, match=r"'0\|10\|210' is not a Configuration"):
        to_values("0|10|210")  # type: ignore[arg-type]


@given(configurations, st.sampled_from(ALL_ENCODINGS), st.booleans())
def test_values_lead_back_to_their_configuration(
    configuration: Configuration, encoding: Any, whole_cells: bool
) -> None:
    values = to_values(configuration, encoding, whole_cells=whole_cells and encoding in ENCODINGS)
    assert to_configuration(values, encoding) == configuration


def test_numpy_scalars_are_welcome() -> None:
    values = {**to_values(CONFIGURATION, "integer"), "lr": np.int64(LR_RANK), "batch_size": np.float64(BATCH_SIZE_RANK)}
    assert to_configuration(values, "integer") == CONFIGURATION


@pytest.mark.parametrize("rank", [-1, 8, 1.5, True, "1", None, np.array([1, 2]), float("nan")])
def test_a_rank_that_is_none_is_named(rank: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"rank of lr .* is not one of 0, 1, 2, 3, 4, 5, 6, 7$"):
        to_configuration({**to_values(CONFIGURATION, "integer"), "lr": rank}, "integer")
    with pytest.raises(InvalidValueError, match=r"rank of batch_size 6 is not one of 0, 1, 2, 3, 4, 5$"):
        to_configuration({**to_values(CONFIGURATION, "integer"), "batch_size": 6}, "integer")


@pytest.mark.parametrize("encoding", ALL_ENCODINGS)
def test_missing_unknown_and_doubled_hyperparameters_are_named(encoding: Any) -> None:
    values = to_values(CONFIGURATION, encoding)
    for wrong, named in (
        ({name: value for name, value in values.items() if name != "lr"}, "lr"),
        ({**values, "momentum": 0.9}, "momentum"),
        ({**values, CELL_NAME: "3|10|210"}, CELL_NAME),
    ):
        with pytest.raises(InvalidValueError, match=named):
            to_configuration(wrong, encoding)


@pytest.mark.parametrize("values", [3, None, [1], "lr"])
def test_what_is_no_mapping_is_said(values: Any) -> None:
    with pytest.raises(InvalidValueError, match="are not a mapping of hyperparameters to values"):
        to_configuration(values)


@given(configurations)
def test_eight_numbers_are_a_configuration(configuration: Configuration) -> None:
    digits, unit = (to_values(configuration, encoding) for encoding in ("digits", "unit"))
    assert tuple(digits.values()) == configuration.choices
    assert all(type(value) is int for value in digits.values())
    assert to_configuration(list(digits.values()), "digits") == configuration
    assert to_configuration(np.array(list(unit.values())), "unit") == configuration


def test_a_number_of_the_unit_interval_stands_for_the_value_of_its_cell() -> None:
    assert to_values(CONFIGURATION, "unit") == {
        "op_01": 0.875, "op_02": 0.375, "op_12": 0.125, "op_03": 0.625, "op_13": 0.375, "op_23": 0.125,
        "lr": 5.5 / 8, "batch_size": 3.5 / 6,
    }  # fmt: skip
    for number, operation in ((0, 0), (0.2499, 0), (0.25, 1), (0.5, 2), (0.75, 3), (0.9999, 3), (1, 3), (1.0, 3)):
        cell = to_configuration([number] * 8, "unit")
        assert cell.to_hyperparameters()["op_01"] == OPERATIONS[operation]
    assert to_configuration([0.0] * 8, "unit").index == 0
    assert to_configuration(np.ones(8, dtype=np.float32), "unit").index == 196_607


def test_each_cell_of_the_unit_interval_is_as_wide_as_the_others() -> None:
    numbers = (np.arange(24_000) + 0.5) / 24_000
    for name, grid in (("op_12", OPERATIONS), ("lr", LEARNING_RATES), ("batch_size", BATCH_SIZES)):
        middle = to_values(CONFIGURATION, "unit")
        found = [to_configuration({**middle, name: x}, "unit").to_hyperparameters()[name] for x in numbers]
        assert [found.count(value) for value in grid] == [24_000 // len(grid)] * len(grid)


@pytest.mark.parametrize("number", [-1e-12, 1.0000001, float("nan"), float("inf"), True, "0.5", None, np.array([0.5])])
def test_a_number_outside_the_unit_interval_is_named(number: Any) -> None:
    for name in ("op_13", "batch_size"):
        with pytest.raises(InvalidValueError, match=rf"{name} .* is not a number in \[0, 1\]$"):
            to_configuration({**to_values(CONFIGURATION, "unit"), name: number}, "unit")


@pytest.mark.parametrize("encoding", ["digits", "unit"])
def test_whole_cells_have_no_number(encoding: Any) -> None:
    message = f"encoding '{encoding}' has a number for each edge and nothing for a whole cell"
    one_per_class = Subspace(one_per_class=True)
    with pytest.raises(InvalidValueError, match=message):
        hyperparameter_choices(encoding, whole_cells=True)
    with pytest.raises(InvalidValueError, match=message):
        hyperparameter_choices(encoding, one_per_class, whole_cells=False)
    with pytest.raises(InvalidValueError, match=message):
        to_values(CONFIGURATION, encoding, whole_cells=True)
    part = Subspace(cellcode="3|10|210", lr=0.1)
    assert hyperparameter_choices(encoding, part)["op_01"] == ((3,) if encoding == "digits" else (0.875,))


def test_choices_are_lists_of_ones_own() -> None:
    values = choices()
    assert values == {
        **{name: [*OPERATIONS] for name in EDGE_NAMES},
        "lr": [*LEARNING_RATES],
        "batch_size": [*BATCH_SIZES],
    }
    values["lr"].clear()
    assert choices()["lr"] == [*LEARNING_RATES]
    assert choices("digits")["op_01"] == [0, 1, 2, 3]
    assert choices(restriction=Subspace(lr=0.1))["lr"] == [0.1]


@pytest.mark.parametrize("encoding", ["categorical", "ordinal"])
def test_a_frameworks_32_bit_learning_rate_is_the_one_of_the_grid(encoding: Any) -> None:
    """Every adapter reads its framework's values here."""
    for lr in LEARNING_RATES:
        expected = Configuration("0|10|210", lr, 64)
        assert to_configuration(to_values(expected, encoding) | {"lr": np.float32(lr)}, encoding) == expected
    with pytest.raises(InvalidValueError, match=r"0\.30000001192092896 is not one of 0\.003125"):
        to_configuration(to_values(CONFIGURATION, encoding) | {"lr": np.float32(0.3)}, encoding)
