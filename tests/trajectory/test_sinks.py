from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink
from tests.trajectory.conftest import FIELDS

GOLDEN = Path(__file__).with_name("golden_v1.jsonl")
RECORD = TrialRecord(**FIELDS)


def records(n: int) -> list[TrialRecord]:
    return [replace(RECORD, trial=trial) for trial in range(n)]


def write_all(path: Path, written: list[TrialRecord]) -> None:
    with JsonLinesSink(path) as sink:
        for record in written:
            sink.write(record)


def test_memory_keeps_what_it_was_given() -> None:
    sink = MemorySink()
    sink.write(RECORD)
    sink.close()
    assert sink.records == [RECORD]


def test_memory_without_records_is_empty() -> None:
    assert MemorySink().records == []


def test_memory_shows_what_its_logger_keeps_and_keeps_no_second_copy() -> None:
    sink = MemorySink()
    logger = TrajectoryLogger([sink])
    for record in records(3):
        logger.log(record)
    assert sink.records == logger.records == records(3)
    seen = sink.records
    logger.log(replace(RECORD, trial=3))
    assert (len(seen), len(sink.records)) == (3, 4)
    assert [id(columns) for columns in sink._kept] == [id(logger._records)]


def test_memory_of_several_loggers_shows_one_after_the_other_and_what_it_was_given_itself() -> None:
    sink = MemorySink()
    sink.write(replace(RECORD, run_id="own"))
    for name in ("a", "b"):
        logger = TrajectoryLogger([sink], run_id=name)
        logger.log(replace(RECORD, run_id=name))
        logger.log(replace(RECORD, run_id=name, trial=1))
    sink.write(replace(RECORD, run_id="own", trial=1))
    assert [(each.run_id, each.trial) for each in sink.records] == [
        *[("own", 0), ("a", 0), ("a", 1), ("b", 0), ("b", 1), ("own", 1)],
    ]
    assert [each.run_id for each in logger.records] == ["b", "b"]


def test_memory_has_no_record_that_another_sink_refused() -> None:
    class Full(MemorySink):
        def write(self, record: TrialRecord) -> None:
            raise OSError("disk full")

    sink = MemorySink()
    logger = TrajectoryLogger([sink, Full()])
    with pytest.raises(OSError, match="disk full"):
        logger.log(RECORD)
    assert len(sink.records) == len(logger.records) == 0


def test_a_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_all(tmp_path / "a" / "b" / "run.jsonl", records(5))
    assert read_records(tmp_path / "a" / "b" / "run.jsonl") == records(5)
    write_all(tmp_path / "a" / "b" / "run.jsonl", records(7)[5:])  # opening again appends
    assert read_records(tmp_path / "a" / "b" / "run.jsonl") == records(7)


def test_two_runs_of_one_name_are_not_read_as_one(tmp_path: Path) -> None:
    write_all(tmp_path / "run.jsonl", [*records(5), *records(2)])
    with pytest.raises(TrajectoryError, match=r"run\.jsonl: run '.*' has 2 records of trial 0; every run needs a name"):
        read_records(tmp_path / "run.jsonl")


def test_every_record_is_one_line_of_plain_json_that_is_on_disk_at_once(tmp_path: Path) -> None:
    sink = JsonLinesSink(tmp_path / "run.jsonl")
    for n in range(1, 4):
        sink.write(RECORD)
        content = (tmp_path / "run.jsonl").read_bytes()
        assert content.count(b"\n") == n
        assert content.isascii()
    assert [json.loads(line) for line in content.splitlines()] == [{"type": "trial", **FIELDS}] * 3
    sink.close()
    sink.close()


def test_the_format_of_version_1_is_the_committed_file(tmp_path: Path) -> None:
    """Guards the bytes: old trajectories stay readable, and what is written today is what was written then."""
    golden = read_records(GOLDEN)
    assert [each.trial for each in golden] == [0, 1, 2, 3, 4]
    assert {each.status for each in golden} == {"complete", "pruned", "crossed_budget"}
    write_all(tmp_path / "again.jsonl", golden)
    assert (tmp_path / "again.jsonl").read_bytes() == GOLDEN.read_bytes()


def test_a_line_torn_anywhere_is_left_out_and_cut_off_before_appending(tmp_path: Path) -> None:
    content = GOLDEN.read_bytes()
    whole = content.rindex(b"\n", 0, -1) + 1
    path = tmp_path / "run.jsonl"
    for length in range(whole, len(content)):
        path.write_bytes(content[:length])
        assert len(read_records(path)) == 4
        write_all(path, [RECORD])
        assert path.read_bytes()[:whole] == content[:whole]
        assert [each.trial for each in read_records(path)] == [0, 1, 2, 3, 0]


