"""``nhb2 log`` as a user runs it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.reader import read_records, read_run
from nhb2_plugins.trajectory.summary import read_summary
from tests.analysis.runs import make_run, write_run
from tests.core_fixtures import needs
from tests.support.command_line import assert_one_line_error, nhb2
from tests.support.disks import LIMITED

GOLDEN = Path(__file__).parents[1] / "trajectory" / "golden_v1.jsonl"


def test_show_marks_the_incumbents() -> None:
    shown = nhb2("log", "show", GOLDEN)
    assert shown.status == 0
    *lines, blank, source = shown.out.splitlines()
    assert len(lines) == 2 + 5
    assert (blank, source) == ("", "Numbers from the table imported:587d2fbf.")
    assert lines[2].split() == [
        *["golden", "0", "420.0", "1", "0|10|210", "0.1", "256", "41.134", "420.0", "0", "complete", "*"]
    ]
    assert [line.endswith("*") for line in lines[2:]] == [True, True, True, True, False]
    assert nhb2("log", "show", "--best", GOLDEN).out.splitlines()[2:-2] == lines[2:6]


@needs("pandas", "pyarrow", "sqlalchemy")
def test_export_to_every_format_and_back(tmp_path: Path) -> None:
    import pandas as pd

    records = read_records(GOLDEN)
    assert nhb2("log", "export", GOLDEN, tmp_path / "a.csv").status == 0
    assert list(pd.read_csv(tmp_path / "a.csv")["accuracy_pct"]) == [each.accuracy_pct for each in records]
    assert nhb2("log", "export", GOLDEN, tmp_path / "a.parquet").status == 0
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert list(frame["seed"]) == [str(each.seed) for each in records]
    assert list(frame["end_s"]) == [each.end_s for each in records]
    url = f"sqlite:///{tmp_path / 'a.db'}"
    for _ in range(2):  # a record is there once, however often it is written
        assert nhb2("log", "export", GOLDEN, url).status == 0
    assert nhb2("log", "export", url, "--to", tmp_path / "a.jsonl").status == 0
    assert read_records(tmp_path / "a.jsonl") == records


HOSTILE = "a\x1b[31m\u202e"


def test_what_a_run_is_called_does_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    """Wherever its name is said: in the table, below it, in what is wrong with it."""
    path = tmp_path / f"{HOSTILE}.jsonl"
    lines = [line.replace("golden", json.dumps(HOSTILE)[1:-1]) for line in GOLDEN.read_text().splitlines(keepends=True)]
    lines = [line.replace("imported:587d2fbf", json.dumps(HOSTILE)[1:-1]) for line in lines]
    path.write_text("".join(lines))
    for command in (["show"], ["show", "--best"], ["check"]):
        told = nhb2("log", *command, path)
        assert not set("\x1b\u202e") & set(told.out + told.err), command
        assert r"a\x1b[31m\u202e" in told.out
    path.write_text("".join([*lines, lines[-1]]))
    told = nhb2("log", "check", path)
    assert told.status == 1
    assert not set("\x1b\u202e") & set(told.out + told.err)
    written = nhb2("log", "export", GOLDEN, tmp_path / f"{HOSTILE}.csv")
    assert not set("\x1b\u202e") & set(written.err)


def test_merge_takes_each_record_once(tmp_path: Path) -> None:
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one.jsonl").write_bytes(b"".join(lines[:3]))
    (tmp_path / "runs" / "two.jsonl").write_bytes(b"".join(lines[2:]))
    done = nhb2("log", "merge", tmp_path / "runs", "--to", tmp_path / "all.jsonl")
    assert (done.status, "left out 1 repetition." in done.err) == (0, True)
    assert (tmp_path / "all.jsonl").read_bytes() == GOLDEN.read_bytes()
    (tmp_path / "other.jsonl").write_bytes(lines[0].replace(b"41.134", b"42.134"))
    refused = nhb2("log", "merge", GOLDEN, tmp_path / "other.jsonl", "--to", tmp_path / "x.jsonl")
    assert_one_line_error(refused, "run 'golden' has two different records of trial 0", status=1)
    assert not (tmp_path / "x.jsonl").exists()


def test_check_names_file_and_line(tmp_path: Path) -> None:
    sound = nhb2("log", "check", GOLDEN)
    assert (sound.status, sound.out) == (0, f"sound: {GOLDEN}: 5 records of 1 run\n")
    content = GOLDEN.read_bytes()
    (tmp_path / "a.jsonl").write_bytes(content.replace(b'"epoch": 4', b'"epoch": 44'))
    (tmp_path / "b.jsonl").write_bytes(content * 2)
    (tmp_path / "c.jsonl").write_bytes(content)
    (tmp_path / "d.jsonl").write_bytes(content[:-9])
    checked = nhb2("log", "check", tmp_path)
    assert checked.status == 1
    first, second, third, fourth = checked.out.splitlines()
    assert first.startswith(f"damaged: {tmp_path / 'a.jsonl'}:2: record field epoch 44 is not one of")
    assert second == (
        f"damaged: {tmp_path / 'b.jsonl'}: run 'golden' has 2 records of trial 0; every run needs a name of its own"
    )
    assert third.startswith("sound: ")
    assert fourth == f"damaged: {tmp_path / 'd.jsonl'}:5: the last line does not end"


def test_a_directory_with_the_name_of_a_file_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").mkdir()
    (tmp_path / "old.jsonl" / "run.jsonl").write_bytes(GOLDEN.read_bytes())
    checked = nhb2("log", "check", tmp_path)
    assert (checked.status, checked.out) == (0, f"sound: {tmp_path / 'old.jsonl' / 'run.jsonl'}: 5 records of 1 run\n")


def test_a_damaged_line_beside_the_trials_is_damage_too(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(GOLDEN.read_bytes() + b'{"type": "end"}\n')
    checked = nhb2("log", "check", path)
    assert (checked.status, checked.out.startswith(f"damaged: {path}:6: ")) == (1, True)
    path.write_bytes(b'{"type": "run", "format_version": 2}\n' + GOLDEN.read_bytes())
    refused = nhb2("log", "show", path)
    assert_one_line_error(refused, f"{path}:1: format version 2; this version reads 1", status=1)


@needs("sqlalchemy")
def test_an_export_to_a_database_with_another_run_of_that_id_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    assert nhb2("log", "export", GOLDEN, url).status == 0
    other = tmp_path / "other.jsonl"
    other.write_bytes(GOLDEN.read_bytes().replace(b"41.134", b"42.134"))
    assert_one_line_error(nhb2("log", "export", other, url), "a different record of trial 0 of run 'golden'", status=1)


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (("show", "nowhere.jsonl"), "there is no nowhere.jsonl", 2),
        (("check", "nowhere.jsonl"), "there is no nowhere.jsonl", 2),
        (("export", GOLDEN), "one target, TARGET or --to TARGET; given: none", 2),
        (("export", GOLDEN, "x.csv", "--to", "y.csv"), "given: ['x.csv', 'y.csv']", 2),
        (("show", "/dev/zero"), "cannot read /dev/zero: not a regular file", 1),
        (("export", GOLDEN, "nowhere/x.csv"), "there is no directory nowhere to write x.csv to", 2),
        (("export", GOLDEN, "x.xls"), "neither a database's URL nor a file ending in", 2),
        (("export", GOLDEN, GOLDEN), "exists already", 2),
        (("show",), "required: SOURCE", 2),
    ],
)
def test_wrong_input_is_one_line(arguments: tuple[str | Path, ...], message: str, status: int) -> None:
    assert_one_line_error(nhb2("log", *arguments), message, status=status)


def test_a_directory_without_trajectories_is_an_error(tmp_path: Path) -> None:
    assert_one_line_error(
        nhb2("log", "check", tmp_path),
        f"there is no recorded run in {tmp_path}: a campaign's directory, a .jsonl file",
        status=2,
    )


@needs("sqlalchemy")
def test_reading_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    missing = tmp_path / "runs.db"
    for command in (("show",), ("check",), ("export",)):
        target = [tmp_path / "x.csv"] if command == ("export",) else []
        refused = nhb2("log", *command, f"sqlite:///{missing}", *target)
        assert_one_line_error(refused, f"there is no database {missing}", status=2)
    assert list(tmp_path.iterdir()) == []


@needs("pandas", "pyarrow")
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_full_disk_leaves_no_half_export(tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / "many.jsonl", tmp_path / f"out{suffix}"
    line, numbers = GOLDEN.read_bytes().splitlines(keepends=True)[0], random.Random(0)
    trials = [b'"trial": %d' % numbers.getrandbits(62) for _ in range(20_000)]  # 160 kB that do not compress
    source.write_bytes(b"".join(line.replace(b'"trial": 0', trial) for trial in trials))
    command = ["log", "export", str(source), str(target)]
    code = f"{LIMITED}\nfrom nhb2_plugins.cli.main import main\nraise SystemExit(main({command}))"
    refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert str(target) in refused.stderr
    assert "File too large" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [source]


def test_check_counts_the_trials_of_a_finished_run(tmp_path: Path) -> None:
    path = write_run(tmp_path, make_run([(10, 80.0), (20, 85.0), (30, 90.0)]))
    assert nhb2("log", "check", path).status == 0
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"type": "trial"' not in line or b'"trial": 1,' not in line))
    checked = nhb2("log", "check", path)
    assert checked.status == 1
    assert checked.out == f"damaged: {path} has 2 trials, and its end says that there were 3\n"
    for read in (read_run, read_summary, read_records):
        with pytest.raises(TrajectoryError, match="has 2 trials, and its end says that there were 3"):
            read(path)


def test_a_database_s_password_is_never_shown() -> None:
    for command in (("check",), ("show",), ("show", "--best")):
        refused = nhb2("log", *command, "postgresql://u:SECRET@127.0.0.1:1/db?connect_timeout=1")
        assert refused.status == 1
        assert "SECRET" not in refused.out + refused.err
        assert "u:***@127.0.0.1" in refused.out + refused.err


def test_the_best_of_a_source_are_those_of_the_whole_table() -> None:
    whole, best = nhb2("log", "show", GOLDEN).out.splitlines(), nhb2("log", "show", "--best", GOLDEN).out.splitlines()
    assert [line.split() for line in best[2:-2]] == [line.split() for line in whole if line.endswith("*")]
    assert best[-1] == whole[-1]
