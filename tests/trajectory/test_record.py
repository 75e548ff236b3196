from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import FIDELITIES
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.fields import MAX_TEXT_LENGTH
from nhb2_plugins.trajectory.record import (
    FORMAT_VERSION,
    RECORD_FIELDS,
    STATUSES,
    TrialRecord,
    checked_record,
    unchecked_record,
    with_numbers_of_fields,
)
from tests.trajectory.conftest import FIELDS

TEXTS = [name for name, value in FIELDS.items() if type(value) is str]
FLOATS = [name for name, value in FIELDS.items() if type(value) is float]
INTEGERS = [name for name, value in FIELDS.items() if type(value) is int]
NEVER_NEGATIVE = [*(name for name in FLOATS if name != "lr"), "trial", "worker"]

WRONG_TYPES: list[tuple[str, Any]] = [
    *((name, value) for name in RECORD_FIELDS for value in (None, True, [FIELDS[name]], b"x", np.array(1))),
    *((name, np.str_(FIELDS[name])) for name in TEXTS),
    *((name, kind(FIELDS[name])) for name in FLOATS for kind in (np.float64, np.float32, str, complex)),
    *((name, int(FIELDS[name])) for name in FLOATS if name != "budget"),
    *((name, kind(FIELDS[name])) for name in INTEGERS for kind in (np.int64, float)),
    *((name, str(FIELDS[name])) for name in INTEGERS if name != "seed"),
]


def test_the_fields_and_their_order_are_the_format() -> None:
    assert tuple(FIELDS) == RECORD_FIELDS
    assert list(TrialRecord(**FIELDS).to_dict().items()) == list(FIELDS.items())


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES)
def test_a_field_of_a_wrong_type_is_named_with_the_right_one(fields: dict[str, Any], name: str, value: Any) -> None:
    with pytest.raises(
        TrajectoryError, match=f"record field {name} is .* of type .*, expected the built-in"
    ) as refusal:
        TrialRecord(**fields | {name: value})
    assert f"{type(value).__module__}.{type(value).__qualname__}" in str(refusal.value)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_named(fields: dict[str, Any], name: str, value: float) -> None:
    with pytest.raises(TrajectoryError, match=f"record field {name} is {value!r}, expected a finite number"):
        TrialRecord(**fields | {name: value})


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_a_megabyte_is_named_and_not_repeated(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(TrajectoryError) as refusal:
        TrialRecord(**fields | {name: "x" * 2**20})
    assert str(refusal.value) == f"record field {name} has 1048576 characters, at most {MAX_TEXT_LENGTH}"


@pytest.mark.parametrize("name", [*INTEGERS, "budget"])
def test_an_integer_of_more_than_64_bits_is_named(fields: dict[str, Any], name: str) -> None:
    for value in (2**63, -(2**64), 10**5000):
        with pytest.raises(TrajectoryError, match=f"record field {name} is an integer of more than 64 bits"):
            TrialRecord(**fields | {name: value})


@pytest.mark.parametrize("name", NEVER_NEGATIVE)
def test_a_negative_number_is_named(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(TrajectoryError, match=f"record field {name} is -1.*, expected at least 0"):
        TrialRecord(**fields | {name: type(fields[name])(-1)})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cellcode", "4|00|000", r"record of no configuration: cellcode '4\|00\|000' is not of the form"),
        ("lr", 0.3, r"record of no configuration: learning rate 0\.3 is not one of"),
        ("batch_size", 20, "record of no configuration: batch size 20 is not one of"),
        ("epoch", 13, "record field epoch 13 is not one of 1, 2, .*, 12, 200"),
        ("epoch", 0, "record field epoch 0 is not one of"),
        ("split", "validation", r"record field split 'validation' is not one of .* \(did you mean 'valid'\?\)"),
        ("seed", "median", "record field seed is 'median', expected an integer or 'mean'"),
        ("charging", "free", "record field charging 'free' is not one of 'from_scratch', 'continued', 'cached'"),
        ("status", "completed", r"record field status 'completed' is not one of .* \(did you mean 'complete'\?\)"),
        ("end_s", 9.0, r"record field end_s is 9\.0, before start_s 10\.0"),
    ],
)
def test_a_value_outside_its_domain_is_named(fields: dict[str, Any], name: str, value: Any, message: str) -> None:
    with pytest.raises(TrajectoryError, match=message):
        TrialRecord(**fields | {name: value})


