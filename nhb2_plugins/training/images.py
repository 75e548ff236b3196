"""Images on the device: one copy of each split, and batches cut, mirrored and normalised there.

What is drawn for an epoch (order, mirrorings, crops) is drawn on the processor from (seed, epoch, purpose) alone: the
same on every device, whatever ran before, so that a run continued from a checkpoint sees what the unbroken one saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nhb2_plugins.training.data import ImageData, LabelledImages


class Pass(IntEnum):
    """What a pass over the images is for; each has draws of its own."""

    TRAINING = 0
    TRAIN_EVALUATION = 1
    VALID_EVALUATION = 2
    TEST_EVALUATION = 3


Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Draws:
    """What one pass over a split draws, one position an image of the split.

    Attributes:
        order: a permutation of the images' numbers.
        mirrored: whether the image is mirrored.
        top: first row of the crop from the padded image, 0..2 × padding,
        left: and first column.
    """

    order: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    top: NDArray[np.int64]
    left: NDArray[np.int64]

    @classmethod
    def of(cls, data: ImageData, n: int, seed: int, epoch: int, purpose: Pass) -> Draws:
        """Draw for n images; for the test pass nothing is drawn: in order, whole, as they are."""
        middle = np.full(n, data.padding)
        if purpose == Pass.TEST_EVALUATION:
            return cls(np.arange(n), np.zeros(n, dtype=bool), middle, middle)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, purpose))))
        order = rng.permutation(n)
        mirrored = rng.integers(2, size=n).astype(bool) & data.flips
        top, left = rng.integers(2 * data.padding + 1, size=(2, n))
        return cls(order, mirrored, top, left)


class DeviceImages:
    """One split on the device.

    Args:
        images: the split.
        data: how it is augmented and normalised.
        device: where to.
        dtype: of the batches.
        channels_last: memory format of the batches.
    """

    def __init__(
        self,
        images: LabelledImages,
        data: ImageData,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        *,
        channels_last: bool = False,
    ) -> None:
        border = (data.padding, data.padding)
        padded = np.pad(images.pixels, ((0, 0), (0, 0), border, border))
        self._data = data
        self._padded = torch.from_numpy(padded).to(device)
        self._labels = torch.from_numpy(images.labels).to(device)
        # In single precision first, as images are normalised everywhere: the numbers are the same for every dtype.
        self._mean, self._std = (
            (torch.tensor(values, dtype=torch.float64) / 255).float().view(-1, 1, 1).to(device)
            for values in (data.mean, data.std)
        )
        self._dtype = dtype
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def __len__(self) -> int:
        return len(self._labels)

    def batches(self, batch_size: int, seed: int, epoch: int, purpose: Pass) -> Iterator[Batch]:
        """Every image once, in batches of images (batch, channels, height, width) and labels; the last may be smaller.

        Args:
            batch_size: images a batch.
            seed: of the run.
            epoch: 1-based.
            purpose: what the pass is for.
        """
        draws = Draws.of(self._data, len(self), seed, epoch, purpose)
        device = self._labels.device
        order, mirrored, top, left = (
            torch.from_numpy(each).to(device) for each in (draws.order, draws.mirrored, draws.top, draws.left)
        )
        for start in range(0, len(self), batch_size):
            chosen = order[start : start + batch_size]
            yield self._cut(chosen, mirrored[chosen], top[chosen], left[chosen]), self._labels[chosen]

    def _cut(self, chosen: Tensor, mirrored: Tensor, top: Tensor, left: Tensor) -> Tensor:
        """Crops of images that are mirrored first: of a mirrored image column 0 is the last."""
        n_channels, height, width = self._data.image_shape
        device = chosen.device
        rows = top.view(-1, 1) + torch.arange(height, device=device)
        columns = left.view(-1, 1) + torch.arange(width, device=device)
        columns = torch.where(mirrored.view(-1, 1), self._padded.shape[-1] - 1 - columns, columns)
        pixels = self._padded[
            chosen.view(-1, 1, 1, 1),
            torch.arange(n_channels, device=device).view(1, -1, 1, 1),
            rows.view(-1, 1, height, 1),
            columns.view(-1, 1, 1, width),
        ]
        normalised = ((pixels.float() / 255 - self._mean) / self._std).to(self._dtype)
        return normalised.contiguous(memory_format=self._format)


@dataclass(frozen=True, eq=False)
class DeviceData:
    """The three splits on the device.

    Attributes:
        data: what they are copies of.
        train: the training images,
        valid: the validation images,
        test: and the test images.
    """

    data: ImageData
    train: DeviceImages
    valid: DeviceImages
    test: DeviceImages
