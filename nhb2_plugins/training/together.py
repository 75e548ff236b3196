"""Training many configurations of one batch size at once, on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.training.images import DeviceData, DeviceImages, Pass
from nhb2_plugins.training.loop import (
    MOMENTUM,
    WEIGHT_DECAY,
    learning_rate,
    make_network,
    numerics_of,
    platform_of,
    timed,
)
from nhb2_plugins.training.network import Network
from nhb2_plugins.training.run import EpochResult, TrainedRun
from nhb2_plugins.training.stack import Stack, StackedDescent, StackedStep, losses_of
from nhb2_plugins.training.task import ON_THE_PROCESSOR, Execution, TrainingTask, check_images

_Measured = tuple[list[float], list[float]]


class StackedTraining:
    """Runs in progress, side by side; each as :class:`nhb2_plugins.training.loop.Training` alone, up to float noise.

    A time is a run's share of the pass: the seconds of all divided by their number (``n_together`` of the runs). It is
    what the run cost here, and not what it would take alone.

    Args:
        tasks: of one batch size, seed, schedule and network; different cells and learning rates.
        data: the images, on the device.
        execution: how to compute; on a GPU a step is replayed as a CUDA graph.

    Raises:
        InvalidValueError: no task, tasks that differ in more than cell and learning rate, or as
            :class:`~nhb2_plugins.training.loop.Training`.
    """

    def __init__(
        self, tasks: Sequence[TrainingTask], data: DeviceData, execution: Execution = ON_THE_PROCESSOR
    ) -> None:
        first = _checked_alike(tasks)
        check_images(first, data.data)
        pruned = replace(execution, prune_dead=True)
        self.data = data
        self.stack = Stack([make_network(task, pruned) for task in tasks])
        self.descent = StackedDescent(self.stack, MOMENTUM, WEIGHT_DECAY)
        self._step = StackedStep(self.stack, self.descent, captures=execution.device.startswith("cuda"))
        self._seed, self._epochs, self._batch_size = first.seed, first.epochs, first.configuration.batch_size
        platform = platform_of(execution)
        self.runs = [TrainedRun(task, pruned, data.data.checksum, platform, (), len(tasks)) for task in tasks]

    def train(self, on_epoch: Callable[[StackedTraining], None] | None = None) -> list[TrainedRun]:
        """Train to the end of the schedule."""
        with numerics_of(self.runs[0].execution):
            while not self.runs[0].is_finished:
                self._train_one(len(self.runs[0].results) + 1)
                if on_epoch is not None:
                    on_epoch(self)
        return self.runs

    def networks(self) -> tuple[Network, ...]:
        """The networks as they are now, in the tasks' order."""
        return self.stack.write_back()

    def _train_one(self, epoch: int) -> None:
        rates = [learning_rate(run.task.configuration.lr, epoch, self._epochs) for run in self.runs]
        self.descent.set_rates(rates)
        share = self.runs[0].execution, len(self.runs)
        with timed(*share) as train_time:
            running = self.one_pass(epoch)
        self.stack.training = False
        train = self._evaluate(self.data.train, epoch, Pass.TRAIN_EVALUATION)
        with timed(*share) as valid_time:
            valid = self._evaluate(self.data.valid, epoch, Pass.VALID_EVALUATION)
        with timed(*share) as test_time:
            test = self._evaluate(self.data.test, epoch, Pass.TEST_EVALUATION)
        for k, run in enumerate(self.runs):
            accuracies, losses = ([each[part][k] for each in (train, valid, test)] for part in (0, 1))
            measured = (*accuracies, running[k], *losses, train_time(), valid_time(), test_time())
            self.runs[k] = run.with_result(EpochResult(epoch, rates[k], *measured))

    def one_pass(self, epoch: int) -> list[float]:
        """One pass of gradient descent at the rates that are set; each network's mean loss before its steps."""
        self.stack.training = True
        batches = self.data.train.batches(self._batch_size, self._seed, epoch, Pass.TRAINING)
        losses = torch.stack([self._step(images, labels) for images, labels in batches])
        means: list[float] = losses.mean(0).tolist()
        return means

    @torch.no_grad()
    def _evaluate(self, images_of_split: DeviceImages, epoch: int, purpose: Pass) -> _Measured:
        together = self.runs[0].execution.evaluation_batch_size or self._batch_size
        correct: list[Tensor] = []
        losses: list[Tensor] = []
        for images, labels in images_of_split.batches(together, self._seed, epoch, purpose):
            logits = self.stack(images)
            correct.append(logits.argmax(2) == labels)
            losses.append(losses_of(logits, labels))
        right, loss = torch.cat(correct, 1), torch.cat(losses, 1)
        of_batches = torch.stack([each.mean(1) for each in loss.split(self._batch_size, 1)])
        accuracies = [n_right / right.shape[1] * 100 for n_right in right.sum(1).tolist()]
        return accuracies, of_batches.mean(0).tolist()


def _checked_alike(tasks: Sequence[TrainingTask]) -> TrainingTask:
    alike = {(task.configuration.batch_size, task.seed, task.epochs, task.network) for task in tasks}
    if len(alike) != 1:
        raise InvalidValueError(
            f"{len(tasks)} tasks are not of one batch size, seed, schedule and network: they have {len(alike)} kinds"
        )
    return tasks[0]
