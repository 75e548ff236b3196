"""Training a table on dask, like a campaign: resumable, one GPU a worker.

::

    DIR/table.json         what the directory's runs have in common; decides whether it may be gone on with
    DIR/runs/<task>.json   one a run (and checkpoints of those in progress)
    DIR/failures/          tracebacks of groups that failed
    DIR/.lock              held by the process that trains the table
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from distributed import as_completed, get_worker

from nhb2_plugins.campaign.engine import dask_client
from nhb2_plugins.errors import retold
from nhb2_plugins.files import only_process, read_regular
from nhb2_plugins.training.checkpoint import run_file, train_resumably, write_run, written_aside
from nhb2_plugins.training.images import DeviceData
from nhb2_plugins.training.loop import device_of, place_data
from nhb2_plugins.training.run import TrainedRun, TrainingError, read_run
from nhb2_plugins.training.sources import open_data
from nhb2_plugins.training.table_spec import TableSpec
from nhb2_plugins.training.task import Execution, TrainingTask, check_images, network_for
from nhb2_plugins.training.together import StackedTraining

IDENTITY_FILE: Final = "table.json"
RUNS_DIRECTORY: Final = "runs"
FAILURES_DIRECTORY: Final = "failures"
_LOCK: Final = ".lock"
_Group = tuple[TrainingTask, ...]


@dataclass(frozen=True)
class GroupOutcome:
    """What became of runs that were trained together; ``failure`` is a traceback, empty where they finished."""

    names: tuple[str, ...]
    failure: str = ""


@dataclass(frozen=True)
class TableOutcome:
    """What became of a table: runs that were there already, that were trained now, and that failed."""

    n_kept: int
    n_trained: int
    failed: tuple[str, ...]


def train_table(
    spec: TableSpec,
    directory: Path,
    *,
    scheduler: str | None = None,
    n_processes: int | None = None,
    on_start: Callable[[int, int], None] | None = None,
    on_outcome: Callable[[GroupOutcome], None] | None = None,
) -> TableOutcome:
    """Train what a table's directory still misses.

    Args:
        spec: the table.
        directory: runs; gone on with when it belongs to the same data, network and execution.
        scheduler: address of an existing dask scheduler; None starts a local cluster.
        n_processes: processes of the local cluster; None for one a GPU, or one a core.
        on_start: called with the numbers of runs that are there already and that will be trained.
        on_outcome: called after each group.

    Raises:
        TrainingError: the directory holds the runs of another table or is another process's, or cannot be written.
        InvalidValueError: the network cannot be trained on the images, or there is no such GPU here.
        CampaignError: the scheduler does not answer.
        Nhb2Error: the data cannot be read.
    """
    data = open_data(spec.data)
    groups = spec.groups(network_for(spec.network_options(), data))
    for group in groups:
        check_images(group[0], data)
    if scheduler is None:
        device_of(spec.execution.options())
    _settle(spec.identity(data.checksum), directory)
    runs = directory / RUNS_DIRECTORY
    with only_process(
        directory / _LOCK, lambda: TrainingError(f"another process is training the table in {directory}")
    ):
        missing = list(_missing(groups, runs))
        n_all, n_missing = (sum(map(len, each)) for each in (groups, missing))
        if on_start is not None:
            on_start(n_all - n_missing, n_missing)
        failed = tuple(_failed(_outcomes(missing, spec, runs, scheduler, n_processes), directory, on_outcome))
        return TableOutcome(n_all - n_missing, n_missing - len(failed), failed)


def _missing(groups: Sequence[_Group], runs: Path) -> Iterator[_Group]:
    for group in groups:
        if left := tuple(task for task in group if not run_file(task, runs).exists()):
            yield left


def _failed(
    outcomes: Iterator[GroupOutcome], directory: Path, on_outcome: Callable[[GroupOutcome], None] | None
) -> Iterator[str]:
    """The names of runs that failed, whose tracebacks are kept; every outcome is told."""
    for outcome in outcomes:
        if outcome.failure:
            yield from outcome.names
            with written_aside(directory / FAILURES_DIRECTORY / f"{outcome.names[0]}.txt") as aside:
                aside.write_text(outcome.failure, encoding="utf-8", errors="backslashreplace")
        if on_outcome is not None:
            on_outcome(outcome)


def read_runs(directory: Path) -> Iterator[TrainedRun]:
    """Every finished run of a table's directory, by name.

    Raises:
        TrainingError: a file is damaged, or there is none.
    """
    paths = sorted((directory / RUNS_DIRECTORY).glob("[!.]*.json"))
    if not paths:
        raise TrainingError(f"there are no trained runs in {directory / RUNS_DIRECTORY}")
    yield from map(read_run, paths)


def train_group(tasks: Sequence[TrainingTask], source: str, execution: Execution, directory: Path) -> GroupOutcome:
    """Train runs together and write their files; never raises, so that one group's failure stops no other."""
    names = tuple(task.name for task in tasks)
    try:
        execution = _on_own_gpu(execution)
        data = _data_of_process(source, execution)
        if len(tasks) == 1:
            train_resumably(tasks[0], data, directory, execution)
        else:
            for run in StackedTraining(tasks, data, execution).train():
                write_run(run, directory)
    except Exception:
        return GroupOutcome(names, traceback.format_exc())
    return GroupOutcome(names)


def _outcomes(
    groups: Sequence[Sequence[TrainingTask]],
    spec: TableSpec,
    runs: Path,
    scheduler: str | None,
    n_processes: int | None,
) -> Iterator[GroupOutcome]:
    if not groups:
        return
    n_gpus = torch.cuda.device_count() if spec.execution.device == "cuda" else 0
    with dask_client(scheduler, min(n_processes or n_gpus or os.cpu_count() or 1, len(groups))) as client:
        sent = {
            client.submit(train_group, group, spec.data, spec.execution.options(), runs.resolve(), pure=False): group
            for group in groups
        }
        for future in as_completed(sent, loop=client.loop):
            if future.status == "error":  # workers died with it
                names = tuple(task.name for task in sent[future])
                yield GroupOutcome(names, f"the runs were lost: {future.exception()!r}\n")
            else:
                yield future.result()


def _on_own_gpu(execution: Execution) -> Execution:
    """The execution on this worker's GPU, where workers share a machine with several."""
    n_gpus = torch.cuda.device_count()
    if execution.device != "cuda" or n_gpus < 2:
        return execution
    try:
        number = int(get_worker().name)
    except ValueError:  # not in a worker, or in one of another cluster that names them otherwise
        number = os.getpid()
    return replace(execution, device=f"cuda:{number % n_gpus}")


@lru_cache(maxsize=1)
def _data_of_process(source: str, execution: Execution) -> DeviceData:
    return place_data(open_data(source), execution)


def _settle(identity: dict[str, Any], directory: Path) -> None:
    """Make the directory, or see that it belongs to this table."""
    path = directory / IDENTITY_FILE
    with retold(TrainingError, f"{path} cannot be read", OSError, ValueError, RecursionError):
        found = json.loads(read_regular(path)) if path.exists() else None
    if found is None:
        if directory.is_dir() and any(directory.iterdir()):
            raise TrainingError(f"{directory} holds other files and no {IDENTITY_FILE}; name another directory")
        with written_aside(path) as aside:
            aside.write_text(json.dumps(identity, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    elif not isinstance(found, dict):
        raise TrainingError(f"{path} is not what a table's directory has there; name another directory")
    elif found != identity:
        wrong = ", ".join(sorted(key for key in identity if found.get(key) != identity[key]))
        raise TrainingError(f"{directory} holds runs of another table ({wrong}); name another directory")
