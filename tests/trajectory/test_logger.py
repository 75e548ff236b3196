from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder
from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink
from tests.core_fixtures import configurations, mini_benchmark, mini_columns, needs
from tests.support.published_format import PublishedTable, contents_of, write_pickles
from tests.support.threads import run_in_threads

BENCH = mini_benchmark()
FIRST = Configuration("0|00|000", 0.003125, 16)
ROW_53 = Configuration("1|00|000", 0.003125, 512)


def test_one_evaluation_is_one_record_by_eye() -> None:
    logger = TrajectoryLogger(run_id="by eye")
    recorder = Recorder(BENCH, charging="continued", logger=logger)
    recorder.evaluate(FIRST, 3, budget=np.float64(3.7), overhead_s=0.5)
    last = recorder.evaluate(FIRST, 12, worker=2)
    assert last == logger.records[-1]
    assert last.to_dict() == {
        "run_id": "by eye",
        "trial": 1,
        "cellcode": "0|00|000",
        "lr": 0.003125,
        "batch_size": 16,
        "epoch": 12,
        "budget": 12,
        "split": "valid",
        "seed": 222,
        "accuracy_pct": pytest.approx(52.1),
        "cost_s": 144.5,
        "charged_cost_s": 108.5,
        "charging": "continued",
        "start_s": 36,
        "end_s": 144.5,
        "worker": 2,
        "status": "complete",
        "overhead_s": 0,
        "table": f"imported:{BENCH.provenance.digest[:8]}",
    }
    assert logger.records[0].budget == 3.7
    assert (len(logger), logger.charged_cost_s, logger.clock_s) == (2, 144.5, 144.5)


def test_every_sink_gets_every_record(tmp_path: Path) -> None:
    memory = MemorySink()
    with JsonLinesSink(tmp_path / "run.jsonl") as file:
        logger = TrajectoryLogger([memory, file])
        recorder = Recorder(BENCH, logger=logger)
        for index in range(0, 190_000, 10_000):
            recorder.evaluate(Configuration.from_index(index))
    assert tuple(memory.records) == logger.records == tuple(read_records(tmp_path / "run.jsonl"))
    logger.close()


def test_a_sink_that_fails_stops_the_search_with_its_own_error() -> None:
    class Broken(MemorySink):
        def write(self, record: TrialRecord) -> None:
            if len(self.records) == 2:
                raise ZeroDivisionError("the sink's own")
            super().write(record)

    sink = Broken()
    recorder = Recorder(BENCH, logger=TrajectoryLogger([sink]))
    recorder.evaluate(FIRST)
    recorder.evaluate(FIRST)
    with pytest.raises(ZeroDivisionError, match="the sink's own"):
        recorder.evaluate(FIRST)
    assert tuple(sink.records) == recorder.logger.records
    assert len(sink.records) == 2


@pytest.mark.parametrize("sink", [3, "x", None, MemorySink])
def test_what_is_no_sink_is_refused_before_anything_is_evaluated(sink: Any) -> None:
    with pytest.raises(InvalidValueError, match="has no methods write and close") as refusal:
        TrajectoryLogger([MemorySink(), sink])
    assert str(refusal.value).startswith(f"sink {sink!r} ")


@pytest.mark.parametrize("sinks", [3, None, MemorySink()])
def test_sinks_are_several(sinks: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"are not a list of sinks, for example \[JsonLinesSink\(path\)\]"):
        TrajectoryLogger(sinks)


def test_a_text_is_no_list_of_sinks() -> None:
    with pytest.raises(InvalidValueError, match="sink 'r' has no methods write and close"):
        TrajectoryLogger("run.jsonl")  # type: ignore[arg-type]


def test_a_refused_evaluation_leaves_no_trace() -> None:
    recorder = Recorder(BENCH, charging="continued")
    for arguments in ({"epoch": 13}, {"split": "x"}, {"seed": 1}, {"epoch": 200, "split": "valid"}):
        with pytest.raises(InvalidValueError):
            recorder.evaluate(FIRST, **arguments)  # type: ignore[arg-type]
    assert recorder.logger.records == ()
    first = recorder.evaluate(FIRST)
    assert (first.trial, first.charged_cost_s, first.start_s) == (0, 144.5, 0)


def test_two_tables_are_never_mixed_in_one_logger() -> None:
    logger = TrajectoryLogger()
    Recorder(BENCH, logger=logger)
    Recorder(mini_benchmark(), logger=logger)  # the same numbers
    other = mini_benchmark(expected_acc_200=mini_columns()["expected_acc_200"] + 1)
    held, new = BENCH.provenance.key, other.provenance.key
    message = f"^this logger holds records of the table {held}; it cannot take those of {new}$"
    with pytest.raises(TrajectoryError, match=message):
        Recorder(other, logger=logger)


def test_a_logger_that_holds_one_record_is_of_one_run() -> None:
    recorder = Recorder(BENCH, logger=TrajectoryLogger(run_id="first"))
    recorder.evaluate(FIRST)
    with pytest.raises(TrajectoryError, match=r"^this logger holds 1 records of run 'first' already: "):
        Recorder(BENCH, logger=recorder.logger)
    with pytest.raises(TrajectoryError, match=r"^this logger is of run 'first', and not of 'second'$"):
        TrajectoryLogger.resume(recorder.logger, run_id="second")
    again = Recorder(BENCH, logger=TrajectoryLogger.resume(recorder.logger, run_id="first"))
    assert again.evaluate(FIRST).trial == 1


