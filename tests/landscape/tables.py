"""Small or coarse tables whose landscape can be worked out one configuration after another."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.landscape.catalogue import ANALYSES, Request, Section
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_CHOICES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.writer import table_in_memory
from tests.support.published_format import SEEDS, generated_table


def sections_of(name: str, request: Request) -> list[Section]:
    """The frames that answer a request to an analysis."""
    sections: list[Section] = ANALYSES[name].sections(ANALYSES[name].answer(request))
    return sections


@lru_cache(maxsize=1)
def coarse_benchmark() -> Benchmark:
    """The published classes; smooth in the hyperparameters, rough in the cells, in steps of half a percent and never
    above 79 %: many ties, at the top as well.

    One class, the largest, has the same error everywhere, as networks that do not learn have.
    """
    table = generated_table(random_seed=11)
    rng = np.random.default_rng(12)
    n_classes, n_pairs = table.n_classes, len(LEARNING_RATES) * len(BATCH_SIZES)
    lr, batch = np.divmod(np.arange(n_pairs), len(BATCH_SIZES))
    for name, column in table.columns.items():
        if name.endswith("_acc"):
            cell = rng.gamma(4, 5, (*column.shape[:2], n_classes, 1))
            of_pair = 2.0 * np.abs(lr - batch - rng.integers(0, 3, (*column.shape[:2], n_classes, 1)))
            accuracy = 86 - cell - of_pair - rng.normal(0, 1, (*column.shape[:2], n_classes, n_pairs))
            accuracy[:, :, int(np.bincount(table.columns["class_of_cell"]).argmax())] = 10
            table.columns[name] = np.minimum(np.round(2 * accuracy).reshape(column.shape) / 2, 79)
    provenance = Provenance(kind="surrogate", source="generated for tests", created="2026-01-01", seeds=SEEDS)
    return Benchmark(table_in_memory(table.columns, provenance))


def neighbours(index: int) -> list[int]:
    """The 30 configurations that differ in one coordinate, by their choices."""
    choices = Configuration.from_index(index).choices
    return [
        Configuration.from_choices((*choices[:axis], other, *choices[axis + 1 :])).index
        for axis, n in enumerate(N_CHOICES)
        for other in range(n)
        if other != choices[axis]
    ]


def neighbour_matrix() -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The 30 neighbours of every configuration by digits of the index in mixed radix, shape (196608, 30)."""
    strides = [math.prod(N_CHOICES[axis + 1 :]) for axis in range(len(N_CHOICES))]
    index = np.arange(N_CONFIGURATIONS)
    columns = []
    for stride, n in zip(strides, N_CHOICES, strict=True):
        digit = index // stride % n
        columns += [index + ((digit + shift) % n - digit) * stride for shift in range(1, n)]
    matrix = np.stack(columns, axis=1)
    assert sorted(matrix[123_456].tolist()) == sorted(neighbours(123_456))
    return matrix
