"""Many networks as one: their weights stacked, their convolutions grouped, one kernel where there were many.

A network of 16 to 64 channels leaves most of a GPU idle, and a step of it waits for hundreds of small kernels. A stack
of K networks (of any cells, of one batch size) keeps its features as (batch, K × channels, height, width): batch norms,
pools and ReLUs are those of one wide network, convolutions have K groups, and images are augmented once for all. Each
network computes what it computes alone, up to float noise; none sees another's gradients.

Edges that cannot change the output are left out, as with ``prune_dead``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from nhb2_plugins.cells import CONV, INPUT_NODE, OUTPUT_NODE, POOL, SKIP
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import EDGES, cellcode_digits
from nhb2_plugins.training.network import CellLayer, Network, ResidualBlock, needed_edges

_Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Joined:
    """One tensor of the stack, and those of the networks that it consists of, one after the other.

    Attributes:
        tensor: of which the networks' are equal parts along the first axis.
        parts: the networks' own tensors; brought up to date by :meth:`Stack.write_back`.
        members: the networks that have one, ascending.
    """

    tensor: Tensor
    parts: tuple[Tensor, ...]
    members: tuple[int, ...]


class Stack:
    """K networks, computed at once.

    Args:
        networks: of the same options, type and device; they keep their weights until :meth:`write_back`.

    Raises:
        InvalidValueError: none, or networks of different sizes.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        if len({network.options for network in networks}) != 1:
            raise InvalidValueError(f"a stack of {len(networks)} networks needs at least one, all of the same options")
        self.networks = tuple(networks)
        self.training = True
        self.parameters: list[Joined] = []
        self._statistics: list[Joined] = []
        self._everyone = tuple(range(len(networks)))
        stem, *middle, head = zip(*(network.layers for network in networks), strict=True)
        self._layers = [self._stem(stem), *(self._middle(layers) for layers in middle)]
        self._head = self._make_head(head)

    def __call__(self, images: Tensor) -> Tensor:
        """Images (batch, channels, height, width), the same for all, to logits (K, batch, classes)."""
        features = images
        for layer in self._layers:
            features = layer(features)
        return self._head(features)

    @property
    def state(self) -> list[Tensor]:
        """Every tensor that training changes."""
        return [joined.tensor for joined in (*self.parameters, *self._statistics)]

    def write_back(self) -> tuple[Network, ...]:
        """Bring the networks' own weights and statistics up to date, and return them."""
        with torch.no_grad():
            for joined in (*self.parameters, *self._statistics):
                for part, own in zip(joined.tensor.chunk(len(joined.parts)), joined.parts, strict=True):
                    own.copy_(part)
        return self.networks

    # -- layers

    def _stem(self, stems: Sequence[Any]) -> _Layer:
        convolution = self._convolution([stem[0] for stem in stems], self._everyone, shares_input=True)
        norm = self._norm([stem[1] for stem in stems], self._everyone)
        return lambda images: norm(convolution(images))

    def _middle(self, layers: Sequence[CellLayer | ResidualBlock]) -> _Layer:
        blocks = [layer for layer in layers if isinstance(layer, ResidualBlock)]
        return (
            self._residual(blocks) if blocks else self._cell([each for each in layers if isinstance(each, CellLayer)])
        )

    def _residual(self, blocks: Sequence[ResidualBlock]) -> _Layer:
        first, second = (
            self._relu_conv_norm([getattr(block, name) for block in blocks], self._everyone)
            for name in ("first", "second")
        )
        shortcuts: list[Any] = [block.shortcut for block in blocks]
        shortcut = self._convolution([shortcut[1] for shortcut in shortcuts], self._everyone)
        return lambda features: second(first(features)) + shortcut(functional.avg_pool2d(features, 2))

    def _cell(self, cells: Sequence[CellLayer]) -> _Layer:
        edges = [self._edge(cells, edge) for edge in range(len(EDGES))]

        def cell(features: Tensor) -> Tensor:
            nodes = [features]
            for node in range(INPUT_NODE + 1, OUTPUT_NODE + 1):
                total = None
                for contributions, (source, target) in zip(edges, EDGES, strict=True):
                    for members, operation in contributions if target == node else ():
                        total = self._added(total, nodes[source], members, operation)
                nodes.append(torch.zeros_like(features) if total is None else total)
            return nodes[OUTPUT_NODE]

        return cell

    def _edge(self, cells: Sequence[CellLayer], edge: int) -> list[tuple[Tensor | None, _Layer]]:
        """The operations of an edge, and the networks that have each (None: all of them)."""
        digits = [cellcode_digits(network.cellcode) for network in self.networks]
        contributions: list[tuple[Tensor | None, _Layer]] = []
        for operation in (CONV, POOL, SKIP):
            members = tuple(
                k for k in self._everyone if digits[k][edge] == operation and edge in needed_edges(digits[k])
            )
            if not members:
                continue
            layer: _Layer = cells[members[0]].edges[edge]
            if operation == CONV:
                layer = self._relu_conv_norm([cells[k].edges[edge] for k in members], members)
            device = self.parameters[0].tensor.device
            chosen = None if members == self._everyone else torch.tensor(members, device=device)
            contributions.append((chosen, layer))
        return contributions

    def _added(self, total: Tensor | None, source: Tensor, members: Tensor | None, operation: _Layer) -> Tensor:
        """A node's sum with one more operation, which only some networks have."""
        if members is None:
            value = operation(source)
            return value if total is None else total + value
        of_network = source.unflatten(1, (len(self.networks), -1))
        value = operation(of_network.index_select(1, members).flatten(1, 2)).unflatten(1, (len(members), -1))
        before = torch.zeros_like(of_network) if total is None else total.unflatten(1, (len(self.networks), -1))
        return before.index_add(1, members, value).flatten(1, 2)

    def _make_head(self, heads: Sequence[Any]) -> _Layer:
        norm = self._norm([head[0] for head in heads], self._everyone)
        weight, bias = (
            self._join([getattr(head[4], name) for head in heads], self._everyone) for name in ("weight", "bias")
        )
        n = len(heads)

        def logits(features: Tensor) -> Tensor:
            pooled = functional.relu(norm(features)).mean((2, 3)).unflatten(1, (n, -1)).transpose(0, 1)
            return torch.baddbmm(bias.view(n, 1, -1), pooled, weight.unflatten(0, (n, -1)).transpose(1, 2))

        return logits

    def _relu_conv_norm(self, layers: Sequence[Any], members: tuple[int, ...]) -> _Layer:
        convolution = self._convolution([layer[1] for layer in layers], members)
        norm = self._norm([layer[2] for layer in layers], members)
        return lambda features: norm(convolution(functional.relu(features)))

    def _convolution(
        self, layers: Sequence[nn.Conv2d], members: tuple[int, ...], *, shares_input: bool = False
    ) -> _Layer:
        weight = self._join([layer.weight for layer in layers], members)
        biases = [layer.bias for layer in layers if layer.bias is not None]
        bias = self._join(biases, members) if biases else None
        stride, padding = layers[0].stride, layers[0].padding
        groups = 1 if shares_input else len(layers)
        return lambda features: functional.conv2d(features, weight, bias, stride, padding, groups=groups)

    def _norm(self, layers: Sequence[nn.BatchNorm2d], members: tuple[int, ...]) -> _Layer:
        weight, bias = (self._join([getattr(layer, name) for layer in layers], members) for name in ("weight", "bias"))
        mean, variance = (
            self._join([getattr(layer, name) for layer in layers], members, trained=False)
            for name in ("running_mean", "running_var")
        )
        momentum, eps = layers[0].momentum or 0.0, layers[0].eps
        return lambda features: functional.batch_norm(
            features, mean, variance, weight, bias, self.training, momentum, eps
        )

    def _join(self, parts: Sequence[Tensor], members: tuple[int, ...], *, trained: bool = True) -> Tensor:
        tensor = torch.cat([part.detach() for part in parts]).requires_grad_(trained)
        (self.parameters if trained else self._statistics).append(Joined(tensor, tuple(parts), members))
        return tensor


