"""Which of CIFAR-10's 50,000 training images the benchmark trains on, and which it validates on: half each.

The lists are NAS-Bench-201's. They are kept as one bit an image, 1 where it is trained on.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

N_IMAGES: Final = 50_000


@lru_cache(maxsize=1)
def split_indices() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the images to train on and to validate on, 25,000 each, ascending; read-only."""
    bits = np.frombuffer(files("nhb2_plugins.training").joinpath("cifar10_split.bin").read_bytes(), dtype=np.uint8)
    trained = np.unpackbits(bits, count=N_IMAGES).astype(bool)
    train, valid = np.flatnonzero(trained), np.flatnonzero(~trained)
    train.flags.writeable = valid.flags.writeable = False
    return train, valid
