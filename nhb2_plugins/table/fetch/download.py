"""Fetches the published files, from where their authors keep them or from a mirror, and imports them.

Who does what: gdown (an extra) lists and downloads the public Google Drive folder; from any other server
:mod:`nhb2_plugins.table.fetch.http` moves the bytes, and continues a download that broke off.

Downloads live in the user's cache until they are imported. One that cannot be imported because of what it is goes at
once; one whose import failed for want of disk space stays, and a fetch that knows its checksum does not download it
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from nhb2_plugins.errors import (
    DownloadError,
    ImportRefusedError,
    InvalidValueError,
    TableError,
    TableNotFoundError,
    one_line,
    retold,
)
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.table.checksums import sha256_of_file
from nhb2_plugins.table.fetch.http import TransferLimits, download
from nhb2_plugins.table.fetch.partial import PAGE_BYTES, only_process, page_sent_instead
from nhb2_plugins.table.location import downloads_directory
from nhb2_plugins.table.reference.importer import import_published
from nhb2_plugins.table.reference.sources import PUBLISHED_FILES
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.writer import refuse_occupied

DRIVE_FOLDER: Final = "1sxnBo5A6WXxt44WQG8f8WlYYicKd9g-h"
"""Id of the public Google Drive folder that the benchmark's authors name as the home of the data."""

OnFileProgress = Callable[[str, int, int | None], None]
"""Told a file's name, the bytes that are there, and the bytes of the whole file where they are known."""

_DRIVE_TIMEOUT_S: Final = 60.0
_DRIVE_RETRIES: Final = 3
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


def fetch_url(
    url: str,
    to: Path,
    *,
    sha256: str | None = None,
    overwrite: bool = False,
    on_progress: OnFileProgress | None = None,
    limits: TransferLimits | None = None,
) -> Table:
    """Download an archive of the published files from any HTTP server and import it.

    Args:
        url: the archive's address.
        to: the table's directory.
        sha256: the archive's checksum, where it is known.
        overwrite: replace a table that is there.
        on_progress: called as bytes arrive.
        limits: see :class:`nhb2_plugins.table.fetch.http.TransferLimits`.

    Raises:
        InvalidValueError: not an HTTP address, or not a SHA-256.
        DownloadError: as :func:`nhb2_plugins.table.fetch.http.download`, or another checksum.
        TableExistsError: the directory is in use.
        TableError: as :func:`nhb2_plugins.table.reference.importer.import_published`.
    """
    _check_sha256(sha256)
    refuse_occupied(to, overwrite=overwrite)  # before anything is downloaded; the import looks again
    with _place_of(url) as place:
        archive = place / _last_part(url, "archive")
        if sha256 is None or not archive.is_file() or sha256_of_file(archive) != sha256.lower():
            _retrieve(url, archive, on_progress, limits)
        return import_downloaded(place, [archive], to, sha256=sha256, overwrite=overwrite)


def fetch_mirror(
    url: str,
    to: Path,
    *,
    overwrite: bool = False,
    on_progress: OnFileProgress | None = None,
    limits: TransferLimits | None = None,
) -> Table:
    """Download the three published pickles from a directory on an HTTP server and import them.

    Args:
        url: the directory's address; the files are ``url/bench12.pkl`` and so on.
        to: as :func:`fetch_url`, like the other arguments.
        overwrite: as there.
        on_progress: as there.
        limits: as there.

    Raises:
        Nhb2Error: as :func:`fetch_url`.
    """
    refuse_occupied(to, overwrite=overwrite)  # before anything is downloaded; the import looks again
    with _place_of(url) as place:
        directory = place / _last_part(url, "mirror")
        files = [directory / name for name in reversed(PUBLISHED_FILES)]  # nearly all bytes are in the last one
        for file in files:
            _retrieve(f"{url.rstrip('/')}/{file.name}", file, on_progress, limits)
        return import_downloaded(directory, files, to, overwrite=overwrite)


def fetch_drive(to: Path, *, sha256: str | None = None, overwrite: bool = False, shows_progress: bool = False) -> Table:
    """Download the published files from their public Google Drive folder and import them.

    Not covered by tests, which use no network: that the folder is still there, and gdown's own work. What follows once
    gdown has saved the files is :func:`import_downloaded`, which is tested.

    Args:
        to: the table's directory.
        sha256: the archive's checksum, where it is known; for a folder that holds one archive.
        overwrite: replace a table that is there.
        shows_progress: let gdown draw its progress bar on standard error.

    Raises:
        DownloadError: Google refuses (a quota that is used up, a folder that is gone), or another checksum.
        TableError: as :func:`fetch_url`.
        MissingExtraError: gdown is not installed.
    """
    _check_sha256(sha256)
    refuse_occupied(to, overwrite=overwrite)  # before anything is downloaded; the import looks again
    with _place_of(f"https://drive.google.com/drive/folders/{DRIVE_FOLDER}") as place:
        folder = place / "google-drive"
        return import_downloaded(folder, _drive_files(folder, shows_progress), to, sha256=sha256, overwrite=overwrite)


