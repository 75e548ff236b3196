"""A campaign's directory: the specification it belongs to, its runs, its failures.

::

    DIR/campaign.json       specification and table; decides whether a directory may be resumed
    DIR/runs/<optimizer>/seed-0000.jsonl
    DIR/failures/<optimizer>/seed-0000.txt      tracebacks of runs that failed
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.campaign.plan import RunPlan
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.errors import CampaignError, Nhb2Error
from nhb2_plugins.table.schema import Provenance

try:
    import fcntl
except ImportError:  # Windows: two campaigns in one directory are not kept apart there
    fcntl = None  # type: ignore[assignment]

CAMPAIGN_FILE: Final = "campaign.json"
LOCK_FILE: Final = ".lock"
RUNS_DIRECTORY: Final = "runs"
FAILURES_DIRECTORY: Final = "failures"
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

    @contextmanager
    def opened(self, spec: CampaignSpec, table: Provenance, *, overwrite: bool = False) -> Iterator[None]:
        """Make the directory, or check that it belongs to this specification and table, and keep others out of it.

        Args:
            spec: the campaign.
            table: provenance of the table.
            overwrite: delete the runs of another campaign that are there.

        Raises:
            CampaignError: the directory holds another campaign or other files, or another process is running a campaign
                in it.
            CampaignWriteError: it cannot be written.
        """
        with ExitStack() as held:
            with self._writing():
                self._refuse_other_files()
                (self.directory / RUNS_DIRECTORY).mkdir(parents=True, exist_ok=True)
                held.enter_context(self._locked())
                self._settle(spec, table, overwrite=overwrite)
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CampaignWriteError(f"cannot write to {self.directory}: {error}") from error

    def _refuse_other_files(self) -> None:
        if (self.directory / CAMPAIGN_FILE).exists() or not self.directory.exists():
            return
        if any(path.name not in (LOCK_FILE, RUNS_DIRECTORY) for path in self.directory.iterdir()):
            raise CampaignError(f"{self.directory} holds other files and no campaign; name another directory")
        if any((self.directory / RUNS_DIRECTORY).glob("*/*")):
            raise CampaignError(
                f"{self.directory} holds runs and no {CAMPAIGN_FILE} that says of what; name another directory"
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the directory; the operating system lets go of it when this process dies."""
        with (self.directory / LOCK_FILE).open("w") as file:
            if fcntl is not None:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise CampaignError(f"another process is running a campaign in {self.directory}") from error
            yield

    def check(self, spec: CampaignSpec, table: Provenance) -> None:
        """See whether this campaign could begin or go on here; nothing is written.

        Raises:
            CampaignError: the directory holds another campaign, or other files.
        """
        self._refuse_other_files()
        if (self.directory / CAMPAIGN_FILE).exists():
            self._check_identity(_identity(spec, table))

    def _settle(self, spec: CampaignSpec, table: Provenance, *, overwrite: bool) -> None:
        identity = _identity(spec, table)
        if (self.directory / CAMPAIGN_FILE).exists():
            if overwrite:
                shutil.rmtree(self.directory / RUNS_DIRECTORY)
                (self.directory / RUNS_DIRECTORY).mkdir()
            else:
                self._check_identity(identity)
        shutil.rmtree(self.directory / FAILURES_DIRECTORY, ignore_errors=True)  # those runs are tried again
        self._remove_torn_runs()
        write_aside(self.directory / CAMPAIGN_FILE, json.dumps(identity, indent=1, sort_keys=True) + "\n")

    def _remove_torn_runs(self) -> None:
        """Remove what workers that were killed left of their runs; with the lock held, nobody is writing it."""
        for path in (self.directory / RUNS_DIRECTORY).glob("*/.*.jsonl.*"):
            path.unlink(missing_ok=True)

    def missing(self, plans: Sequence[RunPlan]) -> list[RunPlan]:
        """The runs that have no whole file yet."""
        return [plan for plan in plans if not is_whole(self.directory / plan.relative_path, plan.run_id)]

    def record_failure(self, run_id: str, failure: str) -> None:
        """Keep a failed run's traceback."""
        path = self.directory / FAILURES_DIRECTORY / f"{run_id}.txt"
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, failure)

    def _check_identity(self, identity: dict[str, Any]) -> None:
        stored = _read_identity(self.directory)
        for part, name in (("spec", "specification"), ("table", "table")):
            if stored[part] != identity[part]:
                raise CampaignError(
                    f"{self.directory} holds runs of another {name}; name another directory, or overwrite it"
                )


def _read_identity(directory: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads((directory / CAMPAIGN_FILE).read_text(encoding="utf-8"))
        for part in ("spec", "table"):
            dict(stored[part])
    except (ValueError, KeyError, TypeError) as error:
        raise CampaignError(
            f"{directory / CAMPAIGN_FILE} is damaged ({error!r}); name another directory, or overwrite it"
        ) from error
    return stored


def _identity(spec: CampaignSpec, table: Provenance) -> dict[str, Any]:
    """What a directory's runs have in common, as JSON gives it back."""
    identity: dict[str, Any] = json.loads(
        json.dumps({"spec": spec.model_dump(mode="json", exclude={"table"}), "table": asdict(table)})
    )
    return identity


def is_whole(path: Path, run_id: str) -> bool:
    """Whether a run's file is there, is of this run, and ends as a whole one does.

    A run's file is renamed into place when it is whole; but a copy of a directory can stop half-way, and a file can be
    put in the place of another. Only the first and the last line are read: what is wrong between them is said by the
    report, or by ``nhb2 log check``.
    """
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            file.seek(-min(path.stat().st_size, _LONGEST_END_LINE), os.SEEK_END)
            tail = file.read()
        ends = tail.endswith(b"\n") and json.loads(tail.splitlines()[-1])["type"] == "end"
        return ends and bool(header["run_id"] == run_id)
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not such lines
        return False


def read_order(directory: Path) -> tuple[str, ...]:
    """Names of the optimizers in the order of the directory's specification.

    Raises:
        CampaignError: the directory holds no campaign.
    """
    try:
        stored = json.loads((directory / CAMPAIGN_FILE).read_text(encoding="utf-8"))
        return tuple(each["label"] or each["algorithm"] for each in stored["spec"]["optimizers"])
    except OSError as error:
        raise CampaignError(f"there is no campaign in {directory}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CampaignError(f"{directory / CAMPAIGN_FILE} is damaged: {error!r}") from error


def write_aside(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8", errors="backslashreplace")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
