"""Finds the published pickles in a directory or an archive and reads their bytes; nothing is written to disk.

Archives come from the internet, so every size is bounded before memory is taken: that of a member, that of everything
an archive unpacks to, the number of members, and what a single header may ask for. A member's path is only compared by
its last part, and never used as a path.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, Protocol

from nhb2_plugins.errors import ImportRefusedError, InvalidValueError, TableNotFoundError, retold
from nhb2_plugins.files import open_regular
from nhb2_plugins.table.unpickle.machine import MAX_PICKLE_BYTES
from nhb2_plugins.table.unpickle.values import shown

BENCH12: Final = "bench12.pkl"
CELLINFO: Final = "cellinfo.pkl"
AVGACCS200: Final = "avgaccs200.pkl"
PUBLISHED_FILES: Final = (BENCH12, CELLINFO, AVGACCS200)

_MAX_UNPACKED_BYTES: Final = 3 * MAX_PICKLE_BYTES
_MAX_MEMBERS: Final = 10_000
_MAX_READ_AT_ONCE: Final = 16 << 20
_MAX_XZ_MEMORY: Final = 256 << 20
_MAX_HEADER_BYTES: Final = 1 << 20
_MAX_DIRECTORY_DEPTH: Final = 3
_STEP: Final = 1 << 20

_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\x00"
_ZIP_ENTRY: Final = b"PK\x01\x02"
_ZIP_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}  # LZMA's memory has no bound there
_DAMAGE: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,  # zipfile: an unknown compression or version
    RuntimeError,  # zipfile: an encrypted member
    ValueError,
    OverflowError,
    LookupError,  # zipfile: a member without a name
)


def read_sources(source: Path) -> dict[str, bytes]:
    """The bytes of the three published files, by their names.

    Args:
        source: a directory that holds them (itself, or at most three levels below), or a zip or tar archive (plain,
            gz, bz2 or xz) with them at any depth.

    Raises:
        TableNotFoundError: no such source, or a file is not in it.
        InvalidValueError: a pipe or a device.
        ImportRefusedError: not an archive, a damaged one, a file that is there twice, or sizes beyond the bounds.
    """
    source = Path(source)
    _check_there(source)
    with retold(ImportRefusedError, f"{source} cannot be read"):
        found = _from_directory(source) if source.is_dir() else _from_archive(source)
    _check_complete(source, found)
    return found


def check_source(source: Path) -> None:
    """Refuse at a glance what is no source: in milliseconds, before anything large is read.

    Raises:
        TableNotFoundError: no such source, or a directory that lacks a file.
        InvalidValueError: a pipe or a device, or a file that is no archive.
        OSError: it cannot be looked into.
    """
    _check_there(source)
    if source.is_dir():
        _check_complete(source, {path.name for path in _published_paths(source)})
    elif not (zipfile.is_zipfile(source) or _begins_as_tar(source)):
        raise InvalidValueError(f"{source} is neither a directory nor a zip or tar archive (plain, gz, bz2 or xz)")


def _check_there(source: Path) -> None:
    if not source.exists():
        raise TableNotFoundError(f"there is no {source}")
    if not source.is_dir() and not source.is_file():
        raise InvalidValueError(f"{source} is neither a directory nor a file")


def _check_complete(source: Path, found: Collection[str]) -> None:
    missing = [name for name in PUBLISHED_FILES if name not in found]
    if missing:
        raise TableNotFoundError(
            f"{source} lacks {' and '.join(missing)}; the published data are {', '.join(PUBLISHED_FILES)}"
        )


def _begins_as_tar(path: Path) -> bool:
    """Whether a file is compressed in a way that tar archives are, or begins with the header of a member."""
    with path.open("rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
    if head.startswith((_GZIP, _BZIP2, _XZ)):
        return True
    try:
        tarfile.TarInfo.frombuf(head, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _from_directory(directory: Path) -> dict[str, bytes]:
    paths: dict[str, Path] = {}
    for path in _published_paths(directory):
        if path.name in paths:
            raise ImportRefusedError(f"{directory} holds {path.name} twice: {paths[path.name]} and {path}")
        paths[path.name] = path
    if set(paths) != set(PUBLISHED_FILES):
        return dict.fromkeys(paths, b"")  # what is missing is known before anything large is read
    return {name: _read_file(path) for name, path in paths.items()}


def _published_paths(directory: Path) -> Iterator[Path]:
    direct = [directory / name for name in PUBLISHED_FILES if (directory / name).is_file()]
    if direct:
        yield from direct
        return
    for parent, subdirectories, names in os.walk(directory):
        if len(Path(parent).relative_to(directory).parts) >= _MAX_DIRECTORY_DEPTH:
            subdirectories.clear()
        yield from (Path(parent) / name for name in sorted(names) if name in PUBLISHED_FILES)


def _read_file(path: Path) -> bytes:
    if not path.is_file():
        raise ImportRefusedError(f"{path} is not a file")
    with open_regular(path) as file:
        return _read_bounded(file, str(path))


def _read_bounded(file: IO[bytes], name: str) -> bytes:
    pieces = []
    n_bytes = 0
    while piece := file.read(_STEP):
        n_bytes += len(piece)
        if n_bytes > MAX_PICKLE_BYTES:
            raise ImportRefusedError(f"{name} has more than {MAX_PICKLE_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _from_archive(path: Path) -> dict[str, bytes]:
    try:
        if zipfile.is_zipfile(path):
            return _from_zip(path)
        return _from_tar(path)
    except ImportRefusedError:
        raise
    except MemoryError as error:
        raise ImportRefusedError(f"{path}: asks for more memory than there is") from error
    except _DAMAGE as error:
        raise ImportRefusedError(f"{path} is not a readable archive: {type(error).__name__}: {error}") from error


class _Collected:
    """The published files seen so far in an archive."""

    def __init__(self, archive: Path) -> None:
        self.contents: dict[str, bytes] = {}
        self._archive = archive
        self._members: dict[str, str] = {}

    def wants(self, member: str) -> bool:
        """Whether a member is a published file, by the last part of its path; refuses a second one."""
        name = PurePosixPath(member.replace("\\", "/")).name
        if name not in PUBLISHED_FILES:
            return False
        if name in self._members:
            raise ImportRefusedError(
                f"{self._archive} holds {name} twice: {shown(self._members[name])} and {shown(member)}"
            )
        self._members[name] = member
        return True

    def add(self, member: str, file: IO[bytes]) -> None:
        """Read a member."""
        name = PurePosixPath(member.replace("\\", "/")).name
        self.contents[name] = _read_bounded(file, f"{self._archive}: {name}")


def _from_zip(path: Path) -> dict[str, bytes]:
    _refuse_many_entries(path)
    collected = _Collected(path)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or not collected.wants(entry.filename):
                continue
            if entry.compress_type not in _ZIP_METHODS:
                raise ImportRefusedError(f"{path}: {shown(entry.filename)} has compression {entry.compress_type}")
            with archive.open(entry) as file:
                collected.add(entry.filename, file)
    return collected.contents


def _refuse_many_entries(path: Path) -> None:
    """Count the marks of directory entries: ``zipfile`` reads the whole directory before anyone can look at it."""
    n_entries, tail = 0, b""
    with path.open("rb") as file:
        while piece := file.read(_STEP):
            n_entries += (tail + piece).count(_ZIP_ENTRY)
            tail = piece[-(len(_ZIP_ENTRY) - 1) :]
    if n_entries > _MAX_MEMBERS:
        raise ImportRefusedError(f"{path} has more than {_MAX_MEMBERS} members")


def _from_tar(path: Path) -> dict[str, bytes]:
    collected = _Collected(path)
    with path.open("rb") as file:
        reader: Any = _ForwardReader(_unpacked(file, path), path)
        archive = tarfile.TarFile(fileobj=reader, tarinfo=_Member)
        for n_members, member in enumerate(archive, start=1):
            if n_members > _MAX_MEMBERS:
                raise ImportRefusedError(f"{path} has more than {_MAX_MEMBERS} members")
            is_plain = member.isreg() and not member.issparse()
            if is_plain and collected.wants(member.name) and (content := archive.extractfile(member)):
                collected.add(member.name, content)
    return collected.contents


class _Member(tarfile.TarInfo):
    """A member whose extended headers are counted before they are parsed, which takes microseconds a byte."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:  # tarfile's own way to extend it
        if self.type in _EXTENDED_HEADERS and isinstance(archive.fileobj, _ForwardReader):
            archive.fileobj.count_header(self.size)
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


