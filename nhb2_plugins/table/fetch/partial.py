"""The beginning of a file that is being downloaded: its bytes, and what they are the beginning of.

The bytes grow in ``NAME.part``, beside ``NAME.part.json`` with their origin, so that a later process can go on.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from nhb2_plugins import files
from nhb2_plugins.errors import DownloadError, retold

PAGE_BYTES: Final = 1 << 16
"""How much of a file is looked at for signs of a web page."""

_PAGE: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_QUOTA: Final = re.compile(r"quota exceeded|too many users have (?:viewed|downloaded)", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """What a partial file is the beginning of.

    Attributes:
        url: where it comes from.
        validator: the server's name for this version of the file, for ``If-Range``.
        total: bytes of the whole file, where the server says.
    """

    url: str
    validator: str
    total: int | None


class Partial:
    """The bytes that have come, and their origin; on disk, so that a later process can go on."""

    def __init__(self, target: Path, url: str) -> None:
        self.url = url
        self._target = target
        self._data = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._is_ended = False
        self.origin = self._read_origin()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self._data.stat().st_size
        except OSError:
            return 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self._is_ended or (self.origin is not None and self.size == self.origin.total)

    def _read_origin(self) -> Origin | None:
        try:
            origin = Origin(**json.loads(files.read_regular(self._note, max_bytes=PAGE_BYTES)))
        except (OSError, ValueError, TypeError):
            return None
        sound = isinstance(origin.validator, str) and (origin.total is None or type(origin.total) is int)
        return origin if sound and origin.url == self.url else None

    def restart(self, validator: str | None, total: int | None) -> None:
        """Forget what is there. The data goes first: a note must never vouch for another version's bytes."""
        self.origin = None
        with self._disk():
            self._note.unlink(missing_ok=True)
            self._data.write_bytes(b"")
            if validator is not None:
                self.origin = Origin(self.url, validator, total)
                self._note.write_text(json.dumps(asdict(self.origin)), encoding="utf-8")

    @contextlib.contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """A function that adds bytes at the end; it raises DownloadError where the disk refuses them."""
        with self._disk():
            file = self._data.open("ab", buffering=0)  # a full disk shows in the write, not in the close
        with contextlib.closing(file):
            yield lambda data: self._append(file, data)

    def _append(self, file: FileIO, data: bytes) -> None:
        with self._disk():
            n_written = file.write(data)
            while n_written < len(data):
                n_written += file.write(data[n_written:])

    def end(self) -> None:
        """Note that nothing is missing."""
        self._is_ended = True

    def finish(self) -> None:
        """Give the whole file its name.

        Raises:
            DownloadError: it is a web page; nothing is kept then.
        """
        with self._disk(), self._data.open("rb") as file:
            page = page_sent_instead(file.read(PAGE_BYTES))
        with self._disk():
            self._note.unlink(missing_ok=True)
            if page is None:
                self._data.replace(self._target)
            else:
                self._data.unlink()
        if page is not None:
            raise DownloadError(f"{self.url} sent {page}")

    def _disk(self) -> contextlib.AbstractContextManager[None]:
        return retold(DownloadError, f"{self.url} cannot be saved to {self._target}")


@contextlib.contextmanager
def only_process(lock: Path, url: str) -> Iterator[None]:
    """Hold a lock file (not on Windows).

    Raises:
        DownloadError: another process holds it, or it cannot be made.
    """
    refusal = DownloadError(f"another process is fetching {url}: {lock} is locked")
    with contextlib.ExitStack() as held:
        with retold(DownloadError, f"{url} cannot be saved to {lock.parent}"):
            held.enter_context(files.only_process(lock, lambda: refusal))
        yield


def page_sent_instead(head: bytes) -> str | None:
    """What a web page says that was sent in the place of a file, or None where the bytes do not begin like one.

    Google Drive, for example, answers with a page of status 200 when a file's daily quota is used up.
    """
    if not _PAGE.match(head):
        return None
    text = head.decode("utf-8", "replace")
    title = _TITLE.search(text)
    named = f" titled {html.unescape(' '.join(title[1].split()))[:100]!r}" if title else ""
    quota = "; the file's download quota is used up, try again in a day or use another source"
    return f"a web page{named}" + (quota if _QUOTA.search(text) else "")
