"""The suite of sinks fails where a sink breaks its promise: each broken one, the test that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from nhb2_plugins.testing import SinkContract
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, Sink, record_line
from tests.testing.broken import assert_each_fails_its_test

pytest_plugins = "pytester"


class OfSink(SinkContract):
    made: type[Sink]

    def open(self, directory: Path) -> Sink:
        return self.made(directory / "run.jsonl")

    def read(self, directory: Path, sink: Sink) -> Sequence[TrialRecord]:
        path = directory / "run.jsonl"
        return read_records(path) if path.is_file() else []


class Sound(JsonLinesSink):
    pass


class Buffers(JsonLinesSink):
    """Its lines wait in this process."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lines: IO[bytes] = path.open("ab")

    def write(self, record: TrialRecord) -> None:
        self._lines.write(record_line(record))

    def close(self) -> None:
        self._lines.close()
        super().close()


class Reorders(Buffers):
    """The last record comes first."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kept: list[TrialRecord] = []

    def write(self, record: TrialRecord) -> None:
        self._kept.insert(0, record)

    def close(self) -> None:
        while self._kept:
            super().write(self._kept.pop(0))
        super().close()


class BeginsAgain(JsonLinesSink):
    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        super().__init__(path)


class WritesTwice(JsonLinesSink):
    def write(self, record: TrialRecord) -> None:
        super().write(record)
        super().write(record)


class Rounds(JsonLinesSink):
    def write(self, record: TrialRecord) -> None:
        super().write(replace(record, accuracy_pct=round(record.accuracy_pct, 3)))


class ForgetsTypes(JsonLinesSink):
    def write(self, record: TrialRecord) -> None:
        self.write_line({"type": "trial", **record.to_dict(), "seed": str(record.seed)})


class ClosesOnce(JsonLinesSink):
    def close(self) -> None:
        assert not self._file.closed
        super().close()


class SwallowsTheFirst(JsonLinesSink):
    n_written = 0

    def write(self, record: TrialRecord) -> None:
        self.n_written += 1
        if self.n_written > 1:
            super().write(record)


BROKEN = {
    Buffers: "test_a_killed_writer_loses_no_finished_record",
    Reorders: "test_records_come_back_as_they_were_and_in_order",
    BeginsAgain: "test_a_second_sink_goes_on_after_the_first",
    WritesTwice: "test_a_whole_search_is_kept",
    Rounds: "test_records_come_back_as_they_were_and_in_order",
    ForgetsTypes: "test_records_come_back_as_they_were_and_in_order",
    ClosesOnce: "test_closing_twice_is_closing_once",
    SwallowsTheFirst: "test_a_sink_beside_it_that_raises_ends_the_search_and_takes_no_record_along",
}
"""With the test that must fail."""

HEAD = "from tests.testing import test_sinks as broken\n"
SUITE = """
class Test{0}(broken.OfSink):
    made = broken.{0}
"""


def test_every_broken_promise_fails_its_test_and_a_sound_sink_none(pytester: pytest.Pytester) -> None:
    assert_each_fails_its_test(pytester, HEAD, SUITE, BROKEN)
