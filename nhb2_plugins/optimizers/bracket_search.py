"""Brackets of successive halving behind the ask/tell protocol, filled by whatever proposes configurations.

Hyperband and successive halving fill them at random; :class:`~nhb2_plugins.optimizers.bohb.Bohb` with a model.

Source: Li et al., "Hyperband", JMLR 2018; Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
Hyperparameter Optimization", AISTATS 2016. The order of events follows hpbandster 0.7.4 (BSD-3, see NOTICE).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nhb2_plugins.arguments import checked_count, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder, checked_ladder
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.optimizers.hyperband import Bracket, BracketRun, ConfigId, SuccessiveHalving, hyperband_brackets
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration, and whether it is a model's own vector (False: drawn at random)."""

    configuration: Configuration
    model_based: bool


class Proposer(Protocol):
    """What fills the first rung of a bracket."""

    def propose(self) -> Proposal:
        """The next configuration."""
        ...

    def learn(self, configuration: Configuration, budget: float, loss: float) -> None:
        """Learn the loss of a configuration at a budget; infinity where the evaluation crashed."""
        ...


def checked_n_iterations(n_iterations: int | None) -> int | None:
    """A number of brackets, or None for no end.

    Raises:
        InvalidValueError: something else than an integer of at least 1.
    """
    return None if n_iterations is None else checked_count("n_iterations", n_iterations, otherwise=", nor None: no end")


class BracketSearch(ShowsArguments):
    """Brackets one after another, for one or many (simulated) workers; a suggestion's ``token`` is the bracket's run.

    A bracket whose rung still waits for results does not hold up the next bracket, as in hpbandster: :meth:`ask` gives
    None only when all iterations have started and every open rung waits.

    Attributes:
        ladder: the budgets asked for, and the epochs that serve them.
        model: what proposes configurations.

    Args:
        ladder: budgets in epochs, ascending.
        brackets: iteration i runs the one at i modulo their number.
        model: fills them.
        n_iterations: brackets to run; None for no end.

    Raises:
        InvalidValueError: ``n_iterations`` is neither an integer of at least 1 nor None.
    """

    def __init__(
        self, ladder: FidelityLadder, brackets: Sequence[Bracket], model: Proposer, *, n_iterations: int | None
    ) -> None:
        n_iterations = checked_n_iterations(n_iterations)
        self.ladder = ladder
        self.model = model
        self._brackets = brackets
        self._n_iterations = math.inf if n_iterations is None else n_iterations
        self._n_started = 0
        self._open: dict[int, SuccessiveHalving[Proposal]] = {}
        self._running: dict[ConfigId, BracketRun[Proposal]] = {}

    @property
    def is_done(self) -> bool:
        """Whether all iterations are finished."""
        return self._n_started >= self._n_iterations and all(each.is_finished for each in self._open.values())

    def ask(self) -> Suggestion | None:
        """The next evaluation, or None when nothing can start before another result is told."""
        while True:
            for halving in self._open.values():
                if (run := halving.next_run()) is not None:
                    self._running[run.config_id] = run
                    return Suggestion(run.proposal.configuration, self.ladder.snap(run.budget), run.budget, run)
            self._open = {i: each for i, each in self._open.items() if not each.is_finished}
            if self._n_started >= self._n_iterations:
                return None
            self._start_iteration()

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Learn the error of a suggestion.

        Raises:
            InvalidValueError: the suggestion is not running.
        """
        self.tell_loss(suggestion, observation.error_pct)

    def tell_loss(self, suggestion: Suggestion, loss: float) -> None:
        """Learn the loss of a suggestion; infinity for an evaluation that crashed.

        Raises:
            InvalidValueError: the loss is NaN, or the suggestion is not running.
        """
        if math.isnan(loss):
            raise InvalidValueError(f"loss {loss!r} is not a number; tell infinity for an evaluation that crashed")
        run = suggestion.token
        if not isinstance(run, BracketRun) or self._running.get(run.config_id) is not run:
            raise InvalidValueError(f"{suggestion} is not running: not asked of this optimizer, or told twice")
        del self._running[run.config_id]
        self._open[run.config_id[0]].register(run.config_id, loss)
        self.model.learn(suggestion.configuration, run.budget, loss)

    def _start_iteration(self) -> None:
        bracket = self._brackets[self._n_started % len(self._brackets)]
        self._open[self._n_started] = SuccessiveHalving(self._n_started, bracket, self.model.propose)
        self._n_started += 1


class _AtRandom:
    """Proposes uniform configurations and learns nothing."""

    def __init__(self, seed: int, part: Subspace) -> None:
        self._random = random.Random(checked_search_seed(seed))
        self._part = part

    def propose(self) -> Proposal:
        return Proposal(draw_configuration(self._random, self._part), model_based=False)

    def learn(self, configuration: Configuration, budget: float, loss: float) -> None:
        """Nothing."""


class Hyperband(BracketSearch):
    """Hyperband: brackets from the most configurations at the smallest budget to a few at the largest, at random.

    Args:
        seed: seeds the random configurations.
        ladder: the budgets.
        n_iterations: brackets to run; None for no end.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: ``n_iterations`` is neither an integer of at least 1 nor None.
    """

    def __init__(
        self,
        seed: int,
        *,
        ladder: FidelityLadder | Iterable[float],
        n_iterations: int | None = None,
        restriction: Subspace = WHOLE_SPACE,
    ) -> None:
        ladder = checked_ladder(ladder)
        proposer = _AtRandom(seed, checked_restriction(restriction))
        super().__init__(ladder, self.brackets_of(ladder), proposer, n_iterations=n_iterations)

    @staticmethod
    def brackets_of(ladder: FidelityLadder) -> tuple[Bracket, ...]:
        """The brackets that are cycled through."""
        return hyperband_brackets(ladder)


class RepeatedHalving(Hyperband):
    """Synchronous successive halving, again and again: Hyperband's first bracket alone, over the whole ladder."""

    @staticmethod
    def brackets_of(ladder: FidelityLadder) -> tuple[Bracket, ...]:
        """Hyperband's first bracket."""
        return hyperband_brackets(ladder)[:1]