@given(st.binary(max_size=20_000).filter(lambda tail: b"\n" not in tail))
def test_a_torn_first_line_longer_than_a_block_is_cut_off_too(tmp_path_factory: Any, tail: bytes) -> None:
    path = tmp_path_factory.mktemp("sink") / "run.jsonl"
    path.write_bytes(b'{"type": "trial", "run_id": "' + tail)
    write_all(path, [RECORD])
    assert read_records(path) == [RECORD]


def test_a_torn_line_after_an_empty_first_one_is_cut_off_too(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'\n{"type": "tri')
    JsonLinesSink(path).close()
    assert path.read_bytes() == b"\n"


@pytest.mark.parametrize("content", [b"my thesis, draft 7", b"[1, 2, 3]", b'{"key": "value"}', b"\0" * 5000, b"a\nb"])
def test_somebody_elses_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "precious"
    path.write_bytes(content)
    with pytest.raises(TrajectoryError, match=r"precious is no trajectory: its last line begins with .* and does not"):
        JsonLinesSink(path)
    assert path.read_bytes() == content


def test_a_torn_line_in_the_middle_is_damage_and_named(tmp_path: Path) -> None:
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    path = tmp_path / "run.jsonl"
    for damaged, message in (
        (lines[1][:50] + b"\n", "run.jsonl:2: not JSON"),
        (b"\n", "run.jsonl:2: not JSON"),
        (b"\xff\n", "run.jsonl:2: not JSON"),
        (b"[" * 100_000 + b"\n", "run.jsonl:2: not JSON"),
        (b"[]\n", "run.jsonl:2: not a JSON object with a type"),
        (b"{}\n", "run.jsonl:2: not a JSON object with a type"),
        (b'{"type": 1}\n', "run.jsonl:2: not a JSON object with a type"),
        (b'{"type": "trial"}\n', "run.jsonl:2: record fields missing or unknown"),
        (lines[1].replace(b"44.134", b"NaN"), "run.jsonl:2: record field accuracy_pct is nan"),
        (lines[1].replace(b"complete", b"competed"), "run.jsonl:2: record field status 'competed' is not one of"),
    ):
        path.write_bytes(lines[0] + damaged + lines[2])
        with pytest.raises(TrajectoryError, match=message):
            read_records(path)


def test_lines_of_other_types_are_passed_over(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "run.jsonl") as sink:
        sink.write_line({"type": "something", "new": [1, 2]})
        sink.write(RECORD)
    assert read_records(tmp_path / "run.jsonl") == [RECORD]


def test_the_other_lines_of_a_run_are_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    for line, message in (
        ('{"type": "run", "format_version": 7}', "run.jsonl:1: format version 7; this version reads 1"),
        ('{"type": "run", "format_version": 1}', "run.jsonl:1: header fields missing or unknown: algorithm, "),
        ('{"type": "incumbent"}', "run.jsonl:1: .*missing"),
        (
            '{"type": "end", "n_evaluations": 1, "simulated_s": -1, "wall_s": 0}',
            "run.jsonl:1: end field simulated_s is -1",
        ),
    ):
        path.write_bytes(line.encode() + b"\n" + GOLDEN.read_bytes())
        with pytest.raises(TrajectoryError, match=message):
            read_records(path)


def test_numbers_are_read_as_json_means_them(tmp_path: Path) -> None:
    """Another program writes 420.0 as 420, or 0 as 0.0, and the published schema takes both."""
    path = tmp_path / "run.jsonl"
    line = GOLDEN.read_bytes().splitlines(keepends=True)[0]
    other = (
        line.replace(b"420.0", b"420")
        .replace(b'"trial": 0', b'"trial": 0.0')
        .replace(b'"worker": 0', b'"worker": -0.0')
    )
    assert other != line
    path.write_bytes(other)
    assert [repr(record) for record in read_records(path)] == [repr(read_records(GOLDEN)[0])]
    path.write_bytes(line.replace(b'"trial": 0', b'"trial": 0.5'))
    with pytest.raises(TrajectoryError, match=r"record field trial is 0\.5 of type builtins.float"):
        read_records(path)


def test_what_json_does_not_hold_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "run.jsonl") as sink:
        for content in (float("nan"), {"x": float("inf")}):
            with pytest.raises(TrajectoryError, match=r"cannot append to .*run\.jsonl"):
                sink.write_line(content)
    assert (tmp_path / "run.jsonl").read_bytes() == b""


# -- disks that refuse


def test_a_full_disk_is_an_error_that_names_the_file() -> None:
    with (
        JsonLinesSink("/dev/full") as sink,
        pytest.raises(TrajectoryError, match=r"cannot append to /dev/full: .*No space"),
    ):
        sink.write(RECORD)


