"""What the published networks and lists of images are known by: counts on a network itself, digests of lists."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SPLIT_DIGESTS = {
    "train": "d7e2cfd6e1e71b9e1ee1d9e8d74dc9027a7c22cd6e0b910908742dd548a4c2d5",
    "valid": "fb28c398d77c46688fc428e708141f2f986d0877fc9c322794fbcd6f4697ab24",
}
"""SHA-256 of each list as decimal numbers, ascending, one a line."""


def index_digest(indices: NDArray[np.int64]) -> str:
    """SHA-256 of numbers in decimal, one a line."""
    return hashlib.sha256("".join(f"{index}\n" for index in indices.tolist()).encode()).hexdigest()


def count_parameters(network: nn.Module) -> int:
    """Number of trained numbers, dead convolutions included."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_multiply_accumulates(network: nn.Module, image_shape: tuple[int, int, int] = (3, 32, 32)) -> int:
    """Multiply–accumulates of one image, counted as the authors do: convolutions and linear layers, one more a bias.

    Args:
        network: on any device; on ``meta`` nothing is computed.
        image_shape: channels, height, width.
    """
    counts: list[int] = []

    def count(layer: nn.Conv2d | nn.Linear, _: tuple[Tensor], output: Tensor) -> None:
        inputs_of_an_output = layer.weight[0].numel() + (layer.bias is not None)
        counts.append(output.numel() * inputs_of_an_output)

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    is_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *image_shape, device=next(network.parameters()).device))
    finally:
        network.train(is_training)
        for hook in hooks:
            hook.remove()
    return sum(counts)
