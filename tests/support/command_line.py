"""The command line as a user runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str


def nhb2(*arguments: str | Path, **environment: str) -> Outcome:
    """Run ``nhb2`` with the tests' home directory, and more environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "nhb2_plugins.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def assert_one_line_error(outcome: Outcome, *parts: str, status: int = 2) -> None:
    """The command failed with one line that holds some texts, and said nothing else."""
    assert (outcome.status, outcome.out) == (status, ""), outcome
    assert outcome.err.startswith("nhb2"), outcome.err
    assert outcome.err.count("\n") == 1, outcome.err
    for part in parts:
        assert part in outcome.err
