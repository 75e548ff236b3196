"""Where configurations stand among all of them: ranks, regrets, and the report of a search's final one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.exact.levels import Floats, Integers, Levels
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import Configuration


def ranks(bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> Integers:
    """The rank of every configuration, int64 of shape (196608,), in index order; 1 is the best.

    Standard competition ranking ("1224"): a rank is one more than the number of configurations that are strictly
    better, so equals share the best of their ranks. Isomorphic cells are always equal. Values are equal when they are
    equal as stored.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    levels = Levels.of(bench, bench.by_row(epoch, split, seed))
    n_better = levels.n_at_most - levels.n_at
    rank_of_row = (n_better + 1)[levels.level_of_row]
    return np.take(rank_of_row, bench.rows)


def regrets(bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> Floats:
    """How far every configuration is behind the best, in percentage points, shape (196608,), in index order.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    accuracy = bench.by_row(epoch, split, seed).accuracy_pct
    return np.take(accuracy.max() - accuracy, bench.rows)


class MeasuredAccuracy(NamedTuple):
    """An accuracy beside the best that the table holds under the same epoch, split and seed, both in percent."""

    accuracy_pct: float
    optimum_accuracy_pct: float

    @property
    def error_pct(self) -> float:
        """100 − accuracy, in percent."""
        return error_pct(self.accuracy_pct)

    @property
    def regret_pct(self) -> float:
        """Percentage points behind the best."""
        return self.optimum_accuracy_pct - self.accuracy_pct


class FinalReport(NamedTuple):
    """What is reported of a search's final configuration.

    Attributes:
        valid_12: validation accuracy after 12 epochs; what searches see.
        test_12: test accuracy after 12 epochs.
        expected_test_200: expected test accuracy after 200 epochs (predicted by the authors' surrogate; no seed).
    """

    valid_12: MeasuredAccuracy
    test_12: MeasuredAccuracy
    expected_test_200: MeasuredAccuracy


def final_report(bench: Benchmark, configuration: Configuration, seed: Seed | None = None) -> FinalReport:
    """Look up a search's final configuration: after the search, since searches must not see test accuracies.

    Raises:
        InvalidValueError: not a configuration, or a seed that the table does not have.
    """

    def measured(epoch: int, split: str) -> MeasuredAccuracy:
        accuracy = bench.evaluate(configuration, epoch, split, seed).accuracy_pct
        return MeasuredAccuracy(accuracy, bench.oracle(epoch, split, seed)[1])

    return FinalReport(
        measured(SCHEDULE_EPOCHS, "valid"), measured(SCHEDULE_EPOCHS, "test"), measured(LONG_EPOCHS, "test")
    )
