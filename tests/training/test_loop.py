"""The training loop: the authors' steps, one by one, and what is measured after an epoch."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nhb2_plugins.space import Configuration
from nhb2_plugins.training import loop
from nhb2_plugins.training.images import Pass
from nhb2_plugins.training.loop import Training, evaluate, learning_rate, make_network, place_data
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask
from tests.training.oracle import own_steps
from tests.training.patterns import image_data, projections

ORACLE = dict(np.load(Path(__file__).with_name("oracle.npz")))
TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)
TASK = TrainingTask(Configuration("0|10|210", 0.1, 16), epochs=2, network=TINY)
DOUBLE = Execution(precision="float64")


def test_every_step_of_an_epoch_is_the_oracles() -> None:
    """From one seed to initial weights, then losses and weights after each of 12 steps in two epochs."""
    losses, weights = zip(*own_steps(), strict=True)
    assert len(losses) == 12
    np.testing.assert_allclose(losses, ORACLE["steps/losses"], rtol=0, atol=1e-10)
    of_weights = np.array([projections(list(each)) for each in weights])
    np.testing.assert_allclose(of_weights, ORACLE["steps/weights"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("epochs", [12, 200])
def test_the_learning_rate_is_torchs_cosine(epochs: int) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(1, epochs + 1):
        assert learning_rate(0.4, epoch, epochs) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_the_last_of_twelve_epochs_runs_at_its_known_rate() -> None:
    assert learning_rate(1, 1, 12) == 1
    assert learning_rate(1, 12, 12) == pytest.approx(0.01704, abs=5e-6)


@pytest.mark.parametrize(("batch_size", "steps", "last"), [(512, 49, 424), (16, 1563, 8), (256, 98, 168)])
def test_steps_of_the_benchmarks_epoch(batch_size: int, steps: int, last: int) -> None:
    placed = place_data(image_data(n_train=25_000, size=1))
    sizes = [len(labels) for _, labels in placed.train.batches(batch_size, 222, 1, Pass.TRAINING)]
    assert (len(sizes), sizes[-1]) == (steps, last)


class Constant(nn.Module):
    """Says label 3 of every image, loudly."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(images), 10, dtype=images.dtype)
        logits[:, 3] = 2.0
        return logits


@pytest.mark.parametrize("evaluated_together", [16, 40])
def test_an_evaluation_counts_right_answers_and_averages_over_batches(evaluated_together: int) -> None:
    data = image_data()
    placed = place_data(data, DOUBLE).valid
    accuracy, loss = evaluate(Constant(), placed.batches(evaluated_together, 1, 1, Pass.VALID_EVALUATION), 16)
    assert accuracy == pytest.approx((data.valid.labels == 3).mean() * 100)
    labels = torch.cat([labels for _, labels in placed.batches(40, 1, 1, Pass.VALID_EVALUATION)]).numpy()
    of_image = np.where(labels == 3, 0.0, 2.0) + math.log(math.exp(2) + 9) - 2
    assert loss == pytest.approx(np.mean([of_image[:16].mean(), of_image[16:32].mean(), of_image[32:].mean()]))


def test_a_run_measures_three_splits_after_each_epoch() -> None:
    run = Training(TASK, place_data(image_data())).train()
    assert [result.epoch for result in run.results] == [1, 2]
    assert [result.lr for result in run.results] == [0.1, pytest.approx(0.05)]
    assert run.is_finished
    assert run.diverged_epoch is None
    for result in run.results:
        for split, n in (("train", 90), ("valid", 40), ("test", 30)):
            assert (result.accuracy_pct(split) * n / 100) == pytest.approx(  # type: ignore[arg-type]
                round(result.accuracy_pct(split) * n / 100),
                abs=1e-9,  # type: ignore[arg-type]
            )
            assert round(result.time_s(split), 3) == result.time_s(split) >= 0  # type: ignore[arg-type]
    first, second = run.results
    assert run.cost_s(2) == pytest.approx(
        first.train_time_s + second.train_time_s + first.valid_time_s + second.valid_time_s
    )
    assert run.cost_s(1, "train") == first.train_time_s
    assert run.cost_s(2, "test") == pytest.approx(run.cost_s(2) + first.test_time_s + second.test_time_s)


def numbers(training: Training) -> list[object]:
    """All but times."""
    kept = ("accuracy", "loss")
    values = [
        getattr(result, name)
        for result in training.run.results
        for name in vars(result)
        if any(k in name for k in kept)
    ]
    return [*values, *(value.tolist() for value in training.network.state_dict().values())]


def test_one_seed_gives_the_same_bits_whatever_was_drawn_before() -> None:
    outcomes = []
    for draws in (0, 5):
        torch.rand(draws)
        training = Training(TASK, place_data(image_data()))
        training.train()
        outcomes.append(numbers(training))
    assert outcomes[0] == outcomes[1]
    other = Training(TrainingTask(TASK.configuration, 555, 2, TINY), place_data(image_data()))
    other.train()
    assert numbers(other) != outcomes[0]


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    make_network(TASK)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_stopped_after_an_epoch_goes_on_as_if_it_had_not() -> None:
    whole, stopped = (Training(TASK, place_data(image_data())) for _ in range(2))
    whole.train()
    stopped.train(1)
    assert len(stopped.run.results) == 1
    assert not stopped.run.is_finished
    stopped.train(1)  # is there already
    stopped.train()
    assert numbers(stopped) == numbers(whole)


@pytest.mark.parametrize("execution", [Execution(channels_last=True), Execution(prune_dead=True), DOUBLE])
def test_how_it_is_computed_changes_no_more_than_noise(execution: Execution) -> None:
    expected = Training(TASK, place_data(image_data())).train(1).results[0]
    result = Training(TASK, place_data(image_data(), execution), execution).train(1).results[0]
    assert result.running_loss == pytest.approx(expected.running_loss, rel=1e-4)
    assert result.valid_loss == pytest.approx(expected.valid_loss, rel=1e-3)


def test_a_run_that_diverges_is_recorded_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(TASK, place_data(image_data()))
    with torch.no_grad():
        training.network.layers[0][0].weight.fill_(math.nan)
    run = training.train()
    assert run.diverged_epoch == 1
    assert len(run.results) == 2
    assert all(math.isnan(result.running_loss) for result in run.results)
    of_label_0 = (image_data().valid.labels == 0).mean() * 100
    assert run.results[-1].valid_accuracy_pct == pytest.approx(of_label_0)  # what the authors' argmax gives of NaN


def test_numerics_are_put_back() -> None:
    before = torch.backends.cudnn.deterministic
    with loop.numerics_of(Execution(deterministic=not before)):
        assert torch.backends.cudnn.deterministic is not before
    assert torch.backends.cudnn.deterministic is before
