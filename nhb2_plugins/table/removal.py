"""Removes tables, and what the cache holds: never anything else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from nhb2_plugins.errors import TableError, TableNotFoundError, retold
from nhb2_plugins.table.aside import clear_leftovers, directory_aside
from nhb2_plugins.table.location import cache_directory, downloads_directory
from nhb2_plugins.table.schema import CLASS_OF_CELL
from nhb2_plugins.table.store import MANIFEST_FILE, open_table


@dataclass(frozen=True)
class Removed:
    """What is gone.

    Attributes:
        what: a short text for a person.
        path: where it was.
        n_bytes: how much space it took.
    """

    what: str
    path: Path
    n_bytes: int


def remove_table(directory: Path) -> Removed:
    """Remove a table, damaged or not, so that it is there whole or not at all.

    Raises:
        TableNotFoundError: there is no table.
        TableError: the directory holds other files than a table's, or cannot be removed.
    """
    directory = Path(directory).resolve()
    what = _what_table(directory)
    removed = Removed(what, directory, _n_bytes(directory))
    with retold(TableError, f"{directory} cannot be removed"):
        clear_leftovers(directory)  # a former table must not come back in the place of this one
        with directory_aside(directory, "new") as aside:
            directory.rename(aside / directory.name)
    return removed


def remove_cache() -> list[Removed]:
    """Remove what the cache holds: downloads (also partial ones), and the embedded tables that version 0.1 put there.

    Raises:
        TableError: something cannot be removed.
    """
    removed = [remove_table(path) for path in sorted(cache_directory().glob("embedded-*")) if path.is_dir()]
    downloads = downloads_directory()
    if downloads.is_dir():
        removed.append(Removed("downloads", downloads, _n_bytes(downloads)))
        with retold(TableError, f"{downloads} cannot be removed"):
            shutil.rmtree(downloads)
    return removed


def _what_table(directory: Path) -> str:
    if not (directory / MANIFEST_FILE).is_file():
        raise TableNotFoundError(f"there is no table in {directory}: {MANIFEST_FILE} is missing")
    others = sorted(path.name for path in directory.iterdir() if not _is_of_table(path))
    if others:
        raise TableError(f"{directory} holds other files than a table's, for example {others[0]!r}; it is not removed")
    try:
        return open_table(directory).provenance.label
    except TableError as error:
        if not (directory / f"{CLASS_OF_CELL}.bin").exists():
            raise TableError(f"{directory} is not removed, since it is no table: {error}") from error
        return "damaged table"


def _is_of_table(path: Path) -> bool:
    return (path.name == MANIFEST_FILE or path.suffix == ".bin") and path.is_file() and not path.is_symlink()


def _n_bytes(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())
