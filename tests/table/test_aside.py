"""What killed writers leave is cleared by the next one; what live writers use is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nhb2_plugins.errors import TableError
from nhb2_plugins.table.aside import clear_leftovers, directory_aside, former_table, leftovers
from nhb2_plugins.table.removal import remove_table
from nhb2_plugins.table.verification import verify_table
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks on directories there")

IN_THE_MIDDLE = """
import os, sys
from pathlib import Path
from nhb2_plugins.table.aside import directory_aside, former_table
table = Path(sys.argv[1])
with directory_aside(table, sys.argv[2]) as aside:
    if sys.argv[2] == "former":
        table.rename(former_table(aside, table))
    elif sys.argv[3] == "filled":
        (aside / "class_of_cell.bin").write_bytes(b"half a column")
    print(aside, flush=True)
    sys.stdin.read()
"""


def writer(table: Path, purpose: str, filled: str = "filled") -> tuple[subprocess.Popen[str], Path]:
    """A process that stands in the middle of writing a table, and its directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_THE_MIDDLE, str(table), purpose, filled],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str], *, kill: bool) -> None:
    if kill:
        process.kill()
    process.communicate()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    return tmp_path / "table"


def test_directory_of_a_live_writer_is_left_alone(table: Path) -> None:
    process, aside = writer(table, "new")
    try:
        write_table(table, mini_columns(), mini_provenance(source="another"), overwrite=True)
        assert aside.is_dir()
        assert leftovers(table) == []
    finally:
        end(process, kill=False)
    assert not aside.exists()


def test_directory_of_a_killed_writer_is_removed_by_the_next(table: Path) -> None:
    process, aside = writer(table, "new")
    end(process, kill=True)
    assert leftovers(table) == [aside]
    write_table(table, mini_columns(), mini_provenance(source="another"), overwrite=True)
    assert os.listdir(table.parent) == ["table"]  # noqa: PTH208


def test_former_table_goes_back_to_its_empty_place(table: Path) -> None:
    process, aside = writer(table, "former")
    end(process, kill=True)
    assert not table.exists()
    assert leftovers(table) == [aside]
    with pytest.raises(TableError, match="already exists"):
        write_table(table, mini_columns(), mini_provenance(source="another"))
    assert verify_table(table).provenance.source == "written by hand"
    assert leftovers(table) == []
    assert not aside.exists()


def test_former_table_goes_where_another_has_taken_its_place(table: Path) -> None:
    process, aside = writer(table, "former")
    write_table(table, mini_columns(), mini_provenance(source="another"))
    end(process, kill=True)
    clear_leftovers(table)
    assert verify_table(table).provenance.source == "another"
    assert not aside.exists()


def test_former_table_goes_back_when_its_writer_gives_up(table: Path) -> None:
    process, aside = writer(table, "former")
    end(process, kill=False)
    assert verify_table(table).provenance.source == "written by hand"
    assert not aside.exists()


def test_former_table_that_cannot_go_back_stays(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error")

    with directory_aside(table, "former") as aside:
        table.rename(former_table(aside, table))
        monkeypatch.setattr(Path, "rename", refuse)
    verify_table(former_table(aside, table))
    monkeypatch.undo()
    clear_leftovers(table)
    verify_table(table)


def test_young_empty_directory_may_be_about_to_be_locked(table: Path) -> None:
    process, aside = writer(table, "new", "empty")
    end(process, kill=True)
    assert leftovers(table) == []
    an_hour_ago = time.time() - 3600
    os.utime(aside, (an_hour_ago, an_hour_ago))
    assert leftovers(table) == [aside]


def test_other_directories_are_left_alone(table: Path) -> None:
    for name in (".table-backup", ".table.nhb2", "table.nhb2-new-1", ".other.nhb2-new-1"):
        (table.parent / name).mkdir()
        (table.parent / name / "file").touch()
    (table.parent / ".table.nhb2-new-file").touch()
    assert leftovers(table) == []
    assert leftovers(table.parent / "missing" / "table") == []


def test_removed_table_does_not_come_back_as_its_former_self(table: Path) -> None:
    process, _ = writer(table, "former")
    write_table(table, mini_columns(), mini_provenance(source="another"))
    end(process, kill=True)
    assert remove_table(table).path == table
    clear_leftovers(table)
    assert list(table.parent.iterdir()) == []
