"""Tables on disk: one file of raw numbers a column, memory-mapped, and a manifest; written aside, then renamed.

Opening reads the manifest and the sizes of the files; a column is mapped when it is first asked for, and the operating
system shares its pages between processes. Checksums are recorded when a table is written and compared by
:func:`verify_table`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.space import N_CELLCODES
from nhb2_plugins.table.schema import (
    CLASS_OF_CELL,
    ColumnEntry,
    Manifest,
    Provenance,
    column_dtype,
    column_shapes,
)

MANIFEST_FILE: Final = "manifest.json"
_MAX_MANIFEST_BYTES: Final = 1 << 20

Column = NDArray[Any]


@dataclass(frozen=True)
class Table:
    """A table's manifest and its columns (read-only arrays, mapped on first use).

    Attributes:
        manifest: provenance, shapes and checksums.
        directory: where the columns are, or None for a table that lives in memory.
    """

    manifest: Manifest
    directory: Path | None = None
    _columns: dict[str, Column] = field(default_factory=dict, repr=False, compare=False)
    _stamp: tuple[int, int] | None = field(default=None, repr=False, compare=False)

    @property
    def provenance(self) -> Provenance:
        """Where the numbers come from."""
        return self.manifest.provenance

    def column(self, name: str) -> Column:
        """A column by its name (see :func:`nhb2_plugins.table.schema.column_shapes`).

        Raises:
            TableError: the file vanished, or the table was replaced, since it was opened; or the cells' classes, which
                decide on every number's place, are damaged.
        """
        if name not in self._columns:
            self._columns[name] = self._map(name)
        return self._columns[name]

    def _map(self, name: str) -> Column:
        if self.directory is None or name not in self.manifest.columns:
            raise TableError(f"the table has no column {name!r}; it has {', '.join(sorted(self.manifest.columns))}")
        entry = self.manifest.columns[name]
        try:
            mapped = np.memmap(self.directory / entry.file, dtype=entry.dtype, mode="r", shape=entry.shape)
        except (OSError, ValueError) as error:
            raise TableError(f"column {name!r} in {self.directory} cannot be read: {error}") from error
        # Tables are replaced whole, so a manifest that is still the old one vouches for what was mapped before.
        if _stamp(self.directory) != self._stamp:
            raise TableError(f"the table in {self.directory} was replaced after it was opened; open it again")
        if name == CLASS_OF_CELL:
            self._check_classes(mapped)
        return mapped.view(np.ndarray)  # a plain array: indexing a memmap object costs ten times as much

    def _check_classes(self, classes: Column) -> None:
        found = hashlib.sha256(classes.tobytes()).hexdigest()
        if found != self.manifest.columns[CLASS_OF_CELL].sha256 or count_classes(classes) != self.manifest.n_classes:
            raise TableError(f"column {CLASS_OF_CELL!r} in {self.directory} is damaged")


def count_classes(class_of_cell: Column) -> int:
    """Number of classes of the cells.

    Raises:
        TableError: not one integer a cellcode, or classes that are not numbered 0, 1, … without a gap.
    """
    classes = np.asarray(class_of_cell)
    if classes.shape != (N_CELLCODES,) or not np.issubdtype(classes.dtype, np.integer):
        raise TableError(
            f"column {CLASS_OF_CELL!r} has shape {classes.shape} and dtype {classes.dtype}, "
            f"expected {(N_CELLCODES,)} and integers"
        )
    numbers = np.unique(classes)
    if not np.array_equal(numbers, np.arange(len(numbers))):
        raise TableError(f"column {CLASS_OF_CELL!r} does not number its classes 0..n-1: {_excerpt(numbers)}")
    return len(numbers)


def _excerpt(numbers: Column) -> str:
    return f"{numbers.min()}..{numbers.max()}, {len(numbers)} different"


def table_in_memory(columns: Mapping[str, Column], provenance: Provenance) -> Table:
    """A table that is not on disk; arguments as :func:`write_table`.

    Columns that have the right dtype already are taken over, not copied, and made read-only.

    Raises:
        TableError: a column is missing, has a wrong shape, or holds a value that is not finite.
    """
    arrays = _checked_columns(columns, n_seeds=len(provenance.seeds))
    entries = {name: _entry(name, array) for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    return Table(_manifest(entries, arrays, provenance), None, arrays)


def write_table(
    directory: Path, columns: Mapping[str, Column], provenance: Provenance, *, overwrite: bool = False
) -> Table:
    """Write a table so that it is there whole or not at all, and open it.

    Args:
        directory: where to; must not exist, or be empty, unless ``overwrite``.
        columns: arrays by name, as :func:`nhb2_plugins.table.schema.column_shapes` says.
        provenance: where the numbers come from; its digest is computed here.
        overwrite: replace a table that is there.

    Raises:
        TableError: a wrong column, a directory in use, or a disk that refuses (full, read-only); nothing is left.
    """
    directory = Path(directory).resolve()
    arrays = _checked_columns(columns, n_seeds=len(provenance.seeds))
    if not overwrite:
        _refuse_occupied(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        raise TableError(f"cannot write a table to {directory}: {error}") from error
    try:
        entries = {name: _entry(name, array) for name, array in arrays.items()}
        for name, array in arrays.items():
            _write_durably(aside / entries[name].file, _bytes(array))
        _write_durably(aside / MANIFEST_FILE, _manifest(entries, arrays, provenance).to_json().encode())
        aside.chmod(0o755)  # mkdtemp makes it private, a table is for every user of the machine
        _move_into_place(aside, directory, overwrite=overwrite)
    except OSError as error:
        raise TableError(f"cannot write a table to {directory}: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return open_table(directory)


def open_table(directory: Path) -> Table:
    """Open a table's directory; reads the manifest and the files' sizes, nothing else.

    Raises:
        TableNotFoundError: no such directory, or no manifest in it.
        TableError: a manifest that is damaged or newer, or a column whose size is not the recorded one.
    """
    directory = Path(directory).absolute()  # columns are mapped later, when the working directory may be another
    stamp = _stamp(directory)
    try:
        manifest = Manifest.from_json(_read_manifest(directory))
    except TableNotFoundError:
        raise
    except TableError as error:
        raise TableError(f"{directory}: {error}") from error
    for name, entry in manifest.columns.items():
        try:
            size = (directory / entry.file).stat().st_size
        except OSError as error:
            raise TableError(f"column {name!r} is missing from {directory}: {error.strerror}") from error
        if size != entry.n_bytes:
            raise TableError(f"column {name!r} in {directory} has {size} bytes, the manifest says {entry.n_bytes}")
    return Table(manifest, directory, _stamp=stamp)


def _stamp(directory: Path) -> tuple[int, int] | None:
    """What tells one table's manifest from another's in its place."""
    try:
        status = (directory / MANIFEST_FILE).stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns


def verify_table(directory: Path) -> Table:
    """Open a table and compare every byte with the recorded checksums.

    Raises:
        TableError: as :func:`open_table`, or a column whose checksum differs.
    """
    table = open_table(directory)
    for name, entry in table.manifest.columns.items():
        try:
            found = sha256_of_file(Path(directory) / entry.file)
        except OSError as error:
            raise TableError(f"column {name!r} in {directory} cannot be read: {error}") from error
        if found != entry.sha256:
            raise TableError(
                f"column {name!r} in {directory} is damaged: SHA-256 {found[:16]}…, recorded {entry.sha256[:16]}…"
            )
    if _digest(table.manifest.columns) != table.provenance.digest:
        raise TableError(f"the manifest in {directory} is damaged: its digest does not match its checksums")
    return table


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(directory: Path) -> str:
    path = directory / MANIFEST_FILE
    if not directory.is_dir():
        raise TableNotFoundError(f"there is no directory {directory}")
    try:
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise TableError(f"{path} is too large for a manifest")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TableNotFoundError(f"there is no table in {directory}: {MANIFEST_FILE} is missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error


def _checked_columns(columns: Mapping[str, Column], *, n_seeds: int) -> dict[str, Column]:
    if CLASS_OF_CELL not in columns:
        raise TableError(f"column {CLASS_OF_CELL!r} is missing")
    n_classes = count_classes(columns[CLASS_OF_CELL])
    checked = {}
    for name, shape in column_shapes(n_seeds, n_classes).items():
        if name not in columns:
            raise TableError(f"column {name!r} is missing")
        try:
            array = np.ascontiguousarray(columns[name], dtype=column_dtype(name))
        except (TypeError, ValueError) as error:
            raise TableError(f"column {name!r} does not hold numbers: {error}") from error
        if array.shape != shape:
            raise TableError(f"column {name!r} has shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise TableError(f"column {name!r} holds a value that is not finite")
        checked[name] = array
    return checked


def _bytes(array: Column) -> memoryview:
    return array.data.cast("B")


def _entry(name: str, array: Column) -> ColumnEntry:
    sha256 = hashlib.sha256(_bytes(array)).hexdigest()
    return ColumnEntry(f"{name}.bin", column_dtype(name), array.shape, array.nbytes, sha256)


def _write_durably(path: Path, data: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _digest(entries: Mapping[str, ColumnEntry]) -> str:
    lines = (f"{name} {entry.sha256}\n" for name, entry in sorted(entries.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _manifest(entries: Mapping[str, ColumnEntry], arrays: Mapping[str, Column], provenance: Provenance) -> Manifest:
    n_classes = count_classes(arrays[CLASS_OF_CELL])
    return Manifest(replace(provenance, digest=_digest(entries)), n_classes, entries)


def _refuse_occupied(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TableError(f"{directory} already exists and is not empty; name another directory or overwrite it")


def _move_into_place(aside: Path, directory: Path, *, overwrite: bool) -> None:
    if overwrite and directory.exists():
        if not (directory / MANIFEST_FILE).exists():
            _refuse_occupied(directory)  # overwriting replaces a table, never somebody's other files
        else:
            _replace_table(aside, directory)
            return
    with contextlib.suppress(FileNotFoundError):
        directory.rmdir()  # an empty directory; a filled one fails here, or in the rename if filled just now
    aside.rename(directory)


def _replace_table(aside: Path, directory: Path) -> None:
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-old-", dir=directory.parent))
    moved = old / directory.name
    try:
        directory.rename(moved)
        aside.rename(directory)
    except OSError:
        with contextlib.suppress(OSError):  # another writer's table may have taken the place: then that one stays
            moved.rename(directory)
        raise
    finally:
        if directory.exists() or not moved.exists():  # the only copy of a table is never removed
            shutil.rmtree(old, ignore_errors=True)
