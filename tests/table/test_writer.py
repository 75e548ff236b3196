"""Tables are written whole or not at all.

Faults are real ones: a process limited by RLIMIT_FSIZE, writers that are killed, two writers at once.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.table.store import open_table
from nhb2_plugins.table.verification import verify_table
from nhb2_plugins.table.writer import table_in_memory, write_table
from tests.core_fixtures import mini_columns, mini_provenance, mini_table
from tests.table.programs import finished, leftovers, run


def test_the_digest_is_the_identity_of_the_numbers(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one", mini_columns(), mini_provenance(source="here"))
    same = write_table(tmp_path / "same", mini_columns(), mini_provenance(source="there", digest="x"))
    columns = mini_columns()
    columns["valid_acc"][0, 0, 0] = np.nextafter(columns["valid_acc"][0, 0, 0], 100)
    other = table_in_memory(columns, mini_provenance())
    assert one.provenance.digest == same.provenance.digest == mini_table().provenance.digest
    assert other.provenance.digest != one.provenance.digest


def test_float32_and_strided_columns_are_stored_as_float64(tmp_path: Path) -> None:
    columns = mini_columns()
    exact = np.round(columns["valid_acc"])
    strided = np.asfortranarray(exact.astype(np.float32))
    table = write_table(tmp_path / "table", columns | {"valid_acc": strided}, mini_provenance())
    assert np.array_equal(table.column("valid_acc"), exact)


def test_columns_that_the_schema_does_not_know_are_left_out(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table", mini_columns() | {"latency": np.ones(3)}, mini_provenance())
    assert "latency" not in table.manifest.columns


BAD_COLUMNS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda c: c.pop("total_test_time"), "column 'total_test_time' is missing"),
    (lambda c: c.pop("class_of_cell"), "column 'class_of_cell' is missing"),
    (
        lambda c: c.update(valid_acc=c["valid_acc"][:, :1]),
        r"column 'valid_acc' has shape \(12, 1, 96\), expected \(12",
    ),
    (lambda c: c.update(valid_acc=c["valid_acc"].astype(str)[..., :1]), "column 'valid_acc' has shape"),
    (lambda c: c.update(valid_acc=np.full((12, 2, 96), "x")), "column 'valid_acc' does not hold numbers"),
    (lambda c: c.update(valid_acc=np.full((12, 2, 96), None)), "column 'valid_acc' holds a value that is not finite"),
    (lambda c: c["test_time"].__setitem__((11, 1, 95), np.nan), "column 'test_time' holds a value that is not finite"),
    (lambda c: c["test_acc"].__setitem__((0, 0, 0), np.inf), "column 'test_acc' holds a value that is not finite"),
    (lambda c: c["class_of_cell"].__setitem__(0, -1), r"does not number its classes 0..n-1: -1..1, 3 different"),
    (lambda c: c["class_of_cell"].__setitem__(0, 3), r"does not number its classes 0..n-1: 0..3, 3 different"),
    (
        lambda c: c.update(class_of_cell=c["class_of_cell"] + 0.5),
        "'class_of_cell' .* dtype float64, .* integers",
    ),
    (lambda c: c.update(class_of_cell=c["class_of_cell"][:-1]), r"column 'class_of_cell' has shape \(4095,\)"),
    (lambda c: c.update(class_of_cell=np.array([], dtype=int)), r"column 'class_of_cell' has shape \(0,\)"),
]


@pytest.mark.parametrize(("damage", "message"), BAD_COLUMNS)
def test_a_wrong_column_is_named_and_nothing_is_left(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    columns = mini_columns()
    damage(columns)
    with pytest.raises(TableError, match=message):
        write_table(tmp_path / "table", columns, mini_provenance())
    with pytest.raises(TableError, match=message):
        table_in_memory(columns, mini_provenance())
    assert list(tmp_path.iterdir()) == []


def test_a_filled_directory_is_not_written_to(directory: Path) -> None:
    before = {each.name: each.stat().st_mtime_ns for each in directory.iterdir()}
    with pytest.raises(TableError, match="already exists and is not empty; name another directory or overwrite it"):
        write_table(directory, mini_columns(), mini_provenance())
    assert {each.name: each.stat().st_mtime_ns for each in directory.iterdir()} == before
    assert leftovers(directory) == []


def test_an_empty_directory_and_missing_parents_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    write_table(tmp_path / "empty", mini_columns(), mini_provenance())
    write_table(tmp_path / "a" / "b" / "c", mini_columns(), mini_provenance())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_table(Path(), mini_columns(), mini_provenance())
    for path in ("empty", "a/b/c", "here"):
        verify_table(tmp_path / path)


def test_overwriting_replaces_a_table_and_nothing_else(directory: Path, tmp_path: Path) -> None:
    replaced = write_table(directory, mini_columns(), mini_provenance(source="second"), overwrite=True)
    assert replaced.provenance.source == "second"
    assert leftovers(directory) == []
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    for occupied in ("photos", "photos/cat.png"):
        with pytest.raises(TableError, match="already exists and is not empty"):
            write_table(tmp_path / occupied, mini_columns(), mini_provenance(), overwrite=True)
    assert (tmp_path / "photos" / "cat.png").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["photos", "table"]


def test_a_file_in_the_way_of_a_parent_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match=r"cannot write a table to .*file/table: .*file"):
        write_table(tmp_path / "file" / "table", mini_columns(), mini_provenance())


def test_a_directory_that_takes_no_files_is_an_error() -> None:
    """``/proc`` refuses even root."""
    with pytest.raises(TableError, match="cannot write a table to /proc/nhb2-table"):
        write_table(Path("/proc/nhb2-table"), mini_columns(), mini_provenance())


def test_a_failed_replacement_puts_the_old_table_back(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def fail_for_the_new_table(self: Path, target: Path) -> Path:
        if target == directory and "-former-" not in str(self):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_table)
    with pytest.raises(TableError, match="Input/output error"):
        write_table(directory, mini_columns(), mini_provenance(source="second"), overwrite=True)
    assert verify_table(directory).provenance.source == "written by hand"
    assert leftovers(directory) == []


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_table_and_its_files_are_for_the_same_users(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_table(tmp_path / "table", mini_columns(), mini_provenance())
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "table").iterdir()}
    assert (stat.S_IMODE((tmp_path / "table").stat().st_mode), modes) == (0o777 & ~umask, {0o666 & ~umask})


def test_a_full_disk_is_an_error_and_nothing_is_left(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the write of a large column fail as a full disk or a quota does."""
    program = """
        import resource
        target = Path(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        for overwrite in (False, True):
            try:
                write_table(target, mini_columns(), mini_provenance(), overwrite=overwrite)
            except TableError as error:
                print(error)
    """
    output = finished(run(program, tmp_path / "new"))
    assert output.count(f"cannot write a table to {tmp_path / 'new'}: [Errno 27] File too large") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_table_that_was_there(directory: Path) -> None:
    program = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            write_table(Path(sys.argv[1]), mini_columns(), mini_provenance(source="second"), overwrite=True)
        except TableError:
            print("refused")
    """
    assert finished(run(program, directory)) == "refused\n"
    assert verify_table(directory).provenance.source == "written by hand"
    assert leftovers(directory) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_writers_at_once_leave_one_whole_table(tmp_path: Path, overwrite: bool) -> None:
    program = """
        target, name, overwrite = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
        columns, provenance = mini_columns(), mini_provenance(source=name)
        columns["valid_acc"] += float(name)
        print("ready", flush=True)
        sys.stdin.read()
        for _ in range(20 if overwrite else 1):
            try:
                write_table(target, columns, provenance, overwrite=overwrite)
                print("wrote")
            except TableError as error:
                print("refused")
    """
    target = tmp_path / "table"
    read_end, write_end = os.pipe()
    writers = [run(program, target, name, overwrite, stdin=read_end) for name in range(3)]
    os.close(read_end)
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    os.close(write_end)  # all start at once
    outcomes = [finished(writer).split() for writer in writers]
    written = [outcome.count("wrote") for outcome in outcomes]
    assert sum(written) == 1 if not overwrite else sum(written) >= 1
    table = verify_table(target)
    assert table.column("valid_acc")[0, 0, 0] == 41.1 + float(table.provenance.source)
    assert written[int(table.provenance.source)] >= 1
    assert leftovers(target) == []


@pytest.mark.parametrize("n_files", [0, 1, 7, 10, 11])
def test_a_killed_writer_leaves_no_half_written_table(tmp_path: Path, n_files: int) -> None:
    """The writer is killed by a real SIGKILL after it has put a number of its files on the disk."""
    program = """
        import os, signal
        from nhb2_plugins.table import writer
        durably, written = writer._write_durably, []
        def write_or_die(path, data):
            if len(written) == int(sys.argv[2]):
                path.write_bytes(bytes(data)[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            durably(path, data)
            written.append(path)
        writer._write_durably = write_or_die
        write_table(Path(sys.argv[1]), mini_columns(), mini_provenance())
    """
    target = tmp_path / "table"
    writer = run(program, target, n_files)
    writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    assert not target.exists()
    with pytest.raises(TableNotFoundError):
        open_table(target)
    write_table(target, mini_columns(), mini_provenance())
    verify_table(target)
