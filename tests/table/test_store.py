"""Tables on disk: whole or not at all, and never a wrong number without a word.

Faults are real ones: a process limited by RLIMIT_FSIZE, writers that are killed, two writers at once, flipped bytes.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.checksums import sha256_of_file
from nhb2_plugins.table.schema import manifest_crc32
from nhb2_plugins.table.store import Table, open_table
from nhb2_plugins.table.verification import verify_table
from nhb2_plugins.table.writer import table_in_memory, write_table
from tests.core_fixtures import mini_columns, mini_provenance, mini_table

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = Configuration("0|10|210", 0.1, 256)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A table on disk."""
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    return tmp_path / "table"


def run(program: str, *arguments: object, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start a Python program that may import the tests' fixtures."""
    prelude = """
        import sys
        from pathlib import Path
        from nhb2_plugins.errors import *
        from nhb2_plugins.table.checksums import *
        from nhb2_plugins.table.store import *
        from nhb2_plugins.table.writer import *
        from tests.core_fixtures import *
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(program), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def leftovers(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.parent.iterdir() if each != directory)


# -- writing and opening


def test_a_written_table_answers_as_the_one_in_memory(directory: Path) -> None:
    written, in_memory = open_table(directory), mini_table()
    assert written.provenance == in_memory.provenance
    for name, column in mini_columns().items():
        assert np.array_equal(written.column(name), column)
        assert np.array_equal(in_memory.column(name), column)
        assert written.column(name).dtype == in_memory.column(name).dtype
    assert verify_table(directory) == written
    assert leftovers(directory) == []
    assert sorted(each.name for each in directory.iterdir()) == sorted(
        [*(f"{name}.bin" for name in mini_columns()), "manifest.json"]
    )


def test_the_digest_is_the_identity_of_the_numbers(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one", mini_columns(), mini_provenance(source="here"))
    same = write_table(tmp_path / "same", mini_columns(), mini_provenance(source="there", digest="x"))
    columns = mini_columns()
    columns["valid_acc"][0, 0, 0] = np.nextafter(columns["valid_acc"][0, 0, 0], 100)
    other = table_in_memory(columns, mini_provenance())
    assert one.provenance.digest == same.provenance.digest == mini_table().provenance.digest
    assert other.provenance.digest != one.provenance.digest


def test_columns_are_read_only_and_read_when_asked_for(directory: Path) -> None:
    table = open_table(directory)
    (directory / "train_acc.bin").unlink()
    assert table.column("valid_acc")[0, 0, 0] == 41.1
    for opened in (table, mini_table()):
        with pytest.raises(ValueError, match="read-only"):
            opened.column("valid_acc")[0, 0, 0] = 1
    with pytest.raises(TableError, match=r"column 'train_acc' in .* cannot be read"):
        table.column("train_acc")


@pytest.mark.parametrize("name", ["valid_accuracy", "", "../manifest"])
def test_an_unknown_column_is_named_with_the_known_ones(directory: Path, name: str) -> None:
    for table in (open_table(directory), mini_table()):
        with pytest.raises(
            TableError, match=f"the table has no column '{name}'; it has class_of_cell, expected_acc_200"
        ):
            table.column(name)


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


# -- where a table may go


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


# -- damage found at open


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match=r"there is no directory .*nowhere"):
        open_table(tmp_path / "nowhere")
    with pytest.raises(TableNotFoundError, match=r"there is no table in .*: manifest.json is missing"):
        open_table(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_table(tmp_path)
    with pytest.raises(TableError):
        open_table(Path("a\0b"))


def test_a_missing_column_is_named(directory: Path) -> None:
    (directory / "valid_time.bin").unlink()
    for opened in (open_table, verify_table):
        with pytest.raises(TableError, match=r"column 'valid_time' is missing from .*table: No such file"):
            opened(directory)


@pytest.mark.parametrize("size", [0, 18431, 18433])
def test_a_column_of_another_size_is_named(directory: Path, size: int) -> None:
    os.truncate(directory / "valid_acc.bin", size)
    with pytest.raises(TableError, match=rf"column 'valid_acc' in .* has {size} bytes, the manifest says 18432"):
        open_table(directory)


def test_a_manifest_that_cannot_be_read_is_named(directory: Path) -> None:
    manifest = directory / "manifest.json"
    for content, message in (
        (b"", "is not JSON"),
        (b"\xff\xfe", "cannot be read"),
        (manifest.read_bytes()[:-100], "is not JSON"),
        (manifest.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2'), "schema version 2"),
        (b" " * (1 << 20) + manifest.read_bytes(), "more than 1,048,576 bytes"),
    ):
        manifest.write_bytes(content)
        with pytest.raises(TableError, match=message) as refusal:
            open_table(directory)
        assert str(directory) in str(refusal.value)
    manifest.unlink()
    manifest.mkdir()
    with pytest.raises(TableError, match=r"cannot be read: .*Is a directory"):
        open_table(directory)


def rewrite_manifest(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = directory / "manifest.json"
    payload = json.loads(manifest.read_text())
    change(payload)
    manifest.write_text(json.dumps({**payload, "crc32": manifest_crc32(payload)}))


@pytest.mark.parametrize("name", ["../secret.bin", "/etc/passwd", "..", "", "sub/valid_acc.bin"])
def test_a_manifest_cannot_name_files_outside_its_table(directory: Path, name: str) -> None:
    (directory.parent / "secret.bin").write_bytes(b"\0" * 18432)
    rewrite_manifest(directory, lambda payload: payload["columns"]["valid_acc"].update(file=name))
    for opened in (open_table, verify_table):
        with pytest.raises(TableError, match="column 'valid_acc' names a file outside its table"):
            opened(directory)


def test_a_manifest_cannot_ask_for_an_absurd_amount(directory: Path) -> None:
    absurd = {"file": "x.bin", "dtype": "<f8", "shape": [2**40, 2**40], "n_bytes": 8 * 2**80, "sha256": "0" * 64}
    (directory / "x.bin").touch()
    rewrite_manifest(directory, lambda payload: payload["columns"].update(x=absurd))
    with pytest.raises(TableError, match=r"column 'x' in .* has 0 bytes, the manifest says 9671406556917033397649408"):
        open_table(directory)


# -- damage found by checksums


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("name", sorted(mini_columns()))
def test_one_flipped_bit_in_any_column_is_found_by_verify(directory: Path, name: str) -> None:
    verify_table(directory)
    path = directory / f"{name}.bin"
    flip(path, path.stat().st_size // 2)
    open_table(directory)  # cheap by design: sizes only
    with pytest.raises(TableError, match=rf"column '{name}' in .* is damaged: SHA-256 \w+…, recorded \w+…"):
        verify_table(directory)


@pytest.mark.parametrize("name", sorted(mini_columns()))
def test_a_column_that_is_not_the_recorded_one_never_answers(directory: Path, name: str) -> None:
    path = directory / f"{name}.bin"
    table = open_table(directory)
    path.write_bytes(np.full(path.stat().st_size // 8, np.nan).tobytes())
    for opened in (table, open_table(directory)):
        with pytest.raises(TableError, match=f"column '{name}' in .* is damaged"):
            opened.column(name)


def test_columns_that_were_swapped_never_answer(directory: Path) -> None:
    (directory / "valid_acc.bin").rename(directory / "x")
    (directory / "test_acc.bin").rename(directory / "valid_acc.bin")
    (directory / "x").rename(directory / "test_acc.bin")
    bench = Benchmark(open_table(directory))
    with pytest.raises(TableError, match=r"column 'valid_acc' in .* is damaged: its SHA-256"):
        bench.evaluate(Configuration("0|10|210", 0.1, 256))


def test_a_column_that_was_cut_after_opening_is_refused_before_it_is_mapped(directory: Path) -> None:
    """Reading what is mapped and no longer there would end the process."""
    table = open_table(directory)
    with (directory / "valid_acc.bin").open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(TableError, match=r"column 'valid_acc' in .* has not the \d+ bytes that are recorded"):
        table.column("valid_acc")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("published", "calls itself published and does not reproduce the public records"),
        ("embedded", "calls itself embedded and is not the one of this version"),
    ],
)
def test_a_kind_that_was_written_into_the_manifest_is_found_by_verify(directory: Path, kind: str, told: str) -> None:
    verify_table(directory)
    rewrite_manifest(directory, lambda payload: payload["provenance"].update(kind=kind))
    with pytest.raises(TableError, match=told):
        verify_table(directory)


def test_a_manifest_that_is_no_regular_file_is_not_waited_for(directory: Path) -> None:
    manifest = directory / "manifest.json"
    manifest.unlink()
    os.mkfifo(manifest)
    with pytest.raises(TableError, match="not a regular file"):
        open_table(directory)
    manifest.unlink()
    manifest.symlink_to("/dev/zero")
    with pytest.raises(TableError, match="not a regular file"):
        open_table(directory)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_table_and_its_files_are_for_the_same_users(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_table(tmp_path / "table", mini_columns(), mini_provenance())
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "table").iterdir()}
    assert (stat.S_IMODE((tmp_path / "table").stat().st_mode), modes) == (0o777 & ~umask, {0o666 & ~umask})


def test_checksums_that_were_changed_along_with_the_data_do_not_match_the_digest(directory: Path) -> None:
    flip(directory / "valid_acc.bin", 7)
    found = sha256_of_file(directory / "valid_acc.bin")
    rewrite_manifest(directory, lambda payload: payload["columns"]["valid_acc"].update(sha256=found))
    with pytest.raises(TableError, match="its digest does not match its checksums"):
        verify_table(directory)


def test_damaged_cell_classes_never_answer(directory: Path) -> None:
    """They decide on every number's row, and are small enough to check whenever they are read."""
    flip(directory / "class_of_cell.bin", 8 * 2000)
    benchmark = Benchmark(open_table(directory))
    with pytest.raises(TableError, match=r"column 'class_of_cell' in .* is damaged"):
        benchmark.evaluate(CONFIGURATION)


def test_classes_that_are_out_of_range_never_answer_even_with_the_right_checksum(directory: Path) -> None:
    for wrong in (-1, 2):
        classes = mini_columns()["class_of_cell"]
        classes[5] = wrong
        (directory / "class_of_cell.bin").write_bytes(classes.astype("<i8").tobytes())
        found = sha256_of_file(directory / "class_of_cell.bin")
        rewrite_manifest(
            directory, lambda payload, found=found: payload["columns"]["class_of_cell"].update(sha256=found)
        )
        with pytest.raises(TableError, match="class_of_cell"):
            Benchmark(open_table(directory)).evaluate(CONFIGURATION)


# -- a table that changes under an open one


def test_a_replaced_table_is_not_mixed_with_the_opened_one(directory: Path) -> None:
    opened = Benchmark(open_table(directory))
    before = opened.evaluate(CONFIGURATION)
    columns = mini_columns()
    columns["valid_acc"] += 1
    columns["test_acc"] += 1
    write_table(directory, columns, mini_provenance(), overwrite=True)
    assert opened.evaluate(CONFIGURATION) == before
    with pytest.raises(TableError, match="was replaced after it was opened; open it again"):
        opened.evaluate(CONFIGURATION, split="test")
    assert Benchmark(open_table(directory)).evaluate(CONFIGURATION).accuracy_pct == before.accuracy_pct + 1


def test_a_table_opened_by_a_relative_path_survives_a_change_of_directory(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory.parent)
    opened = Benchmark(open_table(Path("table")))
    monkeypatch.chdir("/")
    assert opened.evaluate(CONFIGURATION) == Benchmark(mini_table()).evaluate(CONFIGURATION)
    assert pickle.loads(pickle.dumps(opened)).evaluate(CONFIGURATION) == opened.evaluate(CONFIGURATION)


# -- other processes


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


def test_a_benchmark_pickles_as_its_directory_and_not_its_numbers(directory: Path) -> None:
    opened = Benchmark(open_table(directory))
    opened.evaluate(CONFIGURATION)
    pickled = pickle.dumps(opened)
    assert len(pickled) < 1000
    (directory.parent / "pickled").write_bytes(pickled)
    program = """
        import pickle
        print(pickle.loads(Path(sys.argv[1]).read_bytes()).evaluate(Configuration("0|10|210", 0.1, 256)))
    """
    assert finished(run(program, directory.parent / "pickled")) == f"{opened.evaluate(CONFIGURATION)}\n"
    columns = mini_columns()
    columns["valid_acc"] += 1
    write_table(directory, columns, mini_provenance(), overwrite=True)
    with pytest.raises(TableError, match="is not the one that was sent"):
        pickle.loads(pickled)


def test_a_benchmark_in_memory_pickles_with_its_numbers() -> None:
    benchmark = Benchmark(mini_table())
    copied = pickle.loads(pickle.dumps(benchmark))
    assert isinstance(copied.table, Table)
    assert copied.evaluate(CONFIGURATION) == benchmark.evaluate(CONFIGURATION)
    assert copied.provenance == benchmark.provenance