class StackedDescent:
    """SGD with Nesterov momentum and weight decay as PyTorch's, with a learning rate for each network.

    The rates are a tensor on the device, so that a captured step can be given others.
    """

    def __init__(self, stack: Stack, momentum: float, weight_decay: float) -> None:
        self._weights: Final = [joined.tensor for joined in stack.parameters]
        self._momentum: Final = momentum
        self._weight_decay: Final = weight_decay
        self._velocities: Final = [torch.zeros_like(weight) for weight in self._weights]
        self._rates: Final = [weight.new_zeros(len(weight), *[1] * (weight.ndim - 1)) for weight in self._weights]
        self._members: Final = [joined.members for joined in stack.parameters]

    @property
    def state(self) -> list[Tensor]:
        """Every tensor that a step changes beside the weights."""
        return self._velocities

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set the learning rate of each network."""
        for tensor, members in zip(self._rates, self._members, strict=True):
            each = torch.tensor([rates[k] for k in members], dtype=torch.float64)
            tensor.copy_(each.repeat_interleave(len(tensor) // len(members)).view_as(tensor))

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Descend."""
        directions = list(torch._foreach_add(gradients, self._weights, alpha=self._weight_decay))
        torch._foreach_mul_(self._velocities, self._momentum)
        torch._foreach_add_(self._velocities, directions)
        torch._foreach_add_(directions, self._velocities, alpha=self._momentum)
        torch._foreach_mul_(directions, self._rates)
        torch._foreach_sub_(self._weights, directions)


