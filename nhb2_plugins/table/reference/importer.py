"""From the published pickles to the columns of a table.

Quirks of the published data:

- ``bench12.pkl`` is a dictionary of columns, a column one keyed by ``(hash, lr, batch size, seed)``; column ``…_e``
  holds the value after, or the seconds of, epoch e + 1. Keys may come in any order, and each column in its own.
- ``cellinfo.pkl`` says which hash a cellcode has. Isomorphic cells share one; that partition is taken as it is.
- ``avgaccs200.pkl`` has no seed, since its values are expectations.
- There may be more columns (the published file has losses); they are skipped.
- Seeds are whatever the data hold: they are read, not assumed.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.reference.keys import KeyedColumn, KeyGrid, KeyReader
from nhb2_plugins.table.reference.public_records import PublicRecords, shipped_records
from nhb2_plugins.table.reference.sources import AVGACCS200, BENCH12, CELLINFO, read_sources
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS, Provenance, column_shapes
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.unpickle.reader import unpickle
from nhb2_plugins.table.unpickle.values import Pairs, shown
from nhb2_plugins.table.writer import write_table

Columns = Mapping[str, NDArray[Any]]

_KEY_COLUMNS: Final = {"lr": 1, "batch_size": 2, "seed": 3}
"""Columns that repeat a part of the key, and which."""


@dataclass(frozen=True)
class PublishedData:
    """What the published pickles say, checked.

    Attributes:
        columns: as :func:`nhb2_plugins.table.schema.column_shapes` says; values exactly as published (float64).
        seeds: ascending.
        n_classes: number of distinct hashes; class numbers follow the first cellcode of each, in index order.
        checksums: SHA-256 of each of the three files, by name.
    """

    columns: Columns
    seeds: tuple[int, ...]
    n_classes: int
    checksums: Mapping[str, str]

    @property
    def has_known_partition(self) -> bool:
        """Whether the hashes part the cellcodes as :func:`nhb2_plugins.cells.isomorphism_classes` does."""
        return bool(np.array_equal(self.columns[CLASS_OF_CELL], isomorphism_classes()))


def read_published(source: Path) -> PublishedData:
    """Read the three published pickles.

    Args:
        source: a directory, or a zip or tar archive (see :func:`nhb2_plugins.table.reference.sources.read_sources`).

    Raises:
        TableNotFoundError: the source, or one of its files, is missing.
        ImportRefusedError: a file is damaged, holds something else than plain data, or does not have the published
            form; the message names the file, and the column and key where there is one.
    """
    contents = read_sources(source)
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    class_of_cell, class_of_hash = _read_classes(_unpickled(contents.pop(CELLINFO), CELLINFO))
    expected = _read_expected(_unpickled(contents.pop(AVGACCS200), AVGACCS200), class_of_hash)
    seeds, columns = _read_bench(_unpickled(contents.pop(BENCH12), BENCH12), class_of_hash)
    columns |= {EXPECTED_ACC_200: expected, CLASS_OF_CELL: class_of_cell}
    return PublishedData(columns, seeds, len(class_of_hash), checksums)


def import_published(source: Path, to: Path, *, overwrite: bool = False, records: PublicRecords | None = None) -> Table:
    """Convert the published pickles into a table on disk.

    The table is of kind ``published`` if it reproduces the public records, otherwise ``imported``; its note says why.

    Args:
        source: as :func:`read_published`.
        to: the table's directory; must not exist, or be empty, unless ``overwrite``.
        overwrite: replace a table that is there.
        records: the public records to compare with; by default the ones that this package ships.

    Raises:
        TableNotFoundError: as :func:`read_published`.
        ImportRefusedError: as :func:`read_published`.
        TableError: the directory is in use or cannot be written; nothing is left behind.
    """
    source = Path(source)
    data = read_published(source)
    return write_table(Path(to), data.columns, provenance_of(data, source.name, records), overwrite=overwrite)


def provenance_of(data: PublishedData, source: str, records: PublicRecords | None = None) -> Provenance:
    """Where imported data come from, and whether they are the published ones."""
    known = shipped_records() if records is None else records
    is_published = known.are_reproduced_by(data.columns)
    return Provenance(
        kind="published" if is_published else "imported",
        source=f"the pickles of NAS-HPO-Bench-II (Hirose et al., ACML 2021) in {source!r}",
        created=datetime.now(UTC).date().isoformat(),
        seeds=data.seeds,
        note=" ".join(_notes(data, known, is_published=is_published)),
        checksums=dict(data.checksums),
    )


def _notes(data: PublishedData, records: PublicRecords, *, is_published: bool) -> Iterator[str]:
    n_records = len(records.indices)
    if is_published:
        yield f"Reproduces the {n_records} public records of the benchmark."
    else:
        yield (
            f"Not called published: with seed {data.seeds[0]} it does not reproduce the {n_records} public records "
            "of the benchmark (validation error and cost after 12 epochs)."
        )
    if not data.has_known_partition:
        yield f"Its {data.n_classes} hashes part the cellcodes otherwise than the known isomorphism classes."


def _unpickled(data: bytes, file: str) -> dict[str, Any]:
    """A file's columns by name."""
    content = unpickle(data, file)
    if not isinstance(content, Pairs):
        raise ImportRefusedError(f"{file}: holds {shown(content)} instead of a dictionary of columns")
    columns: dict[str, Any] = {}
    for name, column in content.items():
        if isinstance(name, str) and columns.setdefault(name, column) is not column:
            raise ImportRefusedError(f"{file}: column {shown(name)} is there twice")
    return columns


def _column(columns: Mapping[str, Any], name: str, file: str) -> Pairs:
    column = columns.get(name)
    if column is None:
        raise ImportRefusedError(f"{file}: column {name!r} is missing")
    if not isinstance(column, Pairs):
        raise ImportRefusedError(f"{file}: column {name!r} is {shown(column)} instead of a dictionary")
    return column


