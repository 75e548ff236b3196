"""The incumbents of every run of a source, without keeping its records: a source may hold millions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from nhb2_plugins.campaign_directory import recorded_files
from nhb2_plugins.trajectory.consistency import SeenTrials, check_incumbents
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.incumbent import BestSoFar, IncumbentChange, improvements_in_order
from nhb2_plugins.trajectory.reader import Part, parts_of_one_run, read_parts, refuse_other_conditions, refuse_other_end
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.run_file import RunHeader


@dataclass(frozen=True)
class SourceBests:
    """What is kept of a source's records.

    Attributes:
        runs: run id → its incumbents, in order of time.
        tables: of all records.
    """

    runs: dict[str, list[IncumbentChange]]
    tables: frozenset[str]


@dataclass(frozen=True)
class _Kept:
    """What is known of a source so far; each part grows while it is read."""

    seen: SeenTrials = field(default_factory=SeenTrials)
    bests: dict[str, BestSoFar] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    def take(self, record: TrialRecord, source: object) -> None:
        self.seen.refuse_repeated(record.run_id, record.trial, source)
        self.bests.setdefault(record.run_id, BestSoFar()).add(record)
        self.tables.add(record.table)


def read_bests(source: str) -> SourceBests:
    """The incumbents of each run of a database, a JSON-lines file, or a directory of such files.

    Everything is checked as where records are read whole.

    Raises:
        TrajectoryNotFoundError: there is none.
        TrajectoryError: it cannot be read, is damaged, or two runs of it have one name.
        MissingExtraError: a database's packages are not installed.
    """
    kept = _Kept()
    if "://" in source:
        from nhb2_plugins.trajectory.sql import iterate_records_sql  # SQLAlchemy is an extra

        for record in iterate_records_sql(source):
            kept.take(record, shown_source(source))
    else:
        for path in recorded_files(source):
            _take_file(kept, path)
    return SourceBests({run_id: best.changes for run_id, best in kept.bests.items()}, frozenset(kept.tables))


def _take_file(kept: _Kept, path: Path) -> None:
    others: list[tuple[str, Part]] = []
    n_records, ended_s, compared = 0, 0.0, list[TrialRecord]()
    for record in _records_among(read_parts(path), others):
        kept.take(record, path)
        n_records += 1
        ended_s = max(ended_s, record.end_s)
        if _has_several_objectives(others):
            compared.append(record)
    parts = parts_of_one_run(others)
    if parts is None or parts.header is None:
        return
    best = kept.bests.get(parts.header.run_id)
    bests = [change.record for change in best.changes] if best else []
    if compared:
        compared.sort(key=attrgetter("end_s", "trial"))
        bests = list(improvements_in_order(compared, parts.header.objectives))
    if parts.end is not None:
        refuse_other_end(path, n_records, ended_s, parts.end)
    check_incumbents(path, parts.header, parts.incumbents, bests, is_finished=parts.end is not None)


def _has_several_objectives(others: list[tuple[str, Part]]) -> bool:
    return any(isinstance(other, RunHeader) and len(other.objectives) > 1 for _, other in others[:1])


def _records_among(parts: Iterator[tuple[str, Part]], others: list[tuple[str, Part]]) -> Iterator[TrialRecord]:
    """The records, as they come; all else is put aside. A header, which comes first, is held against them."""
    for where, part in parts:
        if not isinstance(part, TrialRecord):
            others.append((where, part))
            continue
        for _, other in others:
            if isinstance(other, RunHeader):
                refuse_other_conditions(where.rpartition(":")[0], other, [part])
        yield part
