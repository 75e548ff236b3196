"""A table that is read by eye (``core_fixtures``), for commands that answer from one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cli") / "table"
    write_table(directory, mini_columns(), mini_provenance())
    return directory
