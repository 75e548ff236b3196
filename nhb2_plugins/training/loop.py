"""The training loop: one configuration, one seed, epoch after epoch, as the benchmark was trained.

SGD with Nesterov momentum 0.9 and weight decay 5e-4 on every parameter, cross-entropy, the learning rate on a cosine
over the whole schedule with one step an epoch. After each epoch the training, validation and test images are evaluated,
the first two augmented. An epoch's ``train_time_s`` is its training pass alone, ``valid_time_s`` and ``test_time_s``
are those evaluations; the evaluation of the training images is not timed. Times are rounded to 1 ms.

A loss that is no longer finite is recorded, and training goes on, as the authors' did: such a network answers one label
for every image.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.training.data import ImageData
from nhb2_plugins.training.images import Batch, DeviceData, DeviceImages, Pass
from nhb2_plugins.training.network import Network
from nhb2_plugins.training.run import EpochResult, TrainedRun
from nhb2_plugins.training.task import ON_THE_PROCESSOR, Execution, TrainingTask, check_images

MOMENTUM: Final = 0.9
WEIGHT_DECAY: Final = 5e-4


def learning_rate(initial: float, epoch: int, epochs: int) -> float:
    """The rate of an epoch (1-based) of a schedule: half a cosine from the initial one towards 0."""
    return initial * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2


def train_epoch(network: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[Batch]) -> Tensor:
    """One pass of gradient descent; the loss of each step, before it."""
    network.train()
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@torch.no_grad()
def evaluate(network: nn.Module, batches: Iterable[Batch], batch_size: int) -> tuple[float, float]:
    """Accuracy in percent and loss, the mean over batches of that size of their mean losses."""
    network.eval()
    correct, losses = [], []
    for images, labels in batches:
        logits = network(images)
        correct.append(logits.argmax(1) == labels)
        losses.append(cross_entropy(logits, labels, reduction="none"))
    right, loss = torch.cat(correct), torch.cat(losses)
    mean_loss = torch.stack([each.mean() for each in loss.split(batch_size)]).mean()
    return right.sum().item() / len(right) * 100, mean_loss.item()


class Training:
    """A run in progress, between two epochs.

    Args:
        task: what to train.
        data: the images, on the device and in the precision of the execution.
        execution: how to compute it.

    Raises:
        InvalidValueError: the network cannot be trained on these images, or the GPU is not there.
    """

    def __init__(self, task: TrainingTask, data: DeviceData, execution: Execution = ON_THE_PROCESSOR) -> None:
        check_images(task, data.data)
        self.data = data
        self.network = make_network(task, execution)
        self.optimizer = SGD(
            self.network.parameters(),
            task.configuration.lr,
            momentum=MOMENTUM,
            weight_decay=WEIGHT_DECAY,
            nesterov=True,
        )
        self.run = TrainedRun(task, execution, data.data.checksum, platform_of(execution))
        self._computed = cast(nn.Module, torch.compile(self.network)) if execution.compiles else self.network

    def train(self, until: int | None = None, on_epoch: Callable[[Training], None] | None = None) -> TrainedRun:
        """Train up to and including an epoch (None: to the end); goes on where it is.

        Args:
            until: 1-based.
            on_epoch: called after each epoch.
        """
        last = self.run.task.epochs if until is None else until
        with numerics_of(self.run.execution):
            while len(self.run.results) < last:
                self.run = self.run.with_result(self._train_one(len(self.run.results) + 1))
                if on_epoch is not None:
                    on_epoch(self)
        return self.run

    def _train_one(self, epoch: int) -> EpochResult:
        task, data, network = self.run.task, self.data, self._computed
        batch_size = task.configuration.batch_size
        together = self.run.execution.evaluation_batch_size or batch_size
        lr = learning_rate(task.configuration.lr, epoch, task.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = lr

        def evaluated(images: DeviceImages, purpose: Pass) -> tuple[float, float]:
            return evaluate(network, images.batches(together, task.seed, epoch, purpose), batch_size)

        with timed(self.run.execution) as train_time:
            batches = data.train.batches(batch_size, task.seed, epoch, Pass.TRAINING)
            losses = train_epoch(network, self.optimizer, batches)
        train = evaluated(data.train, Pass.TRAIN_EVALUATION)
        with timed(self.run.execution) as valid_time:
            valid = evaluated(data.valid, Pass.VALID_EVALUATION)
        with timed(self.run.execution) as test_time:
            test = evaluated(data.test, Pass.TEST_EVALUATION)
        accuracies, last_losses = zip(train, valid, test, strict=True)
        return EpochResult(
            epoch, lr, *accuracies, losses.mean().item(), *last_losses, train_time(), valid_time(), test_time()
        )


@contextmanager
def timed(execution: Execution, n_runs: int = 1) -> Iterator[Callable[[], float]]:
    """A run's share of the seconds from here to the end, to 1 ms; a GPU is waited for on both sides."""
    wait_for(execution)
    times = [time.perf_counter()]
    yield lambda: round((times[1] - times[0]) / n_runs, 3)
    wait_for(execution)
    times.append(time.perf_counter())


def wait_for(execution: Execution) -> None:
    """Wait until a GPU has done what it was given; a processor has."""
    if execution.device.startswith("cuda"):
        torch.cuda.synchronize(execution.device)


def make_network(task: TrainingTask, execution: Execution = ON_THE_PROCESSOR) -> Network:
    """The network of a run with its initial weights: drawn on the processor, so the same on every device."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.seed)
        network = Network(task.configuration.cellcode, task.network, prune_dead=execution.prune_dead)
    network = network.to(device_of(execution), dtype_of(execution))
    if execution.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its types leave it out
    return network


def dtype_of(execution: Execution) -> torch.dtype:
    """PyTorch's type of the numbers."""
    return torch.float64 if execution.precision == "float64" else torch.float32


def place_data(data: ImageData, execution: Execution = ON_THE_PROCESSOR) -> DeviceData:
    """Copy a data set to where an execution wants it."""
    device, dtype = device_of(execution), dtype_of(execution)
    return DeviceData(
        data,
        *(
            DeviceImages(images, data, device, dtype, channels_last=execution.channels_last)
            for images in (data.train, data.valid, data.test)
        ),
    )


def device_of(execution: Execution) -> torch.device:
    """The device.

    Raises:
        InvalidValueError: PyTorch finds no such GPU.
    """
    device, n_gpus = torch.device(execution.device), torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= n_gpus:
        raise InvalidValueError(f"device {execution.device!r}: PyTorch {torch.__version__} finds {n_gpus} GPUs here")
    return device


def platform_of(execution: Execution) -> dict[str, str]:
    """What a run was computed with: the device's name and PyTorch's version."""
    device = device_of(execution)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else execution.device
    return {"device": name, "pytorch": torch.__version__}


@contextmanager
def numerics_of(execution: Execution) -> Iterator[None]:
    """Set what a GPU may do to the numbers, and put it back."""
    backend, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    former = (backend.deterministic, backend.benchmark, backend.allow_tf32, matmul.allow_tf32)
    backend.deterministic, backend.benchmark = execution.deterministic, not execution.deterministic
    backend.allow_tf32 = matmul.allow_tf32 = execution.tf32
    try:
        yield
    finally:
        backend.deterministic, backend.benchmark, backend.allow_tf32, matmul.allow_tf32 = former
