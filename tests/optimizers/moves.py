"""What the tests of searches by small changes share."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.space import Configuration


class InTurn(random.Random):
    """Draws contestants one after the other."""

    def choice(self, seq: Any) -> Any:
        if not isinstance(seq, deque | range):
            return super().choice(seq)
        self.n_drawn = getattr(self, "n_drawn", 0) + 1
        return seq[(self.n_drawn - 1) % len(seq)]


def observed(configuration: Configuration, cost_s: float = 100.0) -> Observation:
    return Observation(float(configuration.index % 97), cost_s, 12, "valid", 222)


def distance(a: Configuration, b: Configuration) -> int:
    return sum(x != y for x, y in zip(a.choices, b.choices, strict=True))
