"""Models on disk: what was trained comes back, and what is not it is refused."""

from __future__ import annotations

import dataclasses
import json
import os
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from nhb2_plugins.space import Configuration
from nhb2_plugins.training import Network, load_model, models, save_model
from nhb2_plugins.training.checkpoint import train_resumably
from nhb2_plugins.training.loop import Training, place_data
from nhb2_plugins.training.models import train_and_save
from nhb2_plugins.training.run import TrainingError, read_run
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask
from tests.training.patterns import image_data, images

TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)
TASK = TrainingTask(Configuration("0|10|210", 0.1, 32), epochs=2, network=TINY)


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Training, Path]:
    training = Training(TASK, place_data(image_data()))
    training.train()
    return training, save_model(training, tmp_path)


def test_a_model_answers_as_the_trained_network(saved: tuple[Training, Path]) -> None:
    training, path = saved
    model = load_model(path)
    assert path.name == "010210-0.1-32-222-2.safetensors"
    assert model.run == training.run
    assert not model.network.training
    with torch.no_grad():
        assert torch.equal(model.network(images(4, 8).float()), training.network.eval()(images(4, 8).float()))


def test_the_card_says_what_the_model_is(saved: tuple[Training, Path]) -> None:
    training, path = saved
    card = json.loads(path.with_suffix(".model.json").read_text())
    assert card["run"]["task"]["cellcode"] == "0|10|210"
    assert card["run"]["task"]["epochs"] == 2
    assert card["run"]["platform"]["pytorch"] == torch.__version__
    assert card["run"]["data_checksum"] == image_data().checksum
    assert card["accuracy_pct"]["valid"] == training.run.results[-1].valid_accuracy_pct


def test_a_model_of_double_precision_stays_one(tmp_path: Path) -> None:
    execution = Execution(precision="float64", channels_last=True)
    training = Training(TASK, place_data(image_data(), execution), execution)
    training.train(1)
    model = load_model(save_model(training, tmp_path))
    with torch.no_grad():
        torch.testing.assert_close(model.network(images(4, 8)), training.network.eval()(images(4, 8)))


def test_a_run_keeps_its_last_network(tmp_path: Path) -> None:
    run = train_and_save(TASK, place_data(image_data()), tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json", ".safetensors"]
    assert load_model(tmp_path / f"{TASK.name}.safetensors").run == run == read_run(tmp_path / f"{TASK.name}.json")


def test_killed_after_the_last_epoch_it_keeps_its_network_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last checkpoint is there, model and run are not."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "save_model", die)
    with pytest.raises(KeyboardInterrupt):
        train_and_save(TASK, place_data(image_data()), tmp_path)
    assert not (tmp_path / f"{TASK.name}.json").exists()
    monkeypatch.undo()
    run = train_and_save(TASK, place_data(image_data()), tmp_path)
    assert load_model(tmp_path / f"{TASK.name}.safetensors").run == run


def test_a_run_whose_weights_were_not_kept_has_no_model(tmp_path: Path) -> None:
    data = place_data(image_data())
    run = train_resumably(TASK, data, tmp_path)
    with pytest.raises(TrainingError, match=r"holds the finished run .*010210-0\.1-32-222-2.* another directory"):
        train_and_save(TASK, data, tmp_path)
    (tmp_path / "other").mkdir()
    other = Training(TASK, data)
    other.train(1)
    save_model(other, tmp_path)
    with pytest.raises(TrainingError, match=r"holds the finished run .* its network, .* another directory"):
        train_and_save(TASK, data, tmp_path)
    assert read_run(tmp_path / f"{TASK.name}.json") == run


def test_weights_that_are_none_are_refused_whatever_the_card_says(saved: tuple[Training, Path]) -> None:
    _, path = saved
    card = path.with_suffix(".model.json")
    path.write_bytes(b"\xff" * 100)
    card.write_text(json.dumps(json.loads(card.read_text()) | {"weights_sha256": sha256(b"\xff" * 100).hexdigest()}))
    with pytest.raises(TrainingError, match=rf"{path.name} does not hold the weights of"):
        load_model(path)


@pytest.mark.parametrize("run", [None, [], {"format": "other"}, 5])
def test_a_card_without_a_run_is_named(saved: tuple[Training, Path], run: object) -> None:
    _, path = saved
    card = path.with_suffix(".model.json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"run": run}))
    with pytest.raises(TrainingError, match=rf"{card.name}: "):
        load_model(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".model.json"])
def test_a_pipe_is_refused_and_not_waited_for(saved: tuple[Training, Path], suffix: str) -> None:
    _, path = saved
    path.with_suffix(suffix).unlink()
    os.mkfifo(path.with_suffix(suffix))
    with pytest.raises(TrainingError, match=r"cannot be read: .*not a regular file"):
        load_model(path)


def test_refuses_what_is_no_model(saved: tuple[Training, Path], tmp_path: Path) -> None:
    _, path = saved
    card = path.with_suffix(".model.json")
    good_weights, good_card = path.read_bytes(), card.read_text()
    with pytest.raises(TrainingError, match=r"other\.safetensors cannot be read"):
        load_model(tmp_path / "other.safetensors")
    path.write_bytes(good_weights[:-1] + b"\0")
    with pytest.raises(TrainingError, match="is damaged: its SHA-256"):
        load_model(path)
    path.write_bytes(good_weights)
    card.write_text("[]")
    with pytest.raises(TrainingError, match="is no card of a trained model"):
        load_model(path)
    wider = dataclasses.replace(TASK, network=dataclasses.replace(TINY, channels=(2, 3, 5)))
    other = json.loads(good_card)
    other["run"]["task"] = wider.to_dict()
    card.write_text(json.dumps(other))
    with pytest.raises(TrainingError, match="does not hold the weights of"):
        load_model(path)


def test_the_packages_names_are_there_and_no_others() -> None:
    from nhb2_plugins import training

    assert [name for name in training.__all__ if getattr(training, name) is None] == []
    assert training.Network is Network
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = training.nothing
