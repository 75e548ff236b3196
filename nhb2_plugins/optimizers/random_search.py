"""Random search: uniform configurations, drawn with replacement."""

from __future__ import annotations

import random
from collections.abc import Sequence

from nhb2_plugins.arguments import checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.fidelity import checked_epoch
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction


class RandomSearch(ShowsArguments):
    """Random search: draws cell, learning rate and batch size uniformly, as the reference's ``get_random_key`` does.

    Args:
        seed: seeds the draws; the sequence equals the reference's under ``random.seed(seed)``.
        epoch: the fidelity to search at.
        restriction: the part of the space; by default all of it.
        objectives: any: it learns of none.
    """

    def __init__(
        self,
        seed: int,
        *,
        epoch: int = 12,
        restriction: Subspace = WHOLE_SPACE,
        objectives: Sequence[str] = (ERROR_PCT,),
    ) -> None:
        checked_search_objectives(objectives)
        self._random = random.Random(checked_search_seed(seed))
        self._epoch = checked_epoch(epoch)
        self._part = checked_restriction(restriction)

    def ask(self) -> Suggestion:
        """A uniform configuration; random search never has to wait."""
        return Suggestion(draw_configuration(self._random, self._part), self._epoch)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Nothing to learn."""
