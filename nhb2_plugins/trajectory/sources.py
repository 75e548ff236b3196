"""Records from wherever they are kept, and into whatever is asked for: a name decides which.

A source or target is a database's URL (``sqlite:///runs.db``), a ``.jsonl`` file, or, to write alone, a ``.csv`` or
``.parquet`` file. A directory as a source means every ``.jsonl`` file below it, or the runs of a campaign.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from nhb2_plugins.campaign_directory import recorded_files
from nhb2_plugins.errors import InvalidValueError, TrajectoryError, TrajectoryExistsError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import file_aside, read_regular
from nhb2_plugins.text_table import without_formula
from nhb2_plugins.trajectory.consistency import refuse_repeated_trials
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.fields import ANY_TEXT
from nhb2_plugins.trajectory.frame import frame_of_records
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import RECORD, TrialRecord
from nhb2_plugins.trajectory.sinks import record_line


def read_source(source: str | os.PathLike[str]) -> list[TrialRecord]:
    """The records of a database, a JSON-lines file, or a directory of such files.

    Raises:
        TrajectoryError: as :func:`read_copies`, or two of its runs have one name.
        MissingExtraError: a database's packages are not installed.
    """
    records = read_copies(source)
    refuse_repeated_trials(((record.run_id, record.trial) for record in records), shown_source(os.fspath(source)))
    return records


def read_copies(source: str | os.PathLike[str]) -> list[TrialRecord]:
    """The records of a source, of whose files one may be another's copy.

    Raises:
        TrajectoryNotFoundError: there is none.
        TrajectoryError: it cannot be read, or is damaged; the file and line are named.
        MissingExtraError: a database's packages are not installed.
    """
    source = os.fspath(source)
    if "://" in source:
        from nhb2_plugins.trajectory.sql import read_records_sql  # SQLAlchemy is an extra

        return read_records_sql(source)
    return [record for path in recorded_files(source) for record in read_records(path)]


def refuse_torn_end(path: Path) -> None:
    """Refuse a file whose last line has no end: a writer was killed, or is at work.

    Raises:
        TrajectoryError: so it is; the file and line are named.
    """
    *lines, rest = read_regular(path).split(b"\n")
    if rest:
        raise TrajectoryError(f"{path}:{len(lines) + 1}: the last line does not end")


def write_target(target: str | os.PathLike[str], records: Sequence[TrialRecord]) -> None:
    """Write records to a database or a new file.

    A database takes what it does not have yet. A file is there whole or not at all.

    Raises:
        InvalidValueError: the target's name says no format, or a directory that is not there.
        TrajectoryExistsError: the file is there already.
        TrajectoryError: the target refuses.
        MissingExtraError: the target's packages are not installed.
    """
    target = os.fspath(target)
    if "://" in target:
        from nhb2_plugins.trajectory.sql import SqlSink  # SQLAlchemy is an extra

        with SqlSink(target) as sink:
            for record in records:
                sink.write(record)
        return
    path = Path(target)
    if path.suffix not in _FILE_WRITERS:
        suffixes = ", ".join(_FILE_WRITERS)
        raise InvalidValueError(f"target {target!r} is neither a database's URL nor a file ending in one of {suffixes}")
    if not path.parent.is_dir():
        raise InvalidValueError(f"there is no directory {path.parent} to write {path.name} to")
    if path.exists():
        raise TrajectoryExistsError(f"{path} exists already")
    try:
        with file_aside(path) as aside:
            _FILE_WRITERS[path.suffix](aside, records)
    except OSError as error:
        raise TrajectoryError(f"cannot write {path}: {error.strerror or error}") from error


def _write_lines(path: Path, records: Sequence[TrialRecord]) -> None:
    with path.open("wb") as file:
        file.writelines(map(record_line, records))


def _write_csv(path: Path, records: Sequence[TrialRecord]) -> None:
    frame = frame_of_records(records)
    free_text = [each.name for each in RECORD if each.domain is ANY_TEXT]
    frame.assign(**{name: frame[name].map(without_formula) for name in free_text}).to_csv(path, index=False)


def _write_parquet(path: Path, records: Sequence[TrialRecord]) -> None:
    frame = frame_of_records(records)
    with needs_extra("Parquet needs pyarrow", "frames"):
        if not all(type(seed) is int for seed in frame["seed"]):  # "mean" among them, and a column has one type
            frame = frame.assign(seed=frame["seed"].astype(str))
        frame.to_parquet(path, index=False)


_FILE_WRITERS: Final[Mapping[str, Callable[[Path, Sequence[TrialRecord]], None]]] = {
    ".jsonl": _write_lines,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def by_run(records: Iterable[TrialRecord]) -> dict[str, list[TrialRecord]]:
    """The records of each run, runs and records in the order in which they come."""
    runs: dict[str, list[TrialRecord]] = {}
    for record in records:
        runs.setdefault(record.run_id, []).append(record)
    return runs


def merged(records: Iterable[TrialRecord]) -> tuple[list[TrialRecord], int]:
    """Records by run, then in order of simulated end, each once; and how many were repetitions.

    Raises:
        TrajectoryError: two records of one run and trial differ.
    """
    by_key: dict[tuple[str, int], TrialRecord] = {}
    n_repeated = 0
    for record in records:
        key = (record.run_id, record.trial)
        known = by_key.setdefault(key, record)
        if known is not record:
            if known != record:
                raise TrajectoryError(f"run {record.run_id!r} has two different records of trial {record.trial}")
            n_repeated += 1
    return sorted(by_key.values(), key=lambda each: (each.run_id, each.end_s, each.trial)), n_repeated
