"""The one logger that every adapter, optimizer and campaign reports to."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.charging import Charger
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.objectives import ERROR_PCT, checked_objectives
from nhb2_plugins.shown import Plotted
from nhb2_plugins.text_table import counted
from nhb2_plugins.trajectory.frame import frame_of_columns
from nhb2_plugins.trajectory.incumbent import IncumbentChange, incumbent_changes_in_order
from nhb2_plugins.trajectory.record import UNNAMED_RUN, TrialRecord
from nhb2_plugins.trajectory.record_columns import RecordColumns
from nhb2_plugins.trajectory.sinks import MemorySink, Sink, checked_sinks
from nhb2_plugins.trajectory.stays_in_process import StaysInProcess
from nhb2_plugins.trajectory.totals import Totals

if TYPE_CHECKING:
    import pandas

    from nhb2_plugins.problem import Problem


class TrajectoryLogger(StaysInProcess, Plotted):
    """Takes one record per evaluation, keeps it, and passes it to every sink. Safe to share between threads.

    It cannot be copied or sent to another process; its records can.

    Args:
        sinks: where records go beside memory. A sink that raises stops the search with its error; the records before it
            are safe.
        run_id: the run's name; stands in every record that is made for this logger.

    Raises:
        InvalidValueError: ``sinks`` holds something without ``write`` and ``close``, or is no list of sinks; or the
            name is no text.
    """

    _WAY_OUT = "Send its records, or make one in each process"
    _DRAWN_BY = "plot_incumbents"

    def __init__(self, sinks: Iterable[Sink] = (), *, run_id: str = UNNAMED_RUN) -> None:
        if type(run_id) is not str:  # also one of numpy's, which no record takes
            raise InvalidValueError(f"run_id {run_id!r:.80} is not a built-in str")
        self.run_id = run_id
        self._records = RecordColumns()
        self._totals = Totals()
        self._n_resumed = 0
        self._charger: Charger | None = None
        self._bench: Benchmark | None = None
        self._sinks = checked_sinks(sinks)
        self._written = tuple(sink for sink in self._sinks if not _shows(sink, self._records))
        self.lock = threading.RLock()

    @classmethod
    def resume(
        cls, source: TrajectoryLogger | Iterable[TrialRecord] | str | os.PathLike[str], *, run_id: str | None = None
    ) -> TrajectoryLogger:
        """A logger that goes on with a recorded run: clock, numbers, budget and what was paid are the run's.

        >>> from nhb2_plugins.benchmark import open_benchmark
        >>> from nhb2_plugins.optimizers.random_search import RandomSearch
        >>> from nhb2_plugins.simulation import simulate
        >>> search, bench = RandomSearch(0), open_benchmark()
        >>> logger = simulate(search, bench, budget_s=1000)
        >>> first = logger.records
        >>> logger = simulate(search, bench, budget_s=2000, logger=TrajectoryLogger.resume(logger))
        >>> logger.records[: len(first)] == first, len(logger) > len(first), logger.clock_s > 2000
        (True, True, True)

        Args:
            source: a logger, which is itself made ready; a JSON-lines file or a database's URL, to which the records
                that follow are appended (and where there is nothing yet, the run begins); or records.
            run_id: the run, where the source holds several, and the new one's name where it holds none.

        Raises:
            TrajectoryError: the source cannot be read, or holds several runs, none of this name, one trial twice, or a
                whole run of a campaign (which ``nhb2 run`` resumes).
        """
        if isinstance(source, TrajectoryLogger):
            if run_id not in (None, source.run_id):
                raise TrajectoryError(f"this logger is of run {source.run_id!r}, and not of {run_id!r}")
            logger = source
        else:
            from nhb2_plugins.trajectory.resumption import earlier_run  # the readers of files are for who reads one

            earlier = earlier_run(source, run_id)
            logger = cls(earlier.sinks, run_id=earlier.run_id)
            for record in earlier.records:
                logger._keep(record)
        logger._n_resumed = len(logger)
        return logger

    def begin(self, problem: Problem) -> Charger:
        """Name the problem whose evaluations are logged from now on.

        Returns:
            What charges them: the one of all that log here, which knows what the run has paid for.

        Raises:
            TrajectoryError: the logger belongs to another table or charging policy, or holds records already and is not
                resumed.
        """
        with self.lock:
            self._refuse_another_table(problem.bench)
            if len(self._records) > self._n_resumed:
                raise TrajectoryError(
                    f"this logger holds {len(self._records)} records of run {self.run_id!r} already: give each run a "
                    "logger of its own, or go on with that run by TrajectoryLogger.resume(logger)"
                )
            self._bench = problem.bench
            if self._charger is None:
                self._charger = Charger(problem.bench, self.records[0].charging if self._records else problem.charging)
                for record in self.records:
                    self._charger.remember(record)
            if self._charger.policy != problem.charging:
                raise TrajectoryError(
                    f"run {self.run_id!r} is charged {self._charger.policy!r}, and cannot go on {problem.charging!r}"
                )
            return self._charger

    def _refuse_another_table(self, bench: Benchmark) -> None:
        held = self.records[0].table if self._records else None
        if self._bench is not None:
            held = self._bench.provenance.key
        if held not in (None, bench.provenance.key):
            raise TrajectoryError(
                f"this logger holds records of the table {held}; it cannot take those of {bench.provenance.key}"
            )

    def next_trial(self) -> int:
        """A trial number that no record has yet."""
        with self.lock:
            self._totals.next_trial += 1
            return self._totals.next_trial - 1

    def log(self, record: TrialRecord) -> None:
        """Keep a record.

        Raises:
            Exception: whatever a sink raises.
        """
        with self.lock:
            for sink in self._written:
                sink.write(record)
            self._keep(record)

    def _keep(self, record: TrialRecord) -> None:
        self._records.append(record)
        self._totals.add(record)

    def close(self) -> None:
        """Close every sink, also where one before it cannot be closed.

        Raises:
            Exception: whatever a sink raises.
        """
        with contextlib.ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)

    @property
    def records(self) -> Sequence[TrialRecord]:
        """Every record so far, in the order they were logged; the objects are made as they are read."""
        return self._records.snapshot()

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        n = len(self._records)
        return f"<TrajectoryLogger {self.run_id!r}: {counted(n, 'record')}, {self.charged_cost_s:,.1f} s charged>"

    @property
    def charged_cost_s(self) -> float:
        """Sum of what was charged, in simulated seconds."""
        return self._totals.charged_cost_s

    @property
    def clock_s(self) -> float:
        """The latest simulated end so far; where the next evaluation of a single worker starts."""
        return self._totals.clock_s

    def incumbents(self, objectives: Sequence[str] = (ERROR_PCT,)) -> list[IncumbentChange]:
        """Every change of the incumbent, in order of simulated end.

        Args:
            objectives: what is minimised. Of several each change is a result that enters the archive of those that no
                other one equals or beats in all of them.

        Raises:
            InvalidValueError: no objective, one that is unknown, or one twice.
        """
        return incumbent_changes_in_order(self._records.in_order_of_end(), checked_objectives(objectives))

    def to_frame(self) -> pandas.DataFrame:
        """The records as a pandas frame, one row each, columns named as the fields, plus ``error_pct``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return frame_of_columns(self._records)

    def results(self) -> dict[str, list[Any]]:
        """The dictionary that the reference package's ``get_results()`` returns (:func:`nhb2_plugins.compat.results`).

        Raises:
            TrajectoryError: nothing was logged yet.
        """
        from nhb2_plugins.compat import results  # the drop-in is loaded by those who want its form

        return results(self.records, self._bench)


def _shows(sink: Sink, records: RecordColumns) -> bool:
    """Whether a sink needs no second copy of the records: one in memory that shows those that the logger keeps."""
    if type(sink) is MemorySink:
        sink.show(records)
        return True
    return False
