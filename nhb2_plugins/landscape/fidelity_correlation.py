"""How far a cheap fidelity orders configurations as an expensive one does: rank correlation of every pair of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES
from nhb2_plugins.landscape.optima import views_by_epoch
from nhb2_plugins.landscape.rank_correlation import levels, tau_b_of_levels
from nhb2_plugins.landscape.view import Floats, Integers, Measured, row_sizes

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class FidelityCorrelation(Measured):
    """Kendall's tau-b between every two epochs. Made by :func:`fidelity_correlation`.

    Attributes:
        epochs: 1..12 and 200.
        tau_b: symmetric, shape (13, 13); the diagonal is 1. NaN where one of the two is constant.
        n_configurations: number of configurations that a pair's correlation is over, shape (13, 13).
        best_share: None for the whole space; else the share of the best, at the later epoch of each pair.
    """

    epochs: tuple[int, ...]
    tau_b: Floats
    n_configurations: Integers
    best_share: float | None

    def to_frame(self) -> pandas.DataFrame:
        """The matrix: column ``epoch``, then a column ``epoch_1`` … ``epoch_200``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        columns = {f"epoch_{epoch}": self.tau_b[:, i] for i, epoch in enumerate(self.epochs)}
        return self.frame({"epoch": self.epochs, **columns})


def fidelity_correlation(
    bench: Benchmark, split: str | None = None, seed: Seed | None = None, *, best_share: float | None = None
) -> FidelityCorrelation:
    """Kendall's tau-b between all pairs of epochs 1..12 and 200: exact over all configurations, ties by its definition.

    (1 − tau-b) / 2 is, without ties, the probability that the two epochs order two random configurations differently.
    Isomorphic configurations tie everywhere. At 200 epochs the value is the expected test accuracy, whatever the split.

    Args:
        bench: the benchmark.
        split: of epochs 1..12.
        seed: as :meth:`Benchmark.evaluate`.
        best_share: for example 0.1 looks only at the best decile at the *later* epoch of each pair, which is what a
            search must tell apart; configurations that tie with the last of them belong to it.

    Raises:
        InvalidValueError: a share outside (0, 1]; otherwise as :meth:`Benchmark.evaluate`.
    """
    if best_share is not None and not 0 < best_share <= 1:
        raise InvalidValueError(f"best_share {best_share!r} is not in (0, 1]")
    views = views_by_epoch(bench, split, seed)
    sizes = row_sizes(bench)
    by_epoch = [levels(view.row_error_pct) for view in views]
    n = len(FIDELITIES)
    tau_b, counts = np.eye(n), np.zeros((n, n), dtype=np.int64)
    for later in range(n):
        kept = _best(by_epoch[later], sizes, best_share)
        weights, target = sizes[kept], levels(by_epoch[later][kept])
        counts[later, : later + 1] = counts[: later + 1, later] = weights.sum()
        for earlier in range(later):
            tau_b[earlier, later] = tau_b[later, earlier] = tau_b_of_levels(
                levels(by_epoch[earlier][kept]), target, weights
            )
    among = "" if best_share is None else f"; among the best {100 * best_share:g} % at the later epoch"
    first = views[0]
    measure = f"Kendall's tau-b of {first.split_name} errors, {first.of_seed}; expected test error at 200 epochs{among}"
    return FidelityCorrelation(FIDELITIES, tau_b, counts, best_share, table=first.table, measure=measure)


def _best(level: Integers, sizes: Integers, share: float | None) -> Integers:
    """Rows of the best share of configurations, ties with the last of them included."""
    if share is None:
        return np.arange(len(level))
    n_at_most = np.cumsum(np.bincount(level, weights=sizes))
    last = int(np.searchsorted(n_at_most, share * n_at_most[-1] * (1 - 1e-12)))
    return np.flatnonzero(level <= last)
