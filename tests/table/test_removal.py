"""What is removed is a table or a download, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.table.location import cache_directory
from nhb2_plugins.table.removal import Removed, remove_cache, remove_table
from nhb2_plugins.table.store import open_table


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def test_a_table_is_gone_and_what_it_was_is_said(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Removed(open_table(directory).provenance.label, directory, size_of(directory))
    monkeypatch.chdir(directory.parent)
    assert remove_table(Path("table")) == expected
    assert expected.n_bytes > 18_432
    assert list(directory.parent.iterdir()) == []


def test_what_an_interrupted_replacement_left_does_not_come_back(directory: Path) -> None:
    shutil.copytree(directory, directory.parent / f".{directory.name}.nhb2-former-0123" / directory.name)
    remove_table(directory)
    assert list(directory.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["letter.txt", "notes.json", "folder", "link.bin"])
def test_whatever_lies_beside_the_columns_is_kept_with_them(directory: Path, name: str) -> None:
    other = directory / name
    if name == "folder":
        other.mkdir()
    elif name == "link.bin":
        other.symlink_to(directory / "valid_acc.bin")
    else:
        other.touch()
    with pytest.raises(TableError, match=rf"holds other files than a table's, for example '{name}'; it is not removed"):
        remove_table(directory)
    assert (directory / "manifest.json").exists()
    assert open_table(directory).column("valid_acc").size


def test_a_manifest_alone_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match=r"there is no table in .*: manifest\.json is missing"):
        remove_table(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(TableError, match="is not removed, since it is no table: "):
        remove_table(tmp_path)
    assert (tmp_path / "manifest.json").exists()


def test_a_damaged_table_is_a_table(directory: Path) -> None:
    (directory / "manifest.json").write_text("damaged")
    (directory / "valid_acc.bin").unlink()
    assert remove_table(directory).what == "damaged table"
    assert not directory.exists()


def test_a_disk_that_refuses_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(TableError, match=r"table cannot be removed: .*Read-only file system"):
        remove_table(directory)
    assert open_table(directory).column("valid_acc").size


def test_of_the_cache_tables_and_downloads_go(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert remove_cache() == []
    cache = cache_directory()
    for name in ("embedded-b", "embedded-a"):
        shutil.copytree(directory, cache / name)
    (cache / "embedded-file").touch()
    (cache / "downloads" / "deep").mkdir(parents=True)
    (cache / "downloads" / "deep" / "data.zip.part").write_bytes(bytes(1234))
    (cache / "kept").mkdir()
    label = open_table(directory).provenance.label
    removed = remove_cache()
    assert [(each.what, each.path) for each in removed] == [
        (label, cache / "embedded-a"),
        (label, cache / "embedded-b"),
        ("downloads", cache / "downloads"),
    ]
    assert removed[-1].n_bytes == 1234
    assert sorted(path.name for path in cache.iterdir()) == ["embedded-file", "kept"]
