"""The table as Syne Tune's tabular blackbox, and the joint space as its domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from syne_tune.blackbox_repository.blackbox_tabular import BlackboxTabular
from syne_tune.config_space import choice, ordinal, randint

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.encoding import CELL_NAME, Encoding
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.front import cell_sizes
from nhb2_plugins.fidelity import LONG_EPOCHS, checked_epoch
from nhb2_plugins.metric import error_pct
from nhb2_plugins.objectives import COST_S
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import (
    EDGE_NAMES,
    N_HYPERPARAMETERS,
    OPERATIONS,
    Configuration,
    cellcode_digits,
)
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace

METRIC: Final = "error_pct"
"""The objective, to be minimised (Syne Tune's default): validation error in percent."""
ELAPSED: Final = "elapsed_s"
"""The blackbox's other objective: cumulative seconds from scratch; the backend's results hold what is charged."""
FIDELITY: Final = "epoch"
"""Name of the fidelity, Syne Tune's ``time_attr``."""
MAX_FIDELITY: Final = "max_epoch"
"""Syne Tune's ``max_resource_attr``: in a configuration, it is the epoch at which the training ends."""
SYNE_TUNE: Final = Framework(name="Syne Tune", encoding="categorical", has_several_objectives=True)


def syne_tune_space(
    encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE, *, max_epoch: int | None = None
) -> dict[str, Any]:
    """The joint space as Syne Tune domains by hyperparameter name.

    Args:
        encoding: of learning rate and batch size: ``categorical`` (``choice``), ``ordinal`` (Syne Tune's ordinals of
            kind ``equal``: both grids are powers of two, so ranks are the logarithmic axis) or ``integer`` (``randint``
            over the ranks; Syne Tune rounds whatever else a user gives in ``points_to_evaluate``, which
            :class:`~nhb2_plugins.adapters.syne_tune.backend.SyneTuneCallback` refuses).
        restriction: the part of the space; by default all of it. With ``one_per_class`` the six edges become one
            hyperparameter, ``cell``.
        max_epoch: adds :data:`MAX_FIDELITY` with this value, for schedulers that pause and resume trainings.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    choices = SYNE_TUNE.choices(encoding, restriction)
    space = {name: _domain(encoding, name, values) for name, values in choices.items()}
    return space if max_epoch is None else {**space, MAX_FIDELITY: checked_epoch(max_epoch)}


def syne_tune_configuration(config: Mapping[str, Any], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a trial's ``config``; the way back is :func:`nhb2_plugins.encoding.to_values`.

    Raises:
        InvalidValueError: it is not one of this space, or the encoding is unknown.
    """
    return SYNE_TUNE.configuration({name: each for name, each in config.items() if name != MAX_FIDELITY}, encoding)


class SyneTuneBlackbox(BlackboxTabular):  # type: ignore[misc]  # Syne Tune is untyped
    """The table as Syne Tune's own tabular blackbox: all configurations × seeds × epochs × what is told of them.

    That is the error and elapsed seconds, then the problem's other objectives by name, all to be minimised.

    The numbers are float64, so that they are the benchmark's own: 113 MB for the whole space and three seeds, a quarter
    of that with ``Subspace(one_per_class=True)``. Syne Tune's ``seed`` counts from 0: it is a position in
    ``table_seeds``.

    Attributes:
        problem: what the array holds.
        table_seeds: the table's seeds (or ``"mean"``) along the second axis.
    """

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        seeds: Sequence[Seed] | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Fill the array.

        Args:
            bench: the problem, or a benchmark and a problem's keywords; encodings as :func:`syne_tune_space`. Its epoch
                is the highest fidelity: 1..``epoch``, or 200 alone (another training, with an expected *test* accuracy
                and an estimated cost).
            seeds: the table's seeds; None for the problem's, or without one for all of them.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: an unknown seed, or as :class:`~nhb2_plugins.problem.Problem`.
        """
        problem = SYNE_TUNE.problem(bench, arguments)
        own = problem.bench.seeds if problem.seed is None else (problem.seed,)
        self.problem: Final = problem
        self.table_seeds = tuple(own if seeds is None else seeds)
        epochs = _epochs_up_to(problem.epoch)
        indices = problem.restriction.indices
        super().__init__(
            hyperparameters=_frame_of(problem),
            configuration_space=syne_tune_space(problem.settled_encoding, problem.restriction),
            fidelity_space={FIDELITY: randint(1, epochs[-1])},
            objectives_evaluations=_evaluations(problem, epochs, self.table_seeds),
            fidelity_values=np.array(epochs),
            objectives_names=[METRIC, ELAPSED, *_others(problem)],
        )
        self._indices = indices

    def __reduce__(self) -> tuple[Any, ...]:
        # The benchmark knows where its table is: 113 MB less in every tuner that Syne Tune saves.
        return partial(SyneTuneBlackbox, seeds=self.table_seeds), (self.problem,)

    def _objective_function(
        self, configuration: dict[str, Any] | int, fidelity: dict[str, int] | None = None, seed: int | None = None
    ) -> dict[str, float] | NDArray[np.float64]:
        """Syne Tune's lookup by the configuration's index: its frame takes fifty times as long, and 95 MB."""
        number = 0 if seed is None else seed
        if number not in range(self.num_seeds):
            raise InvalidValueError(f"seed {seed!r} is not a position in the seeds {self.table_seeds}")
        position = self._position_of(configuration) if isinstance(configuration, dict) else configuration
        values: NDArray[np.float64] = self.objectives_evaluations[position, number]
        if fidelity is None:
            return values
        epoch = next(iter(fidelity.values()))
        if epoch not in self.fidelity_map:
            raise InvalidValueError(f"epoch {epoch!r} is not one of {[int(each) for each in self.fidelity_values]}")
        return dict(zip(self.objectives_names, values[self.fidelity_map[epoch]].tolist(), strict=True))

    def _position_of(self, config: Mapping[str, Any]) -> int:
        configuration = syne_tune_configuration(config, self.problem.settled_encoding)
        return int(np.searchsorted(self._indices, self.problem.restriction.checked(configuration).index))


def _epochs_up_to(epoch: int) -> tuple[int, ...]:
    return (LONG_EPOCHS,) if epoch == LONG_EPOCHS else tuple(range(1, epoch + 1))


def _domain(encoding: Encoding, name: str, values: Sequence[Any]) -> Any:
    if name not in ("lr", "batch_size") or encoding == "categorical" or len(values) == 1:
        return choice(list(values))
    if encoding == "integer":
        return randint(values[0], values[-1])
    return ordinal(list(values), kind="equal")


def _frame_of(problem: Problem) -> pd.DataFrame:
    """The hyperparameters of a part's configurations in index order, one row each. Texts are kept once."""
    part, choices = problem.restriction, problem.choices
    rates, sizes = choices["lr"], choices["batch_size"]
    columns: dict[str, NDArray[Any]] = {
        name: np.repeat(values, len(rates) * len(sizes)) for name, values in _cells_of(part).items()
    }
    columns["lr"] = np.tile(np.repeat(rates, len(sizes)), len(part.cellcodes))
    columns["batch_size"] = np.tile(sizes, len(part.cellcodes) * len(rates))
    return pd.DataFrame(columns)


def _cells_of(part: Subspace) -> dict[str, NDArray[Any]]:
    """The hyperparameters of a part's cells: the six edges, or the cell as a whole."""
    if part.needs_whole_cells:
        return {CELL_NAME: np.array(part.cellcodes, dtype=object)}
    operations = np.array(OPERATIONS, dtype=object)[[cellcode_digits(code) for code in part.cellcodes]]
    return dict(zip(EDGE_NAMES, operations.T, strict=True))


def _others(problem: Problem) -> tuple[str, ...]:
    """The objectives that the blackbox would not tell without being asked."""
    return tuple(name for name in problem.objectives if name != METRIC)


def _evaluations(problem: Problem, epochs: Sequence[int], seeds: Sequence[Seed]) -> NDArray[np.float64]:
    indices, others = problem.restriction.indices, _others(problem)
    evaluations = np.empty((len(indices), len(seeds), len(epochs), 2 + len(others)))
    for column, name in enumerate(others, start=2):
        if name != COST_S:
            evaluations[..., column] = cell_sizes(name)[indices // N_HYPERPARAMETERS, np.newaxis, np.newaxis]
    costs = [1, *(column for column, name in enumerate(others, start=2) if name == COST_S)]
    for s, seed in enumerate(seeds):
        for e, epoch in enumerate(epochs):
            accuracy, cost = problem.bench.evaluate_many(indices, epoch, seed=seed)
            evaluations[:, s, e, 0] = error_pct(accuracy)
            evaluations[:, s, e, costs] = cost[:, np.newaxis]
    return evaluations
