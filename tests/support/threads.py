"""Threads that take turns as often as the interpreter lets them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")


def run_in_threads(work: Callable[[_T], None], arguments: Iterable[_T]) -> None:
    """Call a function with each argument in a thread of its own, and wait for all."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(each,)) for each in arguments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval_s)
