"""How far a download is: one line that changes for people, a line for every tenth for logs."""

from __future__ import annotations

from time import monotonic
from typing import Final, TextIO

_REDRAW_S: Final = 0.1
_BYTES_WITHOUT_TOTAL: Final = 10_000_000


class DownloadProgress:
    """Called with a file's name, the bytes that are there, and the bytes of the whole file or None.

    Args:
        stream: where to; a terminal gets one line that changes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_live = stream.isatty()
        self._name = ""
        self._step = -1
        self._drawn_at = 0.0

    def __call__(self, name: str, received: int, total: int | None) -> None:
        """Show it, where enough has changed."""
        if name != self._name:
            self._name, self._step = name, -1
        step = received // _BYTES_WITHOUT_TOTAL if total is None else received * 10 // max(total, 1)
        if self._is_live:
            self._draw(received, total)
        elif step != self._step:
            print(self._text(received, total), file=self._stream, flush=True)
        self._step = step

    def _draw(self, received: int, total: int | None) -> None:
        is_last = received == total
        if is_last or monotonic() - self._drawn_at >= _REDRAW_S:
            self._drawn_at = monotonic()
            print(f"\r\x1b[K{self._text(received, total)}", end="\n" if is_last else "", file=self._stream, flush=True)

    def _text(self, received: int, total: int | None) -> str:
        if total is None:
            return f"{self._name}: {received / 1e6:.1f} MB"
        return f"{self._name}: {received * 100 // max(total, 1)} %, {received / 1e6:.1f} of {total / 1e6:.1f} MB"
