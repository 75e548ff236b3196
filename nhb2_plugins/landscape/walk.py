"""How rugged the landscape is: the autocorrelation of random walks of one-coordinate changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.landscape.anova import decompose
from nhb2_plugins.landscape.neighbourhood import N_NEIGHBOURS
from nhb2_plugins.landscape.view import Floats, Measured, View
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CHOICES

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class WalkAutocorrelation(Measured):
    """Correlation along an infinite random walk. Made by :func:`walk_autocorrelation`.

    Attributes:
        correlation: at lags 0, 1, …, shape (n_lags + 1,); NaN for a constant landscape.
        by_coordinate: correlation of two neighbours that differ in one given coordinate, by its name.
    """

    correlation: Floats
    by_coordinate: dict[str, float]

    @property
    def correlation_length(self) -> float:
        """−1 / ln abs(correlation at lag 1), in steps (Stadler 1996)."""
        first = abs(float(self.correlation[1]))
        return -1 / math.log(first) if 0 < first < 1 else math.nan

    def to_frame(self) -> pandas.DataFrame:
        """``change`` (``any, lag k``, or one coordinate's name) and ``correlation``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        lags = {f"any, lag {lag}": float(self.correlation[lag]) for lag in range(1, len(self.correlation))}
        values = {**lags, **self.by_coordinate}
        return self.frame({"change": list(values), "correlation": list(values.values())})


def walk_autocorrelation(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None, *, n_lags: int = 10
) -> WalkAutocorrelation:
    """The autocorrelation of errors along a walk that changes one uniformly drawn coordinate at a time.

    Exact, at every lag: a step goes to each of the 30 neighbours with equal probability, and the components of the
    functional ANOVA are eigenvectors of the step. A component of the coordinates S has the eigenvalue
    (Σ_{i∉S} (n_i − 1) − #S) / 30, and the walk is uniform in the long run, so the correlation at lag k is the sum over
    S of S's share of the variance times its eigenvalue^k. At lag 1 it is the correlation over all pairs of neighbours.

    Source: Weinberger, "Correlated and uncorrelated fitness landscapes and how to tell the difference", Biol. Cybern.
    63 (1990); Stadler, "Landscapes and their correlation functions", J. Math. Chem. 20 (1996).

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    view = View.of(bench, epoch, split, seed)
    component = decompose(view.error_by_coordinate, HYPERPARAMETER_NAMES).component
    members = np.arange(len(component))[:, np.newaxis] >> np.arange(len(N_CHOICES)) & 1
    others = np.array(N_CHOICES) - 1
    eigenvalue = ((1 - members) @ others - members.sum(axis=1)) / N_NEIGHBOURS
    if component.any():
        correlation = component @ eigenvalue[:, np.newaxis] ** np.arange(n_lags + 1)
    else:
        correlation = np.full(n_lags + 1, math.nan)
    # A change of one coordinate i keeps the components without i and turns one with i into −1/(n_i − 1) of itself.
    along = component @ np.where(members == 1, -1 / others, 1.0)
    by_coordinate = {name: float(value) for name, value in zip(HYPERPARAMETER_NAMES, along, strict=True)}
    return WalkAutocorrelation(correlation, by_coordinate, table=view.table, measure=view.measure)
