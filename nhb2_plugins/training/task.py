"""What is trained, and how it is computed: values that need no PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, get_args

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import Configuration
from nhb2_plugins.text_table import counted
from nhb2_plugins.training.data import ImageData

AUTHORS_SEEDS: Final = (222, 555, 888)
"""The seeds of the published table."""

Precision = Literal["float32", "float64"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


@dataclass(frozen=True)
class NetworkOptions:
    """What the network is made of. The defaults are the benchmark's.

    Attributes:
        channels: width of each stage; the image is halved between stages.
        cells_per_stage: number of cells in a stage.
        image_channels: 3 for colour.
        n_classes: number of labels.
        pool_counts_padding: whether the 3 × 3 average counts the zeros around the image (NAS-Bench-201: it does not).
        outer_biases: whether the convolutions of stem and residual blocks have biases (NAS-Bench-201: they have none).

    Raises:
        InvalidValueError: a size that is not a whole number from 1.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    cells_per_stage: int = 5
    image_channels: int = 3
    n_classes: int = 10
    pool_counts_padding: bool = True
    outer_biases: bool = True

    def __post_init__(self) -> None:
        widths = tuple(self.channels) if isinstance(self.channels, (tuple, list)) else ()
        if not widths or not all(map(_is_from_1, widths)):
            raise InvalidValueError(f"channels {self.channels!r} are not whole numbers from 1, one a stage")
        object.__setattr__(self, "channels", widths)
        for name in ("cells_per_stage", "image_channels", "n_classes"):
            if not _is_from_1(size := getattr(self, name)):
                raise InvalidValueError(f"{name} {size!r} is not a whole number from 1")


def _is_from_1(value: object) -> bool:
    return type(value) is int and value >= 1


BENCHMARK: Final = NetworkOptions()
NAS_BENCH_201: Final = NetworkOptions(pool_counts_padding=False, outer_biases=False)


def network_for(options: NetworkOptions, data: ImageData) -> NetworkOptions:
    """The options, with as many image channels and labels as the data have."""
    return replace(options, image_channels=data.image_shape[0], n_classes=data.n_classes)


@dataclass(frozen=True)
class TrainingTask:
    """One training run.

    Attributes:
        configuration: cell, learning rate, batch size.
        seed: of initial weights, order, augmentation.
        epochs: length of the schedule: the benchmark's are 12 and 200.
        network: sizes.

    Raises:
        InvalidValueError: a seed below 0, or a schedule without epochs.
    """

    configuration: Configuration
    seed: int = AUTHORS_SEEDS[0]
    epochs: int = SCHEDULE_EPOCHS
    network: NetworkOptions = field(default_factory=NetworkOptions)

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed < 2**63:
            raise InvalidValueError(f"seed {self.seed!r} is not a whole number from 0")
        if not _is_from_1(self.epochs):
            raise InvalidValueError(f"epochs {self.epochs!r} is not a whole number from 1")

    @property
    def name(self) -> str:
        """For files, for example ``010210-0.1-256-222-12``."""
        chosen = self.configuration
        cell = chosen.cellcode.replace("|", "")
        return f"{cell}-{chosen.lr:g}-{chosen.batch_size}-{self.seed}-{self.epochs}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON gives it back."""
        chosen = self.configuration
        return {
            "cellcode": chosen.cellcode,
            "lr": chosen.lr,
            "batch_size": chosen.batch_size,
            "seed": self.seed,
            "epochs": self.epochs,
            "network": {**asdict(self.network), "channels": list(self.network.channels)},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingTask:
        """What :meth:`to_dict` gave.

        Raises:
            InvalidValueError: a value outside its domain.
            KeyError: a value is missing.
            TypeError: a size that nobody knows.
        """
        configuration = Configuration(values["cellcode"], values["lr"], values["batch_size"])
        return cls(configuration, values["seed"], values["epochs"], NetworkOptions(**values["network"]))


def check_images(task: TrainingTask, data: ImageData) -> None:
    """See that a task's network can be trained on images.

    Raises:
        InvalidValueError: they are of other channels or labels, cannot be halved between its stages, or leave a last
            batch of one pixel a channel, which a batch norm cannot be trained on.
    """
    network, (n_channels, height, width) = task.network, data.image_shape
    if n_channels != network.image_channels or data.n_classes > network.n_classes:
        raise InvalidValueError(
            f"images of {counted(n_channels, 'channel')} and {counted(data.n_classes, 'label')} do not fit a network "
            f"for {counted(network.image_channels, 'channel')} and {counted(network.n_classes, 'label')}"
        )
    n_halvings = len(network.channels) - 1
    smallest, n_train, batch_size = 2**n_halvings, len(data.train), task.configuration.batch_size
    if height % smallest or width % smallest:
        raise InvalidValueError(
            f"images of {height} × {width} pixels cannot be halved {counted(n_halvings, 'time')} between "
            f"{n_halvings + 1} stages: multiples of {smallest} can, and fewer stages halve less"
        )
    if n_train % batch_size == 1 and height == width == smallest:
        raise InvalidValueError(
            f"{counted(n_train, 'training image')} in batches of {batch_size} leave one over, which has one pixel a "
            "channel in the last stage, and a batch norm needs two: leave an image out, or have fewer stages"
        )


_DEVICE: Final = re.compile(r"cpu|cuda(:[0-9]{1,2})?")


@dataclass(frozen=True)
class Execution:
    """How a run is computed; none of it is meant to change what is computed beyond float noise.

    Attributes:
        device: PyTorch's name of a processor or a GPU: ``cpu``, ``cuda``, ``cuda:1``.
        precision: ``float32`` as the benchmark, or ``float64`` for comparisons.
        deterministic: choose convolutions that give the same bits every time (on a processor they always do).
        tf32: let a GPU multiply with 10 bits of mantissa; the benchmark's GPUs could not.
        channels_last: keep images with their channels together.
        compiles: let ``torch.compile`` fuse the network.
        prune_dead: leave edges out that cannot change the output.
        evaluation_batch_size: images at once in evaluations; None for the run's batch size, as the authors did it.

    Raises:
        InvalidValueError: another device, an unknown precision, or a batch without images.
    """

    device: str = "cpu"
    precision: Precision = "float32"
    deterministic: bool = False
    tf32: bool = False
    channels_last: bool = False
    compiles: bool = False
    prune_dead: bool = False
    evaluation_batch_size: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.device, str) or not _DEVICE.fullmatch(self.device):
            raise InvalidValueError(f"device {self.device!r} is not 'cpu', 'cuda' or a GPU by its number, 'cuda:1'")
        checked_choice("precision", self.precision, PRECISIONS)
        if self.evaluation_batch_size is not None and not _is_from_1(self.evaluation_batch_size):
            raise InvalidValueError(
                f"evaluation batch size {self.evaluation_batch_size!r} is not a whole number from 1"
            )


ON_THE_PROCESSOR: Final = Execution()
