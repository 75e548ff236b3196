"""``nhb2`` as a user runs it: answers, wrong input, pipes, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.space import LEARNING_RATES, Configuration
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance
from tests.support.command_line import assert_one_line_error, nhb2


@pytest.fixture(scope="module", autouse=True)
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cli") / "table"
    write_table(directory, mini_columns(), mini_provenance())
    return directory


@pytest.fixture(autouse=True)
def _in_use(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHB2_DATA", str(table))


def facts(text: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in text.splitlines())  # type: ignore[misc]


# -- answers


def test_info(table: Path) -> None:
    outcome = nhb2("info")
    assert (outcome.status, outcome.err) == (0, "")
    shown = facts(outcome.out)
    provenance = open_benchmark(table).provenance
    assert shown["table"] == provenance.label
    assert shown["digest"] == provenance.digest
    assert shown["seeds"] == "222, 555"
    assert shown["directory"] == str(table)
    assert shown["configurations"] == "196,608 (2 distinct cells)"


def test_query_is_what_the_library_answers(table: Path) -> None:
    expected = open_benchmark(table).evaluate(Configuration("0|10|210", 0.1, 256), 7, "test", 555)
    for cell in ("010210", "0|10|210"):
        outcome = nhb2("query", cell, "0.1", "256", "--epoch", "7", "--split", "test", "--seed", "555", "--json")
        answer = json.loads(outcome.out)
        assert (answer["accuracy_pct"], answer["cost_s"]) == (expected.accuracy_pct, expected.cost_s)
        assert (answer["cellcode"], answer["epoch"], answer["seed"]) == ("0|10|210", 7, 555)
        assert (answer["op_02"], answer["lr"], answer["batch_size"]) == ("avgpool3x3", 0.1, 256)


def test_query_for_people_marks_what_is_estimated() -> None:
    short, long = (
        facts(nhb2("query", "010210", "1e-1", "256.0").out),
        facts(nhb2("query", "010210", "0.1", "256", "--epoch", "200", "--seed", "mean").out),
    )
    assert short["accuracy"].endswith("% (valid)")
    assert "estimated" not in short["cost"]
    assert long["accuracy"].endswith("% (expected test)")
    assert "estimated as 200/12 of 12 epochs" in long["cost"]
    assert short["table"] == long["table"]


def test_space_and_a_cell_of_it() -> None:
    space = nhb2("space").out
    assert all(f"{lr}" in space for lr in LEARNING_RATES)
    assert "196,608 configurations" in space
    cell = nhb2("space", "013302").out
    rows = [line.split() for line in cell.splitlines()]
    assert ["0", "->", "1", "conv3x3", "live"] in rows
    assert ["1", "->", "2", "zero", "dead"] in rows
    assert facts(cell[cell.index("cellcode") :])["cellcode"] == "0|13|302"


def test_version_and_help() -> None:
    assert nhb2("--version").out == f"nhb2-plugins {nhb2_plugins.__version__}\n"
    helped = nhb2("--help")
    assert helped.status == 0
    for command in ("info", "doctor", "query", "space", "data", "run", "report"):
        assert f"\n    {command} " in helped.out
    assert "Exit status: 0 done, 1 something failed, 2 wrong input, 130 interrupted." in helped.out


# -- wrong input: one line, status 2, what is wrong and what is allowed


@pytest.mark.parametrize("processes", ["0", "-1", "two", "1.5", "²"])
def test_processes_are_a_whole_number_from_one(processes: str) -> None:
    answer = nhb2("run", "smoke", "--processes", processes)
    assert answer.status == 2
    assert f"argument --processes: {processes!r} is not a whole number from 1" in answer.err


def test_a_scheduler_has_its_own_processes() -> None:
    answer = nhb2("run", "smoke", "--processes", "2", "--scheduler", "tcp://127.0.0.1:8786")
    assert answer.status == 2
    assert "not allowed with argument" in answer.err


WRONG_QUERIES = [
    (["4|00|000", "0.1", "256"], ["4|00|000"]),
    (["01021", "0.1", "256"], ["01021"]),
    (["0|10|2100", "0.1", "256"], ["0|10|2100"]),
    (["010210", "0.3", "256"], ["0.3", "0.0125"]),
    (["010210", "nan", "256"], ["'nan'"]),
    (["010210", "1e-400", "256"], ["learning rate '1e-400' is not one of 0.003125"]),
    (["010210", "0.1", "1e400"], ["batch size '1e400' is not one of 16"]),
    (["010210", "fast", "256"], ["'fast'", "0.0125"]),
    (["010210", "0.1", "20"], ["20", "16", "512"]),
    (["010210", "0.1", "1.5"], ["1.5", "16"]),
    (["010210", "0.1", "256", "--epoch", "13"], ["'13'", "1, 2, 3", "12, 200"]),
    (["010210", "0.1", "256", "--epoch", "0"], ["'0'", "1, 2, 3"]),
    (["010210", "0.1", "256", "--epoch", "last"], ["'last'"]),
    (["010210", "0.1", "256", "--split", "vaild"], ["'vaild'", "did you mean 'valid'?"]),
    (["010210", "0.1", "256", "--split", "valid", "--epoch", "200"], ["'valid'", "expected test accuracy"]),
    (["010210", "0.1", "256", "--seed", "1"], ["1", "222", "555", "mean"]),
    (["010210", "0.1", "256", "--seed", "first"], ["'first'", "222"]),
    (["010210", "0.1"], ["BATCH_SIZE"]),
]


@pytest.mark.parametrize(("arguments", "parts"), WRONG_QUERIES, ids=lambda value: " ".join(value))
def test_wrong_query(arguments: list[str], parts: list[str]) -> None:
    assert_one_line_error(nhb2("query", *arguments), *parts)


def test_other_wrong_input(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert_one_line_error(nhb2("space", "9"), "9")
    assert_one_line_error(nhb2("info", "--table", nowhere), f"there is no directory {nowhere}")
    assert_one_line_error(nhb2("query", "010210", "0.1", "256", NHB2_DATA=str(nowhere)), "named by $NHB2_DATA")
    assert_one_line_error(nhb2("info", "--table", tmp_path), "manifest.json is missing")
    assert_one_line_error(nhb2("inof"), "command 'inof' is not one of 'info'", "(did you mean 'info'?)")
    assert_one_line_error(nhb2("data", "improt", "x"), "(did you mean 'import'?)")
    assert_one_line_error(nhb2("log", "export", "x", "--format", "cars"), "(did you mean 'carps'?)")


@pytest.mark.parametrize(("group", "named"), [([], "dashboard"), (["data"], "import"), (["log"], "merge")])
def test_without_a_command_it_says_which_there_are(group: list[str], named: str) -> None:
    done = nhb2(*group)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(" ".join(["usage: nhb2", *group]))
    assert named in done.out


def test_damaged_table_is_a_failure_not_wrong_input(tmp_path: Path) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    manifest = tmp_path / "table" / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"schema_version": 1', '"schema_version": 2'))
    assert_one_line_error(nhb2("info", "--table", tmp_path / "table"), "schema version 2", status=1)
    manifest.write_text(text[: len(text) // 2])
    assert_one_line_error(nhb2("info", "--table", tmp_path / "table"), "not JSON", status=1)


# -- pipes


@pytest.mark.parametrize("arguments", [["info"], ["space"], ["doctor"]])
def test_reader_that_leaves_early_is_no_error(arguments: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "nhb2_plugins.cli", *arguments], stdout=write_end, stderr=subprocess.PIPE, text=True
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_output_that_cannot_be_written_is_a_failure() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nhb2_plugins.cli", "space"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "nhb2: error: [Errno 28] No space left on device\n"


def test_closed_output_is_no_error() -> None:
    command = f'"{sys.executable}" -m nhb2_plugins.cli space >&-'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_output_in_ascii_escapes_what_it_lacks() -> None:
    script = (
        "import sys; from nhb2_plugins.cli.main import main; status = main(['space']); print('±'); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"\\xb1\n")
