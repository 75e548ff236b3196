"""A run that is killed goes on, and ends with the bits of one that was not; really killed, in every epoch."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch

from nhb2_plugins.space import Configuration
from nhb2_plugins.training import loop
from nhb2_plugins.training.checkpoint import resumed, save_checkpoint, train_resumably
from nhb2_plugins.training.loop import Training, place_data
from nhb2_plugins.training.run import TrainedRun, TrainingError
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask
from tests.training.patterns import image_data

TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)
TASK = TrainingTask(Configuration("0|10|210", 0.1, 16), epochs=4, network=TINY)


def train_until_death(directory: Path, function: str, call: int) -> None:
    """Train, and be killed in a call of one of the functions that training consists of."""
    module = torch if function == "save" else loop
    original, calls = getattr(module, function), 0

    def mortal(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < call:
            return original(*arguments)
        if function == "train_epoch":
            network, optimizer, batches = arguments
            original(network, optimizer, list(batches)[:3])
        if function == "save":
            original(*arguments)
            arguments[1].write_bytes(arguments[1].read_bytes()[:1000])
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    setattr(module, function, mortal)
    train_resumably(TASK, place_data(image_data()), directory)


def measured(run: TrainedRun) -> list[tuple[float, ...]]:
    """All but times."""
    return [
        tuple(value for name, value in dataclasses.asdict(result).items() if not name.endswith("time_s"))
        for result in run.results
    ]


def same(a: object, b: object) -> bool:
    """Tensors bit for bit, in whatever holds them."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_in_every_epoch_it_ends_with_the_bits_of_an_unbroken_run(tmp_path: Path) -> None:
    unbroken = Training(TASK, place_data(image_data()))
    unbroken.train()
    deaths = [
        ("train_epoch", 1),  # at the fourth step of epoch 1
        ("evaluate", 4),  # after the steps of epoch 2; there are three evaluations an epoch
        ("save", 2),  # half-way through the checkpoint of epoch 3
        ("train_epoch", 2),  # at the fourth step of epoch 4
    ]
    for n_kept, death in enumerate(deaths):
        process = get_context("fork").Process(target=train_until_death, args=(tmp_path, *death))
        process.start()
        process.join(120)
        assert process.exitcode == -signal.SIGKILL
        assert len(resumed(TASK, place_data(image_data()), tmp_path).run.results) == n_kept
    weights: list[Training] = []
    run = train_resumably(TASK, place_data(image_data()), tmp_path, on_epoch=weights.append)
    assert measured(run) == measured(unbroken.run)
    assert len(weights) == 1
    assert same(weights[-1].network.state_dict(), unbroken.network.state_dict())
    assert same(weights[-1].optimizer.state_dict(), unbroken.optimizer.state_dict())
    assert [path.name for path in tmp_path.iterdir()] == [f"{TASK.name}.json"]


def test_a_finished_run_is_read_and_not_trained(tmp_path: Path) -> None:
    task = dataclasses.replace(TASK, epochs=1)
    run = train_resumably(task, place_data(image_data()), tmp_path)

    def never(training: Training) -> None:
        raise AssertionError("trained again")

    assert train_resumably(task, place_data(image_data()), tmp_path, on_epoch=never) == run


def test_a_run_can_be_asked_for_epoch_by_epoch(tmp_path: Path) -> None:
    data = place_data(image_data())
    assert len(train_resumably(TASK, data, tmp_path, until=1).results) == 1
    assert len(train_resumably(TASK, data, tmp_path, until=1).results) == 1
    assert len(resumed(TASK, data, tmp_path).run.results) == 1
    unbroken = Training(TASK, data).train()
    assert measured(train_resumably(TASK, data, tmp_path)) == measured(unbroken)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """The checkpoint of a run that was stopped after its first epoch."""
    train_resumably(TASK, place_data(image_data()), tmp_path, until=1)
    return tmp_path / f"{TASK.name}.checkpoint"


@pytest.mark.parametrize("damage", [lambda data: data[:500], lambda data: b"", lambda data: b"cos\nsystem\n."])
def test_a_damaged_checkpoint_is_named(begun: Path, damage: object) -> None:
    begun.write_bytes(damage(begun.read_bytes()))  # type: ignore[operator]
    with pytest.raises(TrainingError, match=rf"the checkpoint .*{TASK.name}\.checkpoint is damaged .* remove it"):
        resumed(TASK, place_data(image_data()), begun.parent)


