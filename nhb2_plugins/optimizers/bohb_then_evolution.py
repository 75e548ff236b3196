"""Two stages: BOHB over the hyperparameters on one random cell first, then the cell by evolution with what was found.

Settings as in the baseline of the benchmark's paper (Hirose et al., ACML 2021).
"""

from __future__ import annotations

import random
from typing import Final

from nhb2_plugins.arguments import checked_count, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, FidelityLadder
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_model import BohbSettings
from nhb2_plugins.optimizers.two_stage import SecondStage
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

REFERENCE_FIRST_STAGE: Final = BohbSettings(num_samples=5, random_fraction=0, bandwidth_factor=3, min_bandwidth=0.3)
"""BOHB's options in the reference's ``bohb_then_rea``."""


class BohbThenEvolution(ShowsArguments):
    """BOHB over learning rate and batch size on one random cell, then evolution over the edges.

    Args:
        seed: seeds both stages.
        epoch: the fidelity of the second stage.
        ladder: BOHB's budgets; None for the reference's, 1.33, 4 and 12 epochs.
        n_iterations: BOHB's brackets, whatever they cost.
        population_size: of the evolution.
        tournament_size: of the evolution.
        settings: BOHB's options; None for the reference's.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: no ladder, settings or number of brackets, a size below 1, or a restriction that leaves one
            of the stages nothing to search.
    """

    def __init__(
        self,
        seed: int,
        *,
        epoch: int = 12,
        ladder: FidelityLadder | None = None,
        n_iterations: int = 4,
        population_size: int = 10,
        tournament_size: int = 3,
        settings: BohbSettings | None = None,
        restriction: Subspace = WHOLE_SPACE,
    ) -> None:
        sizes = {"population_size": population_size, "tournament_size": tournament_size}
        self._second = SecondStage(checked_restriction(restriction), seed=seed, epoch=epoch, **sizes)
        self._bohb = Bohb(
            FidelityLadder.hyperband(1, SCHEDULE_EPOCHS, eta=3) if ladder is None else ladder,
            n_iterations=checked_count("n_iterations", n_iterations),
            seed=seed,
            cellcode=random.Random(checked_search_seed(seed)).choice(restriction.cellcodes),
            settings=REFERENCE_FIRST_STAGE if settings is None else settings,
            restriction=restriction,
        )

    def ask(self) -> Suggestion | None:
        """What BOHB asks for until its brackets are done; then what the evolution asks for."""
        if self._second.evolution is None and not self._bohb.is_done:
            suggestion = self._bohb.ask()
            if suggestion is not None or not self._bohb.is_done:
                return suggestion
        return self._second.begin().ask()

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Learn a result; the best accuracy at any epoch decides the hyperparameters of the second stage."""
        if suggestion.token is None:
            self._second.begin().tell(suggestion, observation)
            return
        self._bohb.tell(suggestion, observation)
        self._second.learn(suggestion.configuration, observation.accuracy_pct)
