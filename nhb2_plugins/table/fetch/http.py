"""Downloads one file over HTTP and resumes it: after a cut connection, and in a later process.

A download is continued only where the server vouches by ``If-Range`` that the file is still the same one (RFC 9110,
sections 8.8 and 13.1.5): what comes from two versions of a file is never joined.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from nhb2_plugins.errors import DownloadError, InvalidValueError
from nhb2_plugins.table.fetch.partial import PAGE_BYTES, Origin, Partial, page_sent_instead

OnProgress = Callable[[int, int | None], None]
"""Told the bytes that are there and the bytes of the whole file (None where the server does not say)."""

_CHUNK_BYTES: Final = 1 << 16
_TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class TransferLimits:
    """What a download may take.

    Attributes:
        max_bytes: the largest file that is accepted; the published archive unpacks to 232 MB.
        timeout_s: seconds without a byte, until a connection stands, or until an answer begins, after which an attempt
            is given up.
        least_bytes_per_s: what a server must bring, on average over each ``timeout_s``; less is nothing new.
        n_attempts: attempts in a row that bring nothing new, after which the download fails.
        first_wait_s: seconds before the second attempt; doubled with each further one that brings nothing new.
        longest_wait_s: the longest such wait, and the longest that a server's ``Retry-After`` is obeyed.
    """

    max_bytes: int = 1 << 31
    timeout_s: float = 30.0
    least_bytes_per_s: float = 1000.0
    n_attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0


def download(
    url: str, target: Path, *, on_progress: OnProgress | None = None, limits: TransferLimits | None = None
) -> None:
    """Download a file; what an earlier call left beside the target is continued where the server allows it.

    Args:
        url: an ``http`` or ``https`` address; redirects are followed, but not from ``https`` to ``http``.
        target: where to; an existing file is replaced at the end. Its directory must exist, and one process at a time
            downloads to it.
        on_progress: called after each chunk.
        limits: see :class:`TransferLimits`.

    Raises:
        InvalidValueError: not such an address.
        DownloadError: the server refuses, sends a web page instead, or cannot be reached; the file is too large; the
            disk refuses. What has come stays for the next call.
    """
    _check_address(url)
    limits = limits or TransferLimits()
    partial = Partial(target, url)
    n_fruitless, most = 0, partial.size
    while not partial.is_whole:
        try:
            _attempt(partial, on_progress or (lambda _received, _total: None), limits)
        except _AttemptEndedError as interruption:
            n_fruitless = 0 if partial.size > most and not interruption.is_slow else n_fruitless + 1
            most = max(most, partial.size)
            if n_fruitless >= limits.n_attempts:
                kept = f"; {partial.size:,} bytes are kept, fetch again to continue" if partial.origin else ""
                raise DownloadError(f"{url} cannot be downloaded: {interruption}{kept}") from interruption
            wait = limits.first_wait_s * 2.0 ** max(n_fruitless - 1, 0)
            time.sleep(min(max(wait, interruption.retry_after_s), limits.longest_wait_s))
    partial.finish()


class _AttemptEndedError(Exception):
    """An attempt ended early; the next one may do better."""

    def __init__(self, reason: str, retry_after_s: float = 0.0, *, is_slow: bool = False) -> None:
        super().__init__(reason, retry_after_s, is_slow)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.is_slow = is_slow

    def __str__(self) -> str:
        return self.reason


# -- one attempt


def _attempt(partial: Partial, on_progress: OnProgress, limits: TransferLimits) -> None:
    """Go on from what is there, or begin anew; returns when nothing is missing."""
    resuming = partial.origin if partial.size else None
    headers = {"User-Agent": "nhb2-plugins", "Accept-Encoding": "identity"}
    if resuming is not None:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": resuming.validator}
    with _Watch(limits) as watch, _answer(partial, headers, watch) as response:
        total = _begin(partial, resuming, response)
        if total is not None and total > limits.max_bytes:
            raise DownloadError(f"{partial.url} has {total:,} bytes; at most {limits.max_bytes:,} are accepted")
        _copy(partial, response, total, on_progress, watch)


@contextlib.contextmanager
def _answer(partial: Partial, headers: Mapping[str, str], watch: _Watch) -> Iterator[http.client.HTTPResponse]:
    request = urllib.request.Request(partial.url, headers=dict(headers))
    try:
        with _opened(request, watch) as response:
            yield response
    except (DownloadError, _AttemptEndedError):
        raise
    except urllib.error.HTTPError as error:
        _refused(partial, error)
    except (OSError, http.client.HTTPException) as error:
        watch.refuse_slow()
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DownloadError(f"{partial.url} cannot be downloaded: {reason}") from error
        raise _AttemptEndedError(str(reason) or type(reason).__name__) from error


def _opened(request: urllib.request.Request, watch: _Watch) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = watch.opener().open(request, timeout=watch.limits.timeout_s)
    except (ValueError, http.client.InvalidURL) as error:  # the address itself was checked
        raise DownloadError(f"{request.full_url} redirects to what is no address: {error}") from error
    return response


def _refused(partial: Partial, error: urllib.error.HTTPError) -> None:
    answer = f"{error.code} {error.reason}"
    with error:
        if error.code == 416 and partial.origin is not None:
            partial.restart(None, None)  # what is there is longer than the file: it cannot be its beginning
            raise _AttemptEndedError(f"the server answers {answer}") from error
        if error.code in _TRANSIENT_STATUSES:
            raise _AttemptEndedError(f"the server answers {answer}", _retry_after_s(error.headers)) from error
        raise DownloadError(f"{partial.url} cannot be downloaded: the server answers {answer}") from error


def _retry_after_s(headers: Message) -> float:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _begin(partial: Partial, resuming: Origin | None, response: http.client.HTTPResponse) -> int | None:
    """Prepare the partial file for the body of an answer; returns the bytes of the whole file, where known."""
    if response.headers.get_content_type() == "text/html":  # before anything that is there is given up for it
        page = page_sent_instead(response.read(PAGE_BYTES)) or "a document of type text/html"
        raise DownloadError(f"{partial.url} sent {page}")
    if response.status == 206 and resuming is not None:
        return _continued_total(partial, resuming, response)
    if response.status != 200:
        raise DownloadError(f"{partial.url} cannot be downloaded: the server answers {response.status}")
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    partial.restart(_validator(response.headers), total)
    return total


def _continued_total(partial: Partial, resuming: Origin, response: http.client.HTTPResponse) -> int | None:
    """Check that the answer goes on where the partial file ends, in the same version of the file."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    total = int(found[3]) if found and found[3] != "*" else resuming.total
    # If-Range asks for this version alone, but a server may not have heard of it: only what it says is believed.
    version = response.headers.get("ETag" if resuming.validator.startswith('"') else "Last-Modified")
    same = version == resuming.validator and total == (resuming.total or total)
    if found is None or int(found[1]) != partial.size or not same:
        partial.restart(None, None)
        raise _AttemptEndedError("the server continues another file than the one that was begun")
    return total


