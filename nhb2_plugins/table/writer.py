"""Writing tables: checked, written aside, renamed into place.

Apart from :mod:`nhb2_plugins.table.store`, which opens them: what writing needs (temporary directories, hashes) costs
more to import than a table costs to open.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from nhb2_plugins.errors import TableError, TableExistsError, retold
from nhb2_plugins.table.aside import clear_leftovers, directory_aside, former_table
from nhb2_plugins.table.checksums import digest_of_columns
from nhb2_plugins.table.schema import (
    CLASS_OF_CELL,
    ColumnEntry,
    Manifest,
    Provenance,
    column_dtype,
    column_shapes,
)
from nhb2_plugins.table.store import MANIFEST_FILE, Column, Table, count_classes, open_table, sha256_of


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
    return Table(_manifest(entries, arrays, provenance), _columns=arrays)


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
        TableExistsError: the directory is in use.
        TableError: a wrong column, or a disk that refuses (full, read-only); nothing is left.
    """
    directory = Path(directory).resolve()
    arrays = _checked_columns(columns, n_seeds=len(provenance.seeds))
    with retold(TableError, f"cannot write a table to {directory}"):
        directory.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(directory)
        refuse_occupied(directory, overwrite=overwrite)
        with directory_aside(directory, "new") as aside:
            _write_columns(aside, arrays, provenance)
            _move_into_place(aside, directory, overwrite=overwrite)
    return open_table(directory)


def _write_columns(aside: Path, arrays: Mapping[str, Column], provenance: Provenance) -> None:
    entries = {name: _entry(name, array) for name, array in arrays.items()}
    for name, array in arrays.items():
        _write_durably(aside / entries[name].file, array.data.cast("B"))
    _write_durably(aside / MANIFEST_FILE, _manifest(entries, arrays, provenance).to_json().encode())


def _checked_columns(columns: Mapping[str, Column], *, n_seeds: int) -> dict[str, Column]:
    if CLASS_OF_CELL not in columns:
        raise TableError(f"column {CLASS_OF_CELL!r} is missing")
    n_classes = count_classes(columns[CLASS_OF_CELL])
    checked = {}
    for name, shape in column_shapes(n_seeds, n_classes).items():
        if name not in columns:
            raise TableError(f"column {name!r} is missing")
        with retold(TableError, f"column {name!r} does not hold numbers", TypeError, ValueError):
            array = np.ascontiguousarray(columns[name], dtype=column_dtype(name))
        if array.shape != shape:
            raise TableError(f"column {name!r} has shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all():
            raise TableError(f"column {name!r} holds a value that is not finite")
        checked[name] = array
    return checked


def _entry(name: str, array: Column) -> ColumnEntry:
    return ColumnEntry(f"{name}.bin", column_dtype(name), array.shape, array.nbytes, sha256_of(array))


def _write_durably(path: Path, data: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _manifest(entries: Mapping[str, ColumnEntry], arrays: Mapping[str, Column], provenance: Provenance) -> Manifest:
    n_classes = count_classes(arrays[CLASS_OF_CELL])
    return Manifest(replace(provenance, digest=digest_of_columns(entries)), n_classes, entries)


def refuse_occupied(directory: Path, *, overwrite: bool) -> None:
    """Refuse a directory that :func:`write_table` would not write to: overwriting replaces a table, no other files.

    Raises:
        TableExistsError: it holds something, and is no table that may be overwritten.
        OSError: it cannot be looked into.
    """
    is_table = (directory / MANIFEST_FILE).exists()
    if overwrite and is_table:
        return
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        remedy = "name another directory or overwrite it" if is_table else "name another directory"
        raise TableExistsError(f"{directory} already exists and is not empty; {remedy}")


def _move_into_place(aside: Path, directory: Path, *, overwrite: bool) -> None:
    if overwrite and (directory / MANIFEST_FILE).exists():
        _replace_table(aside, directory)
        return
    with contextlib.suppress(FileNotFoundError):
        directory.rmdir()  # an empty directory; a filled one fails here, or in the rename if filled just now
    aside.rename(directory)


def _replace_table(aside: Path, directory: Path) -> None:
    with directory_aside(directory, "former") as former:
        directory.rename(former_table(former, directory))
        aside.rename(directory)  # where another writer was quicker, this fails, and that one's table stays
