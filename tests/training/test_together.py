"""Many networks at once against each alone: the same runs within float noise, whatever stands beside them."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.training.loop import Training, place_data
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask
from nhb2_plugins.training.together import StackedTraining
from tests.training.patterns import image_data, images

TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=2)
DOUBLE = Execution(precision="float64", prune_dead=True)
CELLS = ("0|10|210", "0|00|000", "3|33|333", "1|11|111", "2|20|202", "0|33|233", "3|30|232", "0|10|210")


def tasks(*configurations: tuple[str, float], epochs: int = 2) -> list[TrainingTask]:
    return [TrainingTask(Configuration(cell, lr, 16), epochs=epochs, network=TINY) for cell, lr in configurations]


def mixed() -> list[TrainingTask]:
    return tasks(*((cell, 0.003125 * 2 ** (k % 8)) for k, cell in enumerate(CELLS)))


def alone(task: TrainingTask, execution: Execution = DOUBLE) -> Training:
    training = Training(task, place_data(image_data(), execution), execution)
    training.train()
    return training


def assert_close(stacked: StackedTraining, execution: Execution = DOUBLE, tolerance: float = 1e-9) -> None:
    for run, network in zip(stacked.runs, stacked.networks(), strict=True):
        single = alone(run.task, execution)
        for result, expected in zip(run.results, single.run.results, strict=True):
            assert (result.epoch, result.lr) == (expected.epoch, expected.lr)
            for name in ("running_loss", "train_loss", "valid_loss", "test_loss"):
                assert getattr(result, name) == pytest.approx(getattr(expected, name), rel=tolerance), run.task.name
            for split in ("train", "valid", "test"):
                assert result.accuracy_pct(split) == expected.accuracy_pct(split), run.task.name
        batch = images(5, 8)
        with torch.no_grad():
            torch.testing.assert_close(
                network.eval()(batch), single.network.eval()(batch), rtol=tolerance, atol=tolerance
            )


def test_cells_of_every_kind_at_every_rate_train_as_alone() -> None:
    stacked = StackedTraining(mixed(), place_data(image_data(), DOUBLE), DOUBLE)
    stacked.train()
    assert_close(stacked)
    assert [run.n_together for run in stacked.runs] == [8] * 8
    assert all(run.is_finished for run in stacked.runs)


@pytest.mark.parametrize("cell", ["0|10|210", "3|33|333"])
def test_one_cell_at_several_rates(cell: str) -> None:
    stacked = StackedTraining(tasks((cell, 0.1), (cell, 0.4)), place_data(image_data(), DOUBLE), DOUBLE)
    stacked.train()
    assert_close(stacked)


def test_in_single_precision_within_its_noise() -> None:
    execution = Execution(prune_dead=True)
    stacked = StackedTraining(tasks(("0|10|210", 0.025), ("2|01|000", 0.0125)), place_data(image_data()), execution)
    stacked.train()
    for run in stacked.runs:
        expected = alone(run.task, execution).run.results[-1]
        assert run.results[-1].running_loss == pytest.approx(expected.running_loss, rel=1e-3)


def test_channels_last_and_larger_evaluations_change_nothing() -> None:
    execution = dataclasses.replace(DOUBLE, channels_last=True, evaluation_batch_size=40)
    stacked = StackedTraining(mixed()[:3], place_data(image_data(), execution), execution)
    stacked.train()
    assert_close(stacked)


def test_a_network_that_diverges_leaves_the_others_alone() -> None:
    stacked = StackedTraining(mixed()[:3], place_data(image_data(), DOUBLE), DOUBLE)
    with torch.no_grad():
        head = next(joined for joined in stacked.stack.parameters if joined.tensor.shape[0] == 30)
        head.tensor[10:20] = math.nan
    runs = stacked.train()
    assert [run.diverged_epoch for run in runs] == [None, 1, None]
    for k in (0, 2):
        assert runs[k].results[-1].running_loss == pytest.approx(alone(runs[k].task).run.results[-1].running_loss)


def test_times_are_shares_of_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("nhb2_plugins.training.loop.time.perf_counter", lambda: float(next(clock)))
    run, _ = StackedTraining(tasks(("2|20|202", 0.1), ("1|11|111", 0.1), epochs=1), place_data(image_data())).train()
    assert (run.results[0].train_time_s, run.results[0].valid_time_s) == (0.5, 0.5)  # one second for two


@pytest.mark.parametrize(
    "others",
    [
        [],
        [TrainingTask(Configuration("0|10|210", 0.1, 32), epochs=2, network=TINY)],
        [TrainingTask(Configuration("0|10|210", 0.1, 16), seed=1, epochs=2, network=TINY)],
        [TrainingTask(Configuration("0|10|210", 0.1, 16), epochs=3, network=TINY)],
        [TrainingTask(Configuration("0|10|210", 0.1, 16), epochs=2)],
    ],
)
def test_refuses_runs_that_do_not_go_together(others: list[TrainingTask]) -> None:
    together = [*mixed(), *others] if others else []
    with pytest.raises(InvalidValueError, match="are not of one batch size, seed, schedule and network"):
        StackedTraining(together, place_data(image_data()))
