"""Where things are on this machine: the user's imported table, the embedded one's cache, what this package ships."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from nhb2_plugins.errors import NoHomeError, TableNotFoundError

DATA_VARIABLE: Final = "NHB2_DATA"
"""Environment variable that names the directory of the table to open."""

_APPLICATION: Final = "nhb2-plugins"
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def shipped_directories(name: str) -> tuple[Path, Path]:
    """Where a directory that comes with this package may be: package data of a wheel, or beside it in a checkout."""
    return _PACKAGE / name, _PACKAGE.parent / name


def shipped_data_file(name: str, *, what: str) -> Path:
    """A file of the shipped ``data`` directory.

    Args:
        name: of the file.
        what: what is missing when it is not there.

    Raises:
        TableNotFoundError: it is not there.
    """
    candidates = [directory / name for directory in shipped_directories("data")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise TableNotFoundError(f"{what} missing from this installation: no {candidates[0]}")


def user_table_directory() -> Path:
    """Where ``nhb2 data import`` puts a table when no directory is given, and ``open_benchmark`` looks for one.

    Raises:
        NoHomeError: the user has no home directory, as a user without a name in a container.
    """
    return _base("XDG_DATA_HOME", unix=".local/share", mac="Library/Application Support") / _APPLICATION / "table"


def expanded_user(path: str | os.PathLike[str]) -> Path:
    """A path, ``~`` at its beginning taken for the home directory, as a shell does; as it is where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_directory() -> Path:
    """Where downloads wait, and whatever else can be made anew at any time.

    Raises:
        NoHomeError: as :func:`user_table_directory`.
    """
    return _base("XDG_CACHE_HOME", unix=".cache", mac="Library/Caches") / _APPLICATION


def downloads_directory() -> Path:
    """Where downloads wait for their import, and partial ones for their rest."""
    return cache_directory() / "downloads"


def _base(variable: str, *, unix: str, mac: str) -> Path:
    set_by_user = Path(os.environ.get(variable, ""))
    if set_by_user.is_absolute():  # the XDG base directory specification: a relative one is to be ignored
        return set_by_user
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or _home(variable) / "AppData" / "Local")
    return _home(variable) / (mac if sys.platform == "darwin" else unix)


def _home(variable: str) -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise NoHomeError(f"this user has no home directory: set $HOME or ${variable}, or name a directory") from error
