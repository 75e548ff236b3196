"""BOHB as an ask/tell optimizer: Hyperband's brackets, filled by the density model.

It needs numpy and ConfigSpace alone, owns its generators, and proposes the same configurations in the same order as
hpbandster 0.7.4 does under the same random states.

Source: Falkner, Klein, Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018. The order
of events follows hpbandster 0.7.4 (BSD-3, see NOTICE).
"""

from __future__ import annotations

from collections.abc import Iterable

from nhb2_plugins.fidelity import FidelityLadder, checked_ladder
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings
from nhb2_plugins.optimizers.bracket_search import BracketSearch
from nhb2_plugins.optimizers.hyperband import hyperband_brackets
from nhb2_plugins.optimizers.warm_start import PreviousResult, read_previous
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace


class Bohb(BracketSearch):
    """BOHB: Hyperband's brackets, filled by a density model, for one or many (simulated) workers.

    A bracket whose rung still waits for results does not hold up the next bracket, as in hpbandster: :meth:`ask` gives
    None only when all iterations have started and every open rung waits.

    Attributes:
        ladder: the budgets asked for, and the epochs that serve them.
        model: the model that proposes configurations.
    """

    model: BohbModel

    def __init__(
        self,
        ladder: FidelityLadder | Iterable[float] = (12, 200),
        *,
        n_iterations: int | None = None,
        seed: int = 0,
        space_seed: int | None = None,
        cellcode: str | None = None,
        settings: BohbSettings | None = None,
        restriction: Subspace = WHOLE_SPACE,
        whole_cells: bool | None = None,
        previous_result: PreviousResult | None = None,
    ) -> None:
        """Set up the search.

        Args:
            ladder: budgets in epochs, ascending.
            n_iterations: brackets to run; None for no end.
            seed: seeds the generator of the coin and the candidates.
            space_seed: seeds the ConfigurationSpace, which draws random configurations; None for the same seed.
            cellcode: search learning rate and batch size on this cell alone; None searches the cell too.
            settings: hpbandster's options and ours; None for the defaults.
            restriction: the part of the space; by default all of it.
            whole_cells: see :class:`~nhb2_plugins.optimizers.bohb_model.BohbModel`.
            previous_result: an earlier run that the model starts from (:mod:`nhb2_plugins.optimizers.warm_start`).

        Raises:
            InvalidValueError: an unusable ladder, ``n_iterations`` below 1, a restriction the model cannot keep,
                or an earlier run without results or with a configuration that this space or encoding does not have.
        """
        ladder = checked_ladder(ladder)
        model = BohbModel(
            settings,
            seed=seed,
            space_seed=space_seed,
            cellcode=cellcode,
            restriction=restriction,
            whole_cells=whole_cells,
        )
        if previous_result is not None:
            model.warm_start(read_previous(previous_result, ladder))
        super().__init__(ladder, hyperband_brackets(ladder), model, n_iterations=n_iterations)
