"""Which table the drop-in answers from, and the raw dictionaries that the reference keeps.

A directory with the published pickles is imported once, into the user's data directory. The table's name is made of the
files' checksums, so that the same data are never imported twice and other data never mistaken for them; sizes and
modification times tell whether the files have to be read again to know that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import NoHomeError, TableError, TableNotFoundError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES
from nhb2_plugins.table.location import user_table_directory
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS
from nhb2_plugins.table.store import MANIFEST_FILE, Table, open_table

PICKLES: Final = ("bench12.pkl", "cellinfo.pkl", "avgaccs200.pkl")


def benchmark_for(data_dir: str | os.PathLike[str] | None, *, or_default: bool) -> Benchmark:
    """The benchmark that a data directory holds.

    Args:
        data_dir: a table's directory, or one with the three published pickles; None for the default table.
        or_default: whether a directory that holds neither is answered from the default table too.

    Raises:
        TableNotFoundError: the directory holds neither, or not all of the pickles.
        TableError: what it holds cannot be used.
    """
    if data_dir is None:
        return open_benchmark()
    directory = Path(data_dir)
    if (directory / MANIFEST_FILE).is_file():
        return Benchmark(open_table(directory))
    if any((directory / name).is_file() for name in PICKLES):
        return Benchmark(_imported(directory))
    if or_default:
        return open_benchmark()
    raise TableNotFoundError(
        f"{directory} holds neither a table nor the published data ({', '.join(PICKLES)}); without a directory the "
        "table that nhb2 knows of answers: NASHPOBench2API(None)"
    )


def imports_directory() -> Path:
    """Where tables are kept that were imported from directories of pickles."""
    return user_table_directory().parent / "drop-in"


def _imported(directory: Path) -> Table:
    try:
        place = imports_directory()
    except NoHomeError:
        return _import(directory, None)
    stamp = place / f"{_sha256(str(directory.resolve()).encode())[:16]}.json"
    files = _sizes_and_times(directory)
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, TableError):
        known = json.loads(stamp.read_text(encoding="utf-8"))
        if known["files"] == files:
            return open_table(place / known["table"])
    table = _import(directory, place)
    if table.directory is not None:
        with contextlib.suppress(OSError):  # without a stamp the files are read again next time, no more
            stamp.write_text(json.dumps({"files": files, "table": table.directory.name}), encoding="utf-8")
    return table


def _sizes_and_times(directory: Path) -> dict[str, list[int]]:
    try:
        states = {name: (directory / name).stat() for name in PICKLES}
    except OSError as error:
        raise TableNotFoundError(f"{directory} lacks {Path(error.filename).name}: {error.strerror}") from error
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}


def _import(directory: Path, place: Path | None) -> Table:
    """The table of the pickles: below a place, where there is one that takes it, or in memory."""
    # Needed once in a data directory's life; opening its table must stay quick.
    from nhb2_plugins.table.checksums import sha256_of_file
    from nhb2_plugins.table.reference.importer import provenance_of, read_published
    from nhb2_plugins.table.writer import table_in_memory, write_table

    target = None
    if place is not None:
        target = place / _sha256("".join(sha256_of_file(directory / file) for file in PICKLES).encode())[:16]
        with contextlib.suppress(TableError):
            return open_table(target)
    data = read_published(directory)
    provenance = provenance_of(data, directory.name)
    if target is not None:
        with contextlib.suppress(TableError):
            return write_table(target, data.columns, provenance, overwrite=True)
        with contextlib.suppress(TableError):
            return open_table(target)  # another process was quicker
    return table_in_memory(data.columns, provenance)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hashes_of(table: Table, data_dir: str | os.PathLike[str] | None) -> tuple[Any, ...]:
    """The hash of each class: as in ``cellinfo.pkl`` if the data directory holds it, else the class's first cellcode.

    A table keeps which cells share a class, not the name that the published data give it.
    """
    hashes: dict[int, Any] = {}
    codes: Mapping[str, Any] = _published_hashes(Path(data_dir)) if data_dir is not None else {}
    for cellcode, number in zip(CELLCODES, table.column(CLASS_OF_CELL).tolist(), strict=True):
        hashes.setdefault(number, codes.get(cellcode, cellcode))
    return tuple(hashes[number] for number in range(table.manifest.n_classes))


def _published_hashes(directory: Path) -> dict[str, Any]:
    from nhb2_plugins.table.unpickle.reader import unpickle

    path = directory / "cellinfo.pkl"
    if not path.is_file():
        return {}
    return dict(dict(unpickle(path.read_bytes(), path.name).items())["hash"].items())


class RawColumns(Mapping[str, dict[Any, Any]]):
    """The columns of ``bench12.pkl`` or ``avgaccs200.pkl``, each made when it is asked for."""

    def __init__(self, columns: Mapping[str, Any], keys: tuple[tuple[Any, ...], ...]) -> None:
        """Values in the order of the keys: arrays, or the number of a key's part."""
        self._columns = columns
        self._keys = keys
        self._made: dict[str, dict[Any, Any]] = {}

    def __getitem__(self, name: str) -> dict[Any, Any]:
        if name not in self._made:
            column = self._columns[name]
            values = [key[column] for key in self._keys] if isinstance(column, int) else column.ravel().tolist()
            self._made[name] = dict(zip(self._keys, values, strict=True))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def raw_bench12(table: Table, hashes: tuple[Any, ...]) -> RawColumns:
    """``bench12``: column name → (hash, lr, batch size, seed) → value."""
    columns: dict[str, Any] = {"lr": 1, "batch_size": 2, "seed": 3}
    for quantity, split, epoch in product(("acc", "time"), SPLITS, range(SCHEDULE_EPOCHS)):
        columns[f"{split}_{quantity}_{epoch}"] = table.column(f"{split}_{quantity}")[epoch]
    columns |= {name: table.column(name) for name in TOTALS}
    grid = product(table.provenance.seeds, hashes, LEARNING_RATES, BATCH_SIZES)
    return RawColumns(columns, tuple((code_hash, lr, batch, seed) for seed, code_hash, lr, batch in grid))


def raw_avgaccs200(table: Table, hashes: tuple[Any, ...]) -> RawColumns:
    """``avgaccs200``: ``avg_acc`` → (hash, lr, batch size) → expected test accuracy."""
    keys = tuple(product(hashes, LEARNING_RATES, BATCH_SIZES))
    return RawColumns({"avg_acc": table.column(EXPECTED_ACC_200)}, keys)


def raw_cellinfo(table: Table, hashes: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
    """``cellinfo``: ``hash`` → cellcode → hash."""
    classes = table.column(CLASS_OF_CELL).tolist()
    return {"hash": {cellcode: hashes[number] for cellcode, number in zip(CELLCODES, classes, strict=True)}}
