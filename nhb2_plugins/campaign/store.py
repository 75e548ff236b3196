"""Whether a campaign may begin or go on in a directory, and which of its runs are missing there.

Where everything lies in the directory is said by :mod:`nhb2_plugins.campaign_directory`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from nhb2_plugins.campaign.plan import RunPlan, plan_runs
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign.tables import RunTable, table_of, tables_in_turn
from nhb2_plugins.campaign_directory import CampaignDirectory, CampaignFile, first_line
from nhb2_plugins.errors import CampaignError, Nhb2Error, retold
from nhb2_plugins.files import open_regular
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.trajectory.run_file import OPTIONAL_CONDITIONS

_LONGEST_END_LINE: Final = 4096


class CampaignWriteError(Nhb2Error, OSError):
    """The disk refuses a campaign's directory: it is full, read-only, or not the user's."""


class CampaignStore:
    """The directory of one campaign.

    Args:
        directory: where to; made by :meth:`opened`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._place = CampaignDirectory(directory)

    @contextmanager
    def opened(self, spec: CampaignSpec, table: Provenance, *, overwrite: bool = False) -> Iterator[None]:
        """Make the directory, or check that it belongs to this specification and table, and keep others out of it.

        Args:
            spec: the campaign.
            table: provenance of the table.
            overwrite: delete the runs of another campaign that are there, and nothing else.

        Raises:
            CampaignError: the directory holds another campaign or other files, or another process is running a campaign
                in it.
            CampaignWriteError: it cannot be written.
        """
        with ExitStack() as held:
            with self._writing():
                self._place.refuse_other_files()
                self._place.make()
                held.enter_context(self._place.locked())
                self._settle(spec, table, overwrite=overwrite)
            yield

    def _writing(self) -> AbstractContextManager[None]:
        return retold(CampaignWriteError, f"cannot write to {self.directory}")

    def check(self, spec: CampaignSpec, table: Provenance) -> None:
        """See whether this campaign could begin or go on here; nothing is written.

        Raises:
            CampaignError: the directory holds another campaign, or other files.
        """
        self._place.refuse_other_files()
        if self._place.has_file:
            self._check_identity(_identity(spec, table))

    def _settle(self, spec: CampaignSpec, table: Provenance, *, overwrite: bool) -> None:
        identity = _identity(spec, table)
        if self._place.has_file and not overwrite:
            if self._check_identity(identity) != identity:  # more seeds, which may answer from more tables
                self._place.baseline_file.unlink(missing_ok=True)
        elif self._place.has_file:
            self._place.read_file()  # refuses what is no campaign's
        elif not overwrite:
            self.missing(plan_runs(spec), tables_in_turn(spec, table))  # refuses runs that are not this campaign's
        if overwrite:
            self._place.remove_runs()
        self._place.remove_torn_runs()
        self._place.write_file(identity)

    def missing(self, plans: Sequence[RunPlan], tables: Sequence[RunTable]) -> list[RunPlan]:
        """The runs that have no whole file yet.

        Args:
            plans: the runs.
            tables: what they answer from in turn.

        Raises:
            CampaignError: a file in a run's place is of a run under other conditions, or of no run.
        """
        return [plan for plan in plans if not self._is_done(plan, table_of(plan.seed, tables))]

    def _is_done(self, plan: RunPlan, table: RunTable) -> bool:
        path = self._place.run_file(plan.run_id)
        try:
            if path.stat().st_size == 0:
                return False
        except OSError:  # mostly: not there
            return False
        header = first_line(path)
        if header.get("type") != "run":
            raise CampaignError(f"{path} is no run's file; move it away")
        if header.get("run_id") != plan.run_id:  # copied there
            return False
        _refuse_other_conditions(path, header, plan, table)
        return is_whole(path, plan.run_id)

    def forget_failures(self, plans: Iterable[RunPlan]) -> None:
        """Remove the tracebacks of runs that are tried again."""
        with self._writing():
            self._place.forget_failures(plan.run_id for plan in plans)

    def record_failure(self, run_id: str, failure: str) -> None:
        """Keep a failed run's traceback."""
        with self._writing():
            self._place.write_failure(run_id, failure)

    def _check_identity(self, identity: CampaignFile) -> CampaignFile:
        """What is stored, which wants the same runs, or some of them: more seeds go on."""
        stored = self._place.read_file()
        if not _wants_more_seeds(stored.specification, identity.specification):
            another = "specification"
        elif stored.table != identity.table:
            another = "table"
        else:
            return stored
        raise CampaignError(
            f"{self.directory} holds runs of another {another}; name another directory, or overwrite them"
        )


def _wants_more_seeds(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two specifications are the same but for seeds, and the second has all seeds of the first."""
    try:
        before, after = (CampaignSpec.model_validate(each) for each in (stored, wanted))
    except ValidationError:
        return False
    kept = zip(before.optimizers, after.optimizers, strict=False)
    return _with_one_seed(before) == _with_one_seed(after) and all(
        set(one.seed_list) <= set(other.seed_list) for one, other in kept
    )


def _with_one_seed(spec: CampaignSpec) -> CampaignSpec:
    return spec.model_copy(
        update={"optimizers": tuple(each.model_copy(update={"seeds": 1}) for each in spec.optimizers)}
    )


def _refuse_other_conditions(path: Path, header: Mapping[str, Any], plan: RunPlan, table: RunTable) -> None:
    recorded = header.get("table")
    found = {**header, "table": recorded.get("digest") if isinstance(recorded, dict) else recorded}
    of_table = {"table": table.digest, "table_seed": table.seed}
    wanted_of = {**dict.fromkeys(OPTIONAL_CONDITIONS), **plan.to_dict(), **of_table}
    for name, wanted in json.loads(json.dumps(wanted_of)).items():
        if found.get(name) != wanted:
            raise CampaignError(
                f"{path} is of a run with {name} {found.get(name)!r:.200}, not {wanted!r:.200}; "
                "name another directory, or overwrite the runs"
            )


def _identity(spec: CampaignSpec, table: Provenance) -> CampaignFile:
    """What a directory's runs have in common, as JSON gives it back."""
    default = {name: type(spec).model_fields[name].default for name in (*OPTIONAL_CONDITIONS, "draws", "table_seed")}
    left_out = {"table", *(name for name, value in default.items() if getattr(spec, name) == value)}
    specification = spec.model_dump(mode="json", exclude=left_out)
    return CampaignFile(*json.loads(json.dumps([specification, table.to_dict()])))


def is_whole(path: Path, run_id: str) -> bool:
    """Whether a run's file is there, is of this run, and ends as a whole one does.

    A run's file is renamed into place when it is whole; but a copy of a directory can stop half-way, and a file can be
    put in the place of another. Only the first and the last line are read: what is wrong between them is said by the
    report, or by ``nhb2 log check``.
    """
    try:
        with open_regular(path) as file:
            file.seek(-min(path.stat().st_size, _LONGEST_END_LINE), os.SEEK_END)
            tail = file.read()
        ends = tail.endswith(b"\n") and json.loads(tail.splitlines()[-1])["type"] == "end"
        return ends and first_line(path).get("run_id") == run_id
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not such lines
        return False
