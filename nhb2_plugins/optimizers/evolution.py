"""Regularised (aging) evolution over the joint space.

Source: Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019 (arXiv:1802.01548);
settings and draws as in NAS-HPO-Bench-II's baseline (Hirose et al., ACML 2021).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from nhb2_plugins.arguments import checked_count, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion, told_values
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import checked_epoch
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.optimizers.draws import draw_configuration, mutate_one_coordinate
from nhb2_plugins.optimizers.nondominated import standing_of
from nhb2_plugins.space import EDGES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction


class _Individual(NamedTuple):
    configuration: Configuration
    accuracy_pct: float
    values: tuple[float, ...]


class RegularizedEvolution(ShowsArguments):
    """Regularised evolution: of the youngest results the winner of a tournament has a child, the oldest dies.

    Args:
        seed: seeds the draws; with one worker the sequence equals the reference's under ``random.seed(seed)``.
        epoch: the fidelity to search at.
        population_size: the first so many configurations are uniform draws.
        tournament_size: contestants, drawn with replacement, no more than the population has; of equals the first drawn
            wins.
        hyperparameters: (lr, batch size) of every configuration, for a search over cells alone; None searches them too.
        restriction: the part of the space; by default all of it.
        objectives: what is minimised; of several a tournament is won by the contestant on the best front of the
            population (non-dominated sorting), and there by the one with the most room around it (crowding distance),
            as in NSGA-II (Deb et al., 2002). The oldest dies all the same.

    Raises:
        InvalidValueError: an unknown epoch, a size below 1, a tournament larger than the population, hyperparameters
            outside the space or its part, a restriction that leaves nothing to mutate, or unknown objectives.
        MissingExtraError: several objectives, and moocore is not installed.
    """

    def __init__(
        self,
        seed: int,
        *,
        epoch: int = 12,
        population_size: int = 10,
        tournament_size: int = 3,
        hyperparameters: tuple[float, int] | None = None,
        restriction: Subspace = WHOLE_SPACE,
        objectives: Sequence[str] = (ERROR_PCT,),
    ) -> None:
        self._objectives = checked_search_objectives(objectives)
        self._n_initial = checked_count("population_size", population_size)
        self._tournament_size = checked_count("tournament_size", tournament_size)
        if self._tournament_size > self._n_initial:
            raise InvalidValueError(
                f"tournament_size {tournament_size} is larger than population_size {population_size}"
            )
        self._random = random.Random(checked_search_seed(seed))
        self._epoch = checked_epoch(epoch)
        self._population: deque[_Individual] = deque(maxlen=self._n_initial)
        self._standing: list[tuple[int, float]] | None = None  # of the population, as long as nobody is told anything
        self._hyperparameters = hyperparameters
        self._part = checked_restriction(restriction)
        if hyperparameters is not None:
            self._hyperparameters = _checked_hyperparameters(hyperparameters, self._part)
        if restriction.size == 1 or (hyperparameters is not None and restriction.cellcode is not None):
            raise InvalidValueError(f"{restriction} leaves evolution nothing to mutate")

    def ask(self) -> Suggestion:
        """A uniform configuration while the population is being founded or none of it has ended; then a child."""
        if self._n_initial > 0 or not self._population:
            self._n_initial -= 1
            return Suggestion(self._founder(), self._epoch)
        parent = self._winner()
        n_coordinates = len(N_CHOICES) if self._hyperparameters is None else len(EDGES)
        child = mutate_one_coordinate(parent.configuration, self._random, n_coordinates=n_coordinates, part=self._part)
        return Suggestion(child, self._epoch)

    def _winner(self) -> _Individual:
        if len(self._objectives) == 1:
            contestants = [self._random.choice(self._population) for _ in range(self._tournament_size)]
            return max(contestants, key=lambda individual: individual.accuracy_pct)
        if self._standing is None:
            self._standing = standing_of([individual.values for individual in self._population])
        places = range(len(self._population))
        drawn = [self._random.choice(places) for _ in range(self._tournament_size)]
        return self._population[min(drawn, key=self._standing.__getitem__)]  # of equals the first drawn wins

    def _founder(self) -> Configuration:
        # Drawn whole even when the hyperparameters are given, as the reference does: the draws stay the same.
        drawn = draw_configuration(self._random, self._part)
        return drawn if self._hyperparameters is None else Configuration(drawn.cellcode, *self._hyperparameters)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Add the result to the population; the oldest dies once the population is full."""
        values = told_values(self._objectives, suggestion, observation)
        self._population.append(_Individual(suggestion.configuration, observation.accuracy_pct, values))
        self._standing = None


def _checked_hyperparameters(hyperparameters: tuple[float, int], part: Subspace) -> tuple[float, int]:
    try:
        lr, batch_size = hyperparameters
    except (TypeError, ValueError):
        raise InvalidValueError(
            f"hyperparameters {hyperparameters!r:.80} are not a learning rate and a batch size"
        ) from None
    checked = part.checked(Configuration(part.cellcodes[0], lr, batch_size))
    return checked.lr, checked.batch_size
