"""Checksums of tables, over the raw bytes of their columns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from nhb2_plugins.table.schema import ColumnEntry


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_columns(entries: Mapping[str, ColumnEntry]) -> str:
    """The identity of a table's numbers: SHA-256 over the columns' names and checksums, in hexadecimal."""
    lines = (f"{name} {entry.sha256}\n" for name, entry in sorted(entries.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
