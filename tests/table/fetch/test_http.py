"""The downloader against a real server on 127.0.0.1."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nhb2_plugins.errors import DownloadError, InvalidValueError
from nhb2_plugins.table.fetch.http import TransferLimits, download
from tests.support.http_server import CERTIFICATE, Server, encrypted, running_server

HASTE = TransferLimits(timeout_s=5.0, n_attempts=3, first_wait_s=0.01, longest_wait_s=0.01)
OLD, NEW = random.Random(1).randbytes(300_000), random.Random(2).randbytes(300_000)


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def test_whole_file(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD)
    seen: list[tuple[int, int | None]] = []
    download(url, tmp_path / "data.zip", on_progress=lambda *progress: seen.append(progress), limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert _names(tmp_path) == ["data.zip"]
    assert seen[0] == (0, len(OLD))
    assert seen[-1] == (len(OLD), len(OLD))
    assert seen == sorted(seen)


def test_cut_connection_is_continued_in_the_same_call(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000, 50_000])
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, "bytes=150000-", "bytes=200000-"]


def test_each_attempt_that_brings_something_gives_further_attempts(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[20_000] * 12)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert len(served.ranges_asked) == 13


def test_partial_file_is_kept_and_continued_by_a_later_call(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000, 0, 0, 0])
    with pytest.raises(DownloadError, match=r"ended after 150,000 of 300,000 bytes; 150,000 bytes are kept"):
        download(url, tmp_path / "data.zip", limits=HASTE)
    assert not (tmp_path / "data.zip").exists()
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, *["bytes=150000-"] * 4]
    assert _names(tmp_path) == ["data.zip"]


def test_killed_process_is_continued(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000])
    target = tmp_path / "data.zip"
    code = (
        "import sys, pathlib; from nhb2_plugins.table.fetch.http import *\n"
        "download(sys.argv[1], pathlib.Path(sys.argv[2]), limits=TransferLimits(first_wait_s=60))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, url, str(target)])
    partial = tmp_path / "data.zip.part"
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size == 150_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    download(url, target, limits=HASTE)
    assert target.read_bytes() == OLD
    assert served.ranges_asked == [None, "bytes=150000-"]


def test_download_that_was_whole_but_not_renamed_needs_no_request(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[299_999, 0, 0, 0])
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    with (tmp_path / "data.zip.part").open("ab") as partial:
        partial.write(OLD[-1:])
    n_requests = len(served.ranges_asked)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert len(served.ranges_asked) == n_requests


def test_server_without_ranges_starts_anew(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000], ranges=False)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, "bytes=150000-"]


def test_server_without_validators_starts_anew(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000], etag=None)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, None]


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
def test_modification_date_serves_where_there_is_no_entity_tag(
    server: Server, tmp_path: Path, etag: str | None
) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000], etag=etag, modified=time.time() - 100)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, "bytes=150000-" if etag is None else None]


def test_modification_date_of_this_very_second_is_no_validator(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000], etag=None, modified=time.time() + 1)
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert served.ranges_asked == [None, None]


@pytest.mark.parametrize("checks_if_range", [True, False])
@pytest.mark.parametrize("new", [NEW, NEW[:200_000], NEW[:100_000], NEW + OLD])
def test_file_that_changes_between_attempts_is_not_spliced(
    server: Server, tmp_path: Path, new: bytes, checks_if_range: bool
) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000, 0, 0, 0], checks_if_range=checks_if_range)
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    served.content, served.etag = new, '"2"'
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == new


def test_file_of_another_date_is_not_spliced(server: Server, tmp_path: Path) -> None:
    url, served = server.serve(
        "/data.zip", OLD, cuts=[150_000, 0, 0, 0], etag=None, modified=time.time() - 100, checks_if_range=False
    )
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    served.content, served.modified = NEW, time.time() - 50
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == NEW


def test_file_of_another_length_under_the_same_date_is_not_spliced(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000, 0, 0, 0], etag=None, modified=time.time() - 100)
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    served.content = NEW + OLD
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == NEW + OLD


@pytest.mark.parametrize("etag", ['"1"', None])
def test_continuation_that_does_not_say_its_version_is_not_spliced(
    server: Server, tmp_path: Path, etag: str | None
) -> None:
    url, served = server.serve(
        "/data.zip", OLD, cuts=[150_000, 0, 0, 0], etag=etag, modified=time.time() - 100, checks_if_range=False
    )
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    served.content, served.etag, served.modified = NEW, None, None
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == NEW


# -- servers that keep one waiting

DRIP = TransferLimits(timeout_s=0.4, n_attempts=2, first_wait_s=0.01, longest_wait_s=0.01)


@pytest.mark.parametrize("part", ["the status line", "a header", "the body", "a chunk's length"])
def test_server_that_brings_a_byte_now_and_then_is_given_up(tmp_path: Path, part: str) -> None:
    """No byte is ever later than the timeout, so that an attempt by itself would last for days."""
    beginnings = {
        "the status line": b"",
        "a header": b"HTTP/1.1 200 OK\r\nX-Long: ",
        "the body": b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n",
        "a chunk's length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    }
    told = pytest.raises(DownloadError, match="the server brings less than 1,000 bytes a second")
    with dripping(beginnings[part]) as (address, connections), told:
        download(address, tmp_path / "data.zip", limits=DRIP)
    assert len(connections) == DRIP.n_attempts


def test_an_encrypted_connection_is_watched_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    told = pytest.raises(DownloadError, match="the server brings less than 1,000 bytes a second")
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", encrypted) as (address, connections), told:
        download(address.replace("http:", "https:"), tmp_path / "data.zip", limits=DRIP)
    assert len(connections) == DRIP.n_attempts


def test_an_encrypted_connection_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with running_server(encrypts=True) as server:
        url, served = server.serve("/data.zip", OLD, cuts=[150_000])
        download(url, tmp_path / "data.zip", limits=HASTE)
    assert url.startswith("https:")
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None, "bytes=150000-"]


def test_a_certificate_that_nobody_knows_is_refused_at_once(tmp_path: Path) -> None:
    patient = TransferLimits(first_wait_s=1000.0, longest_wait_s=1000.0)
    with running_server(encrypts=True) as server:
        url, served = server.serve("/data.zip", OLD)
        with pytest.raises(DownloadError, match=r"data\.zip cannot be downloaded: .*certificate verify failed"):
            download(url, tmp_path / "data.zip", limits=patient)
    assert served.ranges_asked == []


@contextmanager
def dripping(
    beginning: bytes, wrapped: Callable[[socket.socket], socket.socket] = lambda listening: listening
) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that answers with the beginning, then with a byte ten times a second."""
    connections: list[socket.socket] = []
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(beginning)
            while not over.wait(0.1):
                connection.sendall(b"0")

    def accept() -> None:
        with suppress(OSError):
            while True:
                connections.append(listening.accept()[0])
                threading.Thread(target=answer, args=(connections[-1],), daemon=True).start()

    with wrapped(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/data.zip", connections
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


def test_slow_server_that_brings_enough_is_waited_for(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD)
    slow = TransferLimits(timeout_s=1.5, least_bytes_per_s=1.0, n_attempts=1)  # five chunks take longer, each does not
    download(url, tmp_path / "data.zip", limits=slow, on_progress=lambda *_: time.sleep(0.4))
    assert (tmp_path / "data.zip").read_bytes() == OLD


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"url": 1}', b'{"url": "U", "validator": 1, "total": 2}'])
def test_damaged_note_starts_anew(server: Server, tmp_path: Path, note: bytes) -> None:
    url, served = server.serve("/data.zip", OLD)
    (tmp_path / "data.zip.part").write_bytes(b"something else")
    (tmp_path / "data.zip.part.json").write_bytes(note.replace(b"U", url.encode()))
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked == [None]


