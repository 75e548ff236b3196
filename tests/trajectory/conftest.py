"""What the tests of the trajectory share: a record to change one field of, and runs to export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.asha import Asha
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from tests.core_fixtures import mini_benchmark

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


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two runs in files of records alone: one at one fidelity, one on a ladder with four workers."""
    asha = Asha(0, ladder=FidelityLadder([1, 4, 12]), eta=3)
    for run_id, optimizer in (("single", RandomSearch(0)), ("ladder/seed-0", asha)):
        path = tmp_path / "source" / f"{run_id.replace('/', '-')}.jsonl"
        path.parent.mkdir(exist_ok=True)
        with JsonLinesSink(path) as sink:
            logger = TrajectoryLogger([sink], run_id=run_id)
            simulate(optimizer, mini_benchmark(), budget_s=400_000, n_workers=4, logger=logger)
    return tmp_path / "source"
