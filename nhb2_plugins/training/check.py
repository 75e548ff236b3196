"""A table against training: a stratified sample of its configurations is trained, and the numbers are compared.

Published values are reproduced within noise at best (another GPU, other versions, other random numbers). What noise
would give is taken from the table itself: how much its own seeds differ on the same sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import MEAN, Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.rank_correlation import kendall_tau_b
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How two columns of errors agree.

    Attributes:
        mean_difference_pp: mean of the second less the first, in percentage points.
        rmse_pp: root of the mean squared difference.
        tau: Kendall's tau-b.
    """

    mean_difference_pp: float
    rmse_pp: float
    tau: float

    @classmethod
    def of(cls, first: _Floats, second: _Floats) -> Agreement:
        """Of two arrays of errors in percent, shape (n,)."""
        difference = second - first
        return cls(
            float(difference.mean()), float(np.sqrt((difference**2).mean())), float(kendall_tau_b(first, second))
        )


@dataclass(frozen=True)
class TableCheck:
    """The outcome of a check.

    Attributes:
        configurations: what was trained, from the table's best stratum to its worst.
        table_error_pct: the table's validation errors under the seed,
        trained_error_pct: and the trained ones.
        found: how they agree.
        expected: how the table's seeds agree with each other on the same sample, mean over pairs (the difference is its
            standard error around 0); None where the table has one seed.
        cost_ratio: median of trained over recorded seconds.
    """

    configurations: tuple[Configuration, ...]
    table_error_pct: tuple[float, ...]
    trained_error_pct: tuple[float, ...]
    found: Agreement
    expected: Agreement | None
    cost_ratio: float


def stratified_sample(bench: Benchmark, n: int, *, epoch: int = 12, seed: int = 0) -> tuple[Configuration, ...]:
    """One configuration of each of n equal parts of the table in order of its mean error, drawn by the seed.

    Raises:
        InvalidValueError: n is not in 2..196608.
    """
    if not 2 <= n <= N_CONFIGURATIONS:
        raise InvalidValueError(f"a sample of {n} configurations is not one of 2..{N_CONFIGURATIONS}")
    accuracies, _ = bench.evaluate_many(np.arange(N_CONFIGURATIONS), epoch, seed=MEAN)
    order = np.argsort(-accuracies, kind="stable")
    rng = np.random.default_rng(seed)
    return tuple(Configuration.from_index(rng.choice(part)) for part in np.array_split(order, n))


def check_table(
    bench: Benchmark,
    trained: Benchmark,
    configurations: tuple[Configuration, ...],
    *,
    epoch: int = 12,
    seed: int | None = None,
    on_result: Callable[[Configuration, float, float], None] | None = None,
) -> TableCheck:
    """Train configurations and compare.

    Args:
        bench: the table.
        trained: a :class:`nhb2_plugins.training.trained.TrainedBenchmark`.
        configurations: what to train, at least two.
        epoch: 1..12.
        seed: to train with, one that both have; None for the table's first.
        on_result: told each configuration, the table's error and the trained one.
    """
    own_seed = bench.checked_seed(seed)
    errors, costs = [], []
    for configuration in configurations:
        looked_up = bench.evaluate(configuration, epoch, "valid", own_seed)
        measured = trained.evaluate(configuration, epoch, "valid", own_seed)
        errors.append((looked_up.error_pct, measured.error_pct))
        costs.append(measured.cost_s / looked_up.cost_s)
        if on_result is not None:
            on_result(configuration, *errors[-1])
    of_table, of_training = np.array(errors).T
    return TableCheck(
        configurations,
        tuple(of_table.tolist()),
        tuple(of_training.tolist()),
        Agreement.of(of_table, of_training),
        _seed_agreement(bench, configurations, epoch),
        float(np.median(costs)),
    )


def _seed_agreement(bench: Benchmark, configurations: tuple[Configuration, ...], epoch: int) -> Agreement | None:
    indices = np.array([configuration.index for configuration in configurations])
    errors = [100 - bench.evaluate_many(indices, epoch, "valid", seed)[0] for seed in bench.seeds]
    pairs = [Agreement.of(first, second) for first, second in combinations(errors, 2)]
    if not pairs:
        return None
    rmse = float(np.sqrt(np.mean([pair.rmse_pp**2 for pair in pairs])))
    return Agreement(rmse / len(indices) ** 0.5, rmse, float(np.mean([pair.tau for pair in pairs])))
