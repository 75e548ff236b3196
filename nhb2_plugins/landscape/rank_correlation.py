"""Exact counts over all pairs of weighted points: dominance, and Kendall's tau-b with ties.

A wavelet tree's passes without the tree: points sorted by y are partitioned, stably, by one bit of their rank in x
after another; whoever has the bit set dominates those of its block that lack it and came before. n log n in time, and
every step is one operation on whole arrays.

Source: Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945); Knight, "A computer method for
calculating Kendall's tau with ungrouped data", JASA 61 (1966) for counting by sorting.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


def dominated_weight(x: _Floats, y: _Floats, weights: _Integers) -> _Integers:
    """For each point, the weight of all points that are strictly smaller in both coordinates, shape (n,).

    Args:
        x: first coordinates, shape (n,), without NaN.
        y: second coordinates, shape (n,), without NaN.
        weights: weight of each point, shape (n,); the sum stays below 2^63.
    """
    return _dominated_weight(levels(x), levels(y), weights)


def levels(values: _Floats | _Integers) -> _Integers:
    """The position of each value among the distinct ones, ascending from 0, shape (n,)."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _dominated_weight(x: _Integers, y: _Integers, weights: _Integers) -> _Integers:
    n = len(x)
    # Equal points must not count. Among equal x the larger y comes first, so what precedes it is no smaller in y;
    # among equal y the larger x comes first, so what lacks a bit and precedes it is smaller in y.
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(x * (y.max() + 1) - y)] = np.arange(n)
    points = np.argsort(y * n - place)
    dominated = np.zeros(n, dtype=np.int64)
    for bit in reversed(range(max(n - 1, 1).bit_length())):
        points = _partition(points, place, weights, dominated, bit)
    return dominated


def _partition(points: _Integers, place: _Integers, weights: _Integers, dominated: _Integers, bit: int) -> _Integers:
    """Sort the points of each block of 2^(bit+1) places by the bit; credit those that have it with those before."""
    places = place[points]
    has_bit = (places >> bit & 1).astype(bool)
    start = places >> (bit + 1) << (bit + 1)  # where the point's block starts; blocks are contiguous
    lacking = np.concatenate([[0], np.cumsum(np.where(has_bit, 0, weights[points]))])
    position = np.arange(len(points))
    dominated[points] += np.where(has_bit, lacking[position] - lacking[start], 0)
    n_lacking = np.concatenate([[0], np.cumsum(~has_bit)])
    lacking_before = n_lacking[position] - n_lacking[start]
    target = np.where(has_bit, start + (1 << bit) + (position - start - lacking_before), start + lacking_before)
    partitioned = np.empty_like(points)
    partitioned[target] = points
    return partitioned


def kendall_tau_b(x: _Floats, y: _Floats, weights: _Integers | None = None) -> float:
    """Kendall's tau-b of weighted points: exact, ties as he treats them.

    A point of weight w counts as w points that tie with each other in both coordinates.

    Args:
        x: first coordinates, shape (n,).
        y: second coordinates, shape (n,).
        weights: positive integers, shape (n,); all 1 by default.

    Returns:
        −1..1; NaN where one coordinate is constant.

    Raises:
        InvalidValueError: shapes that differ, fewer than two points, or NaN.
    """
    multiplicity = np.ones(len(x), dtype=np.int64) if weights is None else weights
    if x.shape != y.shape or x.shape != multiplicity.shape or x.ndim != 1 or len(x) < 2:
        raise InvalidValueError(f"x {x.shape}, y {y.shape} and weights {multiplicity.shape} are not n >= 2 points")
    if np.isnan(x).any() or np.isnan(y).any():
        raise InvalidValueError("x or y holds NaN, which has no rank")
    return tau_b_of_levels(levels(x), levels(y), multiplicity)


def tau_b_of_levels(x: _Integers, y: _Integers, weights: _Integers) -> float:
    """As :func:`kendall_tau_b`, of :func:`levels` that are known already."""
    pairs = _pairs(int(weights.sum()))
    x_ties, y_ties = (_tied_pairs(level, weights) for level in (x, y))
    both_ties = _tied_pairs(levels(x * (y.max() + 1) + y), weights)
    concordant = int(_dominated_weight(x, y, weights) @ weights)
    discordant = pairs - x_ties - y_ties + both_ties - concordant
    scale = math.sqrt((pairs - x_ties) * (pairs - y_ties))
    return (concordant - discordant) / scale if scale else math.nan


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _tied_pairs(level: _Integers, weights: _Integers) -> int:
    sizes = np.bincount(level, weights=weights).astype(np.int64)  # exact: far below 2^53
    return int((sizes * (sizes - 1) // 2).sum())
