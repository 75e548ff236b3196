"""Names and places of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.training.cifar import DataNotFoundError
from nhb2_plugins.training.sources import open_data
from nhb2_plugins.training.task import BENCHMARK, network_for
from tests.training.patterns import image_data


def test_digits_are_scikit_learns_each_once() -> None:
    from sklearn.datasets import load_digits

    data = open_data("digits")
    assert [len(split) for split in (data.train, data.valid, data.test)] == [400, 400, 997]
    pixels = np.concatenate([split.pixels for split in (data.train, data.valid, data.test)]).reshape(-1, 64)
    labels = np.concatenate([split.labels for split in (data.train, data.valid, data.test)])
    content = load_digits()
    own = sorted(zip(map(bytes, pixels), labels.tolist(), strict=True))
    assert own == sorted(zip(map(bytes, (content.data * 15).astype(np.uint8)), content.target.tolist(), strict=True))
    assert data.image_shape == (1, 8, 8)
    assert (data.flips, data.padding, data.n_classes) == (False, 1, 10)
    assert open_data("digits").checksum == data.checksum
    assert network_for(BENCHMARK, data).image_channels == 1


def test_a_file_of_arrays_or_cifar10_by_their_place(tmp_path: Path) -> None:
    image_data().save(tmp_path / "data.npz")
    assert open_data(tmp_path / "data.npz").checksum == open_data(str(tmp_path / "data.npz")).checksum
    with pytest.raises(DataNotFoundError, match="CIFAR-10 is at"):
        open_data(tmp_path / "cifar")
