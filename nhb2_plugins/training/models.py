"""Trained networks on disk: weights as safetensors, and beside them a card in JSON that says what they are.

::

    NAME.safetensors    weights, and the batch norms' statistics
    NAME.json           the card: the whole run with its curve, and the weights' SHA-256
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from nhb2_plugins.errors import retold
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import read_regular
from nhb2_plugins.training.checkpoint import train_resumably, written_aside
from nhb2_plugins.training.images import DeviceData
from nhb2_plugins.training.loop import Training
from nhb2_plugins.training.network import Network
from nhb2_plugins.training.run import TrainedRun, TrainingError
from nhb2_plugins.training.task import ON_THE_PROCESSOR, Execution, TrainingTask

with needs_extra("trained models need safetensors", "train"):
    from safetensors import SafetensorError
    from safetensors.torch import load, save

MODEL_FORMAT: Final = "nhb2-trained-model"
MODEL_VERSION: Final = 1
WEIGHTS: Final = ".safetensors"
CARD: Final = ".model.json"


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network with its weights, in evaluation mode on the processor, and the run that it came from."""

    network: Network
    run: TrainedRun


def save_model(training: Training, directory: Path) -> Path:
    """Keep a run's network as it is now; returns the file of the weights.

    Raises:
        TrainingError: the disk refuses.
    """
    weights = save({name: value.detach().cpu().contiguous() for name, value in training.network.state_dict().items()})
    path = model_file(training.run.task, directory)
    last = training.run.results[-1] if training.run.results else None
    card = {
        "format": MODEL_FORMAT,
        "version": MODEL_VERSION,
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "accuracy_pct": {split: last.accuracy_pct(split) for split in ("train", "valid", "test")} if last else {},
        "run": json.loads(training.run.to_json()),
    }
    with written_aside(path) as aside:
        aside.write_bytes(weights)
    with written_aside(path.with_suffix(CARD)) as aside:
        aside.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path


def load_model(path: str | Path) -> TrainedModel:
    """Read a network that :func:`save_model` kept; nothing in its files is executed.

    Args:
        path: of the weights.

    Raises:
        TrainingError: weights or card are missing or damaged, or do not belong together.
    """
    path = Path(path)
    with retold(TrainingError, f"the model {path} cannot be read", OSError, ValueError, RecursionError):
        weights, card = read_regular(path), json.loads(read_regular(path.with_suffix(CARD)))
    run = _run_of(card, weights, path)
    with torch.random.fork_rng(devices=[]):
        network = Network(run.task.configuration.cellcode, run.task.network, prune_dead=run.execution.prune_dead)
    try:
        tensors = load(weights)
        network.to(tensors["layers.0.0.weight"].dtype).load_state_dict(tensors)
    except (RuntimeError, KeyError, ValueError, SafetensorError) as error:
        raise TrainingError(f"{path} does not hold the weights of {run.task.configuration}: {error!s:.200}") from error
    network.eval()
    return TrainedModel(network, run)


def _run_of(card: Any, weights: bytes, path: Path) -> TrainedRun:
    if not isinstance(card, dict) or card.get("format") != MODEL_FORMAT or card.get("version") != MODEL_VERSION:
        raise TrainingError(f"{path.with_suffix(CARD)} is no card of a trained model, version {MODEL_VERSION}")
    if card.get("weights_sha256") != hashlib.sha256(weights).hexdigest():
        raise TrainingError(f"{path} is damaged: its SHA-256 is not its card's")
    try:
        return TrainedRun.from_json(json.dumps(card.get("run")))
    except TrainingError as error:
        raise TrainingError(f"{path.with_suffix(CARD)}: {error}") from error


def train_and_save(
    task: TrainingTask,
    data: DeviceData,
    directory: Path,
    execution: Execution = ON_THE_PROCESSOR,
    on_epoch: Callable[[Training], None] | None = None,
) -> TrainedRun:
    """Train as :func:`nhb2_plugins.training.checkpoint.train_resumably`, and keep the network after the last epoch.

    Raises:
        TrainingError: as there, or the run is there already, and its network is not.
    """

    def keep(training: Training) -> None:
        save_model(training, directory)

    run = train_resumably(task, data, directory, execution, on_epoch=on_epoch, on_finish=keep)
    path = model_file(task, directory)
    if not path.exists() or load_model(path).run.to_json() != run.to_json():
        raise TrainingError(
            f"{directory} holds the finished run {task.name} and not its network, whose weights were not kept; "
            "name another directory to train it again"
        )
    return run


def model_file(task: TrainingTask, directory: Path) -> Path:
    """Where a run's weights are."""
    return directory / f"{task.name}{WEIGHTS}"
