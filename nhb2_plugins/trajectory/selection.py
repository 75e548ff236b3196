"""Some of the runs that a source holds, by pattern and by number, reading no more files than these need."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from nhb2_plugins.campaign_directory import recorded_files
from nhb2_plugins.errors import InvalidValueError, Nhb2Error, TrajectoryError, describe_choices
from nhb2_plugins.files import open_regular
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.reader import read_line, read_records, read_run_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.run_file import RunHeader
from nhb2_plugins.trajectory.sources import by_run, merged, read_source

_Load: TypeAlias = Callable[[], list[TrialRecord]]


@dataclass(frozen=True)
class Selection:
    """Runs chosen from a source.

    Attributes:
        runs: records by run id, each in order of simulated end.
        n_found: number of runs that the source holds.
    """

    runs: Mapping[str, tuple[TrialRecord, ...]]
    n_found: int


def select_runs(
    source: str | os.PathLike[str], patterns: Sequence[str] = (), n_per_optimizer: int | None = None
) -> Selection:
    """Choose runs from a campaign's directory, a ``.jsonl`` file, a directory of them, or a database.

    Args:
        source: a path, or a database's URL.
        patterns: of run ids (``bohb/seed-000*``) or of what stands before their slash (``bohb``), with the wildcards of
            a shell; none for all.
        n_per_optimizer: at most so many runs of those that share what stands before the slash; None for all.

    Raises:
        TrajectoryNotFoundError: there is nothing at the source.
        InvalidValueError: it holds no record, or a pattern matches nothing.
        TrajectoryError: a file is damaged, empty, or of another format version; it is named.
    """
    loads = _loads(os.fspath(source))
    wanted = sorted(matching_runs(dict.fromkeys(loads, ()), patterns))
    chosen = [run_id for _, group in groupby(wanted, key=optimizer_part) for run_id in list(group)[:n_per_optimizer]]
    runs = {run_id: tuple(merged(record for load in loads[run_id] for record in load())[0]) for run_id in chosen}
    return Selection({run_id: records for run_id, records in runs.items() if records}, len(loads))


def optimizer_part(run_id: str) -> str:
    """What stands before the first slash of a run id: the optimizer, in a campaign."""
    return run_id.split("/")[0]


def _loads(source: str) -> dict[str, list[_Load]]:
    """What reads each run of a source. A file that begins with a run's header is not read any further yet."""
    loads: dict[str, list[_Load]] = {}
    for run_id, load in _parts(source):
        loads.setdefault(run_id, []).append(load)
    if not loads:
        raise InvalidValueError(f"there is no recorded run in {shown_source(os.fspath(source))}")
    return loads


def _parts(source: str) -> Iterator[tuple[str, _Load]]:
    if "://" in source:
        yield from ((run_id, partial(list, own)) for run_id, own in by_run(read_source(source)).items())
        return
    for file in recorded_files(source):
        run_id = _header_run_id(file)
        if run_id is not None:
            yield run_id, partial(read_run_records, file, run_id)
            continue
        records = read_records(file)
        if not records:
            raise TrajectoryError(f"{file} holds neither a run's header nor a record")
        yield from ((run_id, partial(list, own)) for run_id, own in by_run(records).items())


def _header_run_id(path: Path) -> str | None:
    """The run that a file's first line announces; None where it announces none."""
    try:
        with open_regular(path) as file:
            line = file.readline()
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error
    if not line.endswith(b"\n"):
        return None  # torn, or there is none
    part = read_line(line, f"{path}:1")
    return part.run_id if isinstance(part, RunHeader) else None


def matching_runs(
    names: Mapping[str, tuple[str, ...]], patterns: Sequence[str], error: type[Nhb2Error] = InvalidValueError
) -> list[str]:
    """The runs of which a name matches a pattern: the id, what stands before its slash, or another; all without one.

    Args:
        names: run id → what else a run is called.
        patterns: with the wildcards of a shell; a name as it is always means itself.
        error: what is raised.

    Raises:
        Nhb2Error: a pattern matches nothing.
    """
    called = {run_id: {run_id, optimizer_part(run_id), *others} for run_id, others in names.items()}
    for pattern in patterns:
        if not any(_matches(own, pattern) for own in called.values()):
            optimizers = sorted(set(map(optimizer_part, called)))
            raise error(describe_choices(pattern, optimizers, what="run") + f", nor a run such as {next(iter(called))}")
    return [each for each, own in called.items() if not patterns or any(_matches(own, one) for one in patterns)]


def _matches(names: Collection[str], pattern: str) -> bool:
    return pattern in names or any(fnmatchcase(name, pattern) for name in names)
