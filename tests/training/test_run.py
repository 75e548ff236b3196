"""A run's file gives the run back, whatever its losses are."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path

import pytest

from nhb2_plugins.space import Configuration
from nhb2_plugins.training.run import EpochResult, TrainedRun, TrainingError, measured_provenance, read_run
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask

RESULT = EpochResult(1, 0.1, 50.0, 40.0, 30.0, 1.5, 1.25, 1.75, 2.0, 10.001, 2.002, 1.003)
TASK = TrainingTask(Configuration("0|10|210", 0.1, 256), epochs=2, network=NetworkOptions(channels=(4, 8)))
RUN = TrainedRun(TASK, Execution(device="cuda:1"), "ab" * 32, {"device": "NVIDIA X", "pytorch": "2.13"}, (RESULT,))


def test_text_gives_the_run_back() -> None:
    assert TrainedRun.from_json(RUN.to_json()) == RUN
    assert json.loads(RUN.to_json())["task"]["network"]["channels"] == [4, 8]


def test_losses_that_are_no_numbers_survive_as_plain_json() -> None:
    odd = dataclasses.replace(RESULT, epoch=2, running_loss=math.nan, train_loss=math.inf, valid_loss=-math.inf)
    run = RUN.with_result(odd)
    text = run.to_json()
    assert "NaN" not in text
    assert json.loads(text)["diverged_epoch"] == 2
    read = TrainedRun.from_json(text).results[-1]
    assert math.isnan(read.running_loss)
    assert (read.train_loss, read.valid_loss) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no trained run"),
        ("{}", "no trained run"),
        (RUN.to_json().replace("nhb2-trained-run", "other"), "a other of version 1"),
        (RUN.to_json().replace('"seed": 222', '"seed": -1'), "seed -1"),
        (RUN.to_json().replace('"lr": 0.1, "b', '"lr": 0.15, "b'), "0.15"),
        (RUN.to_json().replace('"test_loss"', '"tests_loss"'), "KeyError.'test_loss'"),
        (RUN.to_json().replace('"valid_accuracy_pct": 40.0', '"valid_accuracy_pct": 140.0'), "accuracies of 0..100"),
        (RUN.to_json().replace('"valid_accuracy_pct": 40.0', '"valid_accuracy_pct": NaN'), "accuracies of 0..100"),
        (RUN.to_json().replace('"valid_accuracy_pct": 40.0', '"valid_accuracy_pct": "40"'), "no trained run"),
        (RUN.to_json().replace('"test_time_s": 1.003', '"test_time_s": -1.0'), "times from 0"),
        (RUN.to_json().replace('"epoch": 1,', '"epoch": 2,'), "its results are of epochs 2"),
        (RUN.to_json().replace('"n_together": 1', '"n_together": 0'), "n_together 0"),
        (RUN.to_json().replace('"pytorch": "2.13"', '"torch": "2.13"'), "KeyError.'pytorch'"),
        (RUN.to_json().replace('"device": "cuda:1"', '"device": "mps"'), "device 'mps'"),
        (RUN.to_json(), "holds 1 of 2 epochs"),
        ("[" * 100_000, "no trained run"),
    ],
)
def test_refuses_what_is_no_run(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(TrainingError, match=message):
        read_run(tmp_path / "run.json")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(TrainingError, match=r"run\.json cannot be read: .*not a regular file"):
        read_run(tmp_path / "run.json")


def test_one_table_has_one_key() -> None:
    """A stack leaves dead edges out, what is left over of a batch size is trained alone and does not."""
    stacked = dataclasses.replace(RUN, execution=dataclasses.replace(RUN.execution, prune_dead=True), n_together=8)
    assert measured_provenance(stacked, "x", (222,)).key == measured_provenance(RUN, "x", (222,)).key


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nothing\.json cannot be read"):
        read_run(tmp_path / "nothing.json")


def test_a_task_has_a_name_for_its_files() -> None:
    assert TASK.name == "010210-0.1-256-222-2"
    assert TrainingTask(Configuration("0|10|210", 0.003125, 16)).name == "010210-0.003125-16-222-12"
