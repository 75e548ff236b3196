"""Labelled images, parted into training, validation and test."""

from __future__ import annotations

import hashlib
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.files import open_regular

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

MAX_CLASSES: Final = 2**16
"""More would be a column of something else: the network has an output for each."""


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images of one split.

    Attributes:
        pixels: uint8, shape (n, channels, height, width).
        labels: integers from 0 and below :data:`MAX_CLASSES`, shape (n,).

    Raises:
        InvalidValueError: arrays of another form.
    """

    pixels: Pixels
    labels: Labels

    def __post_init__(self) -> None:
        pixels, labels = np.asarray(self.pixels), np.asarray(self.labels)
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or not pixels.size:
            raise InvalidValueError(
                f"images of shape {pixels.shape} and dtype {pixels.dtype}, "
                "expected (n, channels, height, width) and uint8"
            )
        if not np.issubdtype(labels.dtype, np.integer) or labels.shape != pixels.shape[:1] or labels.min() < 0:
            raise InvalidValueError(
                f"labels of shape {labels.shape} and dtype {labels.dtype}, "
                f"expected {pixels.shape[:1]} and integers from 0"
            )
        if labels.max() >= MAX_CLASSES:
            raise InvalidValueError(f"label {labels.max()} is not one of 0..{MAX_CLASSES - 1}")
        object.__setattr__(self, "pixels", np.ascontiguousarray(pixels))
        object.__setattr__(self, "labels", labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set as the benchmark uses one: weights are trained on ``train``, searches see ``valid``.

    Training and validation images are augmented (the authors augment both), test images are not.

    Attributes:
        train: what weights are trained on.
        valid: what a search sees.
        test: looked at after a search.
        mean: of each channel, 0..255; subtracted,
        std: and what the difference is divided by.
        name: for people.
        flips: whether half of the augmented images are mirrored.
        padding: width of the black border that the crops of augmented images may reach into, in pixels.

    Raises:
        InvalidValueError: splits whose images differ in shape, statistics that are not a number a channel, or a name,
            flips or padding of another kind.
    """

    train: LabelledImages
    valid: LabelledImages
    test: LabelledImages
    mean: tuple[float, ...]
    std: tuple[float, ...]
    name: str = "images"
    flips: bool = True
    padding: int = 4

    def __post_init__(self) -> None:
        shapes = {split.pixels.shape[1:] for split in self._splits}
        if len(shapes) != 1:
            raise InvalidValueError(f"the splits' images differ in shape: {', '.join(map(str, sorted(shapes)))}")
        mean, std, n_channels = _finite(self.mean), _finite(self.std), self.image_shape[0]
        if not len(mean) == len(std) == n_channels or min(std) <= 0:
            raise InvalidValueError(f"mean {self.mean} and std {self.std} are not {n_channels} numbers, std above 0")
        object.__setattr__(self, "mean", mean)  # built-in numbers: the checksum is over their text
        object.__setattr__(self, "std", std)
        if type(self.padding) is not int or self.padding < 0:
            raise InvalidValueError(f"padding {self.padding!r} is not a whole number of pixels from 0")
        if type(self.flips) is not bool:
            raise InvalidValueError(f"flips {self.flips!r} is not True or False")
        if not isinstance(self.name, str):
            raise InvalidValueError(f"name {self.name!r:.80} is not text")

    @property
    def _splits(self) -> tuple[LabelledImages, LabelledImages, LabelledImages]:
        return self.train, self.valid, self.test

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        _, channels, height, width = self.train.pixels.shape
        return channels, height, width

    @property
    def n_classes(self) -> int:
        """Number of labels: one more than the largest."""
        return int(max(split.labels.max() for split in self._splits)) + 1

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over shapes, pixels and labels of the three splits, and over how they are augmented."""
        digest = hashlib.sha256(repr((self.mean, self.std, self.flips, self.padding)).encode())
        for split in self._splits:
            digest.update(repr(split.pixels.shape).encode())
            digest.update(split.pixels.data)
            digest.update(split.labels.astype("<i8").data)
        return digest.hexdigest()

    @classmethod
    def load(cls, path: str | Path) -> ImageData:
        """Read what :meth:`save` wrote, or any ``.npz`` file with its arrays.

        Arrays: ``train_pixels``, ``train_labels``, and the like for ``valid`` and ``test``; ``mean``, ``std``;
        optionally ``name``, ``flips``, ``padding``.

        Raises:
            InvalidValueError: no such file, an array missing or of another form.
        """
        try:
            with open_regular(Path(path)) as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            train, valid, test = (
                LabelledImages(arrays[f"{split}_pixels"], arrays[f"{split}_labels"])
                for split in ("train", "valid", "test")
            )
            mean, std = (tuple(map(float, arrays[name])) for name in ("mean", "std"))
            options = {name: arrays[name].item() for name in ("name", "flips", "padding") if name in arrays}
        except KeyError as error:
            raise InvalidValueError(f"{path} lacks the array {error}") from error
        except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
            raise InvalidValueError(f"{path} holds no images: {error or 'it is cut off'}") from error
        return cls(train, valid, test, mean, std, **options)

    def save(self, path: str | Path) -> None:
        """Write the images to an ``.npz`` file."""
        arrays: dict[str, Any] = {
            f"{name}_{part}": getattr(split, part)
            for name, split in zip(("train", "valid", "test"), self._splits, strict=True)
            for part in ("pixels", "labels")
        }
        arrays |= {name: getattr(self, name) for name in ("mean", "std", "name", "flips", "padding")}
        np.savez_compressed(path, **arrays)


def _finite(values: Any) -> tuple[float, ...]:
    """Built-in numbers; nothing where one is none."""
    try:
        numbers = tuple(map(float, values))
    except (TypeError, ValueError):
        return ()
    return numbers if all(map(math.isfinite, numbers)) else ()
