"""This package's sinks under the suite that all sinks keep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nhb2_plugins.testing import SinkContract
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink, Sink
from nhb2_plugins.trajectory.sql import SqlSink, read_records_sql


class TestMemorySink(SinkContract):
    IN_MEMORY = True

    def open(self, directory: Path) -> Sink:
        return MemorySink()

    def read(self, directory: Path, sink: Sink) -> Sequence[TrialRecord]:
        assert isinstance(sink, MemorySink)
        return sink.records


class TestJsonLinesSink(SinkContract):
    def open(self, directory: Path) -> Sink:
        return JsonLinesSink(directory / "run.jsonl")

    def read(self, directory: Path, sink: Sink) -> Sequence[TrialRecord]:
        return read_records(directory / "run.jsonl")


class TestSqlSink(SinkContract):
    def open(self, directory: Path) -> Sink:
        return SqlSink(f"sqlite:///{directory / 'runs.db'}", batch_size=1)

    def read(self, directory: Path, sink: Sink) -> Sequence[TrialRecord]:
        return read_records_sql(f"sqlite:///{directory / 'runs.db'}")
