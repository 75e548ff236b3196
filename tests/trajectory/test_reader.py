"""Reading a run's file: what is in it, and how damage is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.reader import (
    iterate_lines,
    read_line,
    read_records,
    read_run,
    read_run_parts,
    read_run_records,
)
from nhb2_plugins.trajectory.run_file import RunEnd, line_of
from nhb2_plugins.trajectory.sinks import record_line
from tests.analysis.runs import make_run, write_run

RUN = make_run([(10, 80.0), (20, 85.0)])


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_lines(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_run(tmp_path, RUN)


def test_a_run_comes_back_as_it_was(path: Path) -> None:
    assert read_run(path) == RUN
    assert read_records(path) == list(RUN.records) == read_run_records(path, "a/seed-0000")


def test_a_run_that_did_not_finish_has_no_end(tmp_path: Path) -> None:
    assert read_run(write_run(tmp_path, RUN, finish=False)) == replace(RUN, end=None)


def test_a_file_without_a_header_is_no_run_but_has_parts(path: Path) -> None:
    write_lines(path, lines_of(path)[1:])
    with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl has no line of type 'run'$"):
        read_run(path)
    parts, records = read_run_parts(path)
    incumbents = tuple(incumbent for _, incumbent in parts.incumbents)
    assert (parts.header, incumbents, parts.end, tuple(records)) == (None, RUN.incumbents, RUN.end, RUN.records)
    assert [where for where, _ in parts.incumbents] == [f"{path}:3", f"{path}:4"]


def test_a_second_header_is_named_with_its_line(path: Path) -> None:
    write_lines(path, [*lines_of(path), line_of(RUN.header)])
    with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl:7: a second line of type 'run'"):
        read_run(path)


def test_lost_trials_are_counted(path: Path) -> None:
    lines = lines_of(path)
    write_lines(path, [*lines[:1], *lines[2:]])
    for read in (read_run, read_records):
        with pytest.raises(TrajectoryError, match=r"has 1 trials, and its end says that there were 2$"):
            read(path)


def test_files_that_were_joined_have_records_but_no_count(path: Path, tmp_path: Path) -> None:
    other = make_run([(10, 70.0)], optimizer="b")
    write_lines(path, [*lines_of(path), *lines_of(write_run(tmp_path, other)), line_of(RunEnd(9, 1.0, 1.0))])
    assert read_records(path) == [*RUN.records, *other.records]


def test_a_second_end_is_named_with_its_line(path: Path) -> None:
    write_lines(path, [*lines_of(path), line_of(RunEnd(2, 1.0, 1.0))])
    for read in (read_run, read_records):
        with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl:7: a second line of type 'end'"):
            read(path)


def test_a_record_of_another_run_is_named(path: Path) -> None:
    lines = lines_of(path)
    write_lines(path, [*lines[:2], {**lines[2], "run_id": "b"}, *lines[3:]])
    message = r"seed-0000\.jsonl: its header is of run 'a/seed-0000', and trial 1 of run 'b'$"
    with pytest.raises(TrajectoryError, match=message):
        read_run_records(path, "a/seed-0000")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "here: not JSON: "),
        (b"[" * 100_000, "here: not JSON: "),
        (b"[1]", "here: not a JSON object with a type$"),
        (b'{"type": 1}', "here: not a JSON object with a type$"),
        (b'{"type": "trial"}', "here: record fields missing or unknown: "),
        (b'{"type": "run"}', "here: format version None; this version reads 1$"),
        (b'{"type": "run", "format_version": 1}', "here: header fields missing or unknown: algorithm, "),
        (b'{"type": "end", "n_evaluations": 1, "simulated_s": 1.0}', "here: .*wall_s"),
    ],
)
def test_a_line_that_is_none_is_named(line: bytes, message: str) -> None:
    with pytest.raises(TrajectoryError, match=f"^{message}"):
        read_line(line, "here")


@pytest.mark.parametrize("value", [-0.5, float("inf"), float("nan"), "1", None, True])
@pytest.mark.parametrize("name", ["time_s", "test_accuracy_12_pct", "expected_accuracy_200_pct"])
def test_a_number_of_an_incumbent_is_finite_and_not_negative(name: str, value: Any) -> None:
    line = json.dumps({**line_of(RUN.incumbents[0]), name: value}).encode()
    with pytest.raises(TrajectoryError, match=f"^here: incumbent field {name} is {value!r}.* expected "):
        read_line(line, "here")


@pytest.mark.parametrize("value", [-1, 1.0, "1", True])
def test_a_count_is_an_integer_that_is_not_negative(value: Any) -> None:
    end = line_of(RunEnd(0, 0.0, 0.0))
    assert read_line(json.dumps(end).encode(), "here") == RunEnd(0, 0.0, 0.0)
    with pytest.raises(TrajectoryError, match=f"^here: end field n_evaluations is {value!r}.* expected "):
        read_line(json.dumps({**end, "n_evaluations": value}).encode(), "here")
    with pytest.raises(TrajectoryError, match=f"^here: incumbent field trial is {value!r}.* expected "):
        read_line(json.dumps({**line_of(RUN.incumbents[0]), "trial": value}).encode(), "here")


def test_other_types_are_passed_over_and_whole_lines_read_alone(tmp_path: Path) -> None:
    assert read_line(b'{"type": "note", "of": "somebody"}', "here") is None
    path = tmp_path / "run.jsonl"
    path.write_bytes(record_line(RUN.records[0]) + b'{"type": "tri')
    assert list(iterate_lines(path)) == [record_line(RUN.records[0])[:-1]]
    assert read_records(path) == [RUN.records[0]]
    with pytest.raises(TrajectoryError, match=r"cannot read .*nowhere: No such file"):
        list(iterate_lines(tmp_path / "nowhere"))


def test_whole_numbers_of_another_program_become_a_field_s_type() -> None:
    line = {"type": "trial", **RUN.records[0].to_dict(), "cost_s": 1, "accuracy_pct": 80}
    record = read_line(json.dumps(line).encode(), "here")
    assert record == RUN.records[0]
    assert type(record.cost_s) is float  # type: ignore[union-attr]
