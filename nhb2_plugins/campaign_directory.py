"""A campaign's directory: where everything lies in it, and how that is written, found and recognised.

::

    DIR/campaign.json                           specification and table; decides whether a directory may be resumed
    DIR/random_search.json                      what random search reaches, exactly
    DIR/stopping.json                           when it stopped, where seeds are added until its pairs are decided
    DIR/runs/<optimizer>/seed-0000.jsonl        whole runs, each with the conditions it ran under
    DIR/failures/<optimizer>/seed-0000.txt      tracebacks of runs that failed
    DIR/report/                                 what ``nhb2 report`` writes
    DIR/.lock                                   held by the process that runs the campaign

**What is ours** is known by what it is, not by where it lies: a run's file by its header, which names the run that its
place names; a failure by its first words; a campaign's file by a specification and a table in it. Nothing else is ever
deleted or overwritten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from nhb2_plugins.errors import CampaignError, TrajectoryError, TrajectoryNotFoundError
from nhb2_plugins.files import is_aside, only_process, open_regular, read_regular, write_whole

CAMPAIGN_FILE: Final = "campaign.json"
BASELINE_FILE: Final = "random_search.json"
STOPPING_FILE: Final = "stopping.json"
REPORT_DIRECTORY: Final = "report"
_RUNS: Final = "runs"
_FAILURES: Final = "failures"
_LOCK: Final = ".lock"
_OWN: Final = (CAMPAIGN_FILE, BASELINE_FILE, STOPPING_FILE, REPORT_DIRECTORY, _RUNS, _FAILURES, _LOCK)

LONGEST_LABEL: Final = 300
"""Characters of an optimizer's name."""
WANTED: Final = "a campaign's directory, a .jsonl file or a directory of them is needed"
LOST: Final = "the run was lost: "
"""How a failure begins of a run that took its worker along; of any other it begins as Python's tracebacks do."""

_BEGINNINGS: Final = (b"Traceback (most recent call last):", LOST.encode())
_MOST_BYTES: Final = 1 << 24
_Content = TypeVar("_Content")
_LONGEST_LINE: Final = 1 << 20
_LONGEST_FAILURE: Final = 1_000_000


@dataclass(frozen=True)
class CampaignFile:
    """The contents of ``campaign.json``.

    Attributes:
        specification: as JSON gives it back, its table aside.
        table: provenance of the table.
    """

    specification: Mapping[str, Any]
    table: Mapping[str, Any]

    @property
    def optimizers(self) -> tuple[str, ...]:
        """Names of the optimizers, in the order of the specification."""
        return tuple(each["label"] or each["algorithm"] for each in self.specification["optimizers"])


