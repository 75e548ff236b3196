"""The command line as a user runs it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from nhb2_plugins.cli.main import main

_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that a new interpreter does not show."""


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str


def nhb2(*arguments: str | Path, **environment: str) -> Outcome:
    """Run ``nhb2`` in this process, with more environment variables; warnings are shown as in a process of its own.

    What depends on the process (signals, pipes, workers that are killed, what is imported) is for
    :func:`nhb2_process`.
    """
    out, err = _stream(), _stream()
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        _warn_as_a_new_process()
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            status = main([*map(str, arguments)])
        except SystemExit as error:
            status = int(error.code or 0)
    return Outcome(status, _text(out), _text(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


def _warn_as_a_new_process() -> None:
    """Each warning once, to the standard error of the moment, except those that an interpreter ignores."""
    warnings.resetwarnings()
    for category in _IGNORED:
        warnings.simplefilter("ignore", category)

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

    warnings.showwarning = show


def nhb2_process(*arguments: str | Path, **environment: str) -> Outcome:
    """Run ``nhb2`` in a process of its own, with the tests' home directory, and more environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "nhb2_plugins.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def facts(text: str) -> dict[str, str]:
    """Lines of a name and what it is."""
    return dict(line.split(maxsplit=1) for line in text.splitlines())  # type: ignore[misc]


def assert_one_line_error(outcome: Outcome, *parts: str, status: int = 2) -> None:
    """The command failed with one line that holds some texts, and said nothing else."""
    assert (outcome.status, outcome.out) == (status, ""), outcome
    assert outcome.err.startswith("nhb2"), outcome.err
    assert outcome.err.count("\n") == 1, outcome.err
    for part in parts:
        assert part in outcome.err
