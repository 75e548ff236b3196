"""Benchmarks for tests of adapters and optimizers: full size, generated, in memory; and one with a planted bug."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import N_HYPERPARAMETERS, Configuration
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS, Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.writer import table_in_memory

SEEDS: Final = (222, 555, 888)
_IMAGES: Final = {"train": 25_000, "valid": 25_000, "test": 10_000}


def generated_columns(
    random_seed: int, class_of_cell: Sequence[int] | None = None, seeds: Sequence[int] = SEEDS
) -> dict[str, NDArray[Any]]:
    """Random values of the published form, as :func:`nhb2_plugins.table.schema.column_shapes` says.

    Args:
        random_seed: of the values.
        class_of_cell: the isomorphism class of each cellcode, in index order; the published partition by default.
        seeds: the table's training seeds.
    """
    rng = np.random.default_rng(random_seed)
    classes = np.array(isomorphism_classes() if class_of_cell is None else class_of_cell, dtype=np.int64)
    n_rows = (int(classes.max()) + 1) * N_HYPERPARAMETERS
    shape = (SCHEDULE_EPOCHS, len(seeds), n_rows)
    columns: dict[str, NDArray[Any]] = {}
    for split in SPLITS:
        correct = rng.integers(_IMAGES[split] // 10, _IMAGES[split], shape)
        columns[f"{split}_acc"] = correct / _IMAGES[split] * 100
        columns[f"{split}_time"] = rng.integers(100, 60_000, shape) / 1000
    times = {split: columns[f"{split}_time"].sum(axis=0) for split in SPLITS}  # numpy's order, not Python's
    columns |= dict(zip(TOTALS, (times["train"], times["train"] + times["valid"], times["test"]), strict=True))
    columns[EXPECTED_ACC_200] = rng.uniform(10, 95, n_rows)
    columns[CLASS_OF_CELL] = classes
    return columns


@lru_cache(maxsize=2)
def generated_benchmark(random_seed: int = 0) -> Benchmark:
    """Random values on the 1,011 isomorphism classes: nothing to learn, everything to compare."""
    provenance = Provenance(kind="surrogate", source="generated for tests", created="2026-01-01", seeds=SEEDS)
    return Benchmark(table_in_memory(generated_columns(random_seed), provenance))


class PlantedError(Exception):
    """No framework and no library raises this."""


class FailingBenchmark(Benchmark):
    """Answers ``n_good`` evaluations, then raises ``planted``, always the same object."""

    def __init__(self, table: Table, n_good: int = 0) -> None:
        super().__init__(table)
        self.n_good = n_good
        self.n_asked = 0
        self.planted = PlantedError(f"planted after {n_good} evaluations")

    def evaluate(
        self, configuration: Configuration, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> Observation:
        """As :meth:`Benchmark.evaluate`, ``n_good`` times."""
        self.n_asked += 1
        if self.n_asked > self.n_good:
            raise self.planted
        return super().evaluate(configuration, epoch, split, seed)

    def __reduce__(self) -> tuple[Any, ...]:
        return FailingBenchmark, (self.table, self.n_good)
