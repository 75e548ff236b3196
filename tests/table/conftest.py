"""A table on disk, for the tests of what reads, writes and removes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A table on disk."""
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    return tmp_path / "table"
