"""A real HTTP server on 127.0.0.1 that misbehaves on request."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Served:
    """What the server answers under one path.

    Attributes:
        content: the file.
        etag: its entity tag, quotes included, or None.
        modified: its modification date in seconds since 1970, or None.
        cuts: for each request in turn, after how many bytes of the body the connection is cut; None or no entry: never.
        ranges: whether range requests are honoured.
        checks_if_range: whether ``If-Range`` is, as it must be.
        statuses: for each request in turn, a status that is answered instead; None or no entry: the file.
        says_length: whether Content-Length is sent; without, the answer is chunked.
        ranges_asked: what came in: the ``Range`` header of each request.
    """

    content: bytes
    etag: str | None = '"1"'
    modified: float | None = None
    cuts: list[int | None] = field(default_factory=list)
    ranges: bool = True
    checks_if_range: bool = True
    statuses: list[int | None] = field(default_factory=list)
    content_type: str = "application/octet-stream"
    location: str | None = None
    retry_after: str | None = None
    says_length: bool = True
    ranges_asked: list[str | None] = field(default_factory=list)

    def validators(self) -> set[str]:
        dated = [] if self.modified is None else [formatdate(self.modified, usegmt=True)]
        return {*dated, *([] if self.etag is None else [self.etag])}


class Server:
    """Paths and what is served there."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.files: dict[str, Served] = {}
        self.requests: list[str] = []

    def serve(self, path: str, content: bytes, **options: object) -> tuple[str, Served]:
        """Serve a file; returns its address and what can be changed about it."""
        self.files[path] = Served(content, **options)  # type: ignore[arg-type]
        return self.address + path, self.files[path]


CERTIFICATE = Path(__file__).with_name("certificate.pem")
"""Of 127.0.0.1, signed by itself and with its key: whoever is to trust it sets ``SSL_CERT_FILE``."""


def encrypted(listening: socket.socket) -> ssl.SSLSocket:
    """The socket, with TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context.wrap_socket(listening, server_side=True)


@contextmanager
def running_server(*, encrypts: bool = False) -> Iterator[Server]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server = httpd.nhb2 = Server(httpd.server_address[1])  # type: ignore[attr-defined]
    if encrypts:
        httpd.socket = encrypted(httpd.socket)
        httpd.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that does not trust it
        server.address = server.address.replace("http:", "https:")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        server: Server = self.server.nhb2  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        server.requests.append(path)
        self.close_connection = True
        served = server.files.get(path)
        if served is None:
            self.send_error(404)
            return
        served.ranges_asked.append(self.headers.get("Range"))
        turn = len(served.ranges_asked) - 1
        status = served.statuses[turn] if turn < len(served.statuses) else None
        if status is not None:
            self._send_status(served, status)
            return
        self._send_file(served, served.cuts[turn] if turn < len(served.cuts) else None)

    def _send_status(self, served: Served, status: int) -> None:
        self.send_response(status)
        if served.location is not None:
            self.send_header("Location", served.location)
        if served.retry_after is not None:
            self.send_header("Retry-After", served.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, served: Served, cut: int | None) -> None:
        first = self._first_byte(served)
        if first is not None and first >= len(served.content):
            self.send_error(416)
            return
        body = served.content[first or 0 :]
        self.send_response(200 if first is None else 206)
        if first is not None:
            last = len(served.content) - 1
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(served.content)}")
        if served.etag is not None:
            self.send_header("ETag", served.etag)
        if served.modified is not None:
            self.send_header("Last-Modified", formatdate(served.modified, usegmt=True))
        self.send_header("Content-Type", served.content_type)
        if served.says_length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        part = body if cut is None else body[:cut]
        if served.says_length:
            self.wfile.write(part)
            return
        for start in range(0, len(part), 1000):
            piece = part[start : start + 1000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _first_byte(self, served: Served) -> int | None:
        asked = self.headers.get("Range")
        if asked is None or not served.ranges:
            return None
        condition = self.headers.get("If-Range")
        if condition is not None and served.checks_if_range and condition not in served.validators():
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))
