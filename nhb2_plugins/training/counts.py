"""What a network holds and computes, counted on the network itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
