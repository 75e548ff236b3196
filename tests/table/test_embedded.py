"""The embedded table's place in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.table import embedded
from nhb2_plugins.table.embedded import expanded_directory, model_path, open_embedded
from nhb2_plugins.table.store import open_table
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds another table in the embedded one's place."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    directory = expanded_directory(model_path())
    write_table(directory, mini_columns(), mini_provenance(source="an earlier release"))
    return directory


def test_the_cache_is_taken_as_it_is(stale: Path) -> None:
    assert open_embedded().provenance.source == "an earlier release"


@pytest.mark.parametrize("name", ["EXPANSION", "SCHEMA_VERSION"])
def test_what_an_earlier_release_expanded_is_not_taken(name: str, stale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, name, getattr(embedded, name) + 1)
    table = open_embedded()
    assert table.directory is not None
    assert table.directory.parent == stale.parent
    assert table.directory != stale
    assert (table.provenance.kind, open_table(stale).provenance.kind) == ("embedded", "imported")