class StackedStep:
    """One step of a stack: images and labels to the loss of each network before it, shape (K,).

    Args:
        stack: the networks.
        descent: their optimizer.
        captures: replay the step as a CUDA graph for batches of the first one's shape: one launch for hundreds.
    """

    def __init__(self, stack: Stack, descent: StackedDescent, *, captures: bool = False) -> None:
        self._stack = stack
        self._descent = descent
        self._captures = captures
        self._captured: tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor] | None = None

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Step."""
        if self._captures and self._captured is None:
            self._captured = self._capture(images, labels)
        if self._captured is None or images.shape != self._captured[1].shape:  # a last, smaller batch
            return self._step(images, labels)
        graph, static_images, static_labels, losses = self._captured
        static_images.copy_(images)
        static_labels.copy_(labels)
        graph.replay()
        return losses.clone()

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        losses = losses_of(self._stack(images), labels).mean(1)
        weights = [joined.tensor for joined in self._stack.parameters]
        # Of networks that nothing passes through, some weights have no gradient.
        self._descent.step(torch.autograd.grad(losses.sum(), weights, materialize_grads=True))
        return losses.detach()

    def _capture(self, images: Tensor, labels: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor]:
        """Record a step, and leave everything as it was before."""
        state = list(chain(self._stack.state, self._descent.state))
        kept = [tensor.detach().clone() for tensor in state]
        static_images, static_labels = images.clone(), labels.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):  # libraries choose their kernels in the first steps, which cannot be recorded
                self._step(static_images, static_labels)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            losses = self._step(static_images, static_labels)
        with torch.no_grad():
            for tensor, before in zip(state, kept, strict=True):
                tensor.copy_(before)
        return graph, static_images, static_labels, losses


def losses_of(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each network and image, shape (K, batch)."""
    n = len(logits)
    flat = functional.cross_entropy(logits.flatten(0, 1), labels.repeat(n), reduction="none")
    return flat.view(n, -1)
