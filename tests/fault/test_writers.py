"""Faults while records are written: nothing finished is lost, nothing is doubled. ``--kills 200`` does it in full."""

from __future__ import annotations

import ast
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from tests.core_fixtures import needs
from tests.fault.writers import (
    BENCH,
    Outcome,
    fill_the_disk,
    json_lines,
    kill_writers,
    raise_in_a_sink,
    sqlite,
    write_at_once,
    write_to_a_full_device,
    write_to_a_read_only_disk,
)


@pytest.fixture
def n_kills(pytestconfig: pytest.Config) -> int:
    return max(4, int(pytestconfig.getoption("--kills", default=0)))  # one alone would never go on from another


def assert_nothing_happened(outcome: Outcome) -> None:
    assert outcome.lost == outcome.doubled == 0, outcome


def test_killed_writers_of_json_lines(tmp_path: Path, n_kills: int) -> None:
    outcome = kill_writers(json_lines(tmp_path), n_kills, random.Random(0))
    assert_nothing_happened(outcome)
    lines = (tmp_path / "run.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["trial"] for line in lines] == list(range(len(lines)))


@needs("sqlalchemy")
def test_killed_writers_of_a_database(tmp_path: Path, n_kills: int) -> None:
    place = sqlite(tmp_path)
    assert_nothing_happened(kill_writers(place, n_kills, random.Random(1)))
    assert [each.trial for each in place.read()] == list(range(len(place.read())))


def test_writers_at_once_while_another_opens_and_closes(tmp_path: Path) -> None:
    outcome = write_at_once(tmp_path, 2)
    assert_nothing_happened(outcome)
    assert outcome.records == 400


def test_nobody_cuts_the_line_of_a_living_writer(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with JsonLinesSink(path):
        path.write_bytes(b'{"type": "trial", "run_')  # as another process sees a line in the making
        JsonLinesSink(path).close()
        assert path.read_bytes() == b'{"type": "trial", "run_'
    JsonLinesSink(path).close()  # its writer is gone
    assert path.read_bytes() == b""


def test_files_at_their_largest_size(tmp_path: Path) -> None:
    assert_nothing_happened(fill_the_disk(tmp_path, 3, random.Random(2)))


def test_full_device_and_read_only_disk(tmp_path: Path) -> None:
    assert_nothing_happened(write_to_a_full_device(tmp_path))
    assert_nothing_happened(write_to_a_read_only_disk(tmp_path))


def test_a_sink_that_raises_stops_the_search_with_its_error(tmp_path: Path) -> None:
    assert_nothing_happened(raise_in_a_sink(tmp_path, 5, random.Random(3)))


# -- a clock that is set back


def _searched() -> list[TrialRecord]:
    logger = TrajectoryLogger()
    simulate(RandomSearch(0), BENCH, budget_s=1e5, n_workers=4, logger=logger)
    return [replace(each, overhead_s=0.0) for each in logger.records]


def test_a_clock_that_is_set_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _searched()
    day = [1e9]

    def set_back() -> float:
        day[0] -= 86_400
        return day[0]

    monkeypatch.setattr(time, "time", set_back)
    assert _searched() == expected


def test_nothing_about_records_reads_the_time_of_day() -> None:
    """Durations come from clocks that never go back; order comes from simulated time and trial numbers."""
    package = Path(nhb2_plugins.__file__).parent
    for path in (package / "simulation.py", package / "charging.py", *(package / "trajectory").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                assert {alias.name for alias in node.names} <= {"perf_counter", "monotonic", "sleep"}, path
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
                assert node.attr in ("perf_counter", "monotonic", "sleep"), path
            assert not (isinstance(node, ast.Import | ast.ImportFrom) and "datetime" in ast.unparse(node)), path
