"""Hyperband's brackets for any ladder of budgets, and the synchronous successive halving that runs one.

hpbandster computes the number of rungs with a float logarithm and the counts with float powers, which loses rungs and
configurations on some ladders. Here both come from the ladder itself, so they are right for every ladder, geometric
or not; where hpbandster's formula is right, they are equal to it.

Source: Li et al., "Hyperband", JMLR 2018; the order of events follows hpbandster 0.7.4 (BSD-3, see NOTICE).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder, whole_part

T = TypeVar("T")
ConfigId = tuple[int, int, int]
"""(iteration, rung of the bracket at which it entered, running number there), each 0-based: hpbandster's ids."""


@dataclass(frozen=True)
class Bracket:
    """One successive halving: how many configurations run at each budget.

    Attributes:
        budgets: ascending, in epochs, as the ladder asks for them.
        n_configurations: for each budget, descending and at least 1.
    """

    budgets: tuple[float, ...]
    n_configurations: tuple[int, ...]


def hyperband_brackets(ladder: FidelityLadder) -> tuple[Bracket, ...]:
    """The brackets that Hyperband (and BOHB) cycle through: the first starts at the smallest budget.

    A bracket over the top ``s + 1`` of ``S`` budgets starts ``floor(S / (s + 1)) · b_top / b_first`` configurations and
    keeps them in inverse proportion to the budget. For a geometric ladder this is hpbandster's rule (``eta^s``).

    >>> [bracket.n_configurations for bracket in hyperband_brackets(FidelityLadder([12, 200]))]
    [(16, 1), (2,)]
    >>> [bracket.n_configurations for bracket in hyperband_brackets(FidelityLadder.hyperband(1, 12, eta=3))]
    [(9, 3, 1), (3, 1), (3,)]
    """
    budgets = tuple(float(budget) for budget in ladder.budgets)
    return tuple(_bracket(budgets[first:], len(budgets)) for first in range(len(budgets)))


def _bracket(budgets: tuple[float, ...], n_rungs: int) -> Bracket:
    n_first = whole_part(n_rungs // len(budgets) * budgets[-1] / budgets[0])
    counts = (max(whole_part(n_first * budgets[0] / budget), 1) for budget in budgets)
    return Bracket(budgets, tuple(counts))


@dataclass(frozen=True, slots=True)
class BracketRun(Generic[T]):
    """One evaluation that a bracket asks for: a proposal at a budget."""

    config_id: ConfigId
    proposal: T
    budget: float


@dataclass(slots=True)
class _Entry(Generic[T]):
    """A configuration of the bracket, and where it stands."""

    config_id: ConfigId
    proposal: T
    rung: int
    loss: float | None = None  # at its current rung; None while it runs or waits


class SuccessiveHalving(Generic[T]):
    """One bracket as a state machine: next run, register its loss, advance when a rung is complete.

    A configuration whose loss is not finite has crashed: it leaves the bracket, and a fresh proposal fills the slot
    that it leaves open at the next rung (hpbandster's rule).
    """

    def __init__(self, iteration: int, bracket: Bracket, propose: Callable[[], T]) -> None:
        self.iteration = iteration
        self.bracket = bracket
        self.is_finished = False
        self._propose = propose
        self._rung = 0
        self._n_entered = 0  # configurations that hold a slot of the current rung
        self._entries: dict[ConfigId, _Entry[T]] = {}  # in order of proposal, which the ranking depends on
        self._queue: deque[_Entry[T]] = deque()
        self._n_running = 0

    def next_run(self) -> BracketRun[T] | None:
        """The next evaluation, or None when the rung still waits for results or the bracket is finished."""
        while not self.is_finished:
            if self._queue:
                return self._start(self._queue.popleft())
            if self._n_entered < self.bracket.n_configurations[self._rung]:
                self._enter()
            elif self._n_running == 0:
                self._complete_rung()
            else:
                return None
        return None

    def register(self, config_id: ConfigId, loss: float) -> None:
        """Note the loss of a running evaluation; infinity means that it crashed.

        Raises:
            InvalidValueError: the configuration is not running.
        """
        entry = self._entries.get(config_id)
        if entry is None or entry.loss is not None or entry.rung != self._rung or entry in self._queue:
            raise InvalidValueError(f"configuration {config_id} of bracket {self.iteration} is not running")
        entry.loss = loss
        self._n_running -= 1

    def _start(self, entry: _Entry[T]) -> BracketRun[T]:
        self._n_running += 1
        return BracketRun(entry.config_id, entry.proposal, self.bracket.budgets[entry.rung])

    def _enter(self) -> None:
        entry = _Entry((self.iteration, self._rung, self._n_entered), self._propose(), self._rung)
        self._entries[entry.config_id] = entry
        self._queue.append(entry)
        self._n_entered += 1

    def _complete_rung(self) -> None:
        survivors = [e for e in self._entries.values() if e.loss is not None and math.isfinite(e.loss)]
        self._entries = {}
        self._rung += 1
        self._n_entered = 0
        if self._rung == len(self.bracket.budgets):
            self.is_finished = True
            return
        # hpbandster's own two calls: numpy's default sort decides which of two equal losses advances.
        ranks = np.argsort(np.argsort(np.array([e.loss for e in survivors])))
        for entry, rank in zip(survivors, ranks, strict=True):
            if rank < self.bracket.n_configurations[self._rung]:
                entry.rung, entry.loss = self._rung, None
                self._entries[entry.config_id] = entry
                self._queue.append(entry)
                self._n_entered += 1
