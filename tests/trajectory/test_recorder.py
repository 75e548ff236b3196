"""An evaluation's record, field by field, against the table that is read by eye (``core_fixtures``)."""

from __future__ import annotations

import pytest

from nhb2_plugins.charging import Bill
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder, checked_logger
from tests.core_fixtures import mini_benchmark

BENCH = mini_benchmark()
CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)  # row 34
ROW = 34
ONE_EPOCH_S = (10.0 + 2.0) * (ROW + 1)


def test_an_evaluation_by_eye() -> None:
    recorder = Recorder(BENCH, epoch=4, seed=555, logger=TrajectoryLogger(run_id="by eye"))
    cost_s = 4 * 2 * ONE_EPOCH_S  # the second seed takes twice as long
    first = recorder.evaluate(CONFIGURATION, worker=3, status="pruned", overhead_s=0.25, budget=4.5)
    assert first == TrialRecord(
        run_id="by eye",
        trial=0,
        cellcode="0|10|210",
        lr=0.1,
        batch_size=256,
        epoch=4,
        budget=4.5,
        split="valid",
        seed=555,
        accuracy_pct=40 + 4 + 2 / 10 + ROW / 1000,
        cost_s=cost_s,
        charged_cost_s=cost_s,
        charging="from_scratch",
        start_s=0.0,
        end_s=cost_s,
        worker=3,
        status="pruned",
        overhead_s=0.25,
        table=BENCH.provenance.key,
    )
    second = recorder.evaluate(CONFIGURATION, 1, split="test", seed=222)
    assert (second.trial, second.epoch, second.budget, second.split, second.seed) == (1, 1, 1.0, "test", 222)
    assert (second.start_s, second.end_s, second.worker) == (cost_s, cost_s + second.cost_s, 0)
    assert (second.status, second.overhead_s) == ("complete", 0.0)
    assert list(recorder.logger.records) == [first, second]


def test_the_problem_says_what_is_not_said() -> None:
    recorder = Recorder(Problem(BENCH, 7, seed="mean", charging="cached"))
    first, again = (recorder.evaluate(CONFIGURATION) for _ in range(2))
    assert (first.epoch, first.seed, first.charging, first.charged_cost_s) == (7, "mean", "cached", first.cost_s)
    assert (again.charged_cost_s, again.end_s) == (0.0, first.end_s)


def test_a_bill_is_made_before_its_record() -> None:
    recorder = Recorder(BENCH)
    observation = BENCH.evaluate(CONFIGURATION)
    assert recorder.bill(CONFIGURATION, observation, 100.0) == Bill(observation.cost_s, 100.0 + observation.cost_s)
    assert len(recorder.logger) == 0


def test_what_is_no_logger_is_named() -> None:
    logger = TrajectoryLogger()
    assert checked_logger(logger) is logger
    with pytest.raises(
        InvalidValueError, match=r"^logger 3 is not a TrajectoryLogger; TrajectoryLogger\(\) makes one$"
    ):
        Recorder(BENCH, logger=3)  # type: ignore[arg-type]


def test_a_logger_of_another_table_is_refused() -> None:
    logger = Recorder(BENCH).logger
    other = mini_benchmark(expected_acc_200=BENCH.table.column("expected_acc_200") - 1)
    with pytest.raises(TrajectoryError, match="this logger holds records of the table imported:"):
        Recorder(other, logger=logger)