def _read_classes(columns: Mapping[str, Any]) -> tuple[NDArray[np.int64], dict[Any, int]]:
    """The class of each cellcode in index order, and of each hash."""
    hashes: dict[str, Any] = {}
    for cellcode, code_hash in _column(columns, "hash", CELLINFO).items():
        if cellcode in hashes:
            raise ImportRefusedError(f"{CELLINFO}: column 'hash' has the key {shown(cellcode)} twice")
        if isinstance(code_hash, bool) or not isinstance(code_hash, (str, int, bytes)):
            raise ImportRefusedError(
                f"{CELLINFO}: column 'hash', key {shown(cellcode)}: {shown(code_hash)} is not a string or an integer"
            )
        hashes[cellcode] = code_hash
    for cellcode in CELLCODES:
        if cellcode not in hashes:
            raise ImportRefusedError(f"{CELLINFO}: column 'hash' lacks the key {cellcode!r}")
    if odd := hashes.keys() - set(CELLCODES):
        raise ImportRefusedError(f"{CELLINFO}: column 'hash' has the key {shown(min(odd, key=str))}, not a cellcode")
    classes: dict[Any, int] = {}
    numbers = [classes.setdefault(hashes[cellcode], len(classes)) for cellcode in CELLCODES]
    return np.array(numbers, dtype=np.int64), classes


def _read_expected(columns: Mapping[str, Any], class_of_hash: Mapping[Any, int]) -> NDArray[np.float64]:
    column = _column(columns, "avg_acc", AVGACCS200)
    read = KeyReader(AVGACCS200, column.memo).read("avg_acc", column)
    grid = KeyGrid(AVGACCS200, (class_of_hash, _rank(LEARNING_RATES), _rank(BATCH_SIZES)))
    return _checked(grid.values(read), _ACCURACY, read, grid)


def _read_bench(
    columns: Mapping[str, Any], class_of_hash: Mapping[Any, int]
) -> tuple[tuple[int, ...], dict[str, NDArray[Any]]]:
    """Seeds, and the columns that have them."""
    seeds = _read_seeds(_column(columns, "seed", BENCH12), n_hashes=len(class_of_hash))
    for name, part in _KEY_COLUMNS.items():
        _check_key_column(name, part, _column(columns, name, BENCH12))
    # Seeds vary slowest here and rows fastest, as in a table's columns; in a key the seed comes last.
    grid = KeyGrid(
        BENCH12, (class_of_hash, _rank(LEARNING_RATES), _rank(BATCH_SIZES), _rank(seeds)), last_is_slowest=True
    )
    reader = KeyReader(BENCH12, _column(columns, "seed", BENCH12).memo)
    shapes = column_shapes(len(seeds), len(class_of_hash))
    arrays = {name: np.empty(shapes[name]) for name in (*_PER_EPOCH, *TOTALS)}
    for target, published in _targets(arrays):
        read = reader.read(published, _column(columns, published, BENCH12))
        values = grid.values(read)
        allowed = _ACCURACY if "_acc_" in published else _SECONDS
        target[...] = _checked(values, allowed, read, grid).reshape(target.shape)
    return seeds, dict(arrays)


_PER_EPOCH: Final = tuple(f"{split}_{quantity}" for quantity, split in product(("acc", "time"), SPLITS))


def _targets(arrays: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[NDArray[np.float64], str]]:
    """Where the values of each published column go, and its name."""
    for name, epoch in product(_PER_EPOCH, range(SCHEDULE_EPOCHS)):
        yield arrays[name][epoch], f"{name}_{epoch}"
    for name in TOTALS:
        yield arrays[name], name


def _rank(values: tuple[Any, ...]) -> dict[Any, int]:
    return {value: rank for rank, value in enumerate(values)}


def _read_seeds(column: Pairs, n_hashes: int) -> tuple[int, ...]:
    seeds = set()
    for key, seed in column.items():
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ImportRefusedError(f"{BENCH12}: column 'seed', key {shown(key)}: {shown(seed)} is not an integer")
        seeds.add(seed)
    n_keys = len(seeds) * n_hashes * N_HYPERPARAMETERS
    if (
        not seeds or n_keys > 2 * column.n_pairs
    ):  # far off the mark: no key of the many that are missing is worth a name
        raise ImportRefusedError(
            f"{BENCH12}: column 'seed' has {column.n_pairs} keys; "
            f"{len(seeds)} seeds, {n_hashes} hashes and {N_HYPERPARAMETERS} hyperparameter pairs make {n_keys}"
        )
    return tuple(sorted(seeds))


def _check_key_column(name: str, part: int, column: Pairs) -> None:
    for key, value in column.items():
        if not isinstance(key, tuple) or len(key) <= part or isinstance(value, bool) or value != key[part]:
            raise ImportRefusedError(
                f"{BENCH12}: column {name!r}, key {shown(key)}: {shown(value)} is not that part of its key"
            )


_ACCURACY: Final = (100.0, "an accuracy in 0..100 %")
_SECONDS: Final = (sys.float_info.max, "a finite number of seconds, 0 or more")


def _checked(
    values: NDArray[np.float64], allowed: tuple[float, str], column: KeyedColumn, grid: KeyGrid
) -> NDArray[np.float64]:
    most, what = allowed
    is_valid = (values >= 0) & (values <= most)
    if not is_valid.all():
        position = int(np.argmin(is_valid))
        key, value = shown(grid.key_at(position)), float(values[position])
        raise ImportRefusedError(f"{grid.file}: column {column.name!r}, key {key}: {value!r} is not {what}")
    return values
