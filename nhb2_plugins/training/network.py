"""The benchmark's network for any cell: stem, three stages of five cells, residual blocks between them, head.

It is NAS-Bench-201's macro-network as the benchmark's authors built it, which differs from it in two ways: average
pooling counts the padding, and the convolutions outside the cells have biases. Both are options
(:class:`nhb2_plugins.training.task.NetworkOptions`).

Dead edges are kept, as they were when the table was trained: their convolutions have parameters, draw their initial
weights, and are computed. ``prune_dead`` leaves out of the computation what cannot change the output; parameters and
initial weights stay the same.

Source: Hirose et al., ACML 2021 (arXiv:2110.10165), and the training code that its authors published.
"""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

from nhb2_plugins.cells import CONV, INPUT_NODE, OUTPUT_NODE, POOL, SKIP, edges_in_use
from nhb2_plugins.space import EDGES, cellcode_digits
from nhb2_plugins.training.task import BENCHMARK, NetworkOptions


class Network(nn.Module):
    """The network of a cell: images (batch, channels, height, width) to logits (batch, classes).

    Modules are made in the authors' order, so that one seed gives the authors' initial weights.

    Args:
        cellcode: for example ``0|10|210``.
        options: sizes, and where NAS-Bench-201 differs.
        prune_dead: leave out the edges that cannot change the output.

    Raises:
        InvalidValueError: not a cellcode.
    """

    def __init__(self, cellcode: str, options: NetworkOptions = BENCHMARK, *, prune_dead: bool = False) -> None:
        super().__init__()
        self.cellcode = cellcode
        self.options = options
        layers: list[nn.Module] = [_stem(options)]
        for stage, n_channels in enumerate(options.channels):
            if stage:
                layers.append(ResidualBlock(options.channels[stage - 1], n_channels, biases=options.outer_biases))
            layers += [CellLayer(cellcode, n_channels, options, prune_dead) for _ in range(options.cells_per_stage)]
        self.layers = nn.Sequential(*layers, _head(options))

    def forward(self, images: Tensor) -> Tensor:
        """The logits."""
        logits: Tensor = self.layers(images)
        return logits


class CellLayer(nn.Module):
    """One cell: a node is the sum of its incoming edges, the last node is the output."""

    def __init__(self, cellcode: str, n_channels: int, options: NetworkOptions, prune_dead: bool) -> None:
        super().__init__()
        digits = cellcode_digits(cellcode)
        self.edges = nn.ModuleList(_operation(digit, n_channels, options) for digit in digits)
        self.computed = needed_edges(digits) if prune_dead else frozenset(range(len(EDGES)))

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        nodes = [features]
        for node in range(INPUT_NODE + 1, OUTPUT_NODE + 1):
            terms = [
                self.edges[edge](nodes[source])
                for edge, (source, target) in enumerate(EDGES)
                if target == node and edge in self.computed
            ]
            nodes.append(reduce(torch.add, terms) if terms else torch.zeros_like(features))
        return nodes[OUTPUT_NODE]


def needed_edges(digits: tuple[int, ...]) -> frozenset[int]:
    """The edges without which the output could be another one.

    More than the benchmark's live edges (:attr:`nhb2_plugins.cells.Cell.live_edges`): a convolution of a node that is
    always zero ends in a batch norm, whose shift is learnt, so it adds a constant.
    """
    return edges_in_use(digits, begins=(CONV,))


class ResidualBlock(nn.Module):
    """Halves the image and widens it: two convolutions, beside an average and a 1 × 1 convolution."""

    def __init__(self, n_in: int, n_out: int, *, biases: bool) -> None:
        super().__init__()
        self.first = relu_conv_norm(n_in, n_out, stride=2, bias=biases)
        self.second = relu_conv_norm(n_out, n_out, bias=biases)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(n_in, n_out, 1, bias=biases))

    def forward(self, features: Tensor) -> Tensor:
        """Features of half the height and width."""
        widened: Tensor = self.second(self.first(features)) + self.shortcut(features)
        return widened


class Zero(nn.Module):
    """Passes nothing on, neither forward nor back."""

    def forward(self, features: Tensor) -> Tensor:
        """Zeros."""
        return torch.zeros_like(features)


def relu_conv_norm(n_in: int, n_out: int, *, stride: int = 1, bias: bool) -> nn.Sequential:
    """ReLU, a 3 × 3 convolution that keeps the borders, batch norm."""
    return nn.Sequential(nn.ReLU(), nn.Conv2d(n_in, n_out, 3, stride, 1, bias=bias), nn.BatchNorm2d(n_out))


def _operation(digit: int, n_channels: int, options: NetworkOptions) -> nn.Module:
    if digit == CONV:
        return relu_conv_norm(n_channels, n_channels, bias=False)
    if digit == POOL:
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=options.pool_counts_padding)
    return nn.Identity() if digit == SKIP else Zero()


def _stem(options: NetworkOptions) -> nn.Sequential:
    width = options.channels[0]
    convolution = nn.Conv2d(options.image_channels, width, 3, padding=1, bias=options.outer_biases)
    return nn.Sequential(convolution, nn.BatchNorm2d(width))


def _head(options: NetworkOptions) -> nn.Sequential:
    width = options.channels[-1]
    pool = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), pool, nn.Flatten(), nn.Linear(width, options.n_classes))
