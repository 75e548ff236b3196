"""Weights and images that are the same numbers on every machine: what the oracle was run with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nhb2_plugins.space import CELLCODES
from nhb2_plugins.training.data import ImageData, LabelledImages

PARITY_CELLS = (
    # every operation alone, on the direct edge; nothing at all; everything of a kind
    *("3|33|033", "3|33|133", "3|33|233", "3|33|333", "0|00|000", "1|11|111", "2|22|222"),
    # the best cells of the public records, and the paper's example
    *("0|00|220", "0|00|200", "0|10|210", "2|01|000", "0|31|213"),
    # dead ends, unfed nodes, and convolutions of nodes that are always zero
    *("0|33|233", "3|00|233", "3|30|333", "3|33|302", "3|33|330", "0|33|033", "3|30|330", "3|03|303", "3|30|233"),
    # one pool used twice, two pools of one tensor, chains
    *("1|12|213", "1|31|332", "0|30|330", "1|30|331", "2|32|332", "0|31|331"),
    # and whatever comes at equal distances
    *CELLCODES[137::512],
    *CELLCODES[2001::700],
)
"""Cells of every kind, whose outputs and gradients the oracle gave."""

STEP_CELL, STEP_BATCH_SIZE, STEP_LR, STEP_SEED = "0|10|210", 16, 0.1, 222
"""The run whose steps the oracle gave: its last batch is smaller."""


def pattern(shape: tuple[int, ...], key: int) -> NDArray[np.float64]:
    """Numbers between −1 and 1: raw integers of Philox, whose stream is fixed for good, scaled."""
    raw = np.random.Philox(key=key).random_raw(int(np.prod(shape)))
    return ((raw >> np.uint64(11)) * 2.0**-52 - 1).reshape(shape)


def fill(network: nn.Module) -> None:
    """Give every parameter, in order, the numbers of its position: weights near 0, scales near 1."""
    with torch.no_grad():
        for position, parameter in enumerate(network.parameters()):
            values = torch.from_numpy(pattern(tuple(parameter.shape), position))
            parameter.copy_(values / 4 if parameter.ndim > 1 else 0.5 + values / 4)


def images(n: int = 2, size: int = 32) -> Tensor:
    """Images that are normalised already."""
    return torch.from_numpy(pattern((n, 3, size, size), 1_000_003)) * 2


def image_data(n_train: int = 90, n_valid: int = 40, n_test: int = 30, size: int = 8) -> ImageData:
    """A generated data set of ten labels, with CIFAR-10's mean and standard deviation."""

    def split(n: int, key: int) -> LabelledImages:
        pixels = ((pattern((n, 3, size, size), key) + 1) * 128).clip(0, 255).astype(np.uint8)
        labels = ((pattern((n,), key + 1) + 1) * 5).astype(np.int64).clip(0, 9)
        return LabelledImages(pixels, labels)

    splits = (split(n, key) for n, key in zip((n_train, n_valid, n_test), (11, 21, 31), strict=True))
    return ImageData(*splits, mean=(125.3, 123.0, 113.9), std=(63.0, 62.1, 66.7), name="generated", padding=2)


def projections(tensors: list[Tensor | None]) -> NDArray[np.float64]:
    """Two numbers of each tensor, which no error passes unseen: along a fixed direction, and the norm. NaN for None."""
    rows = []
    for position, tensor in enumerate(tensors):
        if tensor is None:
            rows.append((np.nan, np.nan))
            continue
        values = tensor.detach().double().numpy()
        direction = pattern(values.shape, 2_000_003 + position)
        rows.append((float((values * direction).sum()), float(np.sqrt((values**2).sum()))))
    return np.array(rows)
