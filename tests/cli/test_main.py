"""``nhb2`` as a user runs it: wrong input, pipes, exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.cli.main import COMMANDS
from nhb2_plugins.table.writer import write_table
from nhb2_plugins.testing.fresh_process import output_of
from tests.core_fixtures import mini_columns, mini_provenance, needs
from tests.support.command_line import assert_one_line_error, nhb2, nhb2_process


@pytest.fixture(autouse=True)
def _in_use(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHB2_DATA", str(table))


def test_version_and_help() -> None:
    assert nhb2("--version").out == f"nhb2-plugins {nhb2_plugins.__version__}\n"
    helped = nhb2("--help")
    assert helped.status == 0
    for command in ("info", "doctor", "query", "space", "data", "run", "report"):
        assert f"\n    {command} " in helped.out
    assert "Exit status: 0 done, 1 something failed, 2 wrong input, 130 interrupted." in helped.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_of_itself(command: str) -> None:
    helped = nhb2(command, "--help")
    assert helped.status == 0
    assert helped.out.startswith(f"usage: nhb2 {command} ")
    if command != "gate":  # which says more
        assert COMMANDS[command][1] in " ".join(helped.out.split())


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        ((), set()),
        (("--help",), set()),
        (("inof",), set()),
        (("query", "010210", "0.1", "256"), {"lookup"}),
        (("optimizers",), {"optimizers"}),
    ],
)
def test_a_command_imports_no_other(arguments: tuple[str, ...], imported: set[str]) -> None:
    code = f"""
import contextlib, sys
from nhb2_plugins.cli.main import main
with contextlib.suppress(SystemExit):
    main({arguments!r})
print(*(name.removeprefix("nhb2_plugins.cli.") for name in sys.modules if name.startswith("nhb2_plugins.cli.")))
"""
    assert set(output_of(code, hash_seed=0).splitlines()[-1].split()) == {"main", "parser", "values", *imported}


# -- wrong input: one line, status 2, what is wrong and what is allowed


def test_other_wrong_input(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert_one_line_error(nhb2("space", "9"), "9")
    assert_one_line_error(nhb2("info", "--table", nowhere), f"there is no directory {nowhere}")
    assert_one_line_error(nhb2("query", "010210", "0.1", "256", NHB2_DATA=str(nowhere)), "named by $NHB2_DATA")
    assert_one_line_error(nhb2("info", "--table", tmp_path), "manifest.json is missing")
    assert_one_line_error(nhb2("inof"), "command 'inof' is not one of 'info'", "(did you mean 'info'?)")
    assert_one_line_error(nhb2("data", "improt", "x"), "(did you mean 'import'?)")
    assert_one_line_error(nhb2("log", "export", "x", "--format", "cars"), "(did you mean 'carps'?)")


@pytest.mark.parametrize(
    "command",
    [
        ("info", "--table"),
        pytest.param(("run",), marks=needs("dask")),
        ("report",),
        ("plan", "--difference", "1"),
        pytest.param(("dashboard",), marks=needs("optuna_dashboard")),
        ("data", "import"),
        ("data", "verify"),
        ("log", "show"),
        ("log", "check"),
        ("new", "optimizer"),
    ],
    ids="-".join,
)
def test_a_name_that_no_file_can_have_is_wrong_input(command: tuple[str, ...]) -> None:
    assert_one_line_error(nhb2(*command, "a" * 300), "aaa")


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


# -- processes


@pytest.mark.parametrize(
    "arguments",
    [
        ("info",),
        ("query", "0|10|210", "0.1", "256", "--json"),
        ("query", "010210", "0.1"),
        ("info", "--table", "nowhere"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_process_does_what_main_does(arguments: tuple[str, ...]) -> None:
    assert nhb2_process(*arguments) == nhb2(*arguments)


@pytest.mark.parametrize("module", ["nhb2_plugins", "nhb2_plugins.cli"])
def test_the_package_runs_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "inof"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", nhb2("inof").err)


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
    done = _with_closed_output("space")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_told_also_where_the_output_is_closed() -> None:
    done = _with_closed_output(f"report {'a' * 300}")
    assert done.returncode == 2
    assert done.stderr == f"nhb2: error: [Errno 36] File name too long: '{'a' * 300}/campaign.json'\n"


def _with_closed_output(arguments: str) -> subprocess.CompletedProcess[str]:
    command = f'"{sys.executable}" -m nhb2_plugins.cli {arguments} >&-'
    return subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)


def test_output_in_ascii_escapes_what_it_lacks() -> None:
    script = (
        "import sys; from nhb2_plugins.cli.main import main; status = main(['space']); print('±'); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"\\xb1\n")


# -- what a terminal is shown

HOSTILE = "\x1b]0;renamed\x07\x1b[31m\u202e"
CODES = r"\x1b]0;renamed\x07\x1b[31m\u202e"


@pytest.mark.parametrize("command", [["info"], ["doctor"], ["data", "verify"]])
def test_what_a_table_says_of_itself_does_not_reach_the_terminal_raw(command: list[str], tmp_path: Path) -> None:
    place = tmp_path / "table"
    write_table(place, mini_columns(), mini_provenance(source=f"from {HOSTILE}", note=f"so {HOSTILE}", created=HOSTILE))
    outcome = nhb2(*command, str(place)) if command[0] == "data" else nhb2(*command, "--table", str(place))
    assert not set("\x1b\x07\u202e") & set(outcome.out + outcome.err)
    if command[0] != "data":
        assert f"so {CODES}" in outcome.out
    if command == ["info"]:
        assert f"from {CODES}" in outcome.out


def test_an_error_does_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    outcome = nhb2("query", f"0101{HOSTILE}", "0.1", "256")
    assert outcome.status == 2
    assert not set("\x1b\x07\u202e") & set(outcome.err)
    outcome = nhb2("log", "show", str(tmp_path / HOSTILE.replace("/", "")))
    assert outcome.status != 0
    assert CODES in outcome.err
