"""Files that are there whole or not at all, that one process has to itself, and that are read within bounds.

Locks are ``flock``'s: the operating system lets go of one when its process dies, however that ends, so nothing is left
over and nobody has to guess from a file's age whether its owner still lives (as with lock files that are made and
removed). Several machines that share a directory are kept apart where the file system passes locks on, as NFSv4 does.
On Windows there are none, and nobody is kept apart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# -- writing


@contextlib.contextmanager
def file_aside(path: Path) -> Iterator[Path]:
    """Where to write a file, beside its place; renamed into it at the end, or removed when that is not reached.

    A pipe or a device (``/dev/stdout``) has no beside: it is its own place.

    Raises:
        OSError: the disk refuses; what was there before is as it was.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    aside = _beside(path)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def directory_aside(path: Path) -> Iterator[Path]:
    """As :func:`file_aside` for a directory, which is made; its place must be free in the end.

    Raises:
        OSError: the disk refuses, or something has taken the place.
    """
    aside = _beside(path)
    aside.mkdir()
    try:
        yield aside
        aside.rename(path)
    finally:
        from shutil import rmtree  # loads what every process would pay for

        rmtree(aside, ignore_errors=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all; text as UTF-8, what that lacks escaped.

    Raises:
        OSError: as :func:`file_aside`.
    """
    with file_aside(path) as aside, naming(path):
        aside.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name a file: of a disk that is full it names none, of a file aside that one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def is_aside(path: Path) -> bool:
    """Whether a path is of :func:`file_aside` or :func:`directory_aside`: what a killed writer left, or one at work."""
    return path.name.startswith(".") and _ASIDE in path.name


_ASIDE: Final = ".nhb2-"


def _beside(path: Path) -> Path:
    """A name for this writer alone, whatever other threads, processes and machines write."""
    return path.with_name(f".{path.name}{_ASIDE}{os.getpid()}-{os.urandom(4).hex()}")


# -- locks


def try_lock(file: IO[Any] | int) -> bool:
    """Take an open file or directory for oneself until it is closed; False where another process has it.

    Raises:
        OSError: the file system knows no locks.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share_lock(file: IO[Any]) -> None:
    """Let others share an open file, and wait until nobody has it to himself.

    Raises:
        OSError: the file system knows no locks.
    """
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH)


@contextlib.contextmanager
def only_process(lock: Path, refusal: Callable[[], Exception] | None = None) -> Iterator[None]:
    """Hold a lock file, which is made where missing.

    Args:
        lock: the file.
        refusal: makes what is raised when another process holds it; None waits for that one.

    Raises:
        OSError: it cannot be made, or the file system knows no locks.
    """
    with lock.open("ab") as file:
        if refusal is not None and not try_lock(file):
            raise refusal()
        if refusal is None and fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# -- reading


class NotAFileError(OSError):
    """A pipe, a socket or a device where a file was to be read: reading it may never end."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; anything else is refused without waiting for it.

    Raises:
        NotAFileError: it is a pipe, a socket or a device.
        OSError: it cannot be opened.
    """
    _refuse_other_kinds(path.stat(), path)  # before it is opened: opening a device may do something
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - pathlib's has no opener
    try:
        _refuse_other_kinds(os.fstat(file.fileno()), path)  # what was put in its place meanwhile
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: Path, *, max_bytes: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        path: the file.
        max_bytes: the most that it may have; None for no bound.

    Raises:
        OSError: as :func:`open_regular`, or it is larger.
    """
    with open_regular(path) as file:
        if max_bytes is None:
            return file.read()
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"more than {max_bytes:,} bytes", str(path))
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refuse_other_kinds(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(errno.EINVAL, "not a regular file", str(path))
