"""Whole runs out of any source, as the packages that keep a directory a run want them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nhb2_plugins.campaign_directory import recorded_files
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.objectives import ERROR_PCT
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.reader import read_run_parts, refuse_other_conditions
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sources import by_run, merged, read_source

_NOT_IN_A_NAME = re.compile(r"[^\w.=,+-]")


@dataclass(frozen=True)
class ExportedRun:
    """One run.

    Attributes:
        optimizer: label of the optimizer; the run's id where the source does not say it.
        seed: the run's seed; 0 where the source does not say it.
        budget_s: simulated budget in seconds; None where there was none or the source does not say it.
        records: at least one, in order of simulated end.
        table_seed: the table's training seed, where a campaign's runs answer from several; else None.
        objectives: what it searched for; the error alone where the source does not say it.
    """

    optimizer: str
    seed: int
    budget_s: float | None
    records: tuple[TrialRecord, ...]
    table_seed: int | None = None
    objectives: tuple[str, ...] = (ERROR_PCT,)

    @property
    def run_id(self) -> str:
        """The id that its records carry."""
        return self.records[0].run_id

    @property
    def directory(self) -> Path:
        """A relative directory made of the run's id, without anything that leads elsewhere."""
        parts = (_NOT_IN_A_NAME.sub("_", part) for part in self.run_id.split("/"))
        named = [part if part.strip(".") else "_" for part in parts]
        return Path(*named)

    @property
    def n_workers(self) -> int:
        """Number of simulated workers that evaluated anything."""
        return 1 + max(record.worker for record in self.records)

    @property
    def max_epoch(self) -> int:
        """The highest fidelity of the run."""
        return max(record.epoch for record in self.records)

    @property
    def is_multifidelity(self) -> bool:
        """Whether its records have several fidelities."""
        return len({record.epoch for record in self.records}) > 1


def exported_runs(source: str | os.PathLike[str]) -> list[ExportedRun]:
    """The runs of a source (:mod:`nhb2_plugins.trajectory.sources`), those without records left out.

    Raises:
        TrajectoryError: the source cannot be read, holds no record, or two of its runs have the same id.
        MissingExtraError: a database's packages are not installed.
    """
    source = os.fspath(source)
    if "://" in source:
        runs = _by_id(read_source(source))
    else:
        runs = [run for path in recorded_files(source) for run in _runs_of_file(path)]
    if not runs:
        raise TrajectoryError(f"there is no record in {shown_source(os.fspath(source))}")
    for directory, n_runs in Counter(run.directory for run in runs).items():
        if n_runs > 1:
            raise TrajectoryError(f"{shown_source(source)} holds two runs of the name {str(directory)!r}")
    return runs


def _runs_of_file(path: Path) -> Iterator[ExportedRun]:
    parts, records = read_run_parts(path)
    if parts.header is None:  # records alone, as a sink writes them without a campaign
        yield from _by_id(records)
        return
    header = parts.finished(path, records).header
    if not records:
        return
    refuse_other_conditions(path, header, records)
    ordered, _ = merged(records)
    yield ExportedRun(
        header.optimizer, header.seed, header.budget_s, tuple(ordered), header.table_seed, header.objectives
    )


def _by_id(records: Sequence[TrialRecord]) -> list[ExportedRun]:
    return [ExportedRun(run_id, 0, None, tuple(each)) for run_id, each in by_run(merged(records)[0]).items()]
