"""``nhb2 dashboard`` as a process of its own, stopped when a test is done with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class DashboardProcess:
    """A running dashboard: its address, and, once it has ended, what it wrote to standard error."""

    process: subprocess.Popen[str]
    url: str
    err: str = field(default="")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def dashboard(*arguments: str | Path) -> Iterator[DashboardProcess]:
    """Start it and wait for the address it prints."""
    with tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "nhb2_plugins.cli", "dashboard", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        )
        running = None
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("Dashboard: "):
                process.wait(timeout=30)
                err.seek(0)
                raise AssertionError(f"the dashboard did not start:\n{line}{err.read()}")
            running = DashboardProcess(process, line.split()[1])
            yield running
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
            if running is not None:
                err.seek(0)
                running.err = err.read()