def test_a_disk_that_fills_up_inside_a_line_leaves_whole_lines(tmp_path: Path) -> None:
    """The file is limited to two and a half lines; what was written stays, and writing can go on elsewhere or later."""
    path = tmp_path / "run.jsonl"
    n_bytes = len(GOLDEN.read_bytes().splitlines(keepends=True)[0])
    program = f"""
        import resource, sys
        from nhb2_plugins.errors import TrajectoryError
        from nhb2_plugins.trajectory.reader import read_records
        from nhb2_plugins.trajectory.sinks import JsonLinesSink
        from dataclasses import replace
        records = [replace(read_records({str(GOLDEN)!r})[0], trial=trial) for trial in range(5)]
        resource.setrlimit(resource.RLIMIT_FSIZE, ({n_bytes} * 5 // 2, {n_bytes} * 10))
        sink = JsonLinesSink(sys.argv[1])
        for i in range(4):
            try:
                sink.write(records[i])
            except TrajectoryError as error:
                print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({n_bytes} * 10, {n_bytes} * 10))
        sink.write(records[4])
    """
    output = _run(program, path).communicate(timeout=60)[0].splitlines()
    assert output == [f"cannot append to {path}: {n_bytes // 2} of {n_bytes} bytes were taken"] * 2
    assert len(read_records(path)) == 3
    assert path.stat().st_size == 3 * n_bytes


def test_a_directory_a_file_in_the_way_or_a_closed_sink_are_errors(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "run.jsonl", Path("/proc/run.jsonl")):
        with pytest.raises(TrajectoryError, match=f"cannot append to {path}: "):
            JsonLinesSink(path)
    sink = JsonLinesSink(tmp_path / "run.jsonl")
    sink.close()
    with pytest.raises(TrajectoryError, match=r"cannot append to .*closed file"):
        sink.write(RECORD)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrajectoryError, match=r"cannot read .*nowhere\.jsonl: No such file"):
        read_records(tmp_path / "nowhere.jsonl")


def test_a_file_that_was_removed_takes_no_more(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "run.jsonl") as sink:
        sink.write(RECORD)
        (tmp_path / "run.jsonl").unlink()
        with pytest.raises(TrajectoryError, match=r"cannot append to .*run\.jsonl: the file was removed"):
            sink.write(RECORD)


def test_a_file_that_was_rotated_away_keeps_its_records_and_the_new_one_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "run.jsonl", b'{"type": "'
    with JsonLinesSink(path) as sink:
        sink.write(RECORD)
        path.rename(tmp_path / "run.1")
        path.write_bytes(other)
        sink.write(replace(RECORD, trial=RECORD.trial + 1))
    assert len(read_records(tmp_path / "run.1")) == 2
    assert path.read_bytes() == other


def test_a_link_is_followed_and_a_pipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    write_all(tmp_path / "link.jsonl", [RECORD])
    assert read_records(tmp_path / "real.jsonl") == [RECORD]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TrajectoryError, match=r"cannot append to .*pipe: Illegal seek"):
        JsonLinesSink(tmp_path / "pipe")
    with pytest.raises(TrajectoryError, match=r"cannot append to 'a.*b': embedded null byte"):
        JsonLinesSink("a\0b")


def test_lines_that_end_as_on_windows_are_read_and_continued_wherever_they_are_torn(tmp_path: Path) -> None:
    lines = [line + b"\r\n" for line in GOLDEN.read_bytes().splitlines()[:2]]
    path = tmp_path / "run.jsonl"
    for length in range(len(lines[1]) + 1):
        path.write_bytes(lines[0] + lines[1][:length])
        write_all(path, [RECORD])
        n_whole = 1 + (length == len(lines[1]))
        assert read_records(path) == [*read_records(GOLDEN)[:n_whole], RECORD]


# -- writers that die, writers at once


def _run(program: str, *arguments: object) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(root)},
        text=True,
        stdout=subprocess.PIPE,
    )


WRITER = f"""
    import sys
    from itertools import count
    from dataclasses import replace
    from nhb2_plugins.trajectory.reader import read_records
    from nhb2_plugins.trajectory.sinks import JsonLinesSink
    record = read_records({str(GOLDEN)!r})[0]
    sink = JsonLinesSink(sys.argv[1])
    for trial in range(int(sys.argv[2])) if len(sys.argv) > 2 else count():
        sink.write(replace(record, run_id=sys.argv[-1], trial=trial))
        if trial == 20:
            print("under way", flush=True)
"""


def test_a_killed_writer_leaves_a_file_that_can_be_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    writer = _run(WRITER, path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "under way\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=60)
    survived = read_records(path)
    assert [each.trial for each in survived] == list(range(len(survived)))
    assert len(survived) > 20
    write_all(path, [RECORD])
    assert read_records(path) == [*survived, RECORD]


def test_writers_at_once_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    path = tmp_path / "shared.jsonl"
    writers = [_run(WRITER, path, 500, name) for name in ("one", "two")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    for writer in writers:
        writer.communicate()
    found = read_records(path)
    for name in ("one", "two"):
        assert [each.trial for each in found if each.run_id == name] == list(range(500))
