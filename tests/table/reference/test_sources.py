"""Published files in directories and archives; hostile archives are refused and nothing is ever written."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nhb2_plugins.errors import ImportRefusedError, InvalidValueError, TableNotFoundError
from nhb2_plugins.table.reference import sources
from nhb2_plugins.table.reference.importer import read_published
from nhb2_plugins.table.reference.sources import PUBLISHED_FILES, read_sources

MEGABYTE = 1 << 20
FILES = {name: name.encode() * 100 for name in PUBLISHED_FILES}
MEMBERS = {f"nas/hpo/bench/{name}": content for name, content in FILES.items()} | {"README.md": b"x", "nas/a.pkl": b"x"}


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(members: dict[str, bytes], *special: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.TarFile(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in special:
            archive.addfile(member)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "stored.zip": lambda members: zip_of(members, zipfile.ZIP_STORED),
    "deflated.zip": zip_of,
    "bzip2.zip": lambda members: zip_of(members, zipfile.ZIP_BZIP2),
    "plain.tar": tar_of,
    "gnu.tar": lambda members: tar_of(members, form=tarfile.GNU_FORMAT),
    "v7.tar": lambda members: tar_of(members, form=tarfile.USTAR_FORMAT),
    "a.tar.gz": lambda members: gzip.compress(tar_of(members), mtime=0),
    "a.tar.bz2": lambda members: bz2.compress(tar_of(members)),
    "a.tar.xz": lambda members: lzma.compress(tar_of(members)),
    "two-streams.tar.xz": lambda members: b"".join(
        [lzma.compress(tar_of(members)[:1500]), bytes(8), lzma.compress(tar_of(members)[1500:])]
    ),
}


@pytest.fixture(autouse=True)
def _nothing_is_written(tmp_path: Path) -> Iterator[None]:
    """A test's directory holds ``source`` and nothing else, and the directory around it is left alone."""
    around = set(tmp_path.parent.iterdir())
    yield
    assert {path.name for path in tmp_path.iterdir()} <= {"source"}
    assert set(tmp_path.parent.iterdir()) == around


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "source"
    path.write_bytes(data)
    return path


def refusal(path: Path, error: type[Exception] = ImportRefusedError) -> str:
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            read_sources(path)
        assert tracemalloc.get_traced_memory()[1] < 48 * MEGABYTE
    finally:
        tracemalloc.stop()
    return str(caught.value)


@pytest.mark.parametrize("archive", ARCHIVES)
def test_archives_with_members_at_any_depth(archive: str, tmp_path: Path) -> None:
    """The name of the archive does not matter: its content tells what it is."""
    assert read_sources(written(tmp_path, ARCHIVES[archive](MEMBERS))) == FILES


@pytest.mark.parametrize("archive", ["deflated.zip", "a.tar.gz", "a.tar.xz"])
def test_an_archive_is_read_as_its_directory_is(archive: str, mini_pickles: Path, tmp_path: Path) -> None:
    members = {f"data/{path.name}": path.read_bytes() for path in mini_pickles.iterdir()}
    from_archive = read_published(written(tmp_path, ARCHIVES[archive](members)))
    from_directory = read_published(mini_pickles)
    assert from_archive.checksums == from_directory.checksums
    for name, column in from_directory.columns.items():
        assert (from_archive.columns[name] == column).all()


@pytest.mark.parametrize("below", ["", "a", "a/b", "a/b/c"])
def test_directories(below: str, tmp_path: Path) -> None:
    directory = tmp_path / "source" / below
    directory.mkdir(parents=True)
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    (directory / "other.pkl").write_bytes(b"x")
    assert read_sources(tmp_path / "source") == FILES


def test_files_in_a_directory_come_before_those_below(tmp_path: Path) -> None:
    for directory in (tmp_path / "source", tmp_path / "source" / "old"):
        directory.mkdir()
        for name, content in FILES.items():
            (directory / name).write_bytes(content + directory.name.encode())
    assert read_sources(tmp_path / "source") == {name: content + b"source" for name, content in FILES.items()}


def test_nothing_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent", TableNotFoundError) == f"there is no {tmp_path / 'absent'}"
    (tmp_path / "source" / "a/b/c/d").mkdir(parents=True)
    (tmp_path / "source" / "a/b/c/d/bench12.pkl").write_bytes(b"x")
    assert "lacks bench12.pkl and cellinfo.pkl and avgaccs200.pkl" in refusal(tmp_path / "source", TableNotFoundError)


