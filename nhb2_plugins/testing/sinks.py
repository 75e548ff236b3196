"""What every sink keeps: each record, as it was and in order, also of a writer that was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest

from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES
from nhb2_plugins.testing.benchmarks import PlantedError, generated_benchmark
from nhb2_plugins.trajectory.fields import MAX_INTEGER
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import Sink

RECORD: Final = TrialRecord(
    run_id="contract",
    trial=0,
    cellcode="0|10|210",
    lr=0.1,
    batch_size=256,
    epoch=12,
    budget=12.0,
    split="valid",
    seed=222,
    accuracy_pct=80.0,
    cost_s=10.0,
    charged_cost_s=10.0,
    charging="from_scratch",
    start_s=0.0,
    end_s=10.0,
    worker=0,
    status="complete",
    overhead_s=0.0,
    table="surrogate:00000000",
)
_EDGES: Final[tuple[dict[str, Any], ...]] = (
    {"seed": "mean", "charging": "continued", "charged_cost_s": 0.0, "end_s": 0.0},
    {"accuracy_pct": 100 / 3, "cost_s": 0.1 + 0.2, "overhead_s": 5e-324},
    {"status": "pruned", "epoch": 1, "budget": 4 / 3, "worker": 63},
    {"status": "crossed_budget", "charging": "cached", "table": "published:ffffffff", "budget": 12},
    {"epoch": 200, "split": "test", "budget": 200.5, "end_s": 1e15 + 0.125, "cost_s": 1e15},
    {"run_id": "größer/seed-0001", "cellcode": "3|33|333", "lr": LEARNING_RATES[0], "batch_size": BATCH_SIZES[0]},
    {"run_id": "größer/seed-0001", "trial": MAX_INTEGER, "seed": -MAX_INTEGER},
)
RECORDS: Final = tuple(replace(RECORD, **{"trial": trial, **changes}) for trial, changes in enumerate(_EDGES))
"""Records at the edges of their domains: whoever keeps these keeps any."""
N_KILLS: Final = 3
N_FINISHED: Final = 8  # records of a writer before it is killed


class SinkContract:
    """The suite: a subclass named ``Test…`` says how its sink is opened, and how its records are read back."""

    IN_MEMORY: ClassVar[bool] = False
    """Whether the records are gone with the sink's process; else they outlive it, and a second sink goes on."""

    def open(self, directory: Path) -> Sink:
        """Open the sink on a place within the directory, which may hold what an earlier one wrote there."""
        raise NotImplementedError

    def read(self, directory: Path, sink: Sink) -> Sequence[TrialRecord]:
        """The records at that place, in the order in which they were written; ``sink`` is the last one opened."""
        raise NotImplementedError

    def _written(self, directory: Path, records: Sequence[TrialRecord]) -> Sink:
        sink = self.open(directory)
        with closing(sink):
            for record in records:
                sink.write(record)
        return sink

    def test_records_come_back_as_they_were_and_in_order(self, tmp_path: Path) -> None:
        """To the bit, and with their types: a seed is no float. (A budget may be either.)"""
        found = self.read(tmp_path, self._written(tmp_path, RECORDS))
        as_typed = [[repr(value) for value in _fields_of(record)] for record in found]
        assert as_typed == [[repr(value) for value in _fields_of(record)] for record in RECORDS]

    def test_nothing_written_is_nothing_read(self, tmp_path: Path) -> None:
        """A run may end before its first result."""
        assert list(self.read(tmp_path, self._written(tmp_path, ()))) == []

    def test_closing_twice_is_closing_once(self, tmp_path: Path) -> None:
        """A logger and a ``with`` block may both close."""
        sink = self._written(tmp_path, RECORDS)
        sink.close()
        assert list(self.read(tmp_path, sink)) == list(RECORDS)

    def test_a_second_sink_goes_on_after_the_first(self, tmp_path: Path) -> None:
        """A run is continued where it stopped."""
        if self.IN_MEMORY:
            pytest.skip("in memory")
        self._written(tmp_path, RECORDS[:3])
        assert list(self.read(tmp_path, self._written(tmp_path, RECORDS[3:]))) == list(RECORDS)

    def test_a_whole_search_is_kept(self, tmp_path: Path) -> None:
        """What the logger knows is what the sink has."""
        sink = self.open(tmp_path)
        logger = TrajectoryLogger([sink], run_id="contract")
        simulate(RandomSearch(0), generated_benchmark(), budget_s=20_000, n_workers=4, logger=logger)
        logger.close()
        assert list(self.read(tmp_path, sink)) == list(logger.records)
        assert len(logger.records) > 20

    def test_a_sink_beside_it_that_raises_ends_the_search_and_takes_no_record_along(self, tmp_path: Path) -> None:
        """The search stops with that sink's error; the records before it are safe."""
        sink = self.open(tmp_path)
        logger = TrajectoryLogger([_Raising(after=5), sink], run_id="contract")
        with pytest.raises(PlantedError):
            simulate(RandomSearch(0), generated_benchmark(), budget_s=20_000, logger=logger)
        logger.close()
        assert len(logger.records) == 5
        assert list(self.read(tmp_path, sink)) == list(logger.records)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as POSIX does it")
    def test_a_killed_writer_loses_no_finished_record(self, tmp_path: Path) -> None:
        """A record is finished once ``write`` has returned. None is there twice, and the next writer goes on."""
        if self.IN_MEMORY:
            pytest.skip("in memory")
        n_kept = 0
        for _ in range(N_KILLS):
            n_finished = self._write_until_killed(tmp_path, n_kept)
            found = self.read(tmp_path, self._written(tmp_path, ()))
            assert [record.trial for record in found] == list(range(len(found)))
            # One more may be there: its writer was killed before it could say that it had finished.
            assert n_finished <= len(found) - n_kept <= n_finished + 1
            n_kept = len(found)
        found = self.read(tmp_path, self._written(tmp_path, [replace(RECORD, trial=n_kept)]))
        assert [record.trial for record in found] == list(range(n_kept + 1))

    def _write_until_killed(self, directory: Path, first_trial: int) -> int:
        """How many records a process finished, which goes on until it is killed."""
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                sink = self.open(directory)
                for trial in count(first_trial):
                    sink.write(replace(RECORD, trial=trial))
                    os.write(writing, b".")
            finally:
                os._exit(1)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            n_finished = len(pipe.read(N_FINISHED))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            n_finished += len(pipe.read())
        assert n_finished >= N_FINISHED, "the writer ended by itself"
        return n_finished


def _fields_of(record: TrialRecord) -> list[object]:
    return [float(value) if name == "budget" else value for name, value in record.to_dict().items()]


class _Raising:
    def __init__(self, after: int) -> None:
        self._after = after
        self._taken: list[TrialRecord] = []

    def write(self, record: TrialRecord) -> None:
        """Take some records, then raise."""
        if len(self._taken) == self._after:
            raise PlantedError("planted in a sink")
        self._taken.append(record)

    def close(self) -> None:
        """Nothing to release."""