@dataclass(frozen=True)
class CampaignDirectory:
    """The directory of one campaign, which need not exist."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def baseline_file(self) -> Path:
        """Where the exact random search is."""
        return self.path / BASELINE_FILE

    @property
    def stopping_file(self) -> Path:
        """Where it is recorded when a sequential campaign stopped."""
        return self.path / STOPPING_FILE

    def write_stopping(self, text: str | None) -> None:
        """Record where a sequential campaign stands; None where the number of seeds is the specification's."""
        if text is None:
            self.stopping_file.unlink(missing_ok=True)
        else:
            write_whole(self.stopping_file, text)

    @property
    def runs(self) -> Path:
        """Where the runs are."""
        return self.path / _RUNS

    @property
    def failures(self) -> Path:
        """Where tracebacks are."""
        return self.path / _FAILURES

    @property
    def report(self) -> Path:
        """Where the report goes unless another place is named."""
        return self.path / REPORT_DIRECTORY

    def run_file(self, run_id: str) -> Path:
        """The file of a run."""
        return self.runs / f"{run_id}.jsonl"

    # -- reading

    @property
    def has_file(self) -> bool:
        """Whether there is a ``campaign.json``, whatever is in it."""
        return (self.path / CAMPAIGN_FILE).exists()

    def read_file(self) -> CampaignFile:
        """What ``campaign.json`` says.

        Raises:
            FileNotFoundError: there is none.
            CampaignError: it is damaged, or no campaign's.
        """
        path = self.path / CAMPAIGN_FILE
        try:
            content = json.loads(read_regular(path, max_bytes=_MOST_BYTES))
            file = CampaignFile(content["spec"], content["table"])
            if not (isinstance(file.specification, dict) and isinstance(file.table, dict) and file.optimizers):
                raise ValueError("a specification or a table is missing")
        except FileNotFoundError:
            raise
        except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
            raise CampaignError(
                f"{path} is damaged, or not of a campaign ({error!r:.200}); remove it, or name another directory"
            ) from error
        return file

    def run_files(self) -> list[Path]:
        """Files of runs, sorted."""
        return sorted(self.runs.glob("*/seed-*.jsonl"))

    def recorded(self) -> list[Path]:
        """Files of runs, sorted; of a directory that is no campaign's, those that lie in it."""
        return self.run_files() or ([] if self.has_file else sorted(self.path.glob("*.jsonl")))

    def read_failures(self) -> dict[str, str]:
        """Run id → traceback of every run that failed, sorted.

        Raises:
            TrajectoryError: one cannot be read.
        """
        return {path.relative_to(self.failures).with_suffix("").as_posix(): _text_of(path) for path in self._failures()}

    def _failures(self) -> list[Path]:
        return sorted(self.failures.glob("*/seed-*.txt"))

    def order(self) -> tuple[str, ...]:
        """Names of the optimizers in the order of the specification; none where runs are all that is left.

        Raises:
            CampaignError: there is neither a campaign's file nor a run, or no such directory; or the file is damaged.
        """
        if self.has_file:
            return self.read_file().optimizers
        if not self.recorded():
            raise CampaignError(_nothing_at(self.path))
        return ()

    # -- writing

    def refuse_other_files(self) -> None:
        """Refuse a directory without a campaign that holds something else.

        Raises:
            CampaignError: so it is.
        """
        if self.has_file or not self.path.exists():
            return
        if not self.path.is_dir():
            raise CampaignError(f"{self.path} is a file; name a directory")
        if others := sorted(path.name for path in self.path.iterdir() if path.name not in _OWN and not is_aside(path)):
            raise CampaignError(
                f"{self.path} holds other files, for example {others[0]!r}, and no campaign; name another directory"
            )

    def make(self) -> None:
        """Make the directory, and that of its runs."""
        self.runs.mkdir(parents=True, exist_ok=True)

    def make_place_of(self, path: Path) -> None:
        """Make the directories that a run's file or a failure lies in; not the campaign's, if that was removed.

        Raises:
            FileNotFoundError: so it was.
        """
        path.parent.parent.mkdir(exist_ok=True)
        path.parent.mkdir(exist_ok=True)

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out; the operating system lets go when this one dies."""
        return only_process(
            self.path / _LOCK, lambda: CampaignError(f"another process is running a campaign in {self.path}")
        )

    def write_file(self, file: CampaignFile) -> None:
        """Write ``campaign.json``."""
        content = {"spec": file.specification, "table": file.table}
        write_whole(self.path / CAMPAIGN_FILE, json.dumps(content, indent=1, sort_keys=True) + "\n")

    def write_failure(self, run_id: str, failure: str) -> None:
        """Keep a failed run's traceback, or the end of a very long one."""
        path = self._failure_file(run_id)
        self.make_place_of(path)
        if len(failure) > _LONGEST_FAILURE:
            failure = f"{failure[:200]}\n…\n{failure[-_LONGEST_FAILURE:]}"
        write_whole(path, failure)

    def forget_failures(self, run_ids: Iterable[str]) -> None:
        """Remove the tracebacks of runs that are tried again."""
        for run_id in run_ids:
            _remove_own(self._failure_file(run_id), _is_failure)

    def remove_torn_runs(self) -> None:
        """Remove what workers that were killed left of their runs; with the lock held, nobody is writing it."""
        for path in self.runs.glob("*/.seed-*.jsonl.*"):
            path.unlink(missing_ok=True)

    def remove_runs(self) -> None:
        """Remove every run and failure that is ours, and what is empty then; what is not ours stays."""
        for path in self.run_files():
            _remove_own(path, self._is_run)
        for path in self._failures():
            _remove_own(path, _is_failure)
        self.remove_torn_runs()
        for directory in self.runs.glob("*/"):
            _remove_empty(directory)
        _remove_empty(self.failures)

    def _failure_file(self, run_id: str) -> Path:
        return self.failures / f"{run_id}.txt"

    def _is_run(self, path: Path) -> bool:
        header = first_line(path)
        return (
            header.get("type") == "run"
            and header.get("run_id") == path.relative_to(self.runs).with_suffix("").as_posix()
        )