def test_partial_file_of_another_address_starts_anew(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/old.zip", OLD, cuts=[150_000, 0, 0, 0])
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    other_url, served = server.serve("/new.zip", NEW)
    download(other_url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == NEW
    assert served.ranges_asked == [None]


def test_length_that_is_not_said(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD, cuts=[150_000], says_length=False)
    seen: list[int | None] = []
    download(url, tmp_path / "data.zip", on_progress=lambda _, total: seen.append(total), limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert seen[0] is None


def test_missing_file_is_not_asked_for_twice(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"/data\.zip cannot be downloaded: the server answers 404 Not Found"):
        download(f"{server.address}/data.zip", tmp_path / "data.zip", limits=HASTE)
    assert server.requests == ["/data.zip"]
    assert _names(tmp_path) == []


def test_transient_refusals_are_retried(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD, statuses=[503, 429], retry_after="3600")
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD


def test_transient_refusals_end(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, statuses=[503] * 9)
    with pytest.raises(DownloadError, match=r"the server answers 503 Service Unavailable$"):
        download(url, tmp_path / "data.zip", limits=HASTE)
    assert len(served.ranges_asked) == HASTE.n_attempts


def test_server_that_cannot_be_reached(tmp_path: Path) -> None:
    with running_server() as server:
        url, _ = server.serve("/data.zip", OLD)
    with pytest.raises(DownloadError, match=r"cannot be downloaded: .*[Rr]efused"):
        download(url, tmp_path / "data.zip", limits=HASTE)


QUOTA_PAGE = b"""<!-- a comment -->
<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body><p>Sorry, you can&#39;t view or
download this file at this time. Too many users have viewed or downloaded this file recently.</p></body></html>"""


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
def test_quota_page_instead_of_the_file(server: Server, tmp_path: Path, content_type: str) -> None:
    url, _ = server.serve("/data.zip", QUOTA_PAGE, content_type=content_type)
    with pytest.raises(DownloadError, match=r"a web page titled 'Google Drive - Quota exceeded'; .*quota is used up"):
        download(url, tmp_path / "data.zip", limits=HASTE)
    assert _names(tmp_path) == []


def test_web_page_does_not_cost_what_has_come(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD, cuts=[150_000, 0, 0, 0])
    with pytest.raises(DownloadError):
        download(url, tmp_path / "data.zip", limits=HASTE)
    served.content, served.content_type, served.etag = QUOTA_PAGE, "text/html", None
    with pytest.raises(DownloadError, match="web page"):
        download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip.part").read_bytes() == OLD[:150_000]


def test_file_that_is_too_large_is_refused_before_it_comes(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD)
    with pytest.raises(DownloadError, match="has 300,000 bytes; at most 1,000 are accepted"):
        download(url, tmp_path / "data.zip", limits=TransferLimits(max_bytes=1000))
    assert not (tmp_path / "data.zip").exists()


def test_file_that_turns_out_too_large_is_given_up(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD, says_length=False)
    with pytest.raises(DownloadError, match="more than the 100,000 bytes"):
        download(url, tmp_path / "data.zip", limits=TransferLimits(max_bytes=100_000))
    assert (tmp_path / "data.zip.part").stat().st_size <= 100_000


def test_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD, cuts=[150_000])
    start, _ = server.serve("/start", b"", statuses=[302] * 9, location=url)
    download(start, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/data.zip"])
def test_redirect_away_from_http_is_not_followed(server: Server, tmp_path: Path, location: str) -> None:
    start, _ = server.serve("/start", b"", statuses=[302] * 9, location=location)
    with pytest.raises(DownloadError, match=r"redirects to|cannot be downloaded"):
        download(start, tmp_path / "data.zip", limits=HASTE)
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["", "data.zip", "ftp://host/x", "file:///etc/passwd", "http://", "http://h:x/", "http://h/a b"]
)
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidValueError, match="http"):
        download(url, tmp_path / "data.zip")


@pytest.mark.parametrize("location", ["http://[::bad/", "http://a:b/", "//[x/"])
def test_redirect_to_no_address_is_refused(server: Server, tmp_path: Path, location: str) -> None:
    url, _ = server.serve("/data.zip", OLD, statuses=[302], location=location)
    with pytest.raises(DownloadError, match=r"data\.zip redirects to what is no address"):
        download(url, tmp_path / "data.zip", limits=HASTE)


def test_disk_that_refuses_is_named_and_not_retried(server: Server, tmp_path: Path) -> None:
    url, served = server.serve("/data.zip", OLD)
    code = (
        "import resource, signal, sys, pathlib; from nhb2_plugins.table.fetch.http import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "try: download(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
        "except OSError as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url, str(tmp_path / "data.zip")], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"DownloadError {url} cannot be saved to {tmp_path / 'data.zip'}: ")
    assert len(served.ranges_asked) == 1
    download(url, tmp_path / "data.zip", limits=HASTE)
    assert (tmp_path / "data.zip").read_bytes() == OLD
    assert served.ranges_asked[1] == "bytes=100000-"


def test_directory_that_is_missing(server: Server, tmp_path: Path) -> None:
    url, _ = server.serve("/data.zip", OLD)
    with pytest.raises(DownloadError, match="cannot be saved"):
        download(url, tmp_path / "missing" / "data.zip", limits=HASTE)
