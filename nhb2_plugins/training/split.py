"""Which of CIFAR-10's 50,000 training images the benchmark trains on, and which it validates on: half each.

The lists are NAS-Bench-201's. They are kept as one bit an image, 1 where it is trained on.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

N_IMAGES: Final = 50_000
SPLIT_DIGESTS: Final = {
    "train": "d7e2cfd6e1e71b9e1ee1d9e8d74dc9027a7c22cd6e0b910908742dd548a4c2d5",
    "valid": "fb28c398d77c46688fc428e708141f2f986d0877fc9c322794fbcd6f4697ab24",
}
"""SHA-256 of each list as decimal numbers, ascending, one a line."""


@lru_cache(maxsize=1)
def split_indices() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the images to train on and to validate on, 25,000 each, ascending; read-only."""
    bits = np.frombuffer(files("nhb2_plugins.training").joinpath("cifar10_split.bin").read_bytes(), dtype=np.uint8)
    trained = np.unpackbits(bits, count=N_IMAGES).astype(bool)
    train, valid = np.flatnonzero(trained), np.flatnonzero(~trained)
    train.flags.writeable = valid.flags.writeable = False
    return train, valid


def index_digest(indices: NDArray[np.int64]) -> str:
    """SHA-256 of numbers in decimal, one a line."""
    return hashlib.sha256("".join(f"{index}\n" for index in indices.tolist()).encode()).hexdigest()
