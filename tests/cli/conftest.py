"""A table that is read by eye (``core_fixtures``), for commands that answer from one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from nhb2_plugins.doctor import installation
from nhb2_plugins.doctor.installation import import_failures
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cli") / "table"
    write_table(directory, mini_columns(), mini_provenance())
    return directory


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A file of a few generated images, for the commands that train."""
    from tests.training.patterns import image_data  # needs PyTorch

    image_data().save(tmp_path / "data.npz")
    return str(tmp_path / "data.npz")


@cache
def failures(modules: tuple[str, ...]) -> dict[str, str]:
    return import_failures(modules)


@pytest.fixture(autouse=True)
def _imported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be imported does not change between tests, and takes a process seconds to find out."""
    monkeypatch.setattr(installation, "import_failures", lambda modules: failures(tuple(modules)))
