"""What the tests of exported directories read their files with."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from nhb2_plugins.trajectory.record import TrialRecord


def records_of(source: Path, run_id: str) -> list[TrialRecord]:
    lines = (source / f"{run_id.replace('/', '-')}.jsonl").read_text().splitlines()
    values = [json.loads(line) for line in lines]
    return [TrialRecord.from_dict({k: v for k, v in each.items() if k != "type"}) for each in values]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
