"""Choosing runs from what is on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nhb2_plugins.errors import InvalidValueError, TrajectoryError, TrajectoryNotFoundError
from nhb2_plugins.trajectory import selection
from nhb2_plugins.trajectory.run_file import line_of
from nhb2_plugins.trajectory.selection import select_runs
from nhb2_plugins.trajectory.sinks import record_line
from tests.analysis.runs import make_run
from tests.core_fixtures import needs


def write_runs(directory: Path, optimizers: tuple[str, ...] = ("a", "b"), n_seeds: int = 3) -> None:
    for optimizer in optimizers:
        for seed in range(n_seeds):
            run = make_run([(10, 80.0), (20, 85.0)], seed=seed, optimizer=optimizer)
            lines = [line_of(run.header), *({"type": "trial", **record.to_dict()} for record in run.records)]
            path = directory / "runs" / f"{run.header.run_id}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_all_runs_of_a_directory_and_one_of_a_file(tmp_path: Path) -> None:
    write_runs(tmp_path)
    found = select_runs(str(tmp_path))
    assert list(found.runs) == [f"{optimizer}/seed-{seed:04d}" for optimizer in "ab" for seed in range(3)]
    assert [record.accuracy_pct for record in found.runs["a/seed-0000"]] == [80, 85]
    alone = select_runs(str(tmp_path / "runs/b/seed-0001.jsonl"))
    assert (list(alone.runs), alone.n_found) == (["b/seed-0001"], 1)


def test_a_directory_with_the_name_of_a_file_is_looked_into(tmp_path: Path) -> None:
    write_runs(tmp_path / "old.jsonl")
    assert len(select_runs(str(tmp_path)).runs) == 6


def test_the_first_runs_of_each_optimizer(tmp_path: Path) -> None:
    write_runs(tmp_path)
    selection = select_runs(str(tmp_path), n_per_optimizer=2)
    assert list(selection.runs) == ["a/seed-0000", "a/seed-0001", "b/seed-0000", "b/seed-0001"]
    assert selection.n_found == 6


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["b"], ["b/seed-0000", "b/seed-0001", "b/seed-0002"]),
        (["a/seed-0001", "b/*-0002"], ["a/seed-0001", "b/seed-0002"]),
    ],
)
def test_patterns_name_optimizers_or_runs(tmp_path: Path, patterns: list[str], chosen: list[str]) -> None:
    write_runs(tmp_path)
    assert list(select_runs(str(tmp_path), patterns).runs) == chosen


def test_runs_without_a_header_are_told_apart_by_their_records(tmp_path: Path) -> None:
    records = [record for seed in (0, 1) for record in make_run([(10, 80.0)], seed=seed).records]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"type": "trial", **record.to_dict()}) + "\n" for record in records))
    assert {run_id: len(own) for run_id, own in select_runs(str(path)).runs.items()} == {
        "a/seed-0000": 1,
        "a/seed-0001": 1,
    }


def test_files_of_runs_that_are_not_chosen_are_not_read(tmp_path: Path) -> None:
    write_runs(tmp_path)
    damaged = tmp_path / "runs/b/seed-0002.jsonl"
    damaged.write_text(damaged.read_text() + "not JSON\n")
    assert len(select_runs(str(tmp_path), n_per_optimizer=2).runs) == 4
    with pytest.raises(TrajectoryError, match=r"seed-0002\.jsonl:4: not JSON"):
        select_runs(str(tmp_path))


def test_nothing_there_and_no_match_are_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(TrajectoryNotFoundError, match=r"there is no .*nowhere: a campaign's directory"):
        select_runs(str(tmp_path / "nowhere"))
    with pytest.raises(TrajectoryNotFoundError, match="there is no recorded run in"):
        select_runs(str(tmp_path))
    write_runs(tmp_path)
    with pytest.raises(InvalidValueError, match=r"run 'c' is not one of 'a', 'b', nor a run such as a/seed-0000"):
        select_runs(str(tmp_path), ["c"])


def test_a_file_of_another_format_version_is_named(tmp_path: Path) -> None:
    write_runs(tmp_path)
    path = tmp_path / "runs/b/seed-0000.jsonl"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl:1: format version 2; this version reads 1"):
        select_runs(str(tmp_path), ["a"])


@pytest.mark.parametrize("content", ["", '{"type": "run", "run_id": "b', '{"type": "note"}\n'])
def test_a_file_without_a_header_or_a_record_is_named(tmp_path: Path, content: str) -> None:
    write_runs(tmp_path)
    path = tmp_path / "runs/b/seed-0000.jsonl"
    path.write_text(content)
    with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl holds neither a run's header nor a record"):
        select_runs(str(tmp_path))


def test_a_run_in_which_nothing_has_ended_yet_is_passed_over(tmp_path: Path) -> None:
    write_runs(tmp_path)
    path = tmp_path / "runs/b/seed-0000.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    assert "b/seed-0000" not in select_runs(str(tmp_path)).runs


def test_records_of_another_run_under_a_header_are_named(tmp_path: Path) -> None:
    write_runs(tmp_path)
    runs = tmp_path / "runs"
    (runs / "b/seed-0000.jsonl").write_text(
        (runs / "b/seed-0000.jsonl").read_text() + (runs / "a/seed-0001.jsonl").read_text().partition("\n")[2]
    )
    with pytest.raises(TrajectoryError, match=r"its header is of run 'b/seed-0000', and trial 0 of run 'a/seed-0001'"):
        select_runs(str(tmp_path))


def test_a_file_of_records_alone_is_as_many_runs_as_it_names(tmp_path: Path) -> None:
    records = [
        record for optimizer in "ab" for record in make_run([(10, 80.0), (20, 85.0)], optimizer=optimizer).records
    ]
    path = tmp_path / "both.jsonl"
    path.write_bytes(b"".join(record_line(record) for record in records))
    assert select_runs(path).runs == {"a/seed-0000": tuple(records[:2]), "b/seed-0000": tuple(records[2:])}


@needs("sqlalchemy")
def test_a_database_without_records_holds_no_run(tmp_path: Path) -> None:
    from nhb2_plugins.trajectory.sql import SqlSink

    url = f"sqlite:///{tmp_path / 'runs.db'}"
    SqlSink(url).close()
    with pytest.raises(InvalidValueError, match=f"^there is no recorded run in {url}$"):
        select_runs(url)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(13, "Permission denied")

    write_runs(tmp_path)
    monkeypatch.setattr(selection, "open_regular", refuse)
    with pytest.raises(TrajectoryError, match=r"^cannot read .*seed-0000\.jsonl: Permission denied$"):
        select_runs(tmp_path)
