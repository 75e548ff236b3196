"""A table as files that other tools read (DuckDB, Polars, R, a spreadsheet): Parquet, or CSV.

Numbers keep every bit in both formats. Where a table came from travels along: in the metadata of Parquet files, under
:data:`PROVENANCE_KEY`, and as a JSON file beside CSV.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.errors import InvalidValueError, TableError, TableExistsError
from nhb2_plugins.extras import missing_extra
from nhb2_plugins.files import file_aside
from nhb2_plugins.table.frame import classes_to_frame, table_to_frame
from nhb2_plugins.table.store import Table

try:
    import pyarrow as pa
    from pyarrow import csv, parquet
except ImportError as error:
    raise missing_extra("exports need pyarrow", "frames", error) from error

FORMATS: Final = (".parquet", ".csv")
PROVENANCE_KEY: Final = "nhb2_plugins.provenance"
"""Key of a Parquet file's metadata; its value is the table's provenance as JSON."""

_Write = Callable[[Path], None]


def export_table(table: Table, path: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write a whole table to a file, and which cells share its numbers to a second one.

    Args:
        table: an open table.
        path: where to, ``X.parquet`` or ``X.csv``: one row per class, learning rate, batch size and seed, with the
            columns of ``Benchmark.to_frame``. Beside it come ``X.classes.parquet`` or ``X.classes.csv``, with the
            columns of ``Benchmark.classes_to_frame``, and for CSV ``X.provenance.json``.
        overwrite: replace files that are there.

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
    writers = _writers(table, target)
    if not overwrite and (present := [each for each in writers if each.exists()]):
        raise TableExistsError(f"{present[0]} already exists; name another file or overwrite it")
    try:
        _write_aside(writers)
    except OSError as error:
        raise TableError(f"cannot export to {target}: {error}") from error
    return tuple(writers)


def _writers(table: Table, target: Path) -> dict[Path, _Write]:
    provenance = json.dumps(table.provenance.to_dict(), sort_keys=True)

    def writer(make_frame: Callable[[Table], Any]) -> _Write:
        write = _write_parquet if target.suffix == ".parquet" else _write_csv

        def write_frame(path: Path) -> None:
            content = pa.Table.from_pandas(make_frame(table), preserve_index=False)
            metadata = {**(content.schema.metadata or {}), PROVENANCE_KEY: provenance}
            write(content.replace_schema_metadata(metadata), path)

        return write_frame

    writers = {
        target: writer(table_to_frame),
        target.with_suffix(f".classes{target.suffix}"): writer(classes_to_frame),
    }
    if target.suffix == ".csv":
        writers[target.with_suffix(".provenance.json")] = lambda path: _write_text(path, provenance)
    return writers


def _write_parquet(content: pa.Table, path: Path) -> None:
    parquet.write_table(content, path, compression="zstd")


def _write_csv(content: pa.Table, path: Path) -> None:
    csv.write_csv(content, path)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")


def _write_aside(writers: dict[Path, _Write]) -> None:
    """Write every file beside its place, and only then put them there."""
    with ExitStack() as renaming:  # in reverse, so that the file that was asked for comes last
        asides = [(renaming.enter_context(file_aside(path)), write) for path, write in writers.items()]
        for aside, write in asides:
            write(aside)
