"""Processes that begin together."""

from __future__ import annotations

import subprocess


def begin_together(*processes: subprocess.Popen[str]) -> list[str]:
    """Let processes go on once each has said that it is ready, with a line; what each prints after that."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=300)[0] for process in processes]
