"""A table as files that other tools read (DuckDB, Polars, R, a spreadsheet): Parquet, or CSV.

Numbers keep every bit in both formats. Where a table came from travels along: in the metadata of Parquet files, under
:data:`PROVENANCE_KEY`, and as a JSON file beside CSV. What the files hold is said in Croissant metadata beside them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nhb2_plugins.errors import InvalidValueError, TableError, TableExistsError, retold
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import file_aside
from nhb2_plugins.table.checksums import sha256_of_file
from nhb2_plugins.table.croissant import DescribedFile, croissant
from nhb2_plugins.table.frame import classes_to_frame, table_to_frame
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table

with needs_extra("exports need pyarrow", "frames"):
    import pyarrow as pa
    from pyarrow import csv, parquet

if TYPE_CHECKING:
    import pandas

FORMATS: Final = (".parquet", ".csv")
PROVENANCE_KEY: Final = "nhb2_plugins.provenance"
"""Key of a Parquet file's metadata; its value is the table's provenance as JSON."""

_MEDIA_TYPES: Final = {
    ".parquet": "application/x-parquet",
    ".csv": "text/csv",
    ".json": "application/json",
}
_Columns = dict[str, str]
"""Croissant's data type of each column."""
_Write = Callable[[Path], _Columns]


def export_table(
    table: Table,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    make_frame: Callable[[Table], pandas.DataFrame] = table_to_frame,
) -> tuple[Path, ...]:
    """Write a whole table to a file, and which cells share its numbers to a second one.

    Args:
        table: an open table.
        path: where to, ``X.parquet`` or ``X.csv``: one row per class, learning rate, batch size and seed, with the
            columns of ``Benchmark.to_frame``. Beside it come ``X.classes.parquet`` or ``X.classes.csv``, with the
            columns of ``Benchmark.classes_to_frame``, for CSV ``X.provenance.json``, and Croissant metadata of all,
            ``X.croissant.json``.
        overwrite: replace files that are there.
        make_frame: another frame than ``Benchmark.to_frame``'s.

    Returns:
        The files written, the one asked for first.

    Raises:
        InvalidValueError: the name ends in neither ``.parquet`` nor ``.csv``, or there is no such directory.
        TableExistsError: a file is there already.
        TableError: the disk refuses (full, read-only); nothing is left then.
    """
    target = Path(path)
    if target.suffix not in FORMATS:
        raise InvalidValueError(f"{str(target)!r} ends in {target.suffix!r}, expected {' or '.join(FORMATS)}")
    if not target.parent.is_dir():
        raise InvalidValueError(f"there is no directory {target.parent} to export {target.name} to")
    writers = _writers(table, target, make_frame)
    metadata = target.with_suffix(".croissant.json")
    files = (*writers, metadata)
    if not overwrite and (present := [each for each in files if each.exists()]):
        raise TableExistsError(f"{present[0]} already exists; name another file or overwrite it")
    with retold(TableError, f"cannot export to {target}"):
        _write_aside(writers, metadata, table.provenance)
    return files


def _writers(table: Table, target: Path, make_frame: Callable[[Table], pandas.DataFrame]) -> dict[Path, _Write]:
    provenance = json.dumps(table.provenance.to_dict(), sort_keys=True)

    def writer(make: Callable[[Table], Any]) -> _Write:
        write = partial(parquet.write_table, compression="zstd") if target.suffix == ".parquet" else csv.write_csv

        def write_frame(path: Path) -> _Columns:
            content = pa.Table.from_pandas(make(table), preserve_index=False)
            metadata = {**(content.schema.metadata or {}), PROVENANCE_KEY: provenance}
            write(content.replace_schema_metadata(metadata), path)
            return {field.name: _data_type(field.type) for field in content.schema}

        return write_frame

    writers = {
        target: writer(make_frame),
        target.with_suffix(f".classes{target.suffix}"): writer(classes_to_frame),
    }
    if target.suffix == ".csv":
        writers[target.with_suffix(".provenance.json")] = lambda path: _write_text(path, provenance)
    return writers


def _write_text(path: Path, text: str) -> _Columns:
    path.write_text(text + "\n", encoding="utf-8")
    return {}


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:Integer" if pa.types.is_integer(kind) else "sc:Text"


def _write_aside(writers: dict[Path, _Write], metadata: Path, provenance: Provenance) -> None:
    """Write every file beside its place, and only then put them there."""
    with ExitStack() as renaming:  # in reverse, so that the file that was asked for comes last
        asides = {path: renaming.enter_context(file_aside(path)) for path in (*writers, metadata)}
        files = {}
        for label, (path, write) in zip(("table", "classes", "provenance"), writers.items(), strict=False):
            columns = write(asides[path])
            size, sha256 = asides[path].stat().st_size, sha256_of_file(asides[path])
            files[label] = DescribedFile(path.name, _MEDIA_TYPES[path.suffix], size, sha256, columns)
        name = metadata.name.removesuffix(".croissant.json")
        _write_text(asides[metadata], json.dumps(croissant(provenance, name, files), indent=1))
