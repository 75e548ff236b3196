"""Tables on disk: never a wrong number without a word. Faults are real ones: flipped bytes, files cut and swapped."""

from __future__ import annotations

import json
import os
import pickle
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
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance, mini_table
from tests.table.programs import finished, leftovers, run

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = Configuration("0|10|210", 0.1, 256)


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
