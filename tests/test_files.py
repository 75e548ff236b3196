"""Files that are there whole or not at all, locks that end with their process, and reads that end."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nhb2_plugins.files import (
    NotAFileError,
    directory_aside,
    file_aside,
    is_aside,
    naming,
    only_process,
    open_regular,
    read_regular,
    share_lock,
    try_lock,
    write_whole,
)

# -- writing


def test_a_file_is_there_when_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with file_aside(target) as aside:
        assert (aside.parent, is_aside(aside), is_aside(target)) == (tmp_path, True, False)
        aside.write_text("new")
        assert not target.exists()
    assert (target.read_text(), list(tmp_path.iterdir())) == ("new", [target])


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def fail() -> None:
        with file_aside(target) as aside:
            aside.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert (target.read_text(), list(tmp_path.iterdir())) == ("old", [target])


def test_two_writers_do_not_share_a_name(tmp_path: Path) -> None:
    with file_aside(tmp_path / "x") as one, file_aside(tmp_path / "x") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "x").read_text() == "one"


def test_a_device_is_written_to_as_it_is(tmp_path: Path) -> None:
    write_whole(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "x")


def test_an_error_names_the_file_and_not_the_one_aside(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refusal:
        write_whole(tmp_path / "nowhere" / "page.html", "x")
    assert refusal.value.filename == str(tmp_path / "nowhere" / "page.html")
    with pytest.raises(OSError, match="No space left") as refused, naming(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert refused.value.filename == str(tmp_path / "x")


def test_a_directory_that_has_its_place_taken_is_not_moved_into_it(tmp_path: Path) -> None:
    target = tmp_path / "runs"

    def write() -> None:
        with directory_aside(target) as aside:
            (aside / "new").touch()
            target.mkdir()
            (target / "strangers").touch()

    with pytest.raises(OSError, match="not empty"):
        write()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["runs", "strangers"]


def test_modes_are_the_users(tmp_path: Path) -> None:
    """A file made aside privately, as by ``mkstemp``, would stay private."""
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", "x")
        with directory_aside(tmp_path / "directory"):
            pass
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "directory")]
    assert modes == [0o640, 0o750]


def test_text_that_utf8_lacks_is_escaped(tmp_path: Path) -> None:
    write_whole(tmp_path / "x", "a\ud800ü")
    assert (tmp_path / "x").read_text(encoding="utf-8") == "a\\ud800ü"
    write_whole(tmp_path / "x", b"\xff")
    assert (tmp_path / "x").read_bytes() == b"\xff"


# -- locks

HOLD = """
import sys
from pathlib import Path
from nhb2_plugins.files import only_process
with only_process(Path(sys.argv[1]), RuntimeError):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    with pytest.raises(KeyError, match="taken"), only_process(path, lambda: KeyError("taken")):
        raise AssertionError("two processes hold it")
    with path.open("rb") as file:
        assert not try_lock(file)
    held.kill()
    held.communicate()
    with only_process(path, lambda: KeyError("taken")):
        pass


def test_who_refuses_nobody_waits_until_the_lock_is_free(tmp_path: Path) -> None:
    path, last = tmp_path / "lock", tmp_path / "last"
    ending = f"{HOLD}    import time\n    time.sleep(0.3)\n    Path({str(last)!r}).touch()\n"
    held = subprocess.Popen([sys.executable, "-c", ending, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdin is not None
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    held.stdin.close()
    with only_process(path):
        assert last.exists()  # written just before it let go
    held.wait()


def test_a_shared_lock_keeps_out_who_wants_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("ab") as one, path.open("ab") as other, path.open("ab") as third:
        assert try_lock(one)
        share_lock(one)
        share_lock(other)
        assert not try_lock(third)


# -- reading


def test_a_regular_file_is_read_within_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_regular(path) == read_regular(path, max_bytes=5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_regular(path, max_bytes=4)


def test_nothing_else_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to("/dev/zero")
    for path in (pipe, link, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(NotAFileError) as refusal:
            open_regular(path)
        assert (refusal.value.strerror, refusal.value.filename) == ("not a regular file", str(path))
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "nothing")
    link.unlink()
    link.symlink_to(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"through a link")
    assert read_regular(link) == b"through a link"
