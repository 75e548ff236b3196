"""Tables, opened: one file of raw numbers a column, memory-mapped, and a manifest; or columns in memory.

Opening reads the manifest and the sizes of the files; a column is mapped when it is first asked for, and the operating
system shares its pages between processes. It is then compared with the checksum that was recorded when the table was
written (:mod:`nhb2_plugins.table.writer`): what flipped, was swapped or was emptied never answers.
:func:`nhb2_plugins.table.verification.verify_table` does that for all columns. Not guarded: a file that is changed in
place while it is mapped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import TableError, TableNotFoundError, retold
from nhb2_plugins.files import read_regular
from nhb2_plugins.space import N_CELLCODES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import CLASS_OF_CELL, ColumnEntry, Manifest, Provenance

MANIFEST_FILE: Final = "manifest.json"
_MAX_MANIFEST_BYTES: Final = 1 << 20

Column = NDArray[Any]


@dataclass(frozen=True)
class Table:
    """A table's manifest and its columns (read-only arrays, mapped or computed on first use).

    Attributes:
        manifest: provenance, shapes and checksums.
        directory: where the columns are, or None for a table that lives in memory.
        computed: what makes a column of its name, or None where nothing is computed.
    """

    manifest: Manifest
    directory: Path | None = None
    computed: Callable[[str], Column] | None = field(default=None, repr=False, compare=False)
    _columns: dict[str, Column] = field(default_factory=dict, repr=False, compare=False)
    _stamp: tuple[int, int] | None = field(default=None, repr=False, compare=False)

    @property
    def provenance(self) -> Provenance:
        """Where the numbers come from."""
        return self.manifest.provenance

    def column(self, name: str) -> Column:
        """A column by its name (see :func:`nhb2_plugins.table.schema.column_shapes`).

        Raises:
            TableError: the file vanished, or the table was replaced, since it was opened; or the column is not the
                recorded one.
        """
        if name not in self._columns:
            self._columns[name] = self._made(name)
        return self._columns[name]

    def __getstate__(self) -> dict[str, object]:
        """Without columns that another process can compute."""
        return {**self.__dict__, "_columns": self._columns if self.computed is None else {}}

    def _made(self, name: str) -> Column:
        if name not in self.manifest.columns:
            raise TableError(f"the table has no column {name!r}; it has {', '.join(sorted(self.manifest.columns))}")
        entry, place = self.manifest.columns[name], self.directory or "memory"
        if self.directory is not None:
            column = _mapped(self.directory, name, entry)
            # Tables are replaced whole, so a manifest that is still the old one vouches for what was mapped before.
            if _stamp(self.directory) != self._stamp:
                raise TableError(f"the table in {self.directory} was replaced after it was opened; open it again")
        elif self.computed is not None:
            column = np.ascontiguousarray(self.computed(name), dtype=entry.dtype)
            column.flags.writeable = False
        else:
            raise TableError(f"the table has no column {name!r}; it has {', '.join(sorted(self._columns))}")
        # A few milliseconds, once: a number that nobody recorded must never answer.
        if sha256_of(column) != entry.sha256:
            raise TableError(f"column {name!r} in {place} is damaged: its SHA-256 is not the recorded one")
        if name == CLASS_OF_CELL and count_classes(column) != self.manifest.n_classes:
            raise TableError(f"column {name!r} in {place} is damaged: it does not have the recorded number of classes")
        return column


def _mapped(directory: Path, name: str, entry: ColumnEntry) -> Column:
    """A column's file as an array.

    Its size is looked at once more: what was cut since the table was opened would end the process (SIGBUS) when its
    numbers are read. A file that is cut while it is mapped still does; tables are to be replaced, not changed.
    """
    path = directory / entry.file
    with retold(TableError, f"column {name!r} in {directory} cannot be read", OSError, ValueError):
        if path.stat().st_size != entry.n_bytes:
            raise TableError(f"column {name!r} in {directory} has not the {entry.n_bytes} bytes that are recorded")
        mapped = np.memmap(path, dtype=entry.dtype, mode="r", shape=entry.shape)
    return mapped.view(np.ndarray)  # a plain array: indexing a memmap object costs ten times as much


def sha256_of(column: Column) -> str:
    """SHA-256 of a contiguous column's raw bytes, in hexadecimal."""
    import hashlib  # loads OpenSSL, which opening need not wait for

    return hashlib.sha256(column.data.cast("B")).hexdigest()


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
    # Not np.unique, here and below: it imports numpy.ma, which takes longer than opening a table and answering.
    if classes.min() != 0 or classes.max() >= N_CELLCODES or not np.bincount(classes.astype(np.intp)).all():
        numbers = set(classes.tolist())
        excerpt = f"{min(numbers)}..{max(numbers)}, {len(numbers)} different"
        raise TableError(f"column {CLASS_OF_CELL!r} does not number its classes 0..n-1: {excerpt}")
    return int(classes.max()) + 1


def first_index_of_rows(class_of_cell: Column) -> NDArray[np.intp]:
    """The smallest configuration index of each row of a table, from the column of its cells' classes."""
    first_cells = np.full(class_of_cell.max() + 1, N_CELLCODES, dtype=np.intp)
    np.minimum.at(first_cells, class_of_cell, np.arange(N_CELLCODES))
    return (first_cells[:, np.newaxis] * N_HYPERPARAMETERS + np.arange(N_HYPERPARAMETERS)).ravel()


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


def _read_manifest(directory: Path) -> str:
    path = directory / MANIFEST_FILE
    if not directory.is_dir():
        raise TableNotFoundError(f"there is no directory {directory}")
    try:
        return read_regular(path, max_bytes=_MAX_MANIFEST_BYTES).decode()
    except FileNotFoundError as error:
        raise TableNotFoundError(f"there is no table in {directory}: {MANIFEST_FILE} is missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
