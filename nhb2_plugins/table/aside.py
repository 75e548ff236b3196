"""Directories beside a table's own, in which writers prepare a table or put the former one while they replace it.

A writer that is killed leaves its directory behind. Writers hold a lock on theirs (it ends with the process, however
that ends), so the next writer knows what is left over: a prepared table is removed, and a former table goes back to its
place if that is empty, as it is when the writer was killed between the two renames of a replacement.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from nhb2_plugins.files import try_lock

Purpose = Literal["new", "former"]

_SECONDS_TO_LOCK: Final = 60.0
"""A directory is locked just after it is made, while it is empty: a young empty one may still be about to be locked."""


@contextlib.contextmanager
def directory_aside(table: Path, purpose: Purpose) -> Iterator[Path]:
    """A new empty directory beside a table's, locked until the end, when it is removed with what is still in it.

    Args:
        table: the table's directory; its parent must exist.
        purpose: ``new`` for a table to be; ``former`` for the one that it replaces, which is to be put at
            ``former_table(directory, table)`` and goes back if there is none in its place at the end.

    Raises:
        OSError: it cannot be made.
    """
    aside = table.parent / f"{_prefix(table, purpose)}{os.urandom(8).hex()}"
    aside.mkdir()  # as the user's umask says, and so are the files: what is made private cannot be opened again
    descriptor = _lock(aside)
    try:
        yield aside
    finally:
        _settle(aside, table)
        if descriptor is not None:
            os.close(descriptor)


def former_table(aside: Path, table: Path) -> Path:
    """Where a ``former`` directory keeps the table."""
    return aside / table.name


def leftovers(table: Path) -> list[Path]:
    """Directories that killed writers of a table left beside it, latest first.

    On file systems that cannot lock directories, and on Windows, none is found.
    """
    try:
        found = [path for path in table.parent.iterdir() if path.name.startswith(_prefix(table)) and path.is_dir()]
        return sorted((path for path in found if _is_left_over(path)), key=lambda path: -path.stat().st_mtime)
    except OSError:
        return []


def clear_leftovers(table: Path) -> None:
    """Remove what killed writers left beside a table, or put a former table back."""
    for aside in leftovers(table):
        _settle(aside, table)


def _prefix(table: Path, purpose: Purpose | None = None) -> str:
    return f".{table.name}.nhb2-" + ("" if purpose is None else f"{purpose}-")


def _settle(aside: Path, table: Path) -> None:
    if aside.name.startswith(_prefix(table, "former")):
        former = former_table(aside, table)
        with contextlib.suppress(OSError):
            if former.exists() and not table.exists():
                former.rename(table)
        if former.exists() and not table.exists():
            return  # the only copy of a table is never removed
    shutil.rmtree(aside, ignore_errors=True)


def _lock(directory: Path) -> int | None:
    """A descriptor that holds the lock, or None where there is no such lock or another process has it."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)  # on Windows a directory cannot be opened
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if try_lock(descriptor):
            return descriptor
    os.close(descriptor)
    return None


def _is_left_over(directory: Path) -> bool:
    descriptor = _lock(directory)
    if descriptor is None:
        return False
    try:
        return any(directory.iterdir()) or time.time() - directory.stat().st_mtime > _SECONDS_TO_LOCK
    finally:
        os.close(descriptor)
