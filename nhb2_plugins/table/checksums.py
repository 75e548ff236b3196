"""Checksums of tables, over the raw bytes of their columns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from nhb2_plugins.errors import TableError
from nhb2_plugins.table.schema import ColumnEntry
from nhb2_plugins.table.store import Table, open_table, sha256_of


def verify_table(directory: Path) -> Table:
    """Open a table and compare every byte with the recorded checksums.

    Raises:
        TableError: as :func:`open_table`, or as :func:`check_table`.
    """
    table = open_table(directory)
    check_table(table)
    return table


def check_table(table: Table) -> None:
    """Compare every byte of an open table with the recorded checksums.

    Raises:
        TableError: a column whose checksum differs, or a digest that is not that of the checksums.
    """
    place = table.directory or "memory"
    for name, entry in table.manifest.columns.items():
        try:
            found = (
                sha256_of(table.column(name))
                if table.directory is None
                else sha256_of_file(table.directory / entry.file)
            )
        except OSError as error:
            raise TableError(f"column {name!r} in {place} cannot be read: {error}") from error
        if found != entry.sha256:
            raise TableError(
                f"column {name!r} in {place} is damaged: SHA-256 {found[:16]}…, recorded {entry.sha256[:16]}…"
            )
    if digest_of_columns(table.manifest.columns) != table.provenance.digest:
        raise TableError(f"the manifest in {place} is damaged: its digest does not match its checksums")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_columns(entries: Mapping[str, ColumnEntry]) -> str:
    """The identity of a table's numbers: SHA-256 over the columns' names and checksums, in hexadecimal."""
    lines = (f"{name} {entry.sha256}\n" for name, entry in sorted(entries.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