def recorded_files(source: str | os.PathLike[str]) -> list[Path]:
    """The trajectory files that a path names: itself; of a directory every ``.jsonl`` below it, sorted.

    Of a campaign's directory, also of one below, these are the files of its runs, and not what was exported into it.

    Raises:
        TrajectoryNotFoundError: there is no such path, or a directory holds none.
    """
    path = Path(source)
    if path.exists() and not path.is_dir():
        return [path]
    found = sorted(_found_below(path)) if path.exists() else []
    if not found:
        raise TrajectoryNotFoundError(_nothing_at(path))
    return found


def read_beside_runs(path: Path, version: int, read: Callable[[dict[str, Any]], _Content]) -> _Content | None:
    """What a JSON object beside the runs says; None where there is none.

    Args:
        path: the file.
        version: the format version that is read.
        read: makes the content of the other keys, and raises where they are not what they should be.

    Raises:
        TrajectoryError: it cannot be read, is damaged, or of another format version.
    """
    try:
        content = json.loads(read_regular(path, max_bytes=_MOST_BYTES))
        if (found := content.pop("format_version")) != version:
            raise TrajectoryError(f"{path}: format version {found!r}; this version reads {version}")
        return read(content)
    except FileNotFoundError:
        return None
    except TrajectoryError:
        raise
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise TrajectoryError(f"{path} is damaged: {error!r:.200}") from error


def first_line(path: Path) -> dict[str, Any]:
    """The JSON object on a file's first line; empty where there is none."""
    with suppress(OSError, ValueError, RecursionError), open_regular(path) as file:
        content = json.loads(file.readline(_LONGEST_LINE))
        return content if isinstance(content, dict) else {}
    return {}


def _nothing_at(path: Path) -> str:
    return f"there is no {'recorded run in ' if path.is_dir() else ''}{path}: {WANTED}"


def _found_below(directory: Path) -> Iterable[Path]:
    for parent, subdirectories, names in os.walk(directory):
        campaign = CampaignDirectory(Path(parent))
        if campaign.has_file and campaign.runs.is_dir():
            subdirectories.clear()
            yield from campaign.run_files()
        else:
            yield from (Path(parent, name) for name in names if name.endswith(".jsonl"))


def _text_of(path: Path) -> str:
    try:
        return read_regular(path, max_bytes=_MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error


def _is_failure(path: Path) -> bool:
    with suppress(OSError), open_regular(path) as file:
        return file.read(max(map(len, _BEGINNINGS))).startswith(_BEGINNINGS)
    return False


def _remove_own(path: Path, is_own: Callable[[Path], bool]) -> None:
    if is_own(path):
        path.unlink(missing_ok=True)
        _remove_empty(path.parent)


def _remove_empty(directory: Path) -> None:
    with suppress(OSError):  # of a directory that holds something, or is not there
        directory.rmdir()
