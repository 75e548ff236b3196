"""What the tests of the trajectory share: a record to change one field of."""

from __future__ import annotations

from typing import Any

import pytest

FIELDS: dict[str, Any] = {
    "run_id": "run",
    "trial": 0,
    "cellcode": "0|10|210",
    "lr": 0.1,
    "batch_size": 256,
    "epoch": 4,
    "budget": 5.33,
    "split": "valid",
    "seed": 222,
    "accuracy_pct": 70.5,
    "cost_s": 100.0,
    "charged_cost_s": 75.0,
    "charging": "continued",
    "start_s": 10.0,
    "end_s": 85.0,
    "worker": 0,
    "status": "complete",
    "overhead_s": 0.001,
    "table": "embedded:1a2b3c4d",
}


@pytest.fixture
def fields() -> dict[str, Any]:
    return dict(FIELDS)