@pytest.mark.parametrize("archive", ["deflated.zip", "a.tar.gz"])
def test_a_file_is_missing_in_an_archive(archive: str, tmp_path: Path) -> None:
    members = {name: content for name, content in FILES.items() if name != "cellinfo.pkl"}
    message = refusal(written(tmp_path, ARCHIVES[archive](members)), TableNotFoundError)
    assert message.endswith(
        "source lacks cellinfo.pkl; the published data are bench12.pkl, cellinfo.pkl, avgaccs200.pkl"
    )


def test_a_directory_with_a_file_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "source" / name).mkdir(parents=True)
        (tmp_path / "source" / name / "bench12.pkl").write_bytes(b"x")
    assert "source holds bench12.pkl twice: " in refusal(tmp_path / "source")


@pytest.mark.parametrize("archive", ["deflated.zip", "a.tar.gz"])
def test_an_archive_with_a_file_twice(archive: str, tmp_path: Path) -> None:
    members = {**MEMBERS, "other/bench12.pkl": b"x"}
    message = refusal(written(tmp_path, ARCHIVES[archive](members)))
    assert "holds bench12.pkl twice: 'nas/hpo/bench/bench12.pkl' and 'other/bench12.pkl'" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for name in ("bench12.pkl", "cellinfo.pkl"):
        (tmp_path / "source" / name).write_bytes(b"x")
    os.mkfifo(tmp_path / "source" / "avgaccs200.pkl")
    assert "lacks avgaccs200.pkl" in refusal(tmp_path / "source", TableNotFoundError)
    (tmp_path / "source").rename(tmp_path / "below")
    (tmp_path / "source").mkdir()
    (tmp_path / "below").rename(tmp_path / "source" / "below")
    assert "avgaccs200.pkl is not a file" in refusal(tmp_path / "source")
    for source in (tmp_path / "source" / "below" / "avgaccs200.pkl", Path("/dev/zero")):
        with pytest.raises(InvalidValueError, match="is neither a directory nor a file"):
            read_sources(source)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is neither a directory nor a zip or tar archive (plain, gz, bz2 or xz): it begins with b''"),
        (b"<!DOCTYPE html><html>Quota exceeded", "it begins with b'<!DOCTYPE html><html>Quo'"),
        (b"<html>" + b"x" * 1000, "it begins with b'<html>xxx"),
        (bytes(2000), "it begins with b'"),
        (os.urandom(1).join([b"x" * 300] * 8), "is not a readable archive: ReadError"),
        (b"PK\x03\x04" + b"x" * 600, "is not a readable archive: ReadError"),
        (gzip.compress(b"no tar", mtime=0), "is not a readable archive: ReadError"),
        (lzma.compress(b"no tar"), "is not a readable archive: ReadError"),
        (gzip.compress(tar_of(MEMBERS), mtime=0)[:-60], "is not a readable archive: EOFError"),
        (lzma.compress(tar_of(MEMBERS))[:-60], "is not a readable archive: EOFError"),
        (bz2.compress(tar_of(MEMBERS))[:-60], "is not a readable archive: EOFError"),
        (tar_of(MEMBERS)[:1200], "is not a readable archive: ReadError"),
        (zip_of(MEMBERS)[:-60], "is not a readable archive: ReadError"),
        (zip_of(MEMBERS, zipfile.ZIP_LZMA), "has compression 14"),
        (zip_of(MEMBERS, zipfile.ZIP_STORED).replace(b"bench12.pklbench12", b"bench12.pklbench21"), "Bad CRC-32"),
        (zip_of(FILES).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"), "encrypted"),
    ],
)  # fmt: skip
def test_no_archive_or_a_damaged_one(data: bytes, message: str, tmp_path: Path) -> None:
    assert message in refusal(written(tmp_path, data))


@pytest.mark.parametrize(
    "name",
    ["../../bench12.pkl", "/var/nhb2/bench12.pkl", "C:\\data\\bench12.pkl", "..\\..\\bench12.pkl", "./bench12.pkl"],
)
@pytest.mark.parametrize("archive", ["deflated.zip", "a.tar.gz"])
def test_paths_of_members_are_never_used_as_paths(name: str, archive: str, tmp_path: Path) -> None:
    members = {**FILES, name: FILES["bench12.pkl"]}
    del members["bench12.pkl"]
    assert read_sources(written(tmp_path, ARCHIVES[archive](members))) == FILES


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_not_files(kind: bytes, tmp_path: Path) -> None:
    members = {"cellinfo.pkl": b"x", "avgaccs200.pkl": b"x"}
    data = tar_of(members, link("bench12.pkl", "/etc/passwd", kind))
    assert "lacks bench12.pkl" in refusal(written(tmp_path, data), TableNotFoundError)


