"""The JSON schema of a trajectory's trial lines, derived from the record's own checks.

Published as ``docs/trial_record.schema.json``; ``python -m nhb2_plugins.trajectory.json_schema`` prints it.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from nhb2_plugins.space import CELLCODES
from nhb2_plugins.trajectory.fields import (
    A_CELLCODE,
    INTEGER,
    MAX_INTEGER,
    MAX_TEXT_LENGTH,
    AtLeastZero,
    Field,
    IntegerOr,
    OneOf,
    Percent,
)
from nhb2_plugins.trajectory.record import FORMAT_VERSION, RECORD, RECORD_FIELDS

_CELLCODE: Final = {
    "type": "string",
    "pattern": r"^[0-3]\|[0-3]{2}\|[0-3]{3}$",
    "examples": [CELLCODES[0]],
}


def _schema_of(field: Field) -> dict[str, Any]:
    match field.domain:
        case OneOf(values):
            return _CELLCODE if field.domain is A_CELLCODE else {"enum": list(values)}
        case AtLeastZero() if field.kind == INTEGER:
            return {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}
        case Percent():
            return {"type": "number", "minimum": 0, "maximum": 100}
        case AtLeastZero():
            return {"type": "number", "minimum": 0}
        case IntegerOr(word):
            return {"anyOf": [{"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}, {"const": word}]}
    return {"type": "string", "maxLength": MAX_TEXT_LENGTH, "pattern": r"^[^\u0000]*$"}


def record_schema() -> dict[str, Any]:
    """The schema (JSON Schema, draft 2020-12) of a line of type ``trial``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"nhb2-plugins trial record, format version {FORMAT_VERSION}",
        "type": "object",
        "properties": {
            "type": {"const": "trial"},
            **{each.name: _schema_of(each) | {"description": each.meaning} for each in RECORD},
        },
        "required": ["type", *RECORD_FIELDS],
        "additionalProperties": False,
    }


def schema_text() -> str:
    """The schema as the published file holds it."""
    return json.dumps(record_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
