"""Incumbents of a source that is read as a stream: those of its records, and as strictly."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.bests import read_bests
from nhb2_plugins.trajectory.incumbent import BestSoFar, incumbent_changes
from nhb2_plugins.trajectory.sinks import JsonLinesSink, record_line
from nhb2_plugins.trajectory.sources import write_target
from tests.analysis.runs import make_run, write_run
from tests.core_fixtures import needs
from tests.trajectory.test_consistency import END, LIES, edited

RUN = make_run([(10, 80.0), (30, 85.0), (30, 86.5), (70, 88.25)])
RECORD = RUN.records[0]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([12, 12, 200]), st.integers(0, 6)), max_size=12))
def test_incumbents_of_records_in_any_order(drawn: list[tuple[int, int, int]]) -> None:
    records = [
        replace(RECORD, trial=trial, start_s=0.0, end_s=float(end), epoch=epoch, accuracy_pct=float(accuracy))
        for trial, (end, epoch, accuracy) in enumerate(drawn)
    ]
    best = BestSoFar()
    for record in records[::-1]:
        best.add(record)
    assert best.changes == incumbent_changes(records)


def test_a_source_of_several_files(tmp_path: Path) -> None:
    other = make_run([(20, 70.0), (40, 71.0)], optimizer="b")
    write_run(tmp_path, RUN)
    write_run(tmp_path, other)
    found = read_bests(str(tmp_path))
    assert found.runs == {run.header.run_id: incumbent_changes(run.records) for run in (RUN, other)}
    assert found.tables == {RECORD.table}


@needs("sqlalchemy")
def test_a_database_gives_what_its_records_give(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    write_target(url, RUN.records)
    assert read_bests(url).runs == {RUN.header.run_id: incumbent_changes(RUN.records)}


@pytest.mark.parametrize(("number", "values", "message"), LIES)
def test_what_lies_is_refused(number: int, values: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = edited(write_run(tmp_path, RUN), number, lambda line: json.dumps({**json.loads(line), **values}))
    if "2 records of trial" in message:
        message = "run 'a/seed-0000' has several records of trial 1; every run needs a name of its own"
    with pytest.raises(TrajectoryError, match=message):
        read_bests(str(path))
    assert number <= END


def test_two_runs_of_one_name_are_refused_also_in_two_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with JsonLinesSink(tmp_path / f"{name}.jsonl") as sink:
            sink.write(RECORD)
    with pytest.raises(TrajectoryError, match=r"b\.jsonl: run 'a/seed-0000' has several records of trial 0"):
        read_bests(str(tmp_path))


def test_memory_does_not_grow_with_the_number_of_records(tmp_path: Path) -> None:
    """20,000 records are 8 MB of lines; what is kept of them are their incumbents, and a bit for each trial."""
    with (tmp_path / "run.jsonl").open("wb") as file:
        for trial in range(20_000):
            file.write(record_line(replace(RECORD, trial=trial, end_s=100.0 + trial, accuracy_pct=trial % 7 + 0.5)))
    tracemalloc.start()
    found = read_bests(str(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [change.record.trial for change in found.runs["a/seed-0000"]] == [0, 1, 2, 3, 4, 5, 6]
    assert peak < 1_000_000
