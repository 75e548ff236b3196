"""What a run that goes on has recorded so far, and where its further records go."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from nhb2_plugins.errors import InvalidValueError, TrajectoryError, TrajectoryNotFoundError
from nhb2_plugins.trajectory.consistency import refuse_repeated_trials
from nhb2_plugins.trajectory.incumbent import by_end
from nhb2_plugins.trajectory.reader import read_parts
from nhb2_plugins.trajectory.record import UNNAMED_RUN, TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, Sink


class EarlierRun(NamedTuple):
    """A run's records in the order in which they were logged, its name, and the sinks that go on with it."""

    records: Sequence[TrialRecord]
    run_id: str
    sinks: tuple[Sink, ...] = ()


def earlier_run(source: Iterable[TrialRecord] | str | os.PathLike[str], run_id: str | None) -> EarlierRun:
    """The run of a JSON-lines file, of a database's URL, or of records.

    Raises:
        InvalidValueError: the source is none of these.
        TrajectoryError: it cannot be read, or holds several runs, none of this name, one trial twice, or a whole run of
            a campaign.
    """
    if isinstance(source, str | os.PathLike):
        where = os.fspath(source)
        return _of_database(where, run_id) if "://" in where else _of_file(Path(where), run_id)
    if not isinstance(source, Iterable):
        raise InvalidValueError(f"{source!r:.80} is no logger, file, URL of a database or records to resume a run from")
    records = list(source)
    for record in records:
        if not isinstance(record, TrialRecord):
            raise TrajectoryError(f"{record!r:.80} is not a TrialRecord; a logger's records are")
    return EarlierRun(*_one_run(records, run_id, "the records"))


def _of_file(path: Path, run_id: str | None) -> EarlierRun:
    records: list[TrialRecord] = []
    if path.exists():
        for where, part in read_parts(path):
            if isinstance(part, TrialRecord):
                records.append(part)
            elif part is not None:
                raise TrajectoryError(f"{where}: a run of a campaign, which `nhb2 run` makes whole or not at all")
    own, name = _one_run(records, run_id, str(path))
    return EarlierRun(own, name, (JsonLinesSink(path),))


def _of_database(url: str, run_id: str | None) -> EarlierRun:
    from nhb2_plugins.trajectory.sql import SqlSink, read_records_sql  # needs the extra sql

    sink = SqlSink(url)
    try:
        own, name = _one_run(read_records_sql(url, run_id), run_id, "the database")
    except TrajectoryNotFoundError:
        own, name = _one_run([], run_id, "the database")
    except BaseException:
        sink.close()
        raise
    return EarlierRun(own, name, (sink,))


def _one_run(records: Sequence[TrialRecord], run_id: str | None, where: str) -> tuple[Sequence[TrialRecord], str]:
    """The records of the one run that is meant, in the order in which they were logged, and its name."""
    names = sorted({record.run_id for record in records})
    if run_id is None and len(names) > 1:
        raise TrajectoryError(f"{where} holds several runs: resume needs run_id, one of {names!r:.300}")
    name = run_id if run_id is not None else names[0] if names else UNNAMED_RUN
    own = sorted((each for each in records if each.run_id == name), key=by_end)
    refuse_repeated_trials(((each.run_id, each.trial) for each in own), where)
    return own, name
