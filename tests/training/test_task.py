"""What is trained and how: values that are refused before PyTorch sees them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.training.data import ImageData
from nhb2_plugins.training.loop import Training, place_data
from nhb2_plugins.training.task import BENCHMARK, Execution, NetworkOptions, TrainingTask, network_for
from nhb2_plugins.training.together import StackedTraining
from nhb2_plugins.training.trained import TrainedBenchmark
from tests.training.patterns import image_data

TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)


@pytest.mark.parametrize("device", ["mps", "meta", "banana", "cpu:0", "cuda:", "cuda:-1", "cuda:1000", "", None, 0])
def test_a_device_is_a_processor_or_a_gpu(device: Any) -> None:
    with pytest.raises(InvalidValueError, match=f"device {device!r} is not 'cpu', 'cuda' or a GPU by its number"):
        Execution(device=device)


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0", "cuda:12"])
def test_devices_have_pytorchs_names(device: str) -> None:
    assert Execution(device=device).device == device


@pytest.mark.parametrize("use", [place_data, lambda data, execution: TrainedBenchmark(data, execution=execution)])
def test_a_gpu_that_is_not_there_is_named_wherever_it_is_asked_for(use: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"device 'cuda:9': PyTorch .* finds 0 GPUs here"):
        use(image_data(), Execution(device="cuda:9"))
    task = TrainingTask(Configuration("0|10|210", 0.1, 16), network=TINY)
    with pytest.raises(InvalidValueError, match="finds 0 GPUs here"):
        Training(task, place_data(image_data()), Execution(device="cuda"))


@pytest.mark.parametrize("size", [0, -1, 1.5, "16", None, True])
def test_evaluations_have_whole_batches(size: Any) -> None:
    if size is None:
        assert Execution(evaluation_batch_size=None).evaluation_batch_size is None
        return
    with pytest.raises(InvalidValueError, match=r"evaluation batch size .* is not a whole number from 1"):
        Execution(evaluation_batch_size=size)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"channels": (0,)}, r"^channels \(0,\) are not whole numbers from 1, one a stage$"),
        ({"channels": ()}, r"^channels \(\) are not"),
        ({"channels": 16}, "^channels 16 are not"),
        ({"cells_per_stage": 0}, "^cells_per_stage 0 is not a whole number from 1$"),
        ({"n_classes": 1.5}, "^n_classes 1.5 is not"),
    ],
)
def test_a_size_that_is_none_is_named(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        NetworkOptions(**sizes)


def images_of(size: int, n_train: int = 32) -> ImageData:
    return image_data(n_train=n_train, size=size)


UNFIT = [
    (images_of(2), TINY, r"images of 2 × 2 pixels cannot be halved 2 times .* multiples of 4"),
    (images_of(6), TINY, "images of 6 × 6 pixels cannot be halved 2 times"),
    (images_of(4, 33), TINY, "33 training images in batches of 16 leave one over, .* leave an image out"),
    (images_of(8), dataclasses.replace(TINY, image_channels=1), "3 channels .* network for 1 channel"),
    (images_of(8), dataclasses.replace(TINY, n_classes=5), "10 labels do not fit a network for .* 5 labels"),
]


@pytest.mark.parametrize(("data", "network", "message"), UNFIT)
def test_images_that_a_network_cannot_be_trained_on(data: ImageData, network: NetworkOptions, message: str) -> None:
    task = TrainingTask(Configuration("0|10|210", 0.1, 16), network=network)
    for begin in (Training, lambda task, data: StackedTraining([task], data)):
        with pytest.raises(InvalidValueError, match=message):
            begin(task, place_data(data))


def test_a_benchmark_refuses_them_when_it_is_made() -> None:
    with pytest.raises(InvalidValueError, match="cannot be halved"):
        TrainedBenchmark(images_of(2))


@pytest.mark.parametrize(("size", "n_train", "stages"), [(8, 33, 3), (4, 34, 3), (1, 32, 1), (2, 3, 2), (28, 20, 3)])
def test_the_smallest_that_can_be_trained_on_are(size: int, n_train: int, stages: int) -> None:
    network = network_for(NetworkOptions((2, 3, 4)[:stages], 1), images_of(size, n_train))
    task = TrainingTask(Configuration("0|10|210", 0.1, 16), epochs=1, network=network)
    assert Training(task, place_data(images_of(size, n_train))).train().is_finished


def test_the_benchmarks_own_network_takes_cifar10s_images() -> None:
    task = TrainingTask(Configuration("0|10|210", 0.1, 512), network=BENCHMARK)
    assert Training(task, place_data(images_of(32))).run.task is task