def test_a_checkpoint_of_something_else_is_refused(begun: Path) -> None:
    torch.save({"run": "x"}, begun)
    with pytest.raises(TrainingError, match="is no checkpoint of a training run"):
        resumed(TASK, place_data(image_data()), begun.parent)


@pytest.mark.parametrize(
    ("part", "task", "execution", "n_train"),
    [
        ("task", dataclasses.replace(TASK, network=NetworkOptions(channels=(2, 3, 5), cells_per_stage=1)), None, 90),
        ("execution", TASK, Execution(prune_dead=True), 90),
        ("data checksum", TASK, None, 91),
    ],
)
def test_a_run_does_not_go_on_as_another(
    begun: Path, part: str, task: TrainingTask, execution: Execution | None, n_train: int
) -> None:
    data = place_data(image_data(n_train=n_train))
    with pytest.raises(TrainingError, match=f"is of a run with another {part}"):
        resumed(task, data, begun.parent, execution or Execution())


def test_a_run_does_not_go_on_under_another_pytorch(begun: Path) -> None:
    training = resumed(TASK, place_data(image_data()), begun.parent)
    training.run = dataclasses.replace(training.run, platform={"device": "cpu", "pytorch": "1.0"})
    save_checkpoint(training, begun.parent)
    with pytest.raises(TrainingError, match=r"was begun on .*'pytorch': '1\.0'"):
        resumed(TASK, place_data(image_data()), begun.parent)


def test_a_finished_runs_file_that_was_cut_is_not_believed(tmp_path: Path) -> None:
    run = train_resumably(dataclasses.replace(TASK, epochs=3), place_data(image_data()), tmp_path)
    path = tmp_path / f"{run.task.name}.json"
    path.write_text(dataclasses.replace(run, results=run.results[:2]).to_json())
    with pytest.raises(TrainingError, match=rf"{path.name}: it holds 2 of 3 epochs"):
        train_resumably(run.task, place_data(image_data()), tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content | {"network": {}},
        lambda content: content | {"network": 5},
        lambda content: content | {"optimizer": {"state": {}}},
        lambda content: content | {"run": "{}"},
        lambda content: content | {"run": 5},
    ],
)
def test_a_checkpoint_with_other_things_in_it_is_named(begun: Path, change: Any) -> None:
    torch.save(change(torch.load(begun, weights_only=True)), begun)
    with pytest.raises(TrainingError, match=rf"the checkpoint .*{TASK.name}\.checkpoint is damaged .* remove it"):
        resumed(TASK, place_data(image_data()), begun.parent)


def test_a_pipe_in_a_checkpoints_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{TASK.name}.checkpoint")
    with pytest.raises(TrainingError, match=r"is damaged .*not a regular file"):
        resumed(TASK, place_data(image_data()), tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_disk_that_is_full_names_the_file_and_leaves_the_last_checkpoint(begun: Path) -> None:
    import resource

    before, limits = begun.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    training = resumed(TASK, place_data(image_data()), begun.parent)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(TrainingError, match=rf"cannot write .*{begun.name}"):
            save_checkpoint(training, begun.parent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert begun.read_bytes() == before
    assert sorted(path.suffix for path in begun.parent.iterdir()) == [".checkpoint", ".lock"]


def train_slowly(directory: Path, n_trained: Any) -> None:
    """Train, long enough for another process to come."""

    def count(training: Training) -> None:
        with n_trained.get_lock():
            n_trained.value += 1
        time.sleep(0.2)

    train_resumably(TASK, place_data(image_data()), directory, on_epoch=count)


@pytest.mark.skipif(os.name != "posix", reason="needs locks")
def test_two_processes_share_a_run(tmp_path: Path) -> None:
    """The second waits, and neither takes the other's files away."""
    context = get_context("fork")
    n_trained = context.Value("i", 0)
    processes = [context.Process(target=train_slowly, args=(tmp_path, n_trained)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert n_trained.value == TASK.epochs
    assert [path.name for path in tmp_path.iterdir()] == [f"{TASK.name}.json"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"cannot write .*file"):
        train_resumably(TASK, place_data(image_data()), tmp_path / "file", until=1)
