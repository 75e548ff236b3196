"""Where names stand beside the ends of curves, none upon another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST_LABELS: Final = 14
"""Of more curves a legend tells the names."""
LABEL_CHARACTERS: Final = 21
"""In a line of a label."""


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """The middles of labels, each as near as there is room to where it is wanted, in that order.

    Args:
        wanted: where the middle of each would stand.
        sizes: of the labels.
        low: where the first may begin,
        high: and the last must end, as far as all of them have room.

    >>> spread([5.0, 5.0, 40.0], [10.0, 10.0, 10.0], 0.0, 45.0)
    [5.0, 15.0, 40.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [*wanted]
    edge = low
    for i in order:
        places[i] = max(places[i], edge + sizes[i] / 2)
        edge = places[i] + sizes[i] / 2
    edge = high
    for i in reversed(order):
        places[i] = min(places[i], edge - sizes[i] / 2)
        edge = places[i] - sizes[i] / 2
    return places
