"""BOHB as an ask/tell optimizer: Hyperband's brackets, filled by the density model.

It needs numpy and ConfigSpace alone, owns its generators, and proposes the same configurations in the same order as
hpbandster 0.7.4 does under the same random states.

Source: Falkner, Klein, Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018. The order
of events follows hpbandster 0.7.4 (BSD-3, see NOTICE).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings, Proposal
from nhb2_plugins.optimizers.hyperband import ConfigId, SuccessiveHalving, hyperband_brackets
from nhb2_plugins.subspace import Subspace


@dataclass(frozen=True, slots=True)
class BohbTrial:
    """What BOHB knows about one of its suggestions (the suggestion's ``token``).

    Attributes:
        number: running number of the evaluation, 0-based.
        config_id: (iteration, rung, number), as hpbandster names configurations.
        model_based: whether the configuration is the model's own vector.
        budget: what was asked for, in epochs; the key of the model that will learn the result.
    """

    number: int
    config_id: ConfigId
    model_based: bool
    budget: float


class Bohb:
    """BOHB behind the ask/tell protocol, for one or many (simulated) workers.

    A bracket whose rung still waits for results does not hold up the next bracket, as in hpbandster: :meth:`ask` gives
    None only when all iterations have started and every open rung waits.

    Attributes:
        ladder: the budgets asked for, and the epochs that serve them.
        model: the model that proposes configurations.
    """

    def __init__(
        self,
        ladder: FidelityLadder | Iterable[float] = (12, 200),
        *,
        n_iterations: int | None = None,
        seed: int = 0,
        space_seed: int | None = None,
        cellcode: str | None = None,
        settings: BohbSettings | None = None,
        restriction: Subspace | None = None,
        whole_cells: bool | None = None,
    ) -> None:
        """Set up the search.

        Args:
            ladder: budgets in epochs, ascending.
            n_iterations: brackets to run; None for no end.
            seed: seeds the generator of the coin and the candidates.
            space_seed: seeds the ConfigurationSpace, which draws random configurations; None for the same seed.
            cellcode: search learning rate and batch size on this cell alone; None searches the cell too.
            settings: hpbandster's options and ours; None for the defaults.
            restriction: the part of the space; None for all of it.
            whole_cells: see :class:`~nhb2_plugins.optimizers.bohb_model.BohbModel`.

        Raises:
            InvalidValueError: an unusable ladder, ``n_iterations`` below 1, or a restriction the model cannot keep.
        """
        if n_iterations is not None and n_iterations < 1:
            raise InvalidValueError(f"n_iterations {n_iterations!r} must be at least 1, or None for no end")
        self.ladder = ladder if isinstance(ladder, FidelityLadder) else FidelityLadder(ladder)
        self.model = BohbModel(
            settings,
            seed=seed,
            space_seed=space_seed,
            cellcode=cellcode,
            restriction=restriction,
            whole_cells=whole_cells,
        )
        self._brackets = hyperband_brackets(self.ladder)
        self._n_iterations = math.inf if n_iterations is None else n_iterations
        self._n_started = 0
        self._open: dict[int, SuccessiveHalving[Proposal]] = {}
        self._running: dict[int, BohbTrial] = {}
        self._n_trials = 0

    @property
    def is_done(self) -> bool:
        """Whether all iterations are finished."""
        return self._n_started >= self._n_iterations and all(each.is_finished for each in self._open.values())

    def ask(self) -> Suggestion | None:
        """The next evaluation, or None when nothing can start before another result is told."""
        while True:
            for halving in self._open.values():
                if (run := halving.next_run()) is not None:
                    return self._suggest(run.config_id, run.proposal, run.budget)
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
        trial = suggestion.token
        if not isinstance(trial, BohbTrial) or self._running.pop(trial.number, None) is not trial:
            raise InvalidValueError(f"{suggestion} is not running: not asked of this optimizer, or told twice")
        self._open[trial.config_id[0]].register(trial.config_id, loss)
        self.model.learn(suggestion.configuration, trial.budget, loss)

    def _start_iteration(self) -> None:
        bracket = self._brackets[self._n_started % len(self._brackets)]
        self._open[self._n_started] = SuccessiveHalving(self._n_started, bracket, self.model.propose)
        self._n_started += 1

    def _suggest(self, config_id: ConfigId, proposal: Proposal, budget: float) -> Suggestion:
        trial = BohbTrial(self._n_trials, config_id, proposal.model_based, budget)
        self._running[trial.number] = trial
        self._n_trials += 1
        return Suggestion(proposal.configuration, self.ladder.snap(budget), budget, trial)
