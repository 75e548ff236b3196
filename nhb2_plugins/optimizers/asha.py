"""ASHA: asynchronous successive halving.

Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, algorithm 2.
"""

from __future__ import annotations

import random
from bisect import insort
from dataclasses import dataclass, field

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace


@dataclass(slots=True)
class _Rung:
    """Results at one rung, best first, and which of them have been promoted (by number of submission)."""

    results: list[tuple[float, int, Configuration]] = field(default_factory=list)
    promoted: set[int] = field(default_factory=set)


class Asha:
    """Promotes a configuration as soon as it is in the top 1/eta of its rung; never waits.

    Args:
        seed: seeds the random configurations.
        ladder: the rungs; with the ``continued`` charging policy a promotion pays only for its further epochs.
        eta: reduction factor; None for the ladder's own ratio.
        restriction: the part of the space; None for all of it.

    Raises:
        InvalidValueError: an eta not above 1, or no eta and a ladder that is not geometric.
    """

    def __init__(
        self, seed: int, *, ladder: FidelityLadder, eta: float | None = None, restriction: Subspace | None = None
    ) -> None:
        self._eta = ladder.eta if eta is None else eta
        if not self._eta > 1:
            raise InvalidValueError(f"eta {eta!r} is not above 1")
        self._random = random.Random(seed)
        self._part = WHOLE_SPACE if restriction is None else restriction
        self._ladder = ladder
        self._rungs = [_Rung() for _ in ladder.rungs]
        self._n_submitted = 0

    def ask(self) -> Suggestion:
        """A promotion, from the highest rung that has one; else a random configuration at the lowest rung."""
        for rung in range(len(self._rungs) - 2, -1, -1):
            promotable = self._promotable(rung)
            if promotable is not None:
                number, configuration = promotable
                self._rungs[rung].promoted.add(number)
                return self._suggest(configuration, rung + 1, number)
        self._n_submitted += 1
        return self._suggest(draw_configuration(self._random, self._part), 0, self._n_submitted)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Enter the result into its rung."""
        rung, number = suggestion.token
        insort(self._rungs[rung].results, (observation.error_pct, number, suggestion.configuration))

    def _promotable(self, rung: int) -> tuple[int, Configuration] | None:
        here = self._rungs[rung]
        for _, number, configuration in here.results[: int(len(here.results) / self._eta)]:
            if number not in here.promoted:
                return number, configuration
        return None

    def _suggest(self, configuration: Configuration, rung: int, number: int) -> Suggestion:
        return Suggestion(configuration, self._ladder.rungs[rung], self._ladder.budgets[rung], token=(rung, number))
