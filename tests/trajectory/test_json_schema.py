"""The published schema is the code's, and says of a line what the record's own checks say."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.space import CELLCODES
from nhb2_plugins.trajectory.json_schema import record_schema, schema_text
from nhb2_plugins.trajectory.record import TrialRecord

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "trial_record.schema.json"
GOLDEN = Path(__file__).with_name("golden_v1.jsonl")
PROPERTIES = record_schema()["properties"]
TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float)}


def satisfies(value: Any, schema: dict[str, Any]) -> bool:
    """The few keywords of JSON Schema that the record's schema uses."""
    if "anyOf" in schema:
        return any(satisfies(value, each) for each in schema["anyOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    return (
        isinstance(value, TYPES[schema["type"]])
        and not isinstance(value, bool)
        and ("minimum" not in schema or value >= schema["minimum"])
        and ("maximum" not in schema or value <= schema["maximum"])
        and ("maxLength" not in schema or len(value) <= schema["maxLength"])
        and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
    )


def test_the_published_file_is_the_codes() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_it_has_the_records_fields_in_their_order() -> None:
    names = [each.name for each in fields(TrialRecord)]
    assert list(PROPERTIES) == ["type", *names] == record_schema()["required"]
    assert all(PROPERTIES[name]["description"] for name in names)


def test_recorded_lines_satisfy_it() -> None:
    for line in GOLDEN.read_text().splitlines():
        content = json.loads(line)
        assert list(content) == list(PROPERTIES)
        assert all(satisfies(value, PROPERTIES[name]) for name, value in content.items())


def test_the_pattern_takes_exactly_the_cellcodes() -> None:
    pattern = PROPERTIES["cellcode"]["pattern"]
    assert all(re.search(pattern, code) for code in CELLCODES)
    assert not any(re.search(pattern, text) for text in ("010210", "4|10|210", "0|1|0210", "0|10|2100", "0|10|21"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("trial", -1), ("trial", "0"), ("cellcode", "010210"), ("lr", 0.3), ("batch_size", 100), ("epoch", 13)],
        *[("budget", -1.0), ("split", "vaild"), ("seed", "first"), ("accuracy_pct", -0.1), ("cost_s", -1.0)],
        *[("charged_cost_s", "1"), ("charging", "free"), ("start_s", -1.0), ("worker", -1), ("status", "done")],
        *[("overhead_s", -1.0), ("run_id", "x" * 1001), ("table", "x" * 1001), ("seed", "mean"), ("epoch", 200)],
        *[("trial", 2**63 - 1), ("trial", 2**63), ("worker", 2**63), ("seed", -(2**63)), ("seed", 1 - 2**63)],
        *[
            ("run_id", "a\0b"),
            ("table", "a\0"),
            ("run_id", "a\nb"),
            ("budget", 0.5),
            ("status", "pruned"),
            ("worker", 63),
            ("charging", "cached"),
        ],
    ],
)
def test_schema_and_record_agree(fields: dict[str, Any], name: str, value: Any) -> None:
    fields[name] = value
    try:
        TrialRecord(**fields)
        is_record = True
    except TrajectoryError:
        is_record = False
    assert satisfies(value, PROPERTIES[name]) is is_record
