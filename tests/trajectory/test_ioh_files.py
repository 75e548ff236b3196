"""Runs as IOHexperimenter keeps them, held to its rules."""

from __future__ import annotations

import json
from pathlib import Path

from nhb2_plugins.trajectory.exports import export_directories
from tests.trajectory.exported import records_of


def test_iohs_files_follow_its_rules(source: Path, tmp_path: Path) -> None:
    export_directories(source, tmp_path / "runs", "ioh")
    directory = tmp_path / "runs" / "ladder" / "seed-0"
    content = json.loads((directory / "IOHprofiler_f12.json").read_text())
    assert content["maximization"] is False
    assert content["algorithm"] == {"name": "ladder/seed-0", "info": "ladder/seed-0"}
    (scenario,) = content["scenarios"]
    heading, *lines = (directory / scenario["path"]).read_text().splitlines()
    assert heading.split() == content["attributes"]
    records = sorted(records_of(source, "ladder/seed-0"), key=lambda record: (record.end_s, record.trial))
    highest = [record for record in records if record.epoch == 12]
    assert 0 < len(highest) < len(records)
    for number, (line, record) in enumerate(zip(lines, highest, strict=True), start=1):
        evaluations, raw_y, end_s, charged_s, *choices = map(float, line.split())
        assert (evaluations, raw_y, end_s) == (number, record.error_pct, record.end_s)
        assert (charged_s, tuple(choices)) == (record.charged_cost_s, record.configuration.choices)
    best = scenario["runs"][0]["best"]
    assert best["y"] == min(record.error_pct for record in highest)
    assert lines[best["evals"] - 1].split()[1] == repr(best["y"])
