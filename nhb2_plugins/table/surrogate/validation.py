"""What a surrogate is worth on records that it has not seen: order, distance, coverage, and ranks among draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.table.surrogate.model import LogModel, Prediction

Float = NDArray[np.float64]
Integer = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Figures of some records.

    Attributes:
        n: how many records.
        tau: Kendall's tau-b between true and predicted values.
        absolute_error: mean absolute error in the quantity's unit (points or seconds).
        relative_error: median of |predicted / true − 1|.
        coverage_50: share of records inside their 50 % interval.
        coverage_90: the same of the 90 % interval.
    """

    n: int
    tau: float
    absolute_error: float
    relative_error: float
    coverage_50: float
    coverage_90: float


def score(truth: Float, prediction: Prediction, chosen: NDArray[np.bool_] | None = None) -> Scores:
    """The figures of all records, or of those that are chosen."""
    from scipy.stats import kendalltau

    if chosen is not None:
        truth, prediction = truth[chosen], prediction.take(chosen)
    off = prediction.value - truth
    return Scores(
        len(truth),
        float(kendalltau(truth, prediction.value).statistic),
        float(np.abs(off).mean()),
        float(np.median(np.abs(off / truth))),
        *(_coverage(truth, prediction, nominal) for nominal in (0.5, 0.9)),
    )


def _coverage(truth: Float, prediction: Prediction, nominal: float) -> float:
    low, high = prediction.interval(nominal)
    return float(((low <= truth) & (truth <= high)).mean())


def score_by_region(truth: Float, prediction: Prediction, edges: Sequence[float]) -> list[Scores]:
    """The figures where the *predicted* value is below the first edge, between it and the second, …"""
    region = np.searchsorted(np.array(edges), prediction.value, side="right")
    return [
        score(truth, prediction, region == number) for number in range(len(edges) + 1) if (region == number).sum() > 1
    ]


def ranks_among_draws(
    truth: Float, draw: Callable[[np.random.Generator], Float], n_draws: int, seed: int = 0
) -> Integer:
    """How many of ``n_draws`` draws lie below each true value, (n,): uniform over 0 … n_draws when the draws are right.

    Args:
        truth: true values (n,).
        draw: from a generator to a draw of what the records could have been, (n,).
        n_draws: how many.
        seed: of the generator.
    """
    generator = np.random.Generator(np.random.Philox(key=seed))
    ranks = np.zeros(len(truth), dtype=np.int64)
    for _ in range(n_draws):
        ranks += draw(generator) < truth
    return ranks


def uniformity(ranks: Integer, n_draws: int, n_bins: int = 7, *, groups: Integer | None = None) -> float:
    """p-value of a chi-squared test that ranks among ``n_draws`` draws are uniform.

    ``n_draws`` + 1 should be a multiple of the number of bins.

    Args:
        ranks: (n,).
        n_draws: among how many draws.
        n_bins: of the test.
        groups: number of each rank's group, (n,), where ranks of one group are not independent; the statistic is then
            divided by how much more its counts vary than those of independent ranks (Rao and Scott, Annals of
            Statistics 1984, to first order), if they do.
    """
    from scipy.stats import chi2

    bins = ranks * n_bins // (n_draws + 1)
    off = np.eye(n_bins)[bins] - 1.0 / n_bins
    statistic = float((off.sum(axis=0) ** 2).sum() * n_bins / len(ranks))
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        by_group = np.zeros((group.max() + 1, n_bins))
        np.add.at(by_group, group, off)
        statistic /= max(float((by_group**2).sum() / (off**2).sum()), 1.0)
    return float(chi2.sf(statistic, n_bins - 1))


def draw_records(model: LogModel, rows: Integer, generator: np.random.Generator) -> Float:
    """What records at rows could be in one draw: the function, and noise of the shape that was found."""
    noise = model.process.noise[rows] * model.shape.sample(model.row_regions[rows], generator)
    return model.structure.scale.inverse(model.draw(generator)[rows] + noise)