def test_a_member_larger_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_PICKLE_BYTES", 2 * MEGABYTE)
    for archive in ("deflated.zip", "a.tar.gz", "a.tar.xz"):
        data = ARCHIVES[archive]({**FILES, "bench12.pkl": bytes(20 * MEGABYTE)})
        assert len(data) < MEGABYTE
        assert f"bench12.pkl has more than {2 * MEGABYTE} bytes" in refusal(written(tmp_path, data))
    (tmp_path / "source").unlink()
    (tmp_path / "source").mkdir()
    for name in PUBLISHED_FILES:
        (tmp_path / "source" / name).write_bytes(bytes(3 * MEGABYTE))
    assert f"bench12.pkl has more than {2 * MEGABYTE} bytes" in refusal(tmp_path / "source")


@pytest.mark.parametrize("archive", ["a.tar.gz", "a.tar.xz", "a.tar.bz2"])
def test_a_bomb_that_is_not_even_wanted(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_UNPACKED_BYTES", 4 * MEGABYTE)
    data = ARCHIVES[archive]({"README.md": bytes(40 * MEGABYTE), **FILES})
    assert f"unpacks to more than {4 * MEGABYTE} bytes" in refusal(written(tmp_path, data))


@pytest.mark.parametrize("archive", ["deflated.zip", "a.tar.gz"])
def test_too_many_members(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_MEMBERS", 5)
    members = {f"{i}": b"" for i in range(6)} | FILES
    assert "has more than 5 members" in refusal(written(tmp_path, ARCHIVES[archive](members)))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_asks_for_gigabytes(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("long")
    member.type = kind
    member.size = 8 << 30
    data = member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    assert "a header asks for 8589934592 bytes" in refusal(written(tmp_path, data))


def test_many_small_extended_headers_are_bounded_too(tmp_path: Path) -> None:
    """Parsing them takes microseconds a byte: 67 MB took three minutes."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 100_000
    records = b"6 a=b\n" * 17_000
    piece = header.tobuf(tarfile.USTAR_FORMAT) + records[:100_000] + bytes(-100_000 % 512)
    data = (piece + tarfile.TarInfo("empty").tobuf()) * 11
    assert "a header asks for 100000 bytes, all for 1100000" in refusal(written(tmp_path, data))
    named = tarfile.TarInfo("long/" * 50 + "bench12.pkl")
    named.size = len(FILES["bench12.pkl"])
    buffer = io.BytesIO()
    with tarfile.TarFile(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(named, io.BytesIO(FILES["bench12.pkl"]))
    assert "lacks cellinfo.pkl and avgaccs200.pkl" in refusal(written(tmp_path, buffer.getvalue()), TableNotFoundError)


def test_a_sparse_member_is_not_a_file(tmp_path: Path) -> None:
    """It would unpack a terabyte of zeros from nothing."""
    member = tarfile.TarInfo("bench12.pkl")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398] = b"%011o\0" % 0
    header[398:410] = b"%011o\0" % 0
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    data = bytes(header) + tar_of({"cellinfo.pkl": b"x", "avgaccs200.pkl": b"x"})
    assert "lacks bench12.pkl" in refusal(written(tmp_path, data), TableNotFoundError)


def test_an_xz_decoder_that_asks_for_gigabytes(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(tar_of(FILES), filters=filters))
    # The size of the dictionary is a byte of the first block's header, which a CRC protects.
    header_size = (data[12] + 1) * 4
    position = data.index(b"\x21\x01", 12) + 2
    data[position] = 39  # 3 GiB
    data[12 + header_size - 4 : 12 + header_size] = _crc32(bytes(data[12 : 12 + header_size - 4]))
    assert "Memory usage limit exceeded" in refusal(written(tmp_path, bytes(data)))


def _crc32(data: bytes) -> bytes:
    import zlib

    return zlib.crc32(data).to_bytes(4, "little")


def test_unreadable_by_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every file is readable, so the refusal of the system is played."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, zip_of(FILES))
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path).endswith("source cannot be read: [Errno 13] Permission denied")


SEEDS_OF_MUTATION = [make(MEMBERS) for make in ARCHIVES.values()]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_archives_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    archive = data.draw(st.sampled_from(SEEDS_OF_MUTATION))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(archive)))
        removed = data.draw(st.integers(0, 8))
        archive = archive[:start] + data.draw(st.binary(max_size=8)) + archive[start + removed :]
    path = written(tmp_path, archive[: data.draw(st.none() | st.integers(0, len(archive)))])
    with suppress(ImportRefusedError, TableNotFoundError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile and tarfile may have something to say about it
        contents = read_sources(path)
        assert contents.keys() == FILES.keys()
