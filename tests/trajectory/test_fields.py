"""The quick check of a record's values says what the checks of its fields say."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import FIDELITIES, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES
from nhb2_plugins.trajectory.fields import (
    AT_LEAST_0,
    INTEGER,
    MAX_INTEGER,
    MAX_TEXT_LENGTH,
    TEXT,
    OneOf,
    declared,
    declared_fields,
    in_quick_order,
    quick_check,
)
from nhb2_plugins.trajectory.record import RECORD, RECORD_FIELDS, STATUSES, TrialRecord, checked_record
from tests.trajectory.conftest import FIELDS

ORDER = [each.name for each in in_quick_order(RECORD)]
is_sound = quick_check(RECORD)

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([*FIDELITIES, *BATCH_SIZES, MAX_INTEGER, MAX_INTEGER + 1, -MAX_INTEGER, -MAX_INTEGER - 1, 10**400]),
    st.floats(),
    st.sampled_from([*LEARNING_RATES, math.nan, math.inf, -0.0, 1e300]),
    st.text(max_size=5),
    st.sampled_from(["mean", *SPLITS, *CHARGING_POLICIES, *STATUSES, CELLCODES[-1], "\0", "\ud83d", "x" * 1001]),
)


def is_refused_field_by_field(values: dict[str, Any]) -> bool:
    try:
        for each in RECORD:
            each.check_kind(values[each.name])
            each.read(values[each.name])
    except TrajectoryError:
        return True
    return False


@given(st.dictionaries(st.sampled_from(RECORD_FIELDS), anything, min_size=1, max_size=3))
def test_what_is_sound_at_once_is_sound_field_by_field(changes: dict[str, Any]) -> None:
    values = FIELDS | changes
    if is_sound(tuple(values[name] for name in ORDER)):
        assert not is_refused_field_by_field(values)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        *({"lr": lr, "batch_size": size} for lr, size in product(LEARNING_RATES, BATCH_SIZES)),
        *({"epoch": epoch, "split": split, "seed": 2**62} for epoch, split in product(FIDELITIES, SPLITS)),
        *({"charging": charging, "status": status} for charging, status in product(CHARGING_POLICIES, STATUSES)),
        *({"cellcode": code, "budget": 12, "seed": "mean"} for code in CELLCODES[::97]),
    ],
)
def test_common_records_are_sound_at_once(changes: dict[str, Any]) -> None:
    values = FIELDS | changes
    assert is_sound(tuple(values[name] for name in ORDER))
    assert not is_refused_field_by_field(values)


@pytest.mark.parametrize("name", RECORD_FIELDS)
@given(value=anything)
def test_one_wrong_value_is_never_sound_at_once(name: str, value: Any) -> None:
    values = FIELDS | {name: value}
    if is_refused_field_by_field(values):
        assert not is_sound(tuple(values[name] for name in ORDER))


def test_choices_are_not_taken_for_one_another() -> None:
    swapped = FIELDS | {"batch_size": 12, "epoch": 256}
    assert not is_sound(tuple(swapped[name] for name in ORDER))
    swapped = FIELDS | {"charging": "complete", "status": "continued"}
    assert not is_sound(tuple(swapped[name] for name in ORDER))


def test_a_record_made_by_position_is_checked_as_any_other() -> None:
    assert checked_record(tuple(FIELDS.values())) == TrialRecord(**FIELDS)
    for name in RECORD_FIELDS:
        with pytest.raises(TrajectoryError, match=f"record field {name} is None"):
            checked_record(tuple((FIELDS | {name: None}).values()))
    with pytest.raises(TrajectoryError, match="before start_s"):
        checked_record(tuple((FIELDS | {"end_s": 9.0}).values()))


def test_every_field_says_what_it_means() -> None:
    assert all(each.meaning for each in RECORD)
    assert str(RECORD[0]) == "record field run_id"


def test_a_class_of_ones_own_is_checked_by_its_declarations() -> None:
    @dataclass
    class Weather:
        sky: str = field(metadata=declared(TEXT, OneOf(("blue", "grey")), "its colour"))
        rain_mm: int = field(metadata=declared(INTEGER, AT_LEAST_0, "since midnight"))

    weather = declared_fields("weather", Weather)
    check = quick_check(weather)
    assert [each.name for each in in_quick_order(weather)] == ["rain_mm", "sky"]
    assert check((3, "grey"))
    assert not any(check(wrong) for wrong in ((-1, "grey"), (3, "green"), (True, "grey"), (3.0, "grey")))
    with pytest.raises(TrajectoryError, match="weather field sky 'green' is not one of 'blue', 'grey'"):
        weather[0].read("green")


def test_a_long_name_beside_a_long_table_is_sound_on_a_closer_look() -> None:
    long = FIELDS | {"run_id": "r" * MAX_TEXT_LENGTH, "table": "t"}
    assert not is_sound(tuple(long[name] for name in ORDER))
    assert TrialRecord(**long).run_id == long["run_id"]
