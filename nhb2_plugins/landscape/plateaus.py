"""Connected components of a graph given by its edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Integers = NDArray[np.int64]


def connected_components(n: int, first: _Integers, second: _Integers) -> _Integers:
    """The component of each of n nodes, numbered by their smallest nodes, shape (n,).

    Args:
        n: number of nodes.
        first: one end of each edge, shape (n_edges,).
        second: the other end.
    """
    root = np.arange(n, dtype=np.int64)
    while True:
        # Hang the roots of both ends below the smaller one, then shorten every path to the root.
        smaller = np.minimum(root[first], root[second])
        hung = root.copy()
        np.minimum.at(hung, root[first], smaller)
        np.minimum.at(hung, root[second], smaller)
        while not np.array_equal(shorter := hung[hung], hung):
            hung = shorter
        if np.array_equal(hung, root):
            return np.unique(root, return_inverse=True)[1].astype(np.int64)
        root = hung