def test_threads_lose_nothing_and_time_stands_in_line() -> None:
    """One simulated worker: whatever the interleaving, evaluations follow each other without a gap."""
    memory = MemorySink()
    recorder = Recorder(BENCH, charging="cached", logger=TrajectoryLogger([memory]))
    barrier = threading.Barrier(8)

    def work(thread: int) -> None:
        barrier.wait()
        for i in range(200):
            recorder.evaluate(Configuration.from_index(1000 * thread + i % 100))

    run_in_threads(work, range(8))
    found = recorder.logger.records
    assert tuple(memory.records) == found
    assert [each.trial for each in found] == list(range(1600))
    ends = [0.0, *(each.end_s for each in found)]
    assert [each.start_s for each in found] == ends[:-1]
    assert sum(each.charged_cost_s > 0 for each in found) == 800
    assert recorder.logger.clock_s == ends[-1] == pytest.approx(recorder.logger.charged_cost_s)


def test_trial_numbers_are_never_given_twice() -> None:
    logger = TrajectoryLogger()
    recorder = Recorder(BENCH, logger=logger)
    recorder.evaluate(FIRST)
    assert [logger.next_trial(), logger.next_trial()] == [1, 2]
    assert recorder.evaluate(FIRST).trial == 3


# -- results


def test_results_by_eye() -> None:
    recorder = Recorder(BENCH)
    for configuration, epoch in ((FIRST, 3), (ROW_53, 3), (FIRST, 3), (ROW_53, 200)):
        recorder.evaluate(configuration, epoch)
    first, row_53 = (
        {"cellcode": each.cellcode, "lr": each.lr, "batch_size": each.batch_size} for each in (FIRST, ROW_53)
    )
    assert recorder.logger.results() == {
        "acc_trans": pytest.approx([43.1, 43.153, 43.1]),
        "key_trans": [first, row_53, first],
        "best_acc_trans": pytest.approx([43.1, 43.153, 43.153]),
        "best_key_trans": [first, row_53, row_53],
        "total_cost_trans": [36, 36 + 36 * 54, 72 + 36 * 54],
        "final_accs": pytest.approx([32.153, 90.053]),
    }


def test_there_are_no_results_before_the_first_evaluation() -> None:
    recorder = Recorder(BENCH)
    for _ in range(2):
        with pytest.raises(TrajectoryError, match="there are no results before the first evaluation"):
            recorder.logger.results()
        recorder.evaluate(FIRST, 200)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The real reference package on the mini table's numbers, in the published format."""
    import nashpobench2api

    table = PublishedTable(mini_columns(), BENCH.seeds, ("one-hash", "another-hash"))
    directory = write_pickles(tmp_path_factory.mktemp("published"), contents_of(table))
    return nashpobench2api.NASHPOBench2API(str(directory), verbose=False)


@needs("nashpobench2api")
@given(
    st.lists(st.tuples(configurations, st.integers(1, 12), st.sampled_from(["train", "valid", "test"])), min_size=1),
    st.sampled_from(BENCH.seeds),
)
def test_results_are_the_references_to_the_bit(
    reference: Any, sequence: list[tuple[Configuration, int, str]], seed: int
) -> None:
    reference.reset_logdata()
    recorder = Recorder(BENCH)
    for configuration, epoch, split in sequence:
        record = recorder.evaluate(configuration, epoch, split=split, seed=seed)
        answer = reference.query_by_key(
            configuration.cellcode, configuration.lr, configuration.batch_size, mode=split, iepoch=epoch, seed=seed
        )
        assert answer == (record.accuracy_pct, record.cost_s)
    assert recorder.logger.results() == reference.get_results()
    assert recorder.logger.charged_cost_s == reference.get_total_cost()


def test_incumbents_are_those_of_the_records() -> None:
    recorder = Recorder(BENCH)
    for configuration in (ROW_53, FIRST, ROW_53):
        recorder.evaluate(configuration)
    (change,) = recorder.logger.incumbents()
    assert change.record == recorder.logger.records[0]
    assert change.time_s == recorder.logger.records[0].end_s
    assert pickle.loads(pickle.dumps(change)) == change


@pytest.mark.parametrize("run_id", [None, 5, b"run", np.str_("run")])
def test_a_name_that_no_record_takes_is_refused_before_the_first(run_id: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"run_id .* is not a built-in str"):
        TrajectoryLogger(run_id=run_id)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_loggers_and_recorders_stay_but_their_records_can_be_sent(copied: Any) -> None:
    recorder = Recorder(BENCH)
    recorder.evaluate(FIRST)
    for owner, way_out in ((recorder, "Make one in each"), (recorder.logger, "Send its records")):
        message = f"this {type(owner).__name__} cannot be copied or sent to another process: its records .*{way_out}"
        with pytest.raises(TrajectoryError, match=message):
            copied(owner)
    assert pickle.loads(pickle.dumps(recorder.logger.records)) == recorder.logger.records


def test_a_sink_that_cannot_be_closed_keeps_no_other_from_it() -> None:
    closed = []

    class Closing(MemorySink):
        def __init__(self, name: str, error: Exception | None = None) -> None:
            super().__init__()
            self.name, self.error = name, error

        def close(self) -> None:
            closed.append(self.name)
            if self.error is not None:
                raise self.error

    with pytest.raises(OSError, match="disk full"):
        TrajectoryLogger([Closing("first"), Closing("second", OSError("disk full")), Closing("third")]).close()
    assert closed == ["first", "second", "third"]


def test_a_logger_is_shown_by_what_it_holds() -> None:
    logger = TrajectoryLogger(run_id="mine")
    assert repr(logger) == "<TrajectoryLogger 'mine': 0 records, 0.0 s charged>"
    recorder = Recorder(BENCH, logger=logger)
    recorder.evaluate(FIRST)
    assert repr(logger) == "<TrajectoryLogger 'mine': 1 record, 144.5 s charged>"
