"""What the unpickler reads, as Python's own containers."""

from __future__ import annotations

from typing import Any

from nhb2_plugins.table.unpickle.values import Pairs


def plain(value: Any) -> Any:
    """Dictionaries and lists all the way down (the data of a test are not deep)."""
    if isinstance(value, Pairs):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
