"""Whether a table is what its manifest says: every byte, and what it calls itself."""

from __future__ import annotations

from pathlib import Path

from nhb2_plugins.errors import TableError, retold
from nhb2_plugins.table.checksums import digest_of_columns, sha256_of_file
from nhb2_plugins.table.embedded import embedded_draws, open_embedded
from nhb2_plugins.table.reference.public_records import shipped_records
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table, open_table, sha256_of


def verify_table(directory: Path) -> Table:
    """Open a table and compare every byte with the recorded checksums.

    Raises:
        TableError: as :func:`nhb2_plugins.table.store.open_table`, or as :func:`check_table`.
    """
    table = open_table(directory)
    check_table(table)
    return table


def check_table(table: Table) -> None:
    """Compare every byte of an open table with the recorded checksums, and its kind with what the kind promises.

    Raises:
        TableError: a column whose checksum differs, a digest that is not that of the checksums, or a table that is not
            of the kind that it says.
    """
    place = table.directory or "memory"
    for name, entry in table.manifest.columns.items():
        with retold(TableError, f"column {name!r} in {place} cannot be read"):
            if table.directory is None:
                found = sha256_of(table.column(name))
            else:
                found = sha256_of_file(table.directory / entry.file)
        if found != entry.sha256:
            raise TableError(
                f"column {name!r} in {place} is damaged: SHA-256 {found[:16]}…, recorded {entry.sha256[:16]}…"
            )
    if digest_of_columns(table.manifest.columns) != table.provenance.digest:
        raise TableError(f"the manifest in {place} is damaged: its digest does not match its checksums")
    _check_kind(table)


def _check_kind(table: Table) -> None:
    """A kind is a claim that anybody can write into a manifest: what can be computed again is."""
    kind, place = table.provenance.kind, table.directory or "memory"
    if kind == "published":
        names = ("class_of_cell", "valid_acc", "total_trainval_time")
        if not shipped_records().are_reproduced_by({name: table.column(name) for name in names}):
            raise TableError(f"the table in {place} calls itself published and does not reproduce the public records")
    if kind == "embedded" and not _is_shipped(table.provenance):
        raise TableError(f"the table in {place} calls itself embedded and is not the one of this version")


def _is_shipped(provenance: Provenance) -> bool:
    """Whether it is that of the embedded table, or of the draw that it names."""
    draw = provenance.draw
    if draw is None:
        return provenance.digest == open_embedded().provenance.digest
    return draw[1] == embedded_draws() and provenance.digest == open_embedded(draw[0]).provenance.digest
