"""``nhb2 doctor`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import assert_one_line_error, nhb2


def test_sound_installation(table: Path) -> None:
    outcome = nhb2("doctor", "--table", table, "--full", "--ladder", "12,200")
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "absent", "warning"}  # absent: an extra that nobody asked for
    assert len({line.index(line.split(maxsplit=2)[1]) for line in lines}) == 1  # aligned
    assert any("every byte of 11 columns" in line for line in lines)
    assert lines[-1].endswith("runs 12, 200")


def test_json_says_the_same(table: Path) -> None:
    outcome = nhb2("doctor", "--table", table, "--json", "--ladder", "1,12", "--eta", "3")
    checks = json.loads(outcome.out)
    assert all(set(check) == {"name", "status", "text"} for check in checks)
    assert checks[-1]["text"].endswith("runs 1.333 (epoch 1), 4, 12")


def test_exit_status_where_something_would_fail(table: Path, tmp_path: Path) -> None:
    ladder = nhb2("doctor", "--table", table, "--ladder", "12,200", "--eta", "17")
    assert ladder.status == 1
    assert "problem  ladder 12, 200, eta 17" in ladder.out
    missing = nhb2("doctor", NHB2_DATA=str(tmp_path / "nowhere"))
    assert missing.status == 1
    assert f"there is no directory {tmp_path / 'nowhere'} (named by $NHB2_DATA)" in missing.out
    assert missing.err == ""


def test_numbers_that_are_none() -> None:
    assert_one_line_error(nhb2("doctor", "--ladder", "12,x"), "'x' is not a number")
    assert_one_line_error(nhb2("doctor", "--ladder", "12"), "at least two budgets")
    assert_one_line_error(nhb2("doctor", "--eta", "3"), "add for example --ladder 1,12")
