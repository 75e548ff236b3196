"""What BOHB is to search, checked: the one value that both of its engines take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nhb2_plugins.adapters.framework import DEFAULT_LADDER, Framework
from nhb2_plugins.budget import Budget
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb_model import BOHB_ENCODINGS, BohbSettings
from nhb2_plugins.optimizers.warm_start import PreviousResult
from nhb2_plugins.problem import Problem
from nhb2_plugins.trajectory.logger import TrajectoryLogger

BOHB_FRAMEWORK: Final = Framework(
    name="BOHB", encodings=BOHB_ENCODINGS, encoding="categorical", default_ladder=DEFAULT_LADDER
)


@dataclass(frozen=True, kw_only=True)
class BohbSearch:
    """A run of BOHB.

    Attributes:
        problem: with a ladder.
        n_iterations: brackets; None for no end.
        seed: of the search.
        n_workers: how many workers.
        budget: simulated seconds.
        logger: takes the records.
        settings: BOHB's own.
        whole_cells: whether ``cell`` stands for the six edges.
        previous: an earlier run to start from.
    """

    problem: Problem
    n_iterations: int | None
    seed: int
    n_workers: int
    budget: Budget
    logger: TrajectoryLogger
    settings: BohbSettings
    whole_cells: bool
    previous: PreviousResult | None

    @property
    def ladder(self) -> FidelityLadder:
        """The problem's ladder."""
        return self.problem.ladder or DEFAULT_LADDER

    def is_spent(self) -> bool:
        """Whether the budget is spent."""
        return self.budget.is_spent(self.logger.clock_s)
