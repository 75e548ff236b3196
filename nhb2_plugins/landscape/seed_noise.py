"""Seed noise: how far repetitions of one configuration spread, and what that does to the winner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import MEAN, Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import ranks
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.landscape.rank_correlation import dominated_weight, kendall_tau_b
from nhb2_plugins.landscape.view import Floats, Integers, Measured, View, configuration_columns, row_sizes
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_CELLCODES, N_CONFIGURATIONS

if TYPE_CHECKING:
    import pandas

DRAWS: Final = (10, 100, 1000, 10_000)
"""Lengths of random search for which the chance of another winner is given."""
_BEST_SHARE: Final = 0.1


@dataclass(frozen=True, eq=False)
class SeedNoise(Measured):
    """Errors of every row under every seed. Made by :func:`seed_noise`.

    Attributes:
        bench: the benchmark.
        views: a view for each of the table's seeds, in their order.
        row_size: number of configurations of each row, shape (n_rows,).
    """

    bench: Benchmark
    views: tuple[View, ...]
    row_size: Integers

    @property
    def row_deviation_pct(self) -> Floats:
        """Standard deviation over seeds (n − 1 in the denominator) of each row, in percentage points, (n_rows,)."""
        deviation: Floats = np.std([view.row_error_pct for view in self.views], axis=0, ddof=1)
        return deviation

    @property
    def noise_share(self) -> float:
        """Share of the variance over configurations and seeds that lies between seeds of one configuration.

        NaN where nothing varies.
        """
        errors = np.stack([view.error_pct for view in self.views])
        total = errors.var()
        return float(errors.var(axis=0).mean() / total) if total > 0 else float("nan")

    def to_frame(self) -> pandas.DataFrame:
        """The spread in a few numbers, over configurations; one row each: ``quantity`` and ``value``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        deviation = np.take(self.row_deviation_pct, self.bench.rows)
        values = {
            "mean standard deviation over seeds (percentage points)": float(deviation.mean()),
            "median standard deviation over seeds (percentage points)": float(np.median(deviation)),
            "largest standard deviation over seeds (percentage points)": float(deviation.max()),
            "share of the variance between seeds of one configuration": self.noise_share,
        }
        return self.frame({"quantity": list(values), "value": list(values.values())})

    def regions_frame(self) -> pandas.DataFrame:
        """The spread by learning rate and batch size, over the 4,096 cells of each; one row a pair.

        Columns: ``lr``, ``batch_size``; ``mean_deviation_pct``, ``median_deviation_pct`` and ``max_deviation_pct`` (of
        the standard deviations over seeds, in percentage points); ``mean_error_pct``, over cells and seeds.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        deviation = np.take(self.row_deviation_pct, self.bench.rows).reshape(N_CELLCODES, -1)
        error = np.mean([view.error_by_cell for view in self.views], axis=0)
        columns = {
            "lr": np.repeat(LEARNING_RATES, len(BATCH_SIZES)),
            "batch_size": np.tile(BATCH_SIZES, len(LEARNING_RATES)),
            "mean_deviation_pct": deviation.mean(axis=0),
            "median_deviation_pct": np.median(deviation, axis=0),
            "max_deviation_pct": deviation.max(axis=0),
            "mean_error_pct": error.mean(axis=0),
        }
        return self.frame(columns)

    def winners_frame(self) -> pandas.DataFrame:
        """Each seed's best configuration, judged by every seed and by the mean over seeds.

        Columns: ``winner_of`` and ``judged_by`` (seeds), ``cellcode``, ``lr``, ``batch_size``, ``error_pct``, ``rank``
        (among the 196,608; equals share the best of their ranks) and ``regret_pct`` under the judging seed.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        epoch, split = self.views[0].epoch, self.views[0].split
        mean = View.of(self.bench, epoch, split, MEAN)
        winners = np.array([int(np.argmin(view.error_pct)) for view in self.views], dtype=np.int64)
        judges = (*self.views, mean)
        rank_by_judge = [ranks(self.bench, epoch, split, judge.seed) for judge in judges]
        n = len(judges)
        columns = {
            "winner_of": [str(view.seed) for view in self.views for _ in judges],
            "judged_by": [str(judge.seed) for judge in judges] * len(winners),
            **configuration_columns(np.repeat(winners, n)),
            "error_pct": [judge.error_pct[winner] for winner in winners for judge in judges],
            "rank": [int(rank[winner]) for winner in winners for rank in rank_by_judge],
            "regret_pct": [judge.error_pct[winner] - judge.error_pct.min() for winner in winners for judge in judges],
        }
        return self.frame(columns)

    def agreement_frame(self, draws: Iterable[int] = DRAWS) -> pandas.DataFrame:
        """How far two seeds agree; one row a pair of seeds.

        Columns: ``first``, ``second`` (seeds); ``tau_b`` (Kendall's, over all configurations) and ``tau_b_best`` (among
        those in the best decile of either); ``winner_changes_{n}``, the probability that the best of n uniform draws
        under one seed is not, strictly, the best of the same draws under the other.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        numbers = tuple(draws)
        pairs = list(combinations(self.views, 2))
        columns: dict[str, list[object]] = {
            "first": [first.seed for first, _ in pairs],
            "second": [second.seed for _, second in pairs],
            "tau_b": [kendall_tau_b(a.row_error_pct, b.row_error_pct, self.row_size) for a, b in pairs],
            "tau_b_best": [self._tau_b_best(a.row_error_pct, b.row_error_pct) for a, b in pairs],
        }
        changes = [
            winner_changes(first.row_error_pct, second.row_error_pct, self.row_size, numbers) for first, second in pairs
        ]
        for position, n in enumerate(numbers):
            columns[f"winner_changes_{n}"] = [float(each[position]) for each in changes]
        return self.frame(columns)

    def _tau_b_best(self, first: Floats, second: Floats) -> float:
        best = _best_decile(first, self.row_size) | _best_decile(second, self.row_size)
        return kendall_tau_b(first[best], second[best], self.row_size[best])


def seed_noise(bench: Benchmark, epoch: int = 12, split: str | None = None) -> SeedNoise:
    """The spread over the table's seeds.

    Raises:
        InvalidValueError: 200 epochs, which has no seeds; a table with one seed; otherwise as
            :meth:`Benchmark.evaluate`.
    """
    views = tuple(View.of(bench, epoch, split, seed) for seed in bench.seeds)
    if views[0].epoch == LONG_EPOCHS:
        raise InvalidValueError(f"epoch {epoch!r} has no seeds: the value there is an expected test accuracy")
    if len(views) == 1:
        raise InvalidValueError(f"the {bench.provenance.label} has one seed, {bench.seeds[0]}: there is no spread")
    measure = f"{views[0].what}, seeds {', '.join(map(str, bench.seeds))}"
    return SeedNoise(bench, views, row_sizes(bench), table=views[0].table, measure=measure)


def winner_changes(first: Floats, second: Floats, row_size: Integers, draws: Iterable[int]) -> Floats:
    """For each n, the probability that no function is strictly the best of n draws under both of two seeds.

    Draws are uniform, with replacement; repeated or isomorphic draws are one function. A function wins both when it is
    drawn and every other draw is strictly worse under both, so the chance of that is ((d + w)^n − d^n) / N^n, of its
    own w configurations and the d that are worse twice.

    Args:
        first: error of each row under one seed, shape (n_rows,).
        second: under the other.
        row_size: number of configurations of each row.
        draws: numbers of draws.
    """
    worse_twice = dominated_weight(-first, -second, row_size)
    n_configurations = row_size.sum()
    share = worse_twice / n_configurations
    share_or_own = (worse_twice + row_size) / n_configurations
    return np.array([1 - float((share_or_own**n - share**n).sum()) for n in draws])


def _best_decile(error: Floats, row_size: Integers) -> NDArray[np.bool_]:
    """The rows of the best tenth of configurations, ties with the last of them included."""
    order = np.argsort(error, kind="stable")
    last = int(np.searchsorted(np.cumsum(row_size[order]), _BEST_SHARE * N_CONFIGURATIONS))
    inside: NDArray[np.bool_] = error <= error[order[last]]
    return inside
