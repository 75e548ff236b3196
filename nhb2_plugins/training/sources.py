"""Where images come from: a name or a place, opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from nhb2_plugins.extras import needs_extra
from nhb2_plugins.training.cifar import read_cifar10
from nhb2_plugins.training.data import ImageData, LabelledImages

DIGITS: Final = "digits"
"""Scikit-learn's 1,797 digits of 8 × 8 pixels: small enough to train on a processor in a second."""

_N_DIGITS: Final = {"train": 400, "valid": 400, "test": 997}


def open_data(source: str | Path) -> ImageData:
    """Open images.

    Args:
        source: ``digits``; a file ``….npz`` (:meth:`ImageData.load`); else CIFAR-10's directory or archive.

    Raises:
        MissingExtraError: digits without scikit-learn.
        Nhb2Error: as :func:`nhb2_plugins.training.cifar.read_cifar10` and :meth:`ImageData.load`.
    """
    if source == DIGITS:
        return read_digits()
    path = Path(source)
    return ImageData.load(path) if path.suffix == ".npz" else read_cifar10(path)


def read_digits() -> ImageData:
    """Handwritten digits in shades of grey, 0..240; 400 to train on, 400 to validate on, 997 to test on.

    They are neither mirrored (a mirrored digit is another sign) nor moved by more than a pixel.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    with needs_extra("digits come with scikit-learn", "surrogate"):
        from sklearn.datasets import load_digits
    content = load_digits()
    pixels = (content.images * 15).astype(np.uint8)[:, np.newaxis]
    order = np.random.default_rng(0).permutation(len(pixels))
    parts, start = [], 0
    for n in _N_DIGITS.values():
        chosen = order[start : start + n]
        parts.append(LabelledImages(pixels[chosen], content.target[chosen]))
        start += n
    train, valid, test = parts
    mean, std = float(train.pixels.mean()), float(train.pixels.std())
    return ImageData(train, valid, test, (mean,), (std,), name="scikit-learn's digits", flips=False, padding=1)
