"""What a cell does to a signal: features of the linear form that its output node computes.

A cell's output is a sum of its input and of its convolutions' outputs, each through some number of average pools. Skips
and pools add their input without normalising it, convolutions end in a batch norm with unit variance; so with two
linear paths (say a direct skip and a pool) the stream doubles in every one of the fifteen cells, the convolutions drown
in it, and the network learns like a shallow one. These features say so, and no count of operations does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from nhb2_plugins.cells import CONV, POOL, ZERO
from nhb2_plugins.space import EDGES, cellcode_digits

POOL_DAMPING: Final = 0.6
"""What is taken to be left of a signal's amplitude after a 3x3 average pool."""

SIGNAL_FEATURES: Final = (
    "linear paths",
    "skip paths",
    "log gain",
    "log convolution variance",
    "unpooled convolutions",
    "unpooled share",
    "convolution share",
    "log stream variance",
    "convolution depth",
    "operation depth",
)
"""Names of the features, in order. Variances and gains are of one cell, or of the stream through all fifteen."""

_INPUT: Final = -1
_FLOOR: Final = 0.05  # keeps the logarithm of an absent signal finite
_STAGES, _CELLS_PER_STAGE = 3, 5

# (source, number of pools on the way) -> coefficient; a source is the input or the number of a convolution.
_LinearForm = Mapping[tuple[int, int], float]


def _node_forms(digits: tuple[int, ...]) -> tuple[_LinearForm, list[_LinearForm]]:
    """The output node's linear form, and the form that each convolution is applied to."""
    nodes: list[dict[tuple[int, int], float]] = [{(_INPUT, 0): 1.0}, {}, {}, {}]
    convolved: list[_LinearForm] = []
    for edge, (source, target) in enumerate(EDGES):
        operation, form = digits[edge], nodes[source]
        if operation == ZERO or not form:
            continue
        if operation == CONV:
            nodes[target][(len(convolved), 0)] = 1.0
            convolved.append(form)
            continue
        for (origin, pools), coefficient in form.items():
            key = (origin, pools + (operation == POOL))
            nodes[target][key] = nodes[target].get(key, 0.0) + coefficient
    return nodes[-1], convolved


def _depth(form: _LinearForm, convolved: list[_LinearForm], *, count_pools: bool) -> int:
    """Most convolutions (and pools) on any way from the cell's input to a form."""
    return max(
        (
            pools * count_pools
            + (0 if origin == _INPUT else 1 + _depth(convolved[origin], convolved, count_pools=count_pools))
            for origin, pools in form
        ),
        default=0,
    )


def _damped(form: _LinearForm, origin: int) -> float:
    return sum(value * POOL_DAMPING**pools for (source, pools), value in form.items() if source == origin)


def _stream(gain: float, convolution_variance: float) -> tuple[float, float]:
    """Mean share of the convolutions in each cell's output variance, and the logarithm of the last variance.

    Between stages a residual block adds two normalised convolutions to the pooled stream.
    """
    variance, shares = 1.0, []
    for _ in range(_STAGES):
        for _ in range(_CELLS_PER_STAGE):
            output = variance * gain**2 + convolution_variance
            shares.append(convolution_variance / max(output, 1e-9))
            variance = max(output, 1e-6)
        variance = 0.7 * variance + 1.0
    return sum(shares) / len(shares), math.log(variance)


def signal_features(cellcode: str) -> dict[str, float]:
    """Features of a cell's output form, by name.

    >>> features = signal_features("2|22|222")
    >>> int(features["linear paths"]), int(features["unpooled convolutions"])
    (4, 0)
    """
    output, convolved = _node_forms(cellcode_digits(cellcode))
    origins = {origin for origin, _ in output if origin != _INPUT}
    linear = sum(value for (origin, _), value in output.items() if origin == _INPUT)
    identity = output.get((_INPUT, 0), 0.0)
    unpooled = [output.get((origin, 0), 0.0) for origin in origins]
    totals = [sum(value for (source, _), value in output.items() if source == origin) for origin in origins]
    power = linear**2 + sum(total**2 for total in totals)
    convolution_variance = sum(_damped(output, origin) ** 2 for origin in origins)
    gain = _damped(output, _INPUT)
    share, log_variance = _stream(gain, convolution_variance)
    values = (
        linear,
        identity,
        math.log(gain + _FLOOR),
        math.log(convolution_variance + _FLOOR),
        sum(unpooled),
        (identity**2 + sum(value**2 for value in unpooled)) / max(power, 1e-9),
        share,
        log_variance,
        _depth(output, convolved, count_pools=False),
        _depth(output, convolved, count_pools=True),
    )
    return dict(zip(SIGNAL_FEATURES, values, strict=True))
