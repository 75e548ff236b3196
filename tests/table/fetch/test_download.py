"""From a server to a table that answers offline; what is wrong is named, and nothing wrong is kept."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import (
    DownloadError,
    ImportRefusedError,
    InvalidValueError,
    TableError,
    TableExistsError,
    TableNotFoundError,
)
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.fetch.download import fetch_mirror, fetch_url, import_downloaded
from nhb2_plugins.table.fetch.http import TransferLimits
from nhb2_plugins.table.location import downloads_directory, user_table_directory
from nhb2_plugins.table.verification import verify_table
from tests.support.http_server import Server, running_server
from tests.support.mini_pickles import accuracy
from tests.support.published_format import FILES

HASTE = TransferLimits(timeout_s=5.0, n_attempts=3, first_wait_s=0.01, longest_wait_s=0.01)
CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="module")
def archive(mini_pickles: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in FILES:
            zipped.write(mini_pickles / name, f"nashpobench2/{name}")
    return file.getvalue()


def is_answered(table: Path) -> bool:
    verify_table(table)
    return open_benchmark(table).evaluate(CONFIGURATION, epoch=7, seed=555).accuracy_pct == accuracy(
        "valid", 0.1, 256, 7, 555
    )


def downloads() -> list[str]:
    found = downloads_directory().rglob("*") if downloads_directory().exists() else ()
    return sorted(path.name for path in found if path.is_file() and path.suffix != ".lock")


def test_fetched_table_is_opened_by_default_and_offline(server: Server, archive: bytes) -> None:
    url, _ = server.serve("/nashpobench2.zip", archive)
    seen: list[tuple[str, int, int | None]] = []
    table = fetch_url(url, user_table_directory(), on_progress=lambda *progress: seen.append(progress), limits=HASTE)
    del server.files["/nashpobench2.zip"]
    assert is_answered(user_table_directory())
    assert open_benchmark().provenance == table.provenance
    assert table.provenance.kind == "imported"
    assert "'nashpobench2.zip'" in table.provenance.source
    assert seen[-1] == ("nashpobench2.zip", len(archive), len(archive))
    assert downloads() == []


@pytest.mark.parametrize("options", [{}, {"ranges": False}, {"etag": None}, {"says_length": False}])
def test_cut_connection(server: Server, archive: bytes, home: Path, options: dict[str, object]) -> None:
    url, _ = server.serve("/x.zip", archive, cuts=[len(archive) // 2, 0, 1000], **options)
    fetch_url(url, home / "table", limits=HASTE)
    assert is_answered(home / "table")


def test_partial_download_is_kept_for_the_next_fetch(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive, cuts=[len(archive) // 2, 0, 0, 0])
    with pytest.raises(DownloadError, match="fetch again to continue"):
        fetch_url(url, home / "table", limits=HASTE)
    assert not (home / "table").exists()
    fetch_url(url, home / "table", limits=HASTE)
    assert served.ranges_asked[-1] == f"bytes={len(archive) // 2}-"
    assert is_answered(home / "table")
    assert downloads() == []


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz"])
def test_other_archives_under_any_name(server: Server, mini_pickles: Path, home: Path, kind: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{kind.partition('.')[2]}") as tar:  # type: ignore[call-overload]
        tar.add(mini_pickles, "data")
    url, _ = server.serve("/download", file.getvalue())
    fetch_url(f"{url}?id=1", home / "table", limits=HASTE)
    assert is_answered(home / "table")


def test_checksum_that_matches(server: Server, archive: bytes, home: Path) -> None:
    url, _ = server.serve("/x.zip", archive, cuts=[1000])
    fetch_url(url, home / "table", sha256=hashlib.sha256(archive).hexdigest().upper(), limits=HASTE)
    assert is_answered(home / "table")


def test_checksum_that_does_not_match(server: Server, archive: bytes, home: Path) -> None:
    url, _ = server.serve("/x.zip", archive)
    expected, found = "0" * 64, hashlib.sha256(archive).hexdigest()
    with pytest.raises(DownloadError, match=rf"x.zip has SHA-256 {found}, expected {expected}"):
        fetch_url(url, home / "table", sha256=expected, limits=HASTE)
    assert not (home / "table").exists()
    assert downloads() == []


def test_text_that_is_no_checksum(home: Path) -> None:
    with pytest.raises(InvalidValueError, match="'abc' is not a SHA-256: expected 64 hexadecimal digits"):
        fetch_url("http://127.0.0.1:1/x.zip", home / "table", sha256="abc")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 no zip", bytes(10_000)])
def test_wrong_file_is_refused_and_not_kept(server: Server, archive: bytes, home: Path, content: bytes) -> None:
    url, served = server.serve("/x.zip", content)
    with pytest.raises(ImportRefusedError):
        fetch_url(url, home / "table", limits=HASTE)
    assert not (home / "table").exists()
    assert downloads() == []
    served.content, served.etag = archive, '"2"'
    fetch_url(url, home / "table", limits=HASTE)
    assert is_answered(home / "table")


def test_archive_of_something_else_is_refused_and_not_kept(server: Server, home: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("photo.jpg", b"")
    url, _ = server.serve("/x.zip", file.getvalue())
    with pytest.raises(TableNotFoundError, match=r"lacks bench12.pkl and cellinfo.pkl and avgaccs200.pkl"):
        fetch_url(url, home / "table", limits=HASTE)
    assert downloads() == []


@pytest.mark.parametrize("position", range(0, 100, 7))
def test_flipped_byte_on_the_way_is_refused_or_harmless(
    server: Server, archive: bytes, home: Path, position: int
) -> None:
    spoiled = bytearray(archive)
    spoiled[len(archive) * position // 100] ^= 0x10
    url, _ = server.serve("/x.zip", bytes(spoiled))
    try:
        fetch_url(url, home / "table", limits=HASTE)
    except TableError:
        assert not (home / "table").exists()
    else:  # a byte that no number depends on, such as a member's date
        assert is_answered(home / "table")


def test_web_page_and_missing_file(server: Server, home: Path) -> None:
    page = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"
    url, _ = server.serve("/x.zip", page, content_type="text/html")
    with pytest.raises(DownloadError, match="Quota exceeded"):
        fetch_url(url, home / "table", limits=HASTE)
    with pytest.raises(DownloadError, match="404 Not Found"):
        fetch_url(f"{server.address}/missing.zip", home / "table", limits=HASTE)
    assert not (home / "table").exists()


def test_table_that_is_there_is_not_replaced_unless_told(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive)
    fetch_url(url, home / "table", limits=HASTE)
    with pytest.raises(TableError, match="already exists and is not empty"):
        fetch_url(url, home / "table", limits=HASTE)
    assert len(served.ranges_asked) == 1
    fetch_url(url, home / "table", overwrite=True, limits=HASTE)
    assert is_answered(home / "table")


def test_nothing_is_downloaded_for_a_place_with_other_files(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive)
    (home / "photos").mkdir()
    (home / "photos" / "cat.png").touch()
    for overwrite in (False, True):
        with pytest.raises(TableExistsError, match="photos already exists and is not empty; name another directory"):
            fetch_url(url, home / "photos", overwrite=overwrite, limits=HASTE)
    assert served.ranges_asked == []


def test_damaged_replacement_leaves_the_table(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive)
    fetch_url(url, home / "table", limits=HASTE)
    served.content = archive[:-1000]
    with pytest.raises(ImportRefusedError):
        fetch_url(url, home / "table", overwrite=True, limits=HASTE)
    assert is_answered(home / "table")


def test_download_outlives_a_target_that_cannot_be_written(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive)
    sha256 = hashlib.sha256(archive).hexdigest()
    (home / "file").touch()
    with pytest.raises(TableError, match=r"cannot write a table to .*; what was downloaded stays in"):
        fetch_url(url, home / "file" / "table", sha256=sha256, limits=HASTE)
    fetch_url(url, home / "table", sha256=sha256, limits=HASTE)
    assert len(served.ranges_asked) == 1
    assert is_answered(home / "table")


def test_download_of_unknown_checksum_is_not_taken_for_the_servers_file(
    server: Server, archive: bytes, home: Path
) -> None:
    url, served = server.serve("/x.zip", b"")
    with pytest.raises(ImportRefusedError):
        fetch_url(url, home / "table", limits=HASTE)
    served.content, served.etag = archive, '"2"'
    (home / "file").touch()
    with pytest.raises(TableError):
        fetch_url(url, home / "file" / "table", limits=HASTE)
    assert downloads() == ["x.zip"]
    fetch_url(url, home / "table", limits=HASTE)
    assert len(served.ranges_asked) == 3


def test_two_processes_do_not_download_the_same_address_at_once(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive, statuses=[503] * 2, retry_after="60")
    code = (
        "import sys, pathlib\n"
        "from nhb2_plugins.table.fetch.download import *; from nhb2_plugins.table.fetch.http import *\n"
        "fetch_url(sys.argv[1], pathlib.Path(sys.argv[2]), limits=TransferLimits(longest_wait_s=60))"
    )
    first = subprocess.Popen([sys.executable, "-c", code, url, str(home / "first")])
    try:
        while not served.ranges_asked and first.poll() is None:
            time.sleep(0.01)
        with pytest.raises(DownloadError, match=f"another process is fetching {url}"):
            fetch_url(url, home / "second", limits=HASTE)
    finally:
        first.kill()
        first.wait()
    fetch_url(url, home / "second", limits=HASTE)
    assert is_answered(home / "second")


def test_mirror_of_the_three_files(server: Server, mini_pickles: Path, home: Path) -> None:
    served = [server.serve(f"/nhb2/{name}", (mini_pickles / name).read_bytes(), cuts=[1000])[1] for name in FILES]
    table = fetch_mirror(f"{server.address}/nhb2/", home / "table", limits=HASTE)
    assert is_answered(home / "table")
    assert all(len(each.ranges_asked) == 2 for each in served)
    assert table.provenance.checksums[FILES[0]] == hashlib.sha256(served[0].content).hexdigest()
    assert downloads() == []


def test_mirror_that_lacks_a_file(server: Server, mini_pickles: Path, home: Path) -> None:
    for name in FILES[1:]:
        server.serve(f"/nhb2/{name}", (mini_pickles / name).read_bytes())
    with pytest.raises(DownloadError, match=r"bench12.pkl cannot be downloaded: the server answers 404"):
        fetch_mirror(f"{server.address}/nhb2", home / "table", limits=HASTE)
    assert not (home / "table").exists()


# -- what follows a download of the Google Drive folder


@pytest.fixture
def folder(mini_pickles: Path, home: Path) -> Path:
    return Path(shutil.copytree(mini_pickles, home / "google-drive" / "NAS-HPO-Bench-II")).parent


def test_folder_of_pickles(folder: Path, home: Path) -> None:
    import_downloaded(folder, list(folder.rglob("*.pkl")), home / "table")
    assert is_answered(home / "table")
    assert not folder.exists()


def test_folder_of_one_archive(archive: bytes, home: Path) -> None:
    folder = home / "google-drive"
    folder.mkdir()
    (folder / "data.zip").write_bytes(archive)
    sha256 = hashlib.sha256(archive).hexdigest()
    import_downloaded(folder, [folder / "data.zip"], home / "table", sha256=sha256)
    assert is_answered(home / "table")


def test_folder_of_one_wrong_archive(archive: bytes, home: Path) -> None:
    folder = home / "google-drive"
    folder.mkdir()
    (folder / "data.zip").write_bytes(archive)
    with pytest.raises(DownloadError, match=r"data.zip has SHA-256 [0-9a-f]{64}, expected 0{64}"):
        import_downloaded(folder, [folder / "data.zip"], home / "table", sha256="0" * 64)
    assert not folder.exists()


def test_folder_with_a_quota_page(folder: Path, home: Path) -> None:
    page = folder / "NAS-HPO-Bench-II" / "bench12.pkl"
    page.write_bytes(b"<html><head><title>Google Drive - Quota exceeded</title></head></html>")
    with pytest.raises(DownloadError, match=r"bench12.pkl is a web page titled '.* Quota exceeded'; .* quota"):
        import_downloaded(folder, list(folder.rglob("*.pkl")), home / "table")
    assert not (home / "table").exists()


def test_folder_of_something_else(home: Path) -> None:
    folder = home / "google-drive"
    folder.mkdir()
    with pytest.raises(ImportRefusedError, match=r"expected bench12.pkl, .* or one archive of them, found nothing"):
        import_downloaded(folder, [], home / "table")


def test_checksum_of_an_archive_where_three_files_came(folder: Path, home: Path) -> None:
    with pytest.raises(InvalidValueError, match="three files"):
        import_downloaded(folder, list(folder.rglob("*.pkl")), home / "table", sha256="0" * 64)
    assert folder.exists()
