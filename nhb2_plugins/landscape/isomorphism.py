"""What isomorphism does to a uniform sampler: 4,096 cellcodes are 1,011 functions, some far likelier than others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nhb2_plugins.arguments import checked_count
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.cells import Cell
from nhb2_plugins.landscape.view import Floats, Integers, View, frame_of, row_sizes
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS

if TYPE_CHECKING:
    import pandas

DRAWS: Final = (2, 10, 30, 100, 300, 1000)
"""Numbers of draws that the frame answers for."""


@dataclass(frozen=True, eq=False)
class UniformSampler:
    """Uniform draws, with replacement, of codes of which several compute the same function.

    Attributes:
        n_codes: number of codes of each function, shape (n_functions,).
    """

    n_codes: Integers

    @property
    def probability(self) -> Floats:
        """Probability of each function, shape (n_functions,)."""
        share: Floats = self.n_codes / self.n_codes.sum()
        return share

    @property
    def collision_probability(self) -> float:
        """Probability that two draws are the same function."""
        return float(self.probability @ self.probability)

    @property
    def effective_number(self) -> float:
        """Number of equally likely functions with the same collision probability (Hill's number of order 2)."""
        return 1 / self.collision_probability

    def expected_distinct(self, n_draws: int) -> float:
        """Expected number of distinct functions among n draws.

        Raises:
            InvalidValueError: not a positive number of draws.
        """
        checked_count("n_draws", n_draws)
        with np.errstate(divide="ignore"):  # one function with all the codes: log(0)
            return float(-np.expm1(n_draws * np.log1p(-self.probability)).sum())

    def probability_of_duplicate(self, n_draws: int) -> float:
        """Probability that some function is among n draws more than once.

        Exact: the chance that all differ is n! times the elementary symmetric polynomial of order n of the
        probabilities. It is built up function by function in terms between 0 and 1.

        Raises:
            InvalidValueError: not a positive number of draws.
        """
        checked_count("n_draws", n_draws)
        if n_draws > len(self.n_codes):
            return 1.0
        all_differ = np.zeros(n_draws + 1)  # k draws, all different, of the functions so far
        all_differ[0] = 1
        count = np.arange(1, n_draws + 1)
        for probability in self.probability.tolist():
            all_differ[1:] += count * probability * all_differ[:-1]
        return float(1 - all_differ[-1])


def cell_sampler(bench: Benchmark) -> UniformSampler:
    """Uniform cellcodes; functions are the table's classes of isomorphic cells."""
    return UniformSampler(np.bincount(_classes(bench)).astype(np.int64))


def configuration_sampler(bench: Benchmark) -> UniformSampler:
    """Uniform configurations: cell, learning rate and batch size."""
    return UniformSampler(row_sizes(bench))


def class_sizes_frame(bench: Benchmark) -> pandas.DataFrame:
    """How many classes have how many codes: ``n_codes``, ``n_classes``, ``share_of_codes``, ``share_of_classes``.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    sizes, counts = np.unique(cell_sampler(bench).n_codes, return_counts=True)
    columns = {
        "n_codes": sizes,
        "n_classes": counts,
        "share_of_codes": sizes * counts / len(CELLCODES),
        "share_of_classes": counts / counts.sum(),
    }
    return frame_of(columns, bench.provenance.label, "classes of isomorphic cells by number of cellcodes")


def likeliest_frame(bench: Benchmark, n: int = 10) -> pandas.DataFrame:
    """The classes that a uniform sampler draws most often, and the chance of each.

    Columns: ``cellcode`` (the class's first), ``n_codes``, ``probability``, ``n_live_edges``, ``params_live``.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    classes = _classes(bench)
    sampler = cell_sampler(bench)
    _, first = np.unique(classes, return_index=True)
    likeliest = np.lexsort((first, -sampler.n_codes))[:n]
    cells = [Cell(CELLCODES[first[each]]) for each in likeliest]
    columns = {
        "cellcode": [cell.cellcode for cell in cells],
        "n_codes": sampler.n_codes[likeliest],
        "probability": sampler.probability[likeliest],
        "n_live_edges": [len(cell.live_edges) for cell in cells],
        "params_live": [cell.params_live for cell in cells],
    }
    return frame_of(columns, bench.provenance.label, "probability of a class under uniform cellcodes")


def draws_frame(bench: Benchmark, draws: Iterable[int] = DRAWS) -> pandas.DataFrame:
    """What n uniform draws repeat.

    Columns: ``n_draws``; ``distinct_cells`` (expected number of distinct functions among n cellcodes) and
    ``duplicate_cells`` (probability of a repeated one); ``distinct_configurations`` and ``duplicate_configurations``,
    the same for whole configurations.

    Raises:
        InvalidValueError: not a positive number of draws.
        MissingExtraError: pandas is not installed.
    """
    numbers = list(draws)
    columns: dict[str, list[float]] = {"n_draws": [*numbers]}
    for what, sampler in (("cells", cell_sampler(bench)), ("configurations", configuration_sampler(bench))):
        columns[f"distinct_{what}"] = [sampler.expected_distinct(n) for n in numbers]
        columns[f"duplicate_{what}"] = [sampler.probability_of_duplicate(n) for n in numbers]
    return frame_of(columns, bench.provenance.label, "uniform draws with replacement")


def sampling_bias_frame(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None
) -> pandas.DataFrame:
    """Uniform codes against uniform functions, under uniform hyperparameters.

    Columns: ``sampler``; ``mean_error_pct`` and ``median_error_pct``; ``best_probability``, of drawing a best function.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
        MissingExtraError: pandas is not installed.
    """
    view = View.of(bench, epoch, split, seed)
    by_sampler = {"uniform cellcodes": view.error_pct, "uniform functions": view.row_error_pct}
    columns = {
        "sampler": list(by_sampler),
        "mean_error_pct": [float(error.mean()) for error in by_sampler.values()],
        "median_error_pct": [float(np.median(error)) for error in by_sampler.values()],
        "best_probability": [float((error == error.min()).mean()) for error in by_sampler.values()],
    }
    return view.frame(columns)


def _classes(bench: Benchmark) -> Integers:
    classes: Integers = bench.rows[::N_HYPERPARAMETERS] // N_HYPERPARAMETERS
    return classes
