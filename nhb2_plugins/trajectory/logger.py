"""The one logger that every adapter, optimizer and campaign reports to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError, MissingExtraError, TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.incumbent import IncumbentChange, incumbent_changes_in_order
from nhb2_plugins.trajectory.record import RECORD_FIELDS, TrialRecord
from nhb2_plugins.trajectory.record_columns import RecordColumns
from nhb2_plugins.trajectory.sinks import Sink

if TYPE_CHECKING:
    import pandas


class TrajectoryLogger:
    """Takes one record per evaluation, keeps it, and passes it to every sink. Safe to share between threads.

    One without sinks can be copied, and sent to another process and back; the copy goes on by itself.

    Args:
        sinks: where records go beside memory. A sink that raises stops the search with its error; the records before it
            are safe.
        run_id: the run's name; stands in every record that is made for this logger.

    Raises:
        InvalidValueError: ``sinks`` holds something without ``write`` and ``close``, or is no list of sinks; or the
            name is no text.
    """

    def __init__(self, sinks: Iterable[Sink] = (), *, run_id: str = "run") -> None:
        if type(run_id) is not str:  # also one of numpy's, which no record takes
            raise InvalidValueError(f"run_id {run_id!r:.80} is not a built-in str")
        self.run_id = run_id
        self._sinks = _checked_sinks(sinks)
        self._records = RecordColumns()
        self._bench: Benchmark | None = None
        self._charged_cost_s = 0.0
        self._next_trial = 0
        self._clock_s = 0.0
        self.lock = threading.RLock()

    def attach(self, bench: Benchmark) -> None:
        """Name the benchmark whose evaluations are logged.

        Raises:
            TrajectoryError: the logger already belongs to another table: two tables' numbers must not be mixed.
        """
        with self.lock:
            if self._bench is not None and self._bench.provenance.digest != bench.provenance.digest:
                raise TrajectoryError(
                    f"this logger holds records of the {self._bench.provenance.label}; "
                    f"it cannot take those of the {bench.provenance.label}"
                )
            self._bench = bench

    def next_trial(self) -> int:
        """A trial number that no record has yet."""
        with self.lock:
            self._next_trial += 1
            return self._next_trial - 1

    def log(self, record: TrialRecord) -> None:
        """Keep a record.

        Raises:
            Exception: whatever a sink raises.
        """
        with self.lock:
            for sink in self._sinks:
                sink.write(record)
            self._records.append(record)
            self._charged_cost_s += record.charged_cost_s
            if record.trial >= self._next_trial:
                self._next_trial = record.trial + 1
            if record.end_s > self._clock_s:
                self._clock_s = record.end_s

    def close(self) -> None:
        """Close every sink, also where one before it cannot be closed.

        Raises:
            Exception: whatever a sink raises.
        """
        with contextlib.ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)

    def __getstate__(self) -> dict[str, Any]:
        if self._sinks:
            raise TrajectoryError("a logger with sinks cannot be copied or pickled: take its records")
        with self.lock:
            return {name: value for name, value in vars(self).items() if name != "lock"} | {
                "_records": self._records.copy()
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = threading.RLock()

    @property
    def records(self) -> Sequence[TrialRecord]:
        """Every record so far, in the order they were logged; the objects are made as they are read."""
        return self._records.snapshot()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def charged_cost_s(self) -> float:
        """Sum of what was charged, in simulated seconds."""
        return self._charged_cost_s

    @property
    def clock_s(self) -> float:
        """The latest simulated end so far; where the next evaluation of a single worker starts."""
        return self._clock_s

    def incumbents(self) -> list[IncumbentChange]:
        """Every change of the incumbent, in order of simulated end."""
        return incumbent_changes_in_order(self._records.in_order_of_end())

    def to_frame(self) -> pandas.DataFrame:
        """The records as a pandas frame, one row each, columns named as the fields, plus ``error_pct``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("frames need pandas: pip install 'nhb2-plugins[frames]'") from error
        n = len(self._records)
        columns: dict[str, Any] = {name: self._records.column(name, n) for name in RECORD_FIELDS}
        columns["error_pct"] = list(map(error_pct, columns["accuracy_pct"]))
        return pd.DataFrame(columns)

    def results(self) -> dict[str, list[Any]]:
        """The dictionary that the reference package's ``get_results()`` returns, for the same evaluations.

        Keys: ``acc_trans`` and ``best_acc_trans`` (percent), ``key_trans`` and ``best_key_trans`` (dicts of cellcode,
        lr, batch_size), ``total_cost_trans`` (cumulative charged seconds), ``final_accs`` (test accuracy of the best
        configuration at 12 and at 200 epochs, in percent). As there, 200-epoch evaluations are not part of it.

        Raises:
            TrajectoryError: nothing was logged yet.
        """
        records = [record for record in self.records if record.epoch != LONG_EPOCHS]
        if not records:
            raise TrajectoryError("there are no results before the first evaluation of the 12-epoch schedule")
        best = records[0]
        best_records, totals, total = [], [], 0.0
        for record in records:
            best = record if record.accuracy_pct > best.accuracy_pct else best
            best_records.append(best)
            total += record.charged_cost_s
            totals.append(total)
        return {
            "acc_trans": [record.accuracy_pct for record in records],
            "key_trans": [_key(record) for record in records],
            "best_acc_trans": [record.accuracy_pct for record in best_records],
            "best_key_trans": [_key(record) for record in best_records],
            "total_cost_trans": totals,
            "final_accs": self._final_accuracies(best),
        }

    def _final_accuracies(self, best: TrialRecord) -> list[float]:
        if self._bench is None:
            return []
        return [
            self._bench.evaluate(best.configuration, epoch, "test", best.seed).accuracy_pct
            for epoch in (SCHEDULE_EPOCHS, LONG_EPOCHS)
        ]


def _checked_sinks(sinks: Iterable[Sink]) -> tuple[Sink, ...]:
    if not isinstance(sinks, Iterable):
        raise InvalidValueError(f"sinks {sinks!r:.80} are not a list of sinks, for example [JsonLinesSink(path)]")
    given = tuple(sinks)
    for sink in given:
        # Not by the protocol itself: it has no more than these, and a class is not one of its instances.
        if isinstance(sink, type) or not all(callable(getattr(sink, name, None)) for name in ("write", "close")):
            raise InvalidValueError(
                f"sink {sink!r:.80} has no methods write and close; MemorySink, JsonLinesSink and SqlSink have"
            )
    return given


def _key(record: TrialRecord) -> dict[str, Any]:
    return {"cellcode": record.cellcode, "lr": record.lr, "batch_size": record.batch_size}
