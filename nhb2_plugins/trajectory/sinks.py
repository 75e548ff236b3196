"""Where records are kept: in memory, or as JSON lines.

A sink has two methods. It raises when it cannot keep a record, and the search then stops with that error.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self

from nhb2_plugins.arguments import has_methods
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.files import share_lock, try_lock
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.record_columns import RecordColumns

_LINE_BEGINNING: Final = b'{"type": "'
_BLOCK_BYTES: Final = 4096


class Sink(Protocol):
    """Keeps records."""

    def write(self, record: TrialRecord) -> None:
        """Keep one record; raise if that is not possible."""
        ...

    def close(self) -> None:
        """Release what the sink holds; calling it again does nothing."""
        ...


class MemorySink:
    """Holds records in memory; of a logger, which keeps its records anyway, it shows those."""

    def __init__(self) -> None:
        self._kept: list[RecordColumns] = []
        self._writes_to: RecordColumns | None = None

    def show(self, records: RecordColumns) -> None:
        """Show records that somebody else keeps, after those that are here, instead of being written each of them."""
        self._kept.append(records)
        self._writes_to = None

    def write(self, record: TrialRecord) -> None:
        """Keep the record."""
        if self._writes_to is None:
            self._writes_to = RecordColumns()
            self._kept.append(self._writes_to)
        self._writes_to.append(record)

    @property
    def records(self) -> Sequence[TrialRecord]:
        """Every record so far; of several loggers one logger's after the other's."""
        if len(self._kept) == 1:
            return self._kept[0].snapshot()
        return [record for columns in self._kept for record in columns.snapshot()]

    def close(self) -> None:
        """Nothing to release."""


def checked_sinks(sinks: Iterable[Sink]) -> tuple[Sink, ...]:
    """The sinks.

    Raises:
        InvalidValueError: no list of them, or one without ``write`` and ``close``.
    """
    if not isinstance(sinks, Iterable):
        raise InvalidValueError(f"sinks {sinks!r:.80} are not a list of sinks, for example [JsonLinesSink(path)]")
    given = tuple(sinks)
    for sink in given:
        if not has_methods(sink, "write", "close"):
            raise InvalidValueError(
                f"sink {sink!r:.80} has no methods write and close; MemorySink, JsonLinesSink and SqlSink have"
            )
    return given


class ClosingSink:
    """A sink that closes itself at the end of a ``with`` block."""

    def close(self) -> None:
        """Release what the sink holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class JsonLinesSink(ClosingSink):
    """Appends records to a file, one JSON object a line, one write a record.

    A last line without its end, left by a writer that was killed, is cut off before anything is appended; one that is
    not the beginning of a trajectory's line belongs to somebody else's file, which is refused. (A torn line in the
    middle of a file is damage, and the reader says so.)

    Records go to the file that was opened, also when it is renamed meanwhile (rotated, say); one that was removed takes
    no more.

    Several processes may write to one file: each line is one write at the file's end, and only who has the file alone
    cuts anything off. Records of different runs are told apart by their run id.

    Args:
        path: the file; made, with its directory, where missing.

    Raises:
        TrajectoryError: the file cannot be opened for appending, or is no trajectory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("a+b", buffering=0)
            with contextlib.ExitStack() as closing:
                closing.callback(self._file.close)
                self._cut_what_a_dead_writer_left()
                closing.pop_all()
        except OSError as error:
            raise TrajectoryError(f"cannot append to {self.path}: {error.strerror}") from error
        except TrajectoryError:
            raise
        except ValueError as error:  # a name that no file can have
            raise TrajectoryError(f"cannot append to {str(self.path)!r}: {error}") from error

    def _cut_what_a_dead_writer_left(self) -> None:
        """Cut a torn line off unless somebody is writing: what has no end yet may be a line in the making."""
        if try_lock(self._file):  # else whoever holds the file cut it when it opened it
            _cut_torn_line(self._file, self.path)
        share_lock(self._file)  # until the file is closed, or its process dies

    def write(self, record: TrialRecord) -> None:
        """Append the record.

        Raises:
            TrajectoryError: the disk refuses (full, removed, over a quota).
        """
        self._append(record_line(record))

    def write_line(self, content: object) -> None:
        """Append any JSON value as a line of its own.

        Raises:
            TrajectoryError: as :meth:`write`.
        """
        try:
            line = _line(content)
        except ValueError as error:
            raise TrajectoryError(f"cannot append to {self.path}: {error}") from error
        self._append(line)

    def _append(self, line: bytes) -> None:
        try:
            is_removed = os.fstat(self._file.fileno()).st_nlink == 0
            written = 0 if is_removed else self._file.write(line)
        except (OSError, ValueError) as error:  # a ValueError where the file is closed
            raise TrajectoryError(f"cannot append to {self.path}: {error}") from error
        if is_removed:  # the system would still take what nobody can read any more
            raise TrajectoryError(f"cannot append to {self.path}: the file was removed")
        if written != len(line):
            with contextlib.suppress(OSError, TrajectoryError):
                _cut_torn_line(self._file, self.path)  # whoever goes on writing must not bury it in the middle
            raise TrajectoryError(f"cannot append to {self.path}: {written} of {len(line)} bytes were taken")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def record_line(record: TrialRecord) -> bytes:
    """A record as the line of a file."""
    return _line({"type": "trial", **record.to_dict()})


def _line(content: object) -> bytes:
    return json.dumps(content, allow_nan=False).encode() + b"\n"


def _cut_torn_line(file: IO[bytes], path: Path) -> None:
    """Cut it off the open file; its path, which may lead to another one by now, is for the error."""
    size = file.seek(0, os.SEEK_END)
    end = _end_of_last_line(file, size)
    if end == size:
        return
    file.seek(end)
    beginning = file.read(len(_LINE_BEGINNING))
    if not _LINE_BEGINNING.startswith(beginning):
        raise TrajectoryError(f"{path} is no trajectory: its last line begins with {beginning!r} and does not end")
    file.truncate(end)


def _end_of_last_line(file: IO[bytes], size: int) -> int:
    """Position after the last newline; 0 where there is none."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
