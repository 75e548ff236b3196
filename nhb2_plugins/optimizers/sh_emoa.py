"""SH-EMOA: a steady-state multi-objective evolution whose population climbs a ladder of budgets.

Source: Izquierdo et al., "Bag of Baselines for Multi-objective Joint Neural Architecture Search and Hyperparameter
Optimization", AutoML workshop at ICML 2021 (arXiv:2105.01015), as its authors published it. Two things differ, because
there they are made for the paper's own problem: hypervolume counts up to the largest values seen at the rung (there up
to a fixed point), and a ladder is given (there it is halved down from the highest budget).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.arguments import checked_count, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion, told_values
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.quality import moocore
from nhb2_plugins.fidelity import FidelityLadder, checked_eta, checked_ladder
from nhb2_plugins.objectives import COST_S, ERROR_PCT, checked_front_objectives
from nhb2_plugins.optimizers.draws import draw_configuration, moved, other_choices, settled
from nhb2_plugins.space import N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

_N_CONTESTANTS = 3
_N_MUTATED = 5
_MUTATED = 0.5
_TAKEN = 0.5


class _Member(NamedTuple):
    configuration: Configuration
    values: tuple[float, ...]


class ShEmoa(ShowsArguments):
    """SH-EMOA: each child replaces the population's worst; at every rung of the ladder all are evaluated again.

    A child is, one time in two, a mutation (five of the eight coordinates are drawn anew), else each coordinate is that
    of one of two parents. A tournament of three is won by the member that alone dominates the largest volume. Who goes
    is of the last front the one that contributes least to its hypervolume.

    Args:
        seed: seeds the draws.
        ladder: the budgets, ascending.
        n_evaluations: of the whole search, beside those that a higher rung repeats; it ends by itself.
        population_size: members.
        eta: at each rung so many times as many children as at the next higher one.
        restriction: the part of the space; by default all of it.
        objectives: two or three.

    Raises:
        InvalidValueError: an unusable ladder, a count below 1, fewer evaluations than members, an eta that is not above
            1, or other than two or three objectives.
        MissingExtraError: moocore is not installed.
    """

    def __init__(
        self,
        seed: int,
        *,
        ladder: FidelityLadder | Iterable[float],
        n_evaluations: int = 200,
        population_size: int = 10,
        eta: float = 2,
        restriction: Subspace = WHOLE_SPACE,
        objectives: Sequence[str] = (ERROR_PCT, COST_S),
    ) -> None:
        moocore()
        self._objectives = checked_front_objectives(objectives)
        self._ladder = checked_ladder(ladder)
        self._size = checked_count("population_size", population_size)
        if checked_count("n_evaluations", n_evaluations) < population_size:
            raise InvalidValueError(f"n_evaluations {n_evaluations} are fewer than the {population_size} members")
        checked_eta(eta)
        self._random = random.Random(checked_search_seed(seed))
        self._part = checked_restriction(restriction)
        self._n_children = _children_by_rung(n_evaluations - population_size, len(self._ladder.rungs), eta)
        self._rung = 0
        self._n_running = 0
        self._waiting = [draw_configuration(self._random, self._part) for _ in range(population_size)]
        self._population: list[_Member] = []
        self._worst = np.full(len(self._objectives), -np.inf)

    def ask(self) -> Suggestion | None:
        """A member that this rung has not seen; else a child; None while members are awaited, and at the end."""
        if self._waiting:
            return self._suggest(self._waiting.pop(0))
        if len(self._population) < self._size:
            return None
        if self._n_children[self._rung] > 0:
            self._n_children[self._rung] -= 1
            return self._suggest(self._child())
        if self._n_running or self._rung == len(self._ladder.rungs) - 1:
            return None
        self._rung += 1
        self._waiting = [member.configuration for member in self._population]
        self._population, self._worst = [], np.full(len(self._objectives), -np.inf)
        return self.ask()

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Take a result into the population; where that is full, the worst goes."""
        self._n_running -= 1
        values = told_values(self._objectives, suggestion, observation)
        self._worst = np.maximum(self._worst, values)
        self._population.append(_Member(suggestion.configuration, values))
        if len(self._population) > self._size:
            del self._population[worst_of(np.array([each.values for each in self._population]), self._worst)]

    def _suggest(self, configuration: Configuration) -> Suggestion:
        self._n_running += 1
        return Suggestion(configuration, self._ladder.rungs[self._rung], self._ladder.budgets[self._rung])

    def _child(self) -> Configuration:
        ordered = sorted(self._population, key=lambda each: -float(np.prod(self._worst - each.values)))
        n_contestants = min(_N_CONTESTANTS, len(ordered))
        parent = ordered[min(self._random.sample(range(len(ordered)), n_contestants))].configuration
        if self._random.random() < _MUTATED:
            return self._mutated(parent)
        partner = self._random.choice(ordered).configuration.choices
        choices = [
            other if self._random.random() < _TAKEN else own for own, other in zip(parent.choices, partner, strict=True)
        ]
        return settled(Configuration.from_choices(tuple(choices)), self._part)

    def _mutated(self, child: Configuration) -> Configuration:
        for coordinate in self._random.sample(range(len(N_CHOICES)), _N_MUTATED):
            choices = [child.choices[coordinate], *other_choices(child, coordinate, self._part)]
            choice = self._random.choice(choices)
            if choice != child.choices[coordinate]:
                child = moved(child, coordinate, choice, self._part)
        return child


def _children_by_rung(n_children: int, n_rungs: int, eta: float) -> list[int]:
    """So many at each rung, the lowest first; rounded up, as the authors do."""
    fewest = math.ceil(n_children / sum(eta**each for each in range(n_rungs)))
    counts = [float(fewest)]
    while len(counts) < n_rungs:
        counts.append(eta * counts[-1])
    return [math.ceil(count) for count in reversed(counts)]


def worst_of(points: NDArray[np.float64], reference: ArrayLike) -> int:
    """Of the last front the point that contributes least to its hypervolume; of equals the first.

    Args:
        points: shape (n, n_objectives), all to be minimised.
        reference: up to where hypervolume counts.

    Raises:
        MissingExtraError: moocore is not installed.
    """
    library = moocore()
    ranks = library.pareto_rank(points)
    last = np.flatnonzero(ranks == ranks.max())
    return int(last[library.hv_contributions(points[last], ref=reference).argmin()])
