"""A run that is stopped and resumed is the run that went on: clock, numbers, budget, and the bill to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.recorder import Recorder
from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink
from tests.core_fixtures import mini_benchmark

BENCH: Final = mini_benchmark()
BUDGETS_S: Final = (100.0, 700.0, 1500.0, 4000.0)
FEW: Final = [Configuration.from_index(index) for index in (0, 1, 2, 3)]


class Repeating:
    """Asks for few configurations at many epochs, so that much of it has been paid for."""

    def __init__(self) -> None:
        self._random = random.Random(3)

    def ask(self) -> Suggestion:
        return Suggestion(self._random.choice(FEW), self._random.choice([1, 3, 4, 9, 12, 200]))

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        pass


def lines(records: Any) -> list[dict[str, Any]]:
    """But for the wall clock, and for which evaluation crossed the budget of a part."""
    return [record.to_dict() | {"overhead_s": 0.0, "status": "complete"} for record in records]


def in_memory(_directory: Path) -> Iterator[TrajectoryLogger]:
    logger = TrajectoryLogger()
    while True:
        yield TrajectoryLogger.resume(logger)


def in_records(_directory: Path) -> Iterator[TrajectoryLogger]:
    logger = TrajectoryLogger()
    while True:
        logger = TrajectoryLogger.resume(list(logger.records))
        yield logger


def in_a_file(directory: Path) -> Iterator[TrajectoryLogger]:
    while True:
        logger = TrajectoryLogger.resume(directory / "run.jsonl")
        yield logger
        logger.close()


def in_a_database(directory: Path) -> Iterator[TrajectoryLogger]:
    pytest.importorskip("sqlalchemy")
    while True:
        logger = TrajectoryLogger.resume(f"sqlite:///{directory / 'runs.db'}")
        yield logger
        logger.close()


@pytest.mark.parametrize("charging", CHARGING_POLICIES)
@pytest.mark.parametrize("kept", [in_memory, in_records, in_a_file, in_a_database])
def test_a_run_that_is_stopped_three_times_equals_the_one_that_went_on(
    tmp_path: Path, kept: Callable[[Path], Iterator[TrajectoryLogger]], charging: Any
) -> None:
    unbroken = simulate(Repeating(), BENCH, budget_s=BUDGETS_S[-1], charging=charging)
    optimizer, loggers = Repeating(), kept(tmp_path)
    for budget_s in BUDGETS_S:
        logger = simulate(optimizer, BENCH, budget_s=budget_s, charging=charging, logger=next(loggers))
    assert lines(logger.records) == lines(unbroken.records)
    assert (logger.clock_s, logger.charged_cost_s) == (unbroken.clock_s, unbroken.charged_cost_s)
    assert logger.next_trial() == len(unbroken)
    next(loggers)


def test_one_logger_for_three_runs_is_refused_and_each_gets_its_own() -> None:
    from nhb2_plugins.optimizers.random_search import RandomSearch

    log = simulate(RandomSearch(0), BENCH, budget_s=500)
    with pytest.raises(TrajectoryError, match=r"give each run a logger of its own, or .*TrajectoryLogger\.resume"):
        simulate(RandomSearch(1), BENCH, budget_s=500, logger=log)


def test_a_resumed_logger_begins_once() -> None:
    logger = TrajectoryLogger()
    Recorder(BENCH, logger=logger).evaluate(FEW[0])
    two = [Recorder(BENCH, logger=TrajectoryLogger.resume(logger)) for _ in range(2)]
    for recorder in two:
        recorder.evaluate(FEW[0])
    with pytest.raises(TrajectoryError, match="holds 3 records"):
        Recorder(BENCH, logger=logger)


def test_sinks_of_a_logger_go_on_and_nothing_is_written_twice(tmp_path: Path) -> None:
    memory, path = MemorySink(), tmp_path / "run.jsonl"
    logger = TrajectoryLogger([memory, JsonLinesSink(path)])
    Recorder(BENCH, logger=logger).evaluate(FEW[0])
    Recorder(BENCH, logger=TrajectoryLogger.resume(logger)).evaluate(FEW[1])
    logger.close()
    assert read_records(path) == list(logger.records) == list(memory.records)
    Recorder(BENCH, logger=TrajectoryLogger.resume(path)).evaluate(FEW[2])
    assert [(each.trial, each.cellcode, each.lr, each.batch_size) for each in read_records(path)] == [
        (number, each.cellcode, each.lr, each.batch_size) for number, each in enumerate(FEW[:3])
    ]


def test_where_there_is_nothing_yet_the_run_begins(tmp_path: Path) -> None:
    for source in (tmp_path / "new.jsonl", str(tmp_path / "other.jsonl"), []):
        logger = TrajectoryLogger.resume(source, run_id="mine")
        assert (len(logger), logger.run_id, logger.clock_s) == (0, "mine", 0)
    assert TrajectoryLogger.resume([]).run_id == TrajectoryLogger().run_id


def test_the_run_is_named_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    for run_id in ("a", "b"):
        logger = TrajectoryLogger([JsonLinesSink(path)], run_id=run_id)
        Recorder(BENCH, logger=logger).evaluate(FEW[0])
        logger.close()
    with pytest.raises(TrajectoryError, match=r"holds several runs: resume needs run_id, one of \['a', 'b'\]"):
        TrajectoryLogger.resume(path)
    assert [record.run_id for record in TrajectoryLogger.resume(path, run_id="b").records] == ["b"]
    assert len(TrajectoryLogger.resume(path, run_id="c")) == 0


def test_what_cannot_be_resumed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    logger = TrajectoryLogger()
    record = Recorder(BENCH, logger=logger).evaluate(FEW[0])
    refused: list[tuple[Callable[[], Any], str]] = [
        (lambda: TrajectoryLogger.resume(3), "3 is no logger, file, URL of a database or records"),  # type: ignore[arg-type]
        (lambda: TrajectoryLogger.resume([3]), "3 is not a TrialRecord"),  # type: ignore[list-item]
        (
            lambda: TrajectoryLogger.resume([record, record]),
            "the records: run 'run' has 2 records of trial 0; every run needs a name of its own",
        ),
        (lambda: TrajectoryLogger.resume(logger, run_id="x"), "this logger is of run 'run', and not of 'x'"),
        (
            lambda: Recorder(BENCH, logger=TrajectoryLogger.resume([record]), charging="cached"),
            "run 'run' is charged 'from_scratch', and cannot go on 'cached'",
        ),
        (
            lambda: Recorder(nhb2.open_benchmark(), logger=TrajectoryLogger.resume([record])),
            "this logger holds records of the table imported:",
        ),
    ]
    for call, message in refused:
        with pytest.raises((TrajectoryError, InvalidValueError), match=message):
            call()
    campaign = tmp_path / "seed-0000.jsonl"
    campaign.write_text('{"type": "end", "n_evaluations": 0, "simulated_s": 1.0, "wall_s": 1.0}\n')
    with pytest.raises(TrajectoryError, match="a run of a campaign, which `nhb2 run` makes whole"):
        TrajectoryLogger.resume(campaign)
