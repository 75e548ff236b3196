"""The JSON schema of a trajectory's trial lines, derived from the record's own checks.

Published as ``docs/trial_record.schema.json``; ``python -m nhb2_plugins.trajectory.json_schema`` prints it.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from nhb2_plugins.benchmark import MEAN
from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.fidelity import FIDELITIES, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES
from nhb2_plugins.trajectory.record import FORMAT_VERSION, MAX_INTEGER, MAX_TEXT_LENGTH, RECORD_FIELDS, STATUSES

_TEXT: Final = {"type": "string", "maxLength": MAX_TEXT_LENGTH, "pattern": r"^[^\u0000]*$"}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}
_SECONDS: Final = {"type": "number", "minimum": 0}

_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "run_id": _TEXT | {"description": "the run it belongs to"},
    "trial": _COUNT | {"description": "number within the run, from 0, in order of submission"},
    "cellcode": {
        "type": "string",
        "pattern": r"^[0-3]\|[0-3]{2}\|[0-3]{3}$",
        "examples": [CELLCODES[0]],
        "description": "operations of edges 0-1 | 0-2, 1-2 | 0-3, 1-3, 2-3: 0 conv3x3, 1 avgpool3x3, 2 skip, 3 zero",
    },
    "lr": {"enum": list(LEARNING_RATES), "description": "initial learning rate"},
    "batch_size": {"enum": list(BATCH_SIZES), "description": "batch size"},
    "epoch": {"enum": list(FIDELITIES), "description": "the fidelity served: a point of the 12-epoch run, or 200"},
    "budget": {
        "type": "number",
        "minimum": 0,
        "description": "the fidelity asked for, in epochs; above epoch where it was snapped down",
    },
    "split": {
        "enum": list(SPLITS),
        "description": "images the accuracy is of; test at 200 epochs is an expected value",
    },
    "seed": {
        "anyOf": [{"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}, {"const": MEAN}],
        "description": "the table's seed, or the mean of all",
    },
    "accuracy_pct": {"type": "number", "minimum": 0, "description": "what the search saw, in percent"},
    "cost_s": _SECONDS | {"description": "simulated seconds of the evaluation from scratch; estimated at 200 epochs"},
    "charged_cost_s": _SECONDS | {"description": "simulated seconds charged under the policy"},
    "charging": {"enum": list(CHARGING_POLICIES), "description": "the charging policy"},
    "start_s": _SECONDS | {"description": "start on the simulated clock"},
    "end_s": _SECONDS | {"description": "when the result was known; at least start_s"},
    "worker": _COUNT | {"description": "number of the simulated worker, from 0"},
    "status": {"enum": list(STATUSES), "description": "how it ended; crossed_budget is complete, after the budget"},
    "overhead_s": _SECONDS | {"description": "wall-clock seconds the optimizer took to propose it; 0 where unknown"},
    "table": _TEXT | {"description": "kind and digest of the table, for example embedded:1a2b3c4d"},
}


def record_schema() -> dict[str, Any]:
    """The schema (JSON Schema, draft 2020-12) of a line of type ``trial``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"nhb2-plugins trial record, format version {FORMAT_VERSION}",
        "type": "object",
        "properties": {"type": {"const": "trial"}, **{name: _FIELDS[name] for name in RECORD_FIELDS}},
        "required": ["type", *RECORD_FIELDS],
        "additionalProperties": False,
    }


def schema_text() -> str:
    """The schema as the published file holds it."""
    return json.dumps(record_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