@pytest.mark.parametrize("name", ["run_id", "table"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "half \ud83d", "\udfff"])
def test_text_that_not_every_file_or_database_holds_is_named(fields: dict[str, Any], name: str, text: str) -> None:
    with pytest.raises(TrajectoryError, match=f"record field {name} is '.*', with a NUL or half a surrogate pair"):
        TrialRecord(**fields | {name: text})


def test_everything_in_the_domain_is_taken(fields: dict[str, Any]) -> None:
    for changes in (
        *({"epoch": epoch} for epoch in FIDELITIES),
        *({"status": status} for status in STATUSES),
        *({"split": split} for split in ("train", "valid", "test")),
        *({"charging": charging} for charging in ("from_scratch", "continued", "cached")),
        *({"seed": seed} for seed in ("mean", 0, -1, 2**63 - 1)),
        {"budget": 12},
        {"budget": 1e300},
        {"run_id": "x" * MAX_TEXT_LENGTH},
        {"run_id": "Läufe/α β\n\u2028"},
        {"charged_cost_s": 0.0, "end_s": 10.0},
    ):
        record = TrialRecord(**fields | changes)
        assert TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_derived_values(fields: dict[str, Any]) -> None:
    record = TrialRecord(**fields)
    assert record.configuration == Configuration("0|10|210", 0.1, 256)
    assert record.error_pct == 29.5
    assert not record.cost_is_estimated
    assert replace(record, epoch=200, split="test").cost_is_estimated
    assert not replace(record, epoch=200, split="test", table="measured:12345678").cost_is_estimated


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("trial"), "missing or unknown: trial"),
        (lambda values: values.update(colour="red"), "missing or unknown: colour"),
        (lambda values: values.update({1: 2, "x" * 2**20: 3}), "missing or unknown: 1, xxx"),
    ],
)
def test_a_missing_or_unknown_field_is_named(fields: dict[str, Any], change: Any, message: str) -> None:
    change(fields)
    with pytest.raises(TrajectoryError, match=message) as refusal:
        TrialRecord.from_dict(fields)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("made", [lambda values: TrialRecord(*values), checked_record, unchecked_record])
def test_a_record_is_a_frozen_value_that_survives_pickling(
    fields: dict[str, Any], made: Callable[[tuple[Any, ...]], TrialRecord]
) -> None:
    record = made(tuple(fields.values()))
    assert type(record) is TrialRecord
    assert repr(record) == repr(TrialRecord(**fields))
    assert pickle.loads(pickle.dumps(record)) == record == TrialRecord(**fields)
    assert len({record, TrialRecord(**fields)}) == 1
    with pytest.raises(FrozenInstanceError):
        record.trial = 1  # type: ignore[misc]
    assert replace(record, trial=7).trial == 7


def test_messages_to_the_letter(fields: dict[str, Any]) -> None:
    for name, value, message in (
        ("budget", "12", "record field budget is '12' of type builtins.str, expected the built-in int or float"),
        ("cost_s", math.inf, "record field cost_s is inf, expected a finite number"),
        ("end_s", 9.0, "record field end_s is 9.0, before start_s 10.0"),
    ):
        with pytest.raises(TrajectoryError) as refusal:
            TrialRecord(**{**fields, name: value})
        assert str(refusal.value) == message


def test_whole_numbers_become_their_field_s_type_up_to_the_largest_integer() -> None:
    assert FORMAT_VERSION == 1
    found = with_numbers_of_fields({"cost_s": 5, "trial": 3.0, "budget": 12, "lr": 0.5, "end_s": 2**63 - 1, "x": 1})
    assert [(type(value), value) for value in found.values()] == [
        (float, 5.0),
        (int, 3),
        (int, 12),
        (float, 0.5),
        (float, float(2**63 - 1)),
        (int, 1),
    ]
    assert type(with_numbers_of_fields({"end_s": 2**63})["end_s"]) is int


def test_a_record_by_position_ends_after_its_start(fields: dict[str, Any]) -> None:
    assert checked_record(tuple(fields.values())) == TrialRecord(**fields)
    assert checked_record(tuple({**fields, "end_s": 10.0}.values())).end_s == 10.0
    with pytest.raises(TrajectoryError, match=r"end_s is 9\.0, before start_s 10\.0"):
        checked_record(tuple({**fields, "end_s": 9.0}.values()))