_EXTENDED_HEADERS: Final = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _unpacked(file: IO[bytes], path: Path) -> _Readable:
    """A tar archive's bytes, uncompressed."""
    head = file.read(512)
    file.seek(0)
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)
    if head.startswith(_BZIP2):
        return bz2.BZ2File(file)
    if head.startswith(_XZ):
        return _XzReader(file)
    if head[257:262] == b"ustar" or (len(head) == 512 and head[:1] not in (b"\0", b"<")):
        return file
    raise ImportRefusedError(
        f"{path} is neither a directory nor a zip or tar archive (plain, gz, bz2 or xz): "
        f"it begins with {shown(head[:24])}"
    )


class _XzReader:
    """An xz file's bytes, with a bound on the decoder's memory, which ``lzma.open`` does not have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(memlimit=_MAX_XZ_MEMORY)

    def read(self, size: int, /) -> bytes:
        while True:
            packed = b""
            if self._decoder.eof:
                packed = self._next_stream(self._decoder.unused_data)
                if not packed:
                    return b""
                self._decoder = lzma.LZMADecompressor(memlimit=_MAX_XZ_MEMORY)
            elif self._decoder.needs_input and not (packed := self._file.read(_STEP)):
                raise EOFError("the archive is truncated")
            if unpacked := self._decoder.decompress(packed, size):
                return unpacked

    def _next_stream(self, packed: bytes) -> bytes:
        """What follows the zeros that may stand between two streams."""
        while not (stream := packed.lstrip(b"\0")) and (packed := self._file.read(_STEP)):
            pass
        return stream


class _ForwardReader:
    """What ``tarfile`` needs of a file, with bounds on every read and on the sum of them."""

    def __init__(self, file: _Readable, path: Path) -> None:
        self._file = file
        self._path = path
        self._position = 0
        self._n_header_bytes = 0

    def count_header(self, size: int) -> None:
        """Refuse headers beyond a name's length each, and a megabyte in all."""
        self._n_header_bytes += max(size, 0)
        if self._n_header_bytes > _MAX_HEADER_BYTES:
            raise ImportRefusedError(f"{self._path}: a header asks for {size} bytes, all for {self._n_header_bytes}")

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._position:
            raise tarfile.ReadError("a member lies before its header")
        while self._position < position and self.read(min(_STEP, position - self._position)):
            pass
        return self._position

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MAX_READ_AT_ONCE:
            raise ImportRefusedError(f"{self._path}: a header asks for {size} bytes")
        pieces = []
        while size > 0 and (piece := self._file.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._position += len(piece)
            if self._position > _MAX_UNPACKED_BYTES:
                raise ImportRefusedError(f"{self._path} unpacks to more than {_MAX_UNPACKED_BYTES} bytes")
        return b"".join(pieces)
