"""Two stages: hyperparameters on one random cell first, then the cell by evolution with what was found.

The benchmark's paper uses them to show what searching jointly is worth (Hirose et al., ACML 2021).
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any, Final

from nhb2_plugins.arguments import checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.budget import Budget
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import checked_epoch
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

_FIRST_STAGE: Final = "first stage"


class SecondStage:
    """Collects the best of a first stage, and makes the evolution that follows with its hyperparameters.

    Args:
        part: the part of the space that both stages search.
        settings: the evolution's own.

    Attributes:
        evolution: the second stage; None while the first lasts.

    Raises:
        InvalidValueError: a size below 1, or a part that leaves one of the stages nothing to search.
    """

    def __init__(self, part: Subspace, **settings: Any) -> None:
        self._make = partial(RegularizedEvolution, restriction=_checked_for_two_stages(part), **settings)
        self._make()  # refuses wrong sizes now, not after the first stage
        self._best: tuple[float, Configuration] | None = None
        self.evolution: RegularizedEvolution | None = None

    @property
    def has_result(self) -> bool:
        """Whether the first stage has found anything."""
        return self._best is not None

    def learn(self, configuration: Configuration, accuracy_pct: float) -> None:
        """Take in a result of the first stage; only a strictly better one changes what was found."""
        if self._best is None or accuracy_pct > self._best[0]:
            self._best = (accuracy_pct, configuration)

    def begin(self) -> RegularizedEvolution:
        """The second stage, which begins at the first call."""
        if self.evolution is None:
            best = None if self._best is None else self._best[1]
            self.evolution = self._make(hyperparameters=None if best is None else (best.lr, best.batch_size))
        return self.evolution


class RandomSearchThenEvolution(ShowsArguments):
    """Random search over learning rate and batch size, then regularised evolution over the edges.

    Args:
        seed: seeds both stages; with one worker the sequence equals the reference's under ``random.seed(seed)``.
        epoch: the fidelity to search at.
        first_stage_s: simulated seconds of the first stage, costs from scratch and summed over the workers; the
            evaluation that crosses it counts.
        population_size: of the evolution.
        tournament_size: of the evolution.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: a first stage that is not positive, a size below 1, or a restriction that leaves one of the
            stages nothing to search.
    """

    def __init__(
        self,
        seed: int,
        *,
        epoch: int = 12,
        first_stage_s: float = 5000.0,
        population_size: int = 10,
        tournament_size: int = 3,
        restriction: Subspace = WHOLE_SPACE,
    ) -> None:
        self._epoch = checked_epoch(epoch)
        self._random = random.Random(checked_search_seed(seed))
        self._part = checked_restriction(restriction)
        self._cellcode = self._random.choice(self._part.cellcodes)
        self._first_stage = Budget(first_stage_s, name="first_stage_s")
        self._spent_s = 0.0  # summed from the first on, as the reference does: float sums depend on their order
        sizes = {"population_size": population_size, "tournament_size": tournament_size}
        self._second = SecondStage(self._part, seed=seed, epoch=epoch, **sizes)

    def ask(self) -> Suggestion:
        """A random (lr, batch size) on the cell while the first stage lasts; then what the evolution asks for."""
        if self._second.evolution is None and (
            not self._first_stage.is_spent(self._spent_s) or not self._second.has_result
        ):
            drawn = draw_configuration(self._random, self._part)
            configuration = Configuration(self._cellcode, drawn.lr, drawn.batch_size)
            return Suggestion(configuration, self._epoch, token=_FIRST_STAGE)
        return self._second.begin().ask()

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Learn a result. One of the first stage that comes in late (several workers) changes nothing any more."""
        if suggestion.token is not _FIRST_STAGE:
            self._second.begin().tell(suggestion, observation)
        elif self._second.evolution is None:
            self._spent_s += observation.cost_s
            self._second.learn(suggestion.configuration, observation.accuracy_pct)


def _checked_for_two_stages(part: Subspace) -> Subspace:
    if part.cellcode is not None:
        raise InvalidValueError(f"{part} leaves the second stage, which searches the cell, nothing to search")
    if part.lr is not None and part.batch_size is not None:
        raise InvalidValueError(
            f"{part} leaves the first stage, which searches learning rate and batch size, nothing to search"
        )
    return part
