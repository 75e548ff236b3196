"""Where things are looked for on a machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nhb2_plugins.table.location import cache_directory, user_table_directory


def test_absolute_directories_of_the_user_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert user_table_directory() == tmp_path / "data" / "nhb2-plugins" / "table"
    assert cache_directory() == tmp_path / "cache" / "nhb2-plugins"


@pytest.mark.parametrize("written", ["relative", "./relative", "../relative", "~/relative", ""])
def test_relative_ones_are_ignored_as_the_specification_says(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", written)
    monkeypatch.setenv("XDG_CACHE_HOME", written)
    assert user_table_directory() == tmp_path / ".local" / "share" / "nhb2-plugins" / "table"
    assert cache_directory() == tmp_path / ".cache" / "nhb2-plugins"