def _validator(headers: Message) -> str | None:
    """What ``If-Range`` may name: a strong entity tag, or a modification date a second older than the answer."""
    etag = headers.get("ETag")
    if etag is not None:
        return etag if etag.startswith('"') else None
    modified, sent = headers.get("Last-Modified"), headers.get("Date")
    try:
        age = parsedate_to_datetime(sent or "") - parsedate_to_datetime(modified or "")
    except (TypeError, ValueError):
        return None
    return modified if age >= timedelta(seconds=1) else None


def _copy(
    partial: Partial, response: http.client.HTTPResponse, total: int | None, on_progress: OnProgress, watch: _Watch
) -> None:
    received, max_bytes = partial.size, watch.limits.max_bytes
    on_progress(received, total)
    with partial.appending() as append:
        while data := response.read1(_CHUNK_BYTES):
            received += len(data)
            if received > max_bytes:
                raise DownloadError(f"{partial.url} has more than the {max_bytes:,} bytes that are accepted")
            append(data)
            watch.count(len(data))
            on_progress(received, total)
    watch.refuse_slow()
    if total is not None and received != total:
        raise _AttemptEndedError(f"the connection ended after {received:,} of {total:,} bytes")
    partial.end()


class _Watch:
    """Ends a connection that brings too little, whatever it is at: a byte now and then is never a timeout."""

    def __init__(self, limits: TransferLimits) -> None:
        self.limits = limits
        self._sockets: list[socket.socket] = []
        self._n_bytes = 0
        self._is_slow = False
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()

    def opener(self) -> urllib.request.OpenerDirector:
        """Opens addresses by connections that are watched, once they stand."""
        sockets = self._sockets

        class Plain(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class Encrypted(Plain, http.client.HTTPSConnection):
            """What stands is then the encrypted connection's socket."""

        class Handler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
            def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Plain, req)

            def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
                return self.do_open(Encrypted, req)

        return urllib.request.build_opener(_Redirects, Handler)

    def count(self, n_bytes: int) -> None:
        """Bytes of the file have come."""
        self._n_bytes += n_bytes

    def refuse_slow(self) -> None:
        """Say that the connection was ended, if it was."""
        if self._is_slow:
            least = self.limits.least_bytes_per_s
            raise _AttemptEndedError(f"the server brings less than {least:,.0f} bytes a second", is_slow=True)

    def _look(self) -> None:
        known = 0
        while not self._is_over.wait(self.limits.timeout_s):
            if self._n_bytes - known < self.limits.least_bytes_per_s * self.limits.timeout_s:
                self._is_slow = True
                for each in self._sockets:
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
                return
            known = self._n_bytes


# -- addresses


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidValueError(f"{url!r} is not an address that starts with http:// or https://")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme != "https"):
            raise DownloadError(f"{req.full_url} redirects to {newurl}, which is not followed: expected {req.type}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
