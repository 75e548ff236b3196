"""Where records are kept: in memory, or as JSON lines.

A sink has two methods. It raises when it cannot keep a record, and the search then stops with that error.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.record import TrialRecord


class Sink(Protocol):
    """Keeps records."""

    def write(self, record: TrialRecord) -> None:
        """Keep one record; raise if that is not possible."""
        ...

    def close(self) -> None:
        """Release what the sink holds; calling it again does nothing."""
        ...


class MemorySink:
    """Keeps records in a list."""

    def __init__(self) -> None:
        self.records: list[TrialRecord] = []

    def write(self, record: TrialRecord) -> None:
        """Append the record."""
        self.records.append(record)

    def close(self) -> None:
        """Nothing to release."""


class JsonLinesSink:
    """Appends records to a file, one JSON object a line, one write a record.

    A last line without its end, left by a writer that was killed, is cut off before anything is appended. (A torn line
    in the middle of a file is damage, and the reader says so.)

    Args:
        path: the file; made, with its directory, where missing.

    Raises:
        TrajectoryError: the file cannot be opened for appending.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("ab", buffering=0)
            _cut_torn_line(self.path)
        except OSError as error:
            raise TrajectoryError(f"cannot append to {self.path}: {error.strerror}") from error

    def write(self, record: TrialRecord) -> None:
        """Append the record.

        Raises:
            TrajectoryError: the disk refuses (full, removed, over a quota).
        """
        self.write_line({"type": "trial", **record.to_dict()})

    def write_line(self, content: object) -> None:
        """Append any JSON value as a line of its own.

        Raises:
            TrajectoryError: as :meth:`write`.
        """
        line = json.dumps(content, allow_nan=False).encode() + b"\n"
        try:
            written = self._file.write(line)
        except (OSError, ValueError) as error:
            raise TrajectoryError(f"cannot append to {self.path}: {error}") from error
        if written != len(line):
            raise TrajectoryError(f"cannot append to {self.path}: {written} of {len(line)} bytes were taken")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _cut_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 4096)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            file.truncate(end)
