"""Data sets as values: checked, identified, kept."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.training.data import ImageData, LabelledImages
from tests.training.patterns import image_data

PIXELS = np.zeros((4, 3, 8, 8), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (PIXELS.astype(float), LABELS, "dtype float64, expected .* uint8"),
        (PIXELS[0], LABELS, r"images of shape \(3, 8, 8\)"),
        (PIXELS[:0], LABELS[:0], r"images of shape \(0, 3, 8, 8\)"),
        (PIXELS, LABELS[:3], r"labels of shape \(3,\)"),
        (PIXELS, LABELS / 1, "dtype float64, expected .* integers from 0"),
        (PIXELS, LABELS - 1, "integers from 0"),
        (PIXELS, LABELS + 2**16, "label 65538 is not one of 0..65535"),
    ],
)
def test_refuses_arrays_of_another_form(pixels: Any, labels: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        LabelledImages(pixels, labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": LabelledImages(PIXELS[..., :4], LABELS)}, r"differ in shape: \(3, 8, 4\), \(3, 8, 8\)"),
        ({"mean": (1.0,)}, "are not 3 numbers"),
        ({"std": (1.0, 0.0, 1.0)}, "std above 0"),
        ({"padding": -1}, "padding -1"),
        ({"padding": 1.5}, "padding 1.5"),
        ({"padding": True}, "padding True"),
        ({"mean": (1.0, float("nan"), 1.0)}, "are not 3 numbers"),
        ({"mean": (1.0, "a", 1.0)}, "are not 3 numbers"),
        ({"mean": None}, "are not 3 numbers"),
        ({"std": (1.0, float("nan"), 1.0)}, "std above 0"),
        ({"std": (1.0, float("inf"), 1.0)}, "std above 0"),
        ({"flips": 2}, "flips 2 is not True or False"),
        ({"name": 5}, "name 5 is not text"),
    ],
)
def test_refuses_splits_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        dataclasses.replace(image_data(), **changes)


def test_a_file_gives_the_same_data_back(tmp_path: Path) -> None:
    data = image_data()
    data.save(tmp_path / "data.npz")
    read = ImageData.load(tmp_path / "data.npz")
    assert read.checksum == data.checksum
    assert (read.name, read.flips, read.padding, read.mean) == ("generated", True, 2, data.mean)
    assert read.n_classes == 10
    assert read.image_shape == (3, 8, 8)


def test_the_checksum_sees_every_pixel_label_and_the_augmentation() -> None:
    data = image_data()
    pixels, labels = data.valid.pixels.copy(), data.valid.labels.copy()
    pixels[-1, -1, -1, -1] ^= 1
    labels[-1] ^= 1
    others = [
        dataclasses.replace(data, valid=LabelledImages(pixels, data.valid.labels)),
        dataclasses.replace(data, valid=LabelledImages(data.valid.pixels, labels)),
        dataclasses.replace(data, flips=False),
        dataclasses.replace(data, padding=3),
        dataclasses.replace(data, train=data.valid, valid=data.train),
    ]
    assert len({data.checksum, *(other.checksum for other in others)}) == 6
    assert dataclasses.replace(data, name="other").checksum == data.checksum


def test_the_checksum_is_of_numbers_and_not_of_their_types() -> None:
    data = image_data()
    spelled = dataclasses.replace(data, mean=list(data.mean), std=tuple(map(np.float64, data.std)))  # type: ignore[arg-type]
    assert spelled.checksum == data.checksum


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "images.npz")
    with pytest.raises(InvalidValueError, match=r"images\.npz holds no images: .*not a regular file"):
        ImageData.load(tmp_path / "images.npz")


def test_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"nowhere.npz holds no images"):
        ImageData.load(tmp_path / "nowhere.npz")
    np.savez(tmp_path / "part.npz", train_pixels=PIXELS)
    with pytest.raises(InvalidValueError, match="lacks the array 'train_labels'"):
        ImageData.load(tmp_path / "part.npz")
    np.savez(tmp_path / "object.npz", train_pixels=np.array([{}], dtype=object))
    with pytest.raises(InvalidValueError, match="holds no images"):
        ImageData.load(tmp_path / "object.npz")  # a pickle, which is not read


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[: len(content) // 2]])
def test_a_damaged_file_is_named(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "images.npz"
    image_data().save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InvalidValueError, match=r"images\.npz holds no images: "):
        ImageData.load(path)
