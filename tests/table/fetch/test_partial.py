"""The beginning of a file that is being downloaded, and web pages that come in the place of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nhb2_plugins.errors import DownloadError
from nhb2_plugins.table.fetch.partial import Origin, Partial, only_process, page_sent_instead

URL = "http://example.org/x.zip"


def begun(target: Path, data: bytes, total: int | None = 10) -> Partial:
    partial = Partial(target, URL)
    partial.restart('"v1"', total)
    with partial.appending() as append:
        append(data)
    return partial


def test_a_later_process_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    begun(tmp_path / "x", b"01234")
    later = Partial(tmp_path / "x", URL)
    assert (later.size, later.origin, later.is_whole) == (5, Origin(URL, '"v1"', 10), False)
    with later.appending() as append:
        append(b"56")
        append(b"789")
    assert (later.size, later.is_whole) == (10, True)
    later.finish()
    assert (tmp_path / "x").read_bytes() == b"0123456789"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_nothing_is_the_beginning_of_another_address_s_file(tmp_path: Path) -> None:
    begun(tmp_path / "x", b"01234")
    other = Partial(tmp_path / "x", URL + "?2")
    assert (other.origin, other.is_whole) == (None, False)


def test_beginning_anew_forgets_the_bytes_and_their_origin(tmp_path: Path) -> None:
    partial = begun(tmp_path / "x", b"01234")
    partial.restart(None, None)
    assert (partial.size, partial.origin) == (0, None)
    assert Partial(tmp_path / "x", URL).origin is None


def test_of_unknown_length_a_file_is_whole_when_it_is_said_to_be(tmp_path: Path) -> None:
    partial = begun(tmp_path / "x", b"01234", total=None)
    assert not partial.is_whole
    partial.end()
    assert partial.is_whole


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        json.dumps({"url": URL, "validator": 3, "total": 10}),
        json.dumps({"url": URL, "validator": '"v1"', "total": True}),
        json.dumps({"url": URL, "validator": '"v1"', "total": "10"}),
        json.dumps({"url": URL, "validator": '"v1"', "total": 10, "more": 1}),
    ],
)
def test_a_note_that_says_nothing_vouches_for_nothing(tmp_path: Path, note: str) -> None:
    begun(tmp_path / "x", b"01234")
    (tmp_path / "x.part.json").write_text(note)
    assert Partial(tmp_path / "x", URL).origin is None


def test_a_web_page_is_not_given_the_file_s_name(tmp_path: Path) -> None:
    partial = begun(tmp_path / "x", b"<!DOCTYPE html><title>No</title>")
    with pytest.raises(DownloadError, match=rf"^{URL} sent a web page titled 'No'$"):
        partial.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"<html><body>", "a web page"),
        (b"  \n<!-- a --> <!-- b --><HTML lang='en'>", "a web page"),
        (b"<!doctype  html><title a='b'> Fish &amp;\n chips </title>", "a web page titled 'Fish & chips'"),
        (b"<html><title>" + b"x" * 200 + b"</title>", f"a web page titled {'x' * 100!r}"),
        (
            b"<html>Too many users have viewed",
            "a web page; the file's download quota is used up, try again in a day or use another source",
        ),
        (b"PK\x03\x04<html>", None),
        (b"<htmlx>", None),
        (b"<p>no page", None),
        (b"", None),
    ],
)
def test_a_page_is_known_by_how_it_begins(head: bytes, said: str | None) -> None:
    assert page_sent_instead(head) == said


def test_one_process_fetches_from_an_address(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with (
        only_process(lock, URL),
        pytest.raises(DownloadError, match=rf"another process is fetching {URL}: {lock} is locked"),
        only_process(lock, URL),
    ):
        pass
    with only_process(lock, URL):  # again, once it is free
        pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(DownloadError, match=f"{URL} cannot be saved to {tmp_path / 'nowhere'}"),
        only_process(tmp_path / "nowhere" / "x.lock", URL),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    partial = begun(tmp_path / "x", b"01234")
    (tmp_path / "x.part").unlink()
    (tmp_path / "x.part").symlink_to("/dev/full")
    with (
        partial.appending() as append,
        pytest.raises(DownloadError, match=rf"{URL} cannot be saved to .*No space left"),
    ):
        append(b"5")
