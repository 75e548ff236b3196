"""ASHA: asynchronous successive halving.

Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, algorithm 2.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from nhb2_plugins.arguments import checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.fidelity import FidelityLadder, checked_eta, checked_ladder, whole_part
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

_Result = tuple[float, int, Configuration]
"""An error, the number of the submission (unique, so that equal errors stand in its order), the configuration."""


@dataclass(slots=True)
class _Rung:
    """Results at one rung, best first, and those of them that have not been promoted, best first."""

    results: list[_Result] = field(default_factory=list)
    waiting: list[_Result] = field(default_factory=list)

    def enter(self, result: _Result) -> None:
        insort(self.results, result)
        insort(self.waiting, result)

    def promote(self, eta: float) -> _Result | None:
        """The best result that waits, if it is in the top 1/eta; it waits no longer."""
        n_top = whole_part(len(self.results) / eta)
        if self.waiting and bisect_left(self.results, self.waiting[0]) < n_top:
            return self.waiting.pop(0)
        return None


class Asha(ShowsArguments):
    """ASHA: promotes a configuration as soon as it is in the top 1/eta of its rung; never waits.

    Args:
        seed: seeds the random configurations.
        ladder: the rungs; with the ``continued`` charging policy a promotion pays only for its further epochs.
        eta: reduction factor; None for the ladder's own ratio.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: an eta not above 1, or no eta and a ladder that is not geometric.
    """

    def __init__(
        self,
        seed: int,
        *,
        ladder: FidelityLadder | Iterable[float],
        eta: float | None = None,
        restriction: Subspace = WHOLE_SPACE,
    ) -> None:
        ladder = checked_ladder(ladder)
        self._eta = ladder.eta if eta is None else checked_eta(eta)
        self._random = random.Random(checked_search_seed(seed))
        self._part = checked_restriction(restriction)
        self._ladder = ladder
        self._rungs = [_Rung() for _ in ladder.rungs]
        self._n_submitted = 0

    def ask(self) -> Suggestion:
        """A promotion, from the highest rung that has one; else a random configuration at the lowest rung."""
        for rung in range(len(self._rungs) - 2, -1, -1):
            if (promoted := self._rungs[rung].promote(self._eta)) is not None:
                _, number, configuration = promoted
                return self._suggest(configuration, rung + 1, number)
        self._n_submitted += 1
        return self._suggest(draw_configuration(self._random, self._part), 0, self._n_submitted)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Enter the result into its rung."""
        rung, number = suggestion.token
        self._rungs[rung].enter((observation.error_pct, number, suggestion.configuration))

    def _suggest(self, configuration: Configuration, rung: int, number: int) -> Suggestion:
        return Suggestion(configuration, self._ladder.rungs[rung], self._ladder.budgets[rung], token=(rung, number))
