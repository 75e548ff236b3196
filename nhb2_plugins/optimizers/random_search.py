"""Random search: uniform configurations, drawn with replacement."""

from __future__ import annotations

import random

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.optimizers.draws import draw_configuration


class RandomSearch:
    """Draws cell, learning rate and batch size uniformly, as the reference's ``get_random_key`` does.

    Args:
        seed: seeds the draws; the sequence equals the reference's under ``random.seed(seed)``.
        epoch: the fidelity to search at.
    """

    def __init__(self, seed: int, *, epoch: int = 12) -> None:
        self._random = random.Random(seed)
        self._epoch = epoch

    def ask(self) -> Suggestion:
        """A uniform configuration; random search never has to wait."""
        return Suggestion(draw_configuration(self._random), self._epoch)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Nothing to learn."""
