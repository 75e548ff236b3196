"""Simulated annealing over one-coordinate changes."""

from __future__ import annotations

import math
import random

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.space import N_CHOICES, N_CONFIGURATIONS, Configuration


class SimulatedAnnealing:
    """Moves to a neighbour when it is better, and sometimes when it is not."""

    def __init__(self, seed: int, *, epoch: int = 12, temperature: float = 5.0, cooling: float = 0.95) -> None:
        self._random = random.Random(seed)
        self._epoch = epoch
        self._temperature = temperature
        self._cooling = cooling
        self._current: tuple[Configuration, float] | None = None

    def ask(self) -> Suggestion:
        """A neighbour of where the search stands; at the start any configuration."""
        if self._current is None:
            return Suggestion(Configuration.from_index(self._random.randrange(N_CONFIGURATIONS)), self._epoch)
        choices = list(self._current[0].choices)
        coordinate = self._random.randrange(len(choices))
        choices[coordinate] = self._random.randrange(N_CHOICES[coordinate])
        return Suggestion(Configuration.from_choices(tuple(choices)), self._epoch)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Decide whether to move."""
        worse_by = 0.0 if self._current is None else observation.error_pct - self._current[1]
        if worse_by <= 0 or self._random.random() < math.exp(-worse_by / self._temperature):
            self._current = (suggestion.configuration, observation.error_pct)
        self._temperature *= self._cooling
