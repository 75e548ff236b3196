"""What the tests of searches by small changes share."""

from __future__ import annotations

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.space import Configuration


def observed(configuration: Configuration, cost_s: float = 100.0) -> Observation:
    return Observation(float(configuration.index % 97), cost_s, 12, "valid", 222)


def distance(a: Configuration, b: Configuration) -> int:
    return sum(x != y for x, y in zip(a.choices, b.choices, strict=True))
