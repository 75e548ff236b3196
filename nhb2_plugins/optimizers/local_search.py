"""Local search: climb by one-coordinate changes; start again from a random configuration at a local optimum."""

from __future__ import annotations

import random
from collections import deque

from nhb2_plugins.arguments import checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.fidelity import checked_epoch
from nhb2_plugins.optimizers.draws import draw_configuration, moved, other_choices
from nhb2_plugins.space import N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction


class LocalSearch(ShowsArguments):
    """Local search: goes through the neighbours in random order, and moves to the first strictly better one.

    A configuration has 30 neighbours: three other operations on each of six edges, seven other learning rates, five
    other batch sizes. When all of them have been seen without a move, the climb starts again elsewhere.

    Args:
        seed: seeds the starts and the orders.
        epoch: the fidelity to search at.
        restriction: the part of the space, with fewer neighbours then; by default all of it.
    """

    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        self._random = random.Random(checked_search_seed(seed))
        self._epoch = checked_epoch(epoch)
        self._part = checked_restriction(restriction)
        self._climb = 0
        self._start_climb()

    def ask(self) -> Suggestion | None:
        """The next neighbour, or a new start; None while the last neighbours are running."""
        if not self._queue and self._n_running == 0:
            self._start_climb()
        if not self._queue:
            return None
        self._n_running += 1
        return Suggestion(self._queue.popleft(), self._epoch, token=self._climb)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Move when the result is better than the current one; late results change nothing."""
        if suggestion.token != self._climb:
            return
        self._n_running -= 1
        if self._current_accuracy is None or observation.accuracy_pct > self._current_accuracy:
            self._move(suggestion.configuration, observation.accuracy_pct)

    def _start_climb(self) -> None:
        self._leave()
        self._current_accuracy: float | None = None
        self._queue: deque[Configuration] = deque([draw_configuration(self._random, self._part)])

    def _move(self, configuration: Configuration, accuracy_pct: float) -> None:
        self._leave()
        self._current_accuracy = accuracy_pct
        around = neighbours(configuration, self._part)
        self._random.shuffle(around)
        self._queue = deque(around)

    def _leave(self) -> None:
        self._climb += 1
        self._n_running = 0


def neighbours(configuration: Configuration, part: Subspace = WHOLE_SPACE) -> list[Configuration]:
    """The configurations that differ in exactly one coordinate, in order of coordinates, then choices.

    There are 30, or fewer in a part of the space: see :mod:`nhb2_plugins.optimizers.draws`. None comes twice.
    """
    around = (
        moved(configuration, coordinate, choice, part)
        for coordinate in range(len(N_CHOICES))
        for choice in other_choices(configuration, coordinate, part)
    )
    return list(dict.fromkeys(around))
