"""A run's place on disk: a checkpoint after each epoch while it trains, the finished run's file after the last.

::

    DIR/<task>.checkpoint    weights, momentum, and the run so far; removed when the run is finished
    DIR/<task>.json          the run (:mod:`nhb2_plugins.training.run`)
    DIR/.<task>.lock         held by the process that trains it, until it is finished; another one waits

A file is written aside and renamed into place, so a process that is killed at any moment leaves the last whole epoch
behind. Since everything drawn depends on seed and epoch alone, a run that goes on from there has the bits of one that
was never stopped (on a processor; on a GPU with a deterministic execution).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from nhb2_plugins.errors import one_line, retold
from nhb2_plugins.files import file_aside, only_process, open_regular
from nhb2_plugins.training.images import DeviceData
from nhb2_plugins.training.loop import Training
from nhb2_plugins.training.run import TrainedRun, TrainingError, read_run
from nhb2_plugins.training.task import ON_THE_PROCESSOR, Execution, TrainingTask

_CONTENT: Final = ("run", "network", "optimizer")


def train_resumably(
    task: TrainingTask,
    data: DeviceData,
    directory: Path,
    execution: Execution = ON_THE_PROCESSOR,
    *,
    until: int | None = None,
    on_epoch: Callable[[Training], None] | None = None,
    on_finish: Callable[[Training], None] | None = None,
) -> TrainedRun:
    """Train, or go on where a process before this one was stopped; a run that is there already is only read.

    Args:
        task: what to train.
        data: the images, on the device.
        directory: where checkpoint and run are; made if need be.
        execution: how to compute it.
        until: last epoch to train (None: the schedule's last).
        on_epoch: called after each epoch, when its checkpoint is there.
        on_finish: called after the schedule's last epoch, before the run's file says that it is finished; again by the
            next process where this one died between the two.

    Raises:
        TrainingError: what is there is damaged or of another run, or the disk refuses.
    """
    finished = run_file(task, directory)
    if not finished.exists():
        with _alone(task, directory):
            if not finished.exists():  # by the process that was waited for
                return _train(task, data, directory, execution, until, on_epoch, on_finish)
    return _checked(read_run(finished), TrainedRun(task, execution, data.data.checksum), finished)


def run_file(task: TrainingTask, directory: Path) -> Path:
    """Where a finished run is."""
    return directory / f"{task.name}.json"


def write_run(run: TrainedRun, directory: Path) -> None:
    """Keep a finished run.

    Raises:
        TrainingError: the disk refuses.
    """
    with written_aside(run_file(run.task, directory)) as aside:
        aside.write_text(run.to_json() + "\n", encoding="utf-8")


def make_directory(directory: Path) -> None:
    """Make a directory for runs, where it is missing.

    Raises:
        TrainingError: it cannot be made.
    """
    with retold(TrainingError, f"cannot write {directory}"):
        directory.mkdir(parents=True, exist_ok=True)


@contextmanager
def _alone(task: TrainingTask, directory: Path) -> Iterator[None]:
    """Keep other processes from training a run at the same time."""
    make_directory(directory)
    with ExitStack() as held:
        lock = directory / f".{task.name}.lock"
        with retold(TrainingError, f"cannot write {lock}"):
            held.enter_context(only_process(lock))
        yield


def _train(
    task: TrainingTask,
    data: DeviceData,
    directory: Path,
    execution: Execution,
    until: int | None,
    on_epoch: Callable[[Training], None] | None,
    on_finish: Callable[[Training], None] | None,
) -> TrainedRun:
    training = resumed(task, data, directory, execution)

    def keep(training: Training) -> None:
        save_checkpoint(training, directory)
        if on_epoch is not None:
            on_epoch(training)

    run = training.train(until, keep)
    if run.is_finished:
        if on_finish is not None:
            on_finish(training)
        write_run(run, directory)
        for left in (_checkpoint_of(task, directory), *directory.glob(f".{task.name}.*")):  # also by killed writers
            left.unlink(missing_ok=True)
    return run


def resumed(task: TrainingTask, data: DeviceData, directory: Path, execution: Execution = ON_THE_PROCESSOR) -> Training:
    """The run at its checkpoint, or at its beginning where there is none.

    Raises:
        TrainingError: the checkpoint is damaged, or of another run.
    """
    training = Training(task, data, execution)
    path = _checkpoint_of(task, directory)
    if path.exists():
        content = _read(path)
        with _damages(path):
            run = TrainedRun.from_json(content["run"])
        training.run = _checked(run, training.run, path)
        with _damages(path):
            training.network.load_state_dict(content["network"])
            training.optimizer.load_state_dict(content["optimizer"])
    return training


def save_checkpoint(training: Training, directory: Path) -> None:
    """Keep a run as it is between two epochs.

    Raises:
        TrainingError: the disk refuses.
    """
    content = {
        "run": training.run.to_json(),
        "network": training.network.state_dict(),
        "optimizer": training.optimizer.state_dict(),
    }
    path = _checkpoint_of(training.run.task, directory)
    with written_aside(path) as aside:
        try:
            torch.save(content, aside)
        except RuntimeError as error:  # PyTorch's word for a full disk
            raise TrainingError(f"cannot write {path}: {one_line(error):.200}") from error


def _checkpoint_of(task: TrainingTask, directory: Path) -> Path:
    return directory / f"{task.name}.checkpoint"


def _read(path: Path) -> dict[str, Any]:
    with _damages(path), open_regular(path) as file:
        content = torch.load(file, map_location="cpu", weights_only=True)  # tensors and plain values: nothing executed
    if not isinstance(content, dict) or set(content) != set(_CONTENT):
        raise TrainingError(f"{path} is no checkpoint of a training run; remove it to begin again")
    return content


@contextmanager
def _damages(path: Path) -> Iterator[None]:
    """Say of a checkpoint that it is damaged, whatever PyTorch makes of it."""
    try:
        yield
    except _DAMAGES as error:
        raise TrainingError(
            f"the checkpoint {path} is damaged ({one_line(error):.200}); remove it to begin again"
        ) from error


_DAMAGES: Final = (
    *(OSError, EOFError, RuntimeError, LookupError, ValueError, TypeError, AttributeError),
    *(pickle.UnpicklingError, TrainingError),
)


def _checked(found: TrainedRun, expected: TrainedRun, path: Path) -> TrainedRun:
    """The run found, if it is the one expected."""
    for part in ("task", "execution", "data_checksum"):
        if getattr(found, part) != getattr(expected, part):
            raise TrainingError(f"{path} is of a run with another {part.replace('_', ' ')}; name another directory")
    if expected.platform and found.platform != expected.platform:
        raise TrainingError(
            f"{path} was begun on {dict(found.platform)}, and this is {dict(expected.platform)}; "
            "remove it to begin again"
        )
    return found


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A file to write, which takes its place when it is whole and on the disk.

    Raises:
        TrainingError: the disk refuses.
    """
    with retold(TrainingError, f"cannot write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_aside(path) as aside:
            yield aside
            descriptor = os.open(aside, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
