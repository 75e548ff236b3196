"""The table in use, and the directories that tables live in."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.doctor import Check, Status
from nhb2_plugins.errors import NoHomeError, TableError
from nhb2_plugins.table.aside import leftovers
from nhb2_plugins.table.location import DATA_VARIABLE, cache_directory, user_table_directory
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.verification import check_table

_TABLE_BYTES: Final = 100_000_000
"""Rounded up: 1,011 classes and three seeds take 88 MB."""


def check_data(table: str | None = None, *, full: bool = False) -> list[Check]:
    """Check the table in use and the directories.

    Args:
        table: its directory, or None for the one that :func:`nhb2_plugins.benchmark.open_benchmark` finds.
        full: compare every byte with its checksum, not only the sizes.
    """
    return [*_check_table(table, full=full), *_check_directories()]


def _check_directories() -> list[Check]:
    try:
        imported, cache = user_table_directory(), cache_directory()
    except NoHomeError as error:
        return [Check("directories", "warning", f"{error}; nhb2 data import needs --to, and nhb2 data fetch a cache")]
    return [
        _check_directory("data directory", imported.parent, "problem", "import tables elsewhere by --to"),
        _check_directory("cache", cache, "warning", "nhb2 data fetch has no place for its downloads"),
        *_check_leftovers(imported),
    ]


def _check_table(directory: str | None, *, full: bool) -> list[Check]:
    try:
        table = open_benchmark(directory).table
    except TableError as error:
        return [Check("table", "problem", str(error))]
    provenance = table.provenance
    note = f"; {provenance.note}" if provenance.note else ""
    place = "in memory" if table.directory is None else f"in {table.directory}"
    chosen = "named" if directory is not None else _why(table)
    checks = [Check("table", "ok", f"{provenance.label} {place} ({chosen}){note}")]
    return [*checks, _check_bytes(table, full=full)]


def _why(table: Table) -> str:
    if os.environ.get(DATA_VARIABLE):
        return f"named by ${DATA_VARIABLE}"
    return "the embedded one, since none is imported" if table.provenance.kind == "embedded" else "imported"


def _check_bytes(table: Table, *, full: bool) -> Check:
    n_columns = len(table.manifest.columns)
    if not full:
        known = "of the recorded size" if table.directory is not None else "in memory"
        return Check("checksums", "ok", f"{n_columns} columns {known}; --full compares every byte")
    try:
        check_table(table)
    except TableError as error:
        return Check("checksums", "problem", str(error))
    return Check("checksums", "ok", f"every byte of {n_columns} columns")


def _check_directory(name: str, directory: Path, closed: Status, consequence: str) -> Check:
    """Whether files can be made there, or in the nearest directory above that exists."""
    existing = next((path for path in (directory, *directory.parents) if path.exists()), directory)
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        text = f"{directory} cannot be written ({error.strerror}): {consequence}"
        return Check(name, closed, text)
    if free < _TABLE_BYTES:
        return Check(
            name, "warning", f"{directory} has {free / 1e6:.0f} MB left, a table takes {_TABLE_BYTES / 1e6:.0f}"
        )
    return Check(name, "ok", f"{directory}, {free / 1e9:.1f} GB left")


def _check_leftovers(table: Path) -> list[Check]:
    """What killed imports left; the next import clears it."""
    left = leftovers(table)
    if not left:
        return []
    names = ", ".join(path.name for path in left)
    return [Check("leftovers", "warning", f"a killed import left {names} in {table.parent}; the next import clears it")]
