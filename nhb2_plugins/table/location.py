"""Where tables live on this machine: the user's imported table, and the cache of the embedded one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

DATA_VARIABLE: Final = "NHB2_DATA"
"""Environment variable that names the directory of the table to open."""

_APPLICATION: Final = "nhb2-plugins"


def user_table_directory() -> Path:
    """Where ``nhb2 data import`` puts a table when no directory is given, and ``open_benchmark`` looks for one."""
    return _base("XDG_DATA_HOME", unix=".local/share", mac="Library/Application Support") / _APPLICATION / "table"


def cache_directory() -> Path:
    """Where tables are kept that can be made anew at any time."""
    return _base("XDG_CACHE_HOME", unix=".cache", mac="Library/Caches") / _APPLICATION


def _base(variable: str, *, unix: str, mac: str) -> Path:
    if set_by_user := os.environ.get(variable):
        return Path(set_by_user)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / (mac if sys.platform == "darwin" else unix)