def _drive_files(folder: Path, shows_progress: bool) -> list[Path]:
    with needs_extra("fetching needs gdown", "fetch"):
        import gdown
    import requests  # what gdown leaves unhandled

    try:
        with contextlib.redirect_stdout(sys.stderr):  # gdown announces files there
            saved = gdown.download_folder(
                id=DRIVE_FOLDER,
                output=str(folder),
                quiet=not shows_progress,
                use_cookies=False,
                resume=True,
                timeout=_DRIVE_TIMEOUT_S,
                retries=_DRIVE_RETRIES,
            )
    except (gdown.DownloadError, requests.RequestException, OSError) as error:
        raise DownloadError(
            f"the Google Drive folder {DRIVE_FOLDER} cannot be downloaded: {one_line(error)}; "
            "try again later, or use --url or --mirror"
        ) from error
    return [Path(file) for file in saved if isinstance(file, str)]


def import_downloaded(
    folder: Path, files: Sequence[Path], to: Path, *, sha256: str | None = None, overwrite: bool = False
) -> Table:
    """Import what was downloaded into a folder: the three pickles, or one archive of them; the folder goes when done.

    Args:
        folder: where the files are.
        files: what was downloaded, at any depth of the folder.
        to: the table's directory.
        sha256: the archive's checksum, where it is known.
        overwrite: replace a table that is there.

    Raises:
        DownloadError: a file is a web page, or has another checksum.
        InvalidValueError: a checksum was given and there is no archive.
        TableError: as :func:`nhb2_plugins.table.reference.importer.import_published`.
    """
    with _discarded_when_done(folder):
        for file in files:
            with file.open("rb") as opened:
                page = page_sent_instead(opened.read(PAGE_BYTES))
            if page is not None:
                raise DownloadError(f"{file.name} is {page}")
        source = _source_among(folder, files)
        if sha256 is not None:
            _check_download(source, sha256)
        return import_published(source, to, overwrite=overwrite)


def _source_among(folder: Path, files: Sequence[Path]) -> Path:
    if len(files) == 1:
        return files[0]
    if any(file.name in PUBLISHED_FILES for file in files):
        return folder
    names = ", ".join(sorted(file.name for file in files)) or "nothing"
    raise ImportRefusedError(f"expected {', '.join(PUBLISHED_FILES)} or one archive of them, found {names}")


def _check_download(source: Path, sha256: str) -> None:
    if source.is_dir():
        raise InvalidValueError("a SHA-256 is of one archive, and what was downloaded are three files")
    found = sha256_of_file(source)
    if found != sha256.lower():
        raise DownloadError(f"{source.name} has SHA-256 {found}, expected {sha256.lower()}")


# -- downloads


@contextlib.contextmanager
def _place_of(url: str) -> Iterator[Path]:
    """A directory for what comes from an address; no other process fetches from there meanwhile."""
    place = downloads_directory() / hashlib.sha256(url.encode()).hexdigest()[:16]
    with retold(DownloadError, f"cannot save downloads to {place}"):
        place.mkdir(parents=True, exist_ok=True)
    with only_process(place.with_name(f"{place.name}.lock"), url):
        yield place


def _last_part(url: str, default: str) -> str:
    """The last part of an address as a file name."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rstrip("/").rpartition("/")[2])[-80:]
    return name.strip(".") or default


def _retrieve(url: str, target: Path, on_progress: OnFileProgress | None, limits: TransferLimits | None) -> None:
    """Download a file. What is there goes: nothing tells whether the server still has the same file."""

    def report(received: int, total: int | None) -> None:
        if on_progress is not None:
            on_progress(target.name, received, total)

    with retold(DownloadError, f"{url} cannot be saved to {target.parent}"):
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
    download(url, target, on_progress=report, limits=limits)


@contextlib.contextmanager
def _discarded_when_done(downloaded: Path) -> Iterator[None]:
    """Remove a download after its import, or when it is what the import refuses; keep it when the disk failed."""
    try:
        yield
    except (ImportRefusedError, TableNotFoundError, DownloadError):
        shutil.rmtree(downloaded, ignore_errors=True)
        raise
    except TableError as error:
        raise TableError(f"{error}; what was downloaded stays in {downloaded}") from error
    shutil.rmtree(downloaded, ignore_errors=True)


def _check_sha256(sha256: str | None) -> None:
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise InvalidValueError(f"{sha256!r} is not a SHA-256: expected 64 hexadecimal digits")
