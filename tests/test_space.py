"""The joint space, exhaustively where that takes seconds: 196,608 configurations and their index."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from itertools import product
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError, Nhb2Error
from nhb2_plugins.space import (
    BATCH_SIZES,
    CELLCODES,
    EDGE_NAMES,
    EDGES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    N_CHOICES,
    N_CONFIGURATIONS,
    OPERATIONS,
    Configuration,
    cell_index,
    cellcode_digits,
    parse_cellcode,
)

CODE = "0|10|210"


@pytest.fixture(scope="module")
def configurations() -> list[Configuration]:
    return [Configuration.from_index(index) for index in range(N_CONFIGURATIONS)]


def test_the_grids_are_the_papers() -> None:
    assert LEARNING_RATES == (0.003125, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4)
    assert BATCH_SIZES == (16, 32, 64, 128, 256, 512)
    assert OPERATIONS == ("conv3x3", "avgpool3x3", "skip", "zero")
    assert EDGES == ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert EDGE_NAMES == ("op_01", "op_02", "op_12", "op_03", "op_13", "op_23")
    assert (*EDGE_NAMES, "lr", "batch_size") == HYPERPARAMETER_NAMES
    assert N_CHOICES == (4, 4, 4, 4, 4, 4, 8, 6)
    assert N_CONFIGURATIONS == 196_608 == np.prod(N_CHOICES)


def test_cellcodes_are_sorted_as_strings_and_complete() -> None:
    assert len(CELLCODES) == 4096
    assert list(CELLCODES) == sorted({f"{a}|{b}{c}|{d}{e}{f}" for a, b, c, d, e, f in product("0123", repeat=6)})


def test_every_index_round_trips_in_the_reference_order(configurations: list[Configuration]) -> None:
    written_out = [(code, lr, size) for code in sorted(CELLCODES) for lr in LEARNING_RATES for size in BATCH_SIZES]
    assert [(each.cellcode, each.lr, each.batch_size) for each in configurations] == written_out
    assert [Configuration(*parts).index for parts in written_out] == list(range(N_CONFIGURATIONS))


def test_every_configuration_round_trips_through_its_choices(configurations: list[Configuration]) -> None:
    choices = [each.choices for each in configurations]
    assert [Configuration.from_choices(each) for each in choices] == configurations
    # The index is the mixed-radix number of the choices, the last one fastest.
    assert np.array_equal(np.ravel_multi_index(np.array(choices).T, N_CHOICES), np.arange(N_CONFIGURATIONS))


def test_every_configuration_round_trips_through_its_hyperparameters(configurations: list[Configuration]) -> None:
    for each in configurations:
        assert Configuration.from_hyperparameters(each.to_hyperparameters()) == each


def test_hyperparameters_are_named_built_in_values_in_order() -> None:
    values = Configuration(CODE, lr=0.1, batch_size=256).to_hyperparameters()
    assert tuple(values) == HYPERPARAMETER_NAMES
    assert list(values.values()) == ["conv3x3", "avgpool3x3", "conv3x3", "skip", "avgpool3x3", "conv3x3", 0.1, 256]
    assert {type(value) for value in values.values()} == {str, float, int}


def test_every_cellcode_round_trips_through_its_digits() -> None:
    for index, code in enumerate(CELLCODES):
        digits = cellcode_digits(code)
        assert "{}|{}{}|{}{}{}".format(*digits) == code
        assert cell_index(code) == index
        assert parse_cellcode(code) == parse_cellcode(code.replace("|", "")) == code


def test_numpy_scalars_come_in_and_built_in_values_come_out() -> None:
    operations = np.array(OPERATIONS)[[0, 1, 0, 2, 1, 0]]
    made = [
        Configuration(np.str_(CODE), lr=np.float64(0.1), batch_size=np.int32(256)),  # type: ignore[arg-type]
        Configuration.from_index(np.int64(14050)),
        Configuration.from_choices(tuple(np.array([0, 1, 0, 2, 1, 0, 5, 4]))),
        Configuration.from_hyperparameters(
            {
                **dict(zip(EDGE_NAMES, operations, strict=True)),
                "lr": 0.1,
                "batch_size": 256.0,
            }
        ),
    ]
    for each in made:
        assert each == Configuration(CODE, lr=0.1, batch_size=256)
        assert [type(value) for value in (each.cellcode, each.lr, each.batch_size, each.index)] == [
            str,
            float,
            int,
            int,
        ]
        assert {type(choice) for choice in each.choices} == {int}


@pytest.mark.parametrize(
    "cellcode", ["4|00|000", "0|10|21", "410210", "0|10|2100", "", " 0|10|210", "0-10-210", None, 10210, ["0|10|210"]]
)
def test_a_wrong_cellcode_is_named_with_the_form_of_a_right_one(cellcode: Any) -> None:
    message = "cellcode .* is not of the form 'A|BC|DEF' with six digits 0..3"
    for refuse in (cell_index, cellcode_digits, lambda code: Configuration(code, 0.1, 256)):
        with pytest.raises(InvalidValueError, match=message) as refusal:
            refuse(cellcode)
        assert repr(cellcode) in str(refusal.value)


@pytest.mark.parametrize("text", ["4|00|000", "410210", "0102100", "01021", "٠١٠٢١٠", "²10210", 10210, None])
def test_parse_refuses_what_is_no_cellcode(text: Any) -> None:
    with pytest.raises(InvalidValueError, match="is not of the form"):
        parse_cellcode(text)


@pytest.mark.parametrize(
    "lr", [0.3, 0.1 + 1e-7, 1, "0.1", None, float("nan"), True, float("inf"), [0.1], np.array(0.1)]
)
def test_a_wrong_learning_rate_is_named_with_the_allowed_ones(lr: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        Configuration(CODE, lr, 256)
    assert str(refusal.value) == (
        f"learning rate {lr!r} is not one of 0.003125, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4"
    )


@pytest.mark.parametrize("batch_size", [20, 0, -16, 16.5, "16", None, [16], np.array(16)])
def test_a_wrong_batch_size_is_named_with_the_allowed_ones(batch_size: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        Configuration(CODE, 0.1, batch_size)
    assert str(refusal.value) == f"batch size {batch_size!r} is not one of 16, 32, 64, 128, 256, 512"


@pytest.mark.parametrize("lr", LEARNING_RATES)
def test_a_32_bit_learning_rate_is_the_one_of_the_grid(lr: float) -> None:
    for near in (np.float32(lr), float(np.float32(lr)), np.float64(lr), lr * (1 + 2.0**-25)):
        made = Configuration(CODE, near, 256)
        assert (type(made.lr), made.lr) == (float, lr)
    with pytest.raises(InvalidValueError, match="learning rate"):
        Configuration(CODE, float(np.float16(lr)) if lr == 0.1 else lr * 1.001, 256)


def test_a_refused_32_bit_learning_rate_is_named_with_its_digits() -> None:
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.30000001192092896 is not one of"):
        Configuration(CODE, np.float32(0.3), 256)  # type: ignore[arg-type]


def test_however_large_a_wrong_value_is_its_message_stays_short() -> None:
    for cellcode, lr, batch_size in ((CODE, 10**400, 256), (CODE, 0.1, 10**400), ("0" * 10**5, 0.1, 256)):
        with pytest.raises(InvalidValueError) as refusal:
            Configuration(cellcode, lr, batch_size)
        assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("spelled", ["0|10|210", "010210", np.str_("010210")])
def test_a_cellcode_may_be_written_without_bars(spelled: str) -> None:
    assert Configuration(spelled, 0.1, 256) == Configuration("0|10|210", 0.1, 256)
    assert Configuration(spelled, 0.1, 256).cellcode == "0|10|210"
    assert cell_index(spelled) == cell_index("0|10|210")
    assert cellcode_digits(spelled) == (0, 1, 0, 2, 1, 0)
    assert type(parse_cellcode(spelled)) is str


def test_a_configuration_is_made_of_its_own_fields_again() -> None:
    configuration = Configuration(CODE, 0.1, 256)
    assert Configuration(**dataclasses.asdict(configuration)) == configuration
    with pytest.raises(InvalidValueError, match=rf"index 5 is not that of .*, which is {configuration.index}"):
        Configuration(CODE, 0.1, 256, index=5)


@pytest.mark.parametrize("index", [-1, 196_608, 1.0, np.float64(1), "1", None, True, np.True_, 10**30])
def test_a_wrong_index_is_named_with_the_range(index: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        Configuration.from_index(index)
    assert str(refusal.value) == f"index {index!r} is not an integer in 0..196607"


WRONG_DIGITS = [
    (),
    (0,) * 5,
    (0,) * 7,
    (0, 0, 0, 0, 0, 4),
    (-1, 0, 0, 0, 0, 0),
    (1.0, 0, 0, 0, 0, 0),
    (True,) * 6,
    None,
]


@pytest.mark.parametrize(
    "choices",
    [*WRONG_DIGITS, (0,) * 6 + (8, 0), (0,) * 6 + (0, 6), (0,) * 6 + (-1, 0), (0,) * 6 + (1.0, 0), (0,) * 7 + (False,)],
)
def test_wrong_choices_are_named(choices: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        Configuration.from_choices(choices)
    assert str(refusal.value).startswith(f"choices {choices!r} are not eight integers, each below its entry of (4, ")


def test_a_wrong_hyperparameter_is_named() -> None:
    values: dict[Any, object] = dict(Configuration(CODE, 0.1, 256).to_hyperparameters())
    for wrong in ({}, values | {"lrr": 0.1}, {name: values[name] for name in EDGE_NAMES}, {1: 2, "lr": 0.1}):
        with pytest.raises(InvalidValueError, match=r"hyperparameters \[.*\] are not exactly \['batch_size', "):
            Configuration.from_hyperparameters(wrong)
    with pytest.raises(InvalidValueError, match=r"op_12 'conv' is not one of .*\(did you mean 'conv3x3'\?\)"):
        Configuration.from_hyperparameters(values | {"op_12": "conv"})
    with pytest.raises(InvalidValueError, match=r"op_12 \['skip'\] is not one of"):
        Configuration.from_hyperparameters(values | {"op_12": ["skip"]})
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.3 is not one of"):
        Configuration.from_hyperparameters(values | {"lr": 0.3})


@pytest.mark.parametrize("values", [3, None, 1.5])
def test_what_is_no_mapping_of_hyperparameters_is_named(values: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"is no mapping from op_01, .* to values") as refusal:
        Configuration.from_hyperparameters(values)
    assert str(refusal.value).startswith(f"{values!r} is")


def test_an_error_is_a_value_error_and_survives_pickling() -> None:
    with pytest.raises(ValueError, match="batch size 20") as refusal:
        Configuration(CODE, 0.1, 20)
    error = pickle.loads(pickle.dumps(refusal.value))
    assert type(error) is InvalidValueError
    assert isinstance(error, Nhb2Error)
    assert str(error) == str(refusal.value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_configuration_survives_copies_and_every_pickle_protocol(protocol: int) -> None:
    original = Configuration(CODE, 0.1, 256)
    for copied in (
        pickle.loads(pickle.dumps(original, protocol)) if protocol >= 2 else copy.copy(original),
        copy.deepcopy(original),
    ):
        assert copied == original
        assert (copied.index, copied.cellcode, copied.lr, copied.batch_size) == (14050, CODE, 0.1, 256)


def test_a_configuration_cannot_be_changed() -> None:
    configuration = Configuration(CODE, 0.1, 256)
    for name in ("index", "cellcode", "lr", "batch_size", "anything"):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            setattr(configuration, name, 1)
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            delattr(configuration, name)
    assert configuration == Configuration(CODE, 0.1, 256)
    assert not hasattr(configuration, "__dict__")


def test_a_changed_copy_is_validated_and_has_its_own_index() -> None:
    changed = dataclasses.replace(Configuration(CODE, 0.1, 256), lr=0.2)
    assert changed == Configuration(CODE, 0.2, 256)
    assert changed.index == 14056
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.3"):
        dataclasses.replace(changed, lr=0.3)


def test_equality_hash_and_order_follow_the_index() -> None:
    first, second = Configuration.from_index(7), Configuration.from_index(8)
    assert first == Configuration.from_index(7)
    assert len({first, Configuration.from_index(7), second}) == 2
    assert sorted([second, first]) == [first, second]
    assert first != 7
    with pytest.raises(TypeError):
        assert first < 8  # type: ignore[operator]


def test_a_configuration_reads_as_it_is_written() -> None:
    configuration = Configuration(CODE, lr=0.1, batch_size=256)
    assert repr(configuration) == "Configuration(cellcode='0|10|210', lr=0.1, batch_size=256)"
    assert eval(repr(configuration)) == configuration
    match configuration:
        case Configuration(cellcode, lr, batch_size):
            assert (cellcode, lr, batch_size) == (CODE, 0.1, 256)
