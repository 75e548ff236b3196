"""Records from wherever they are kept, and into whatever is asked for: a name decides which.

A source or target is a database's URL (``sqlite:///runs.db``), a ``.jsonl`` file, or, to write alone, a ``.csv`` or
``.parquet`` file. A directory as a source means every ``.jsonl`` file below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from nhb2_plugins.errors import InvalidValueError, MissingExtraError, TrajectoryError, TrajectoryExistsError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink

TARGET_SUFFIXES: Final = (".jsonl", ".csv", ".parquet")


def read_source(source: str) -> list[TrialRecord]:
    """The records of a database, a JSON-lines file, or a directory of such files.

    Raises:
        TrajectoryError: it cannot be read, or is damaged; the file and line are named.
        MissingExtraError: a database's packages are not installed.
    """
    if "://" in source:
        from nhb2_plugins.trajectory.sql import read_records_sql  # SQLAlchemy is an extra

        return read_records_sql(source)
    return [record for path in files_of(source) for record in read_records(path)]


def files_of(source: str) -> list[Path]:
    """The JSON-lines files that a path names: itself, or all below a directory, sorted.

    Raises:
        TrajectoryError: a directory holds none.
    """
    path = Path(source)
    if not path.is_dir():
        return [path]
    files = sorted(path.rglob("*.jsonl"))
    if not files:
        raise TrajectoryError(f"there is no .jsonl file in {path}")
    return files


def refuse_torn_end(path: Path) -> None:
    """Refuse a file whose last line has no end: a writer was killed, or is at work.

    Raises:
        TrajectoryError: so it is; the file and line are named.
    """
    *lines, rest = path.read_bytes().split(b"\n")
    if rest:
        raise TrajectoryError(f"{path}:{len(lines) + 1}: the last line does not end")


def write_target(target: str, records: Sequence[TrialRecord]) -> None:
    """Write records to a database or a new file.

    A database takes what it does not have yet.

    Raises:
        InvalidValueError: the target's name says no format.
        TrajectoryExistsError: the file is there already.
        TrajectoryError: the target refuses.
        MissingExtraError: the target's packages are not installed.
    """
    if "://" in target:
        from nhb2_plugins.trajectory.sql import SqlSink  # SQLAlchemy is an extra

        with SqlSink(target) as sink:
            for record in records:
                sink.write(record)
        return
    path = Path(target)
    if path.suffix not in TARGET_SUFFIXES:
        raise InvalidValueError(f"target {target!r} is neither a database's URL nor a file ending in {TARGET_SUFFIXES}")
    if path.exists():
        raise TrajectoryExistsError(f"{path} exists already")
    if path.suffix == ".jsonl":
        with JsonLinesSink(path) as lines:
            for record in records:
                lines.write(record)
    else:
        _write_frame(path, records)


def _write_frame(path: Path, records: Sequence[TrialRecord]) -> None:
    logger = TrajectoryLogger()
    for record in records:
        logger.log(record)
    frame = logger.to_frame()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
        return
    try:
        frame.assign(seed=frame["seed"].astype(str)).to_parquet(path, index=False)  # a seed may be "mean"
    except ImportError as error:
        raise MissingExtraError("Parquet needs pyarrow: pip install 'nhb2-plugins[frames]'") from error


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
