"""Records as a frame."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.frame import frame_of_records
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import RECORD_FIELDS, TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder
from tests.core_fixtures import mini_benchmark, needs


@pytest.fixture
def logger() -> TrajectoryLogger:
    recorder = Recorder(mini_benchmark())
    recorder.evaluate(Configuration.from_index(0), 3)
    recorder.evaluate(Configuration("1|00|000", 0.1, 256), 200)
    return recorder.logger


@needs("pandas")
def test_a_frame_has_a_row_a_record_and_a_column_a_field(logger: TrajectoryLogger) -> None:
    for frame in (logger.to_frame(), frame_of_records(logger.records)):
        assert list(frame.columns) == [*RECORD_FIELDS, "error_pct"]
        for row, record in zip(frame.to_dict("records"), logger.records, strict=True):
            assert row == {**record.to_dict(), "error_pct": 100 - record.accuracy_pct}
    for empty in (TrajectoryLogger().to_frame(), frame_of_records([])):
        assert (len(empty), list(empty.columns)) == (0, [*RECORD_FIELDS, "error_pct"])


@needs("pandas")
def test_seeds_of_both_kinds_stand_in_one_column(logger: TrajectoryLogger) -> None:
    first, second = logger.records
    mixed: list[TrialRecord] = [replace(first, seed="mean"), second]
    assert list(frame_of_records(mixed)["seed"]) == ["mean", second.seed]
    assert frame_of_records([first])["seed"].dtype == "int64"


def test_without_pandas_the_error_names_the_command(logger: TrajectoryLogger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for make in (logger.to_frame, lambda: frame_of_records([])):
        with pytest.raises(MissingExtraError, match=r"pip install .*\[frames\]"):
            make()
