"""A run that is killed goes on, and ends with the bits of one that was not; really killed, in every epoch."""

from __future__ import annotations

import dataclasses
import os
import signal
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


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"cannot write .*file"):
        train_resumably(TASK, place_data(image_data()), tmp_path / "file", until=1)
