"""The doctor's checks of the table and of the directories around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.doctor.data import check_data
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance
from tests.doctor.checks import status_of


@pytest.fixture
def table(home: Path) -> Path:
    write_table(home / "table", mini_columns(), mini_provenance(note="by hand"))
    return home / "table"


def test_sound_table(table: Path) -> None:
    checks = check_data(str(table), full=True)
    assert {check.status for check in checks} == {"ok"}
    assert f"in {table} (named); by hand" in checks[0].text
    assert checks[1].text == "every byte of 11 columns"
    assert not (table.parent / "data").exists()


def test_flipped_byte_is_found_by_a_full_check(table: Path) -> None:
    path = table / "valid_acc.bin"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert status_of(check_data(str(table)), "checksums") == "ok"
    assert status_of(check_data(str(table), full=True), "checksums") == "problem"


def test_truncated_column_and_missing_table_are_found_by_any_check(table: Path) -> None:
    (table / "valid_acc.bin").write_bytes(b"")
    assert status_of(check_data(str(table)), "table") == "problem"
    assert status_of(check_data(str(table.parent / "nowhere")), "table") == "problem"


def test_where_a_table_was_named(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHB2_DATA", str(table))
    assert "(named by $NHB2_DATA)" in check_data()[0].text
    monkeypatch.setenv("NHB2_DATA", str(table.parent / "nowhere"))
    assert check_data()[0].status == "problem"
    assert "named by $NHB2_DATA" in check_data()[0].text


def test_imported_table(home: Path) -> None:
    write_table(home / "data" / "nhb2-plugins" / "table", mini_columns(), mini_provenance())
    assert "(imported)" in check_data()[0].text


def test_file_in_the_way_of_the_directories(home: Path, table: Path) -> None:
    (home / "data").touch()
    (home / "cache").touch()
    checks = check_data(str(table))
    assert status_of(checks, "data directory") == "problem"
    assert status_of(checks, "cache") == "warning"


def test_what_a_killed_import_left(home: Path, table: Path) -> None:
    left = home / "data" / "nhb2-plugins" / ".table.nhb2-new-1"
    left.mkdir(parents=True)
    (left / "valid_acc.bin").touch()
    assert status_of(check_data(str(table)), "leftovers") == "warning"
