"""Records kept as columns come back as they were."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.fidelity import FIDELITIES, SPLITS
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.trajectory.incumbent import incumbent_changes
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import RECORD_FIELDS, STATUSES, TrialRecord
from nhb2_plugins.trajectory.record_columns import RecordColumns
from tests.analysis.runs import make_run

BIGGEST = 2**63 - 1
amounts = st.floats(0, 1e15, allow_nan=False)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
RECORD = make_run([(10, 80.0)]).records[0]


@st.composite
def records(draw: st.DrawFn) -> TrialRecord:
    configuration = Configuration.from_index(draw(st.integers(0, N_CONFIGURATIONS - 1)))
    start_s, end_s = sorted((draw(amounts), draw(amounts)))
    return TrialRecord(
        run_id=draw(texts),
        trial=draw(st.integers(0, BIGGEST)),
        cellcode=configuration.cellcode,
        lr=configuration.lr,
        batch_size=configuration.batch_size,
        epoch=draw(st.sampled_from(FIDELITIES)),
        budget=draw(st.one_of(amounts, st.integers(0, 200), st.integers(2**53 - 1, BIGGEST))),
        split=draw(st.sampled_from(SPLITS)),
        seed=draw(st.one_of(st.just("mean"), st.integers(-BIGGEST, BIGGEST))),
        accuracy_pct=draw(st.floats(0, 100)),
        cost_s=draw(amounts),
        charged_cost_s=draw(amounts),
        charging=draw(st.sampled_from(CHARGING_POLICIES)),
        start_s=start_s,
        end_s=end_s,
        worker=draw(st.integers(0, BIGGEST)),
        status=draw(st.sampled_from(STATUSES)),
        overhead_s=draw(amounts),
        table=draw(texts),
    )


def typed(record: TrialRecord) -> list[tuple[type, Any]]:
    return [(type(value), value) for value in record.to_dict().values()]


@given(st.lists(records(), max_size=6))
def test_what_goes_in_comes_out_type_by_type(given_records: list[TrialRecord]) -> None:
    logger = TrajectoryLogger()
    for record in given_records:
        logger.log(record)
    kept = logger.records
    assert [typed(record) for record in kept] == [typed(record) for record in given_records]
    assert kept == given_records
    assert logger.incumbents() == incumbent_changes(given_records)
    columns = RecordColumns()
    for record in given_records:
        columns.append(record)
    for name in RECORD_FIELDS:
        values = columns.column(name, len(given_records))
        assert [(type(v), v) for v in values] == [(type(getattr(r, name)), getattr(r, name)) for r in given_records], (
            name
        )


def kept(n: int) -> TrajectoryLogger:
    logger = TrajectoryLogger()
    for trial in range(n):
        logger.log(replace(RECORD, trial=trial))
    return logger


def test_a_snapshot_is_a_sequence_of_its_moment() -> None:
    logger = kept(5)
    records = logger.records
    logger.log(replace(RECORD, trial=5))
    assert len(records) == 5
    assert [each.trial for each in records] == [0, 1, 2, 3, 4]
    assert records[-1].trial == 4
    assert [each.trial for each in records[1:4:2]] == [1, 3]
    assert records[2] in records
    assert records.index(records[3]) == 3
    with pytest.raises(IndexError):
        records[5]
    assert len(logger.records) == 6
    assert repr(records) == "<5 records>"


def test_equality_is_that_of_sequences() -> None:
    records = kept(3).records
    assert records == kept(3).records
    assert records == list(records)
    assert tuple(records) == records
    assert records != kept(2).records
    assert records != [*records[:2], RECORD]
    assert records != "abc"
    assert records != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(records)


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        RecordColumns().column("colour", 0)


def test_readers_see_whole_records_while_another_thread_writes() -> None:
    logger, n, seen = TrajectoryLogger(), 4000, []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        writer = threading.Thread(target=lambda: [logger.log(replace(RECORD, trial=t)) for t in range(n)])
        writer.start()
        while writer.is_alive():
            records = logger.records
            if records:
                seen.append((len(records), records[-1].trial))
                logger.incumbents()
        writer.join()
    finally:
        sys.setswitchinterval(interval)
    assert all(trial == length - 1 for length, trial in seen)
    assert [record.trial for record in logger.records] == list(range(n))


def test_a_kept_record_takes_152_bytes_and_less_than_half_of_its_object() -> None:
    """Nine numbers and ten references of 8 bytes; the space for records to come is at most an eighth more."""
    numbers = ("budget", "accuracy_pct", "cost_s", "charged_cost_s", "start_s", "end_s", "overhead_s")

    def timed(trial: int) -> TrialRecord:
        """A record with numbers that are objects of its own, as in a run."""
        return replace(RECORD, trial=trial, **{name: 50 + where + trial / 1e4 for where, name in enumerate(numbers)})

    def bytes_each(keep: Callable[[TrialRecord], None], n: int = 4000) -> float:
        tracemalloc.start()
        for trial in range(1000, 1000 + n):
            keep(timed(trial))
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return used / n

    columns, objects = RecordColumns(), list[TrialRecord]()
    bytes_each(lambda record: None)  # what the interpreter itself keeps of records that are gone
    kept_bytes = bytes_each(columns.append)
    assert 152 <= kept_bytes < 152 * 9 / 8
    assert kept_bytes < bytes_each(objects.append) / 2


def test_many_records_come_out_as_one_by_one() -> None:
    made = [replace(RECORD, trial=t, budget=12 if t % 7 == 0 else 12.5) for t in range(2500)]
    logger = TrajectoryLogger()
    for record in made:
        logger.log(record)
    records = logger.records
    assert [typed(record) for record in records] == [typed(record) for record in made]
    assert [typed(records[t]) for t in (0, 1023, 1024, 2499)] == [typed(made[t]) for t in (0, 1023, 1024, 2499)]


@pytest.mark.parametrize("at", ["trial", "run_id"])  # after the floats, and after the counters
def test_an_interrupt_in_the_middle_of_an_append_leaves_no_trace(at: str) -> None:
    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            if name == at:
                raise KeyboardInterrupt
            return getattr(replace(RECORD, budget=12, end_s=1e9), name)

    columns = RecordColumns()
    columns.append(RECORD)
    with pytest.raises(KeyboardInterrupt):
        columns.append(Interrupted())  # type: ignore[arg-type]
    second = replace(RECORD, trial=1, budget=12.5)
    columns.append(second)
    assert list(columns.snapshot()) == [RECORD, second]
    assert list(map(typed, columns.snapshot())) == [typed(RECORD), typed(second)]
