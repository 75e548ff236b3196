"""The exact Pareto front of two or three objectives: of the whole table, or of a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nhb2_plugins.benchmark import Benchmark, RowAnswers, Seed
from nhb2_plugins.cells import Cell
from nhb2_plugins.exact.levels import Floats, Integers
from nhb2_plugins.exact.quality import moocore
from nhb2_plugins.metric import error_pct
from nhb2_plugins.objectives import COST_S, ERROR_PCT, checked_front_objectives
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What the configurations of a part of the space come to; isomorphic cells are one outcome where they are alike.

    Attributes:
        objectives: names, in the order of the columns.
        values: shape (n, n_objectives), all to be minimised.
        indices: the first configuration of each outcome, shape (n,).
        n_configurations: how many have it, shape (n,).
    """

    objectives: tuple[str, ...]
    values: Floats
    indices: Integers
    n_configurations: Integers

    @classmethod
    def of(
        cls,
        bench: Benchmark,
        answers: RowAnswers,
        objectives: Sequence[str],
        restriction: Subspace = WHOLE_SPACE,
    ) -> Outcomes:
        """The outcomes of a table's answers at one epoch, split and seed.

        Raises:
            InvalidValueError: other than two or three different objectives, or not a restriction.
        """
        names = checked_front_objectives(objectives)
        sizes = [name for name in names if name not in (ERROR_PCT, COST_S)]
        indices, counts = _alike(bench, sizes, checked_restriction(restriction))
        rows, codes = bench.rows[indices], indices // N_HYPERPARAMETERS
        seen = {ERROR_PCT: error_pct(answers.accuracy_pct)[rows], COST_S: answers.cost_s[rows]}
        columns = seen | {name: cell_sizes(name)[codes] for name in sizes}
        return cls(names, np.column_stack([columns[name] for name in names]), indices, counts)


def _alike(bench: Benchmark, sizes: Sequence[str], part: Subspace) -> tuple[Integers, Integers]:
    """The first configuration of each row of the table and size of its network, and how many there are in the part."""
    class_of_code = bench.rows[::N_HYPERPARAMETERS]
    labels = np.column_stack([class_of_code, *map(cell_sizes, sizes)])
    _, group_of_code = np.unique(labels, axis=0, return_inverse=True)
    codes, hyperparameters = np.divmod(part.indices, N_HYPERPARAMETERS)
    outcome = group_of_code[codes] * N_HYPERPARAMETERS + hyperparameters
    first = np.full(outcome.max() + 1, -1, dtype=np.int64)
    first[outcome[::-1]] = part.indices[::-1]  # of several the first stays
    present = np.flatnonzero(first >= 0)
    return first[present], np.bincount(outcome)[present]


@lru_cache
def cell_sizes(name: str) -> Floats:
    """An objective that is of the cell alone (``params_live``, …), of each cellcode, shape (4096,)."""
    return np.array([float(getattr(Cell(code), name)) for code in CELLCODES])


@dataclass(frozen=True, eq=False)
class Front:
    """The outcomes that no other dominates, by the first objective, ascending. Made by :func:`exact_front`.

    An outcome dominates another when it is at most as large in every objective and smaller in one.

    Attributes:
        objectives: names, in the order of the columns.
        values: shape (n, n_objectives).
        indices: the first configuration that has these values, shape (n,).
        n_configurations: how many have exactly these values, shape (n,).
    """

    objectives: tuple[str, ...]
    values: Floats
    indices: Integers
    n_configurations: Integers

    @property
    def ideal(self) -> tuple[float, ...]:
        """The smallest value of each objective on the front."""
        return tuple(self.values.min(axis=0).tolist())

    @property
    def nadir(self) -> tuple[float, ...]:
        """The largest value of each objective on the front: the reference point where no other is named."""
        return tuple(self.values.max(axis=0).tolist())


def exact_front(
    bench: Benchmark,
    objectives: Sequence[str] = (ERROR_PCT, COST_S),
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    *,
    restriction: Subspace = WHOLE_SPACE,
) -> Front:
    """The front of a table, or of a part of it, at one epoch, split and seed.

    Args:
        bench: the benchmark.
        objectives: two or three names out of :data:`nhb2_plugins.objectives.OBJECTIVES`.
        epoch: as :meth:`Benchmark.evaluate`.
        split: as :meth:`Benchmark.evaluate`.
        seed: as :meth:`Benchmark.evaluate`.
        restriction: the part of the space; by default all of it.

    Raises:
        InvalidValueError: other than two or three different objectives, or as :meth:`Benchmark.evaluate`.
        MissingExtraError: three objectives, and moocore is not installed.
    """
    outcomes = Outcomes.of(bench, bench.by_row(epoch, split, seed), objectives, restriction)
    front = front_positions(outcomes.values)
    values = outcomes.values[front]
    equal = [(outcomes.values == each).all(axis=1) for each in values]
    return Front(
        outcomes.objectives,
        values,
        np.array([outcomes.indices[each].min() for each in equal]),
        np.array([outcomes.n_configurations[each].sum() for each in equal]),
    )


def front_positions(values: Floats) -> Integers:
    """Positions of the points that no other dominates, by the first objective, ascending; of equal points the first.

    Args:
        values: shape (n, n_objectives), all to be minimised.

    Raises:
        MissingExtraError: more than two objectives, and moocore is not installed.
    """
    if values.shape[1] > 2:
        kept: Integers = np.flatnonzero(moocore().is_nondominated(np.ascontiguousarray(values)))
        ordered: Integers = kept[np.lexsort(values[kept].T[::-1])]
        return ordered
    first, second = values.T
    order = np.argsort(first, kind="stable")
    candidates = order[second[order] <= np.minimum.accumulate(second[order])]
    order = candidates[np.lexsort((candidates, second[candidates], first[candidates]))]
    best_before = np.concatenate([[np.inf], np.minimum.accumulate(second[order])[:-1]])
    front: Integers = order[second[order] < best_before]
    return front
