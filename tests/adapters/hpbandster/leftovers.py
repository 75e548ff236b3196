"""What a test has left behind in its process: threads, child processes, sockets."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import psutil


class Leftovers:
    """Compares the process with what it was when this was made (test runners have threads of their own)."""

    def __init__(self) -> None:
        self._before = self._all()

    def new(self) -> set[Any]:
        """Threads, child processes and sockets that were not there before."""
        return self._all() - self._before

    @staticmethod
    def _all() -> set[Any]:
        me = psutil.Process()
        sockets: set[Any] = set()
        for each in me.net_connections():
            with suppress(AttributeError):
                sockets.add((each.status, each.laddr.port))
        return sockets | {thread.name for thread in threading.enumerate()} | {child.pid for child in me.children()}
