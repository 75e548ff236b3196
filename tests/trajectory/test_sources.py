"""Where records come from and go to, by name alone."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.errors import (
    InvalidValueError,
    MissingExtraError,
    TrajectoryError,
    TrajectoryExistsError,
)
from nhb2_plugins.testing.sinks import RECORD
from nhb2_plugins.trajectory import sources
from nhb2_plugins.trajectory.sinks import record_line
from nhb2_plugins.trajectory.sources import merged, read_source, refuse_torn_end, write_target
from tests.analysis.runs import make_run
from tests.core_fixtures import needs

LATER = replace(RECORD, trial=1, start_s=10.0, end_s=20.0)


def test_a_directory_is_every_file_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/z.jsonl", "a/b/c.jsonl", "note.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(record_line(replace(RECORD, run_id=name)))
    (tmp_path / "looks-like.jsonl").mkdir()
    assert [record.run_id for record in read_source(str(tmp_path))] == ["a/b/c.jsonl", "a/z.jsonl", "b.jsonl"]


def test_a_target_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    write_target(str(target), [RECORD, LATER])
    assert target.read_bytes() == record_line(RECORD) + record_line(LATER)
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    with pytest.raises(TrajectoryExistsError, match=r"out\.jsonl exists already"):
        write_target(str(target), [])
    assert read_source(str(target)) == [RECORD, LATER]


def test_a_target_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"'x\.txt' is neither .* ending in one of \.jsonl, \.csv, \.parquet$"):
        write_target("x.txt", [])
    with pytest.raises(InvalidValueError, match=r"there is no directory .*missing to write a\.jsonl to"):
        write_target(str(tmp_path / "missing" / "a.jsonl"), [])


@needs("pandas", "pyarrow")
def test_frames_are_written_without_an_index_and_a_seed_as_text(tmp_path: Path) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    records = [RECORD, replace(LATER, seed="mean")]
    write_target(str(tmp_path / "out.csv"), records)
    write_target(str(tmp_path / "out.parquet"), records)
    columns = [*RECORD.to_dict(), "error_pct"]
    assert list(pd.read_csv(tmp_path / "out.csv")) == columns
    assert pq.read_table(tmp_path / "out.parquet").column_names == columns
    assert pd.read_parquet(tmp_path / "out.parquet")["seed"].tolist() == ["222", "mean"]


@needs("pandas", "pyarrow")
def test_a_missing_pyarrow_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"^Parquet needs pyarrow (?s:.*)pip install .*\[frames\]"):
        write_target(str(tmp_path / "out.parquet"), [RECORD])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_named_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, records: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(sources._FILE_WRITERS, ".jsonl", refuse)  # type: ignore[index]
    with pytest.raises(TrajectoryError, match=r"^cannot write .*out\.jsonl: No space left on device$"):
        write_target(str(tmp_path / "out.jsonl"), [RECORD])


def test_merging_sorts_by_run_and_end_and_counts_repetitions() -> None:
    other = replace(RECORD, run_id="b")
    early = replace(RECORD, trial=2, end_s=5.0)
    assert merged([other, LATER, RECORD, early, replace(RECORD), replace(LATER)]) == (
        [other, early, RECORD, LATER],
        2,
    )
    twins = [replace(RECORD, trial=trial) for trial in (3, 1)]
    assert merged(twins)[0] == twins[::-1]
    with pytest.raises(TrajectoryError, match="run 'contract' has two different records of trial 1"):
        merged([LATER, replace(LATER, accuracy_pct=1.0)])


def test_a_torn_end_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(record_line(RECORD))
    refuse_torn_end(path)
    path.write_bytes(record_line(RECORD) + b"{")
    with pytest.raises(TrajectoryError, match=r"run\.jsonl:2: the last line does not end$"):
        refuse_torn_end(path)


@needs("pandas")
def test_a_seed_is_an_integer_in_every_format(tmp_path: Path) -> None:
    import pandas as pd

    records = make_run([(10, 80.0), (20, 85.0)]).records
    for suffix in ("csv", "parquet", "jsonl"):
        write_target(str(tmp_path / f"run.{suffix}"), records)
    write_target(f"sqlite:///{tmp_path / 'run.db'}", records)
    with sqlite3.connect(tmp_path / "run.db") as connection:
        assert connection.execute("SELECT DISTINCT typeof(seed), seed FROM nhb2_trial_record").fetchall() == [
            ("integer", 222)
        ]
    for frame in (
        pd.read_csv(tmp_path / "run.csv"),
        pd.read_parquet(tmp_path / "run.parquet"),
        pd.read_json(tmp_path / "run.jsonl", lines=True),
    ):
        assert frame["seed"].dtype == "int64"
        assert list(frame["seed"]) == [222, 222]
    mixed = [records[0], replace(records[1], seed="mean")]
    write_target(str(tmp_path / "mixed.parquet"), mixed)
    assert list(pd.read_parquet(tmp_path / "mixed.parquet")["seed"]) == ["222", "mean"]
    write_target(f"sqlite:///{tmp_path / 'mixed.db'}", mixed)
    assert read_source(f"sqlite:///{tmp_path / 'mixed.db'}") == mixed


@needs("pandas")
def test_a_csv_file_holds_no_formula(tmp_path: Path) -> None:
    record = make_run([(10, 80.0)]).records[0]
    write_target(
        str(tmp_path / "run.csv"), [replace(record, run_id="=1+1"), replace(record, run_id="a", table="@SUM(A1)")]
    )
    lines = (tmp_path / "run.csv").read_text().splitlines()
    assert lines[1].startswith("'=1+1,0,")
    assert ",'@SUM(A1)," in lines[2]


def test_two_runs_of_one_name_are_not_read_as_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_target(str(tmp_path / f"{name}.jsonl"), make_run([(10, 80.0)]).records)
    with pytest.raises(TrajectoryError, match="run 'a/seed-0000' has 2 records of trial 0; every run needs a name"):
        read_source(tmp_path)
