"""Benchmarks for tests of adapters and optimizers: full size, generated, in memory; and one with a planted bug."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.writer import table_in_memory
from tests.support.published_format import SEEDS, generated_table


@lru_cache(maxsize=2)
def generated_benchmark(random_seed: int = 0) -> Benchmark:
    """Random values on the 1,011 isomorphism classes: nothing to learn, everything to compare."""
    table = generated_table(random_seed)
    provenance = Provenance(kind="surrogate", source="generated for tests", created="2026-01-01", seeds=SEEDS)
    return Benchmark(table_in_memory(table.columns, provenance))


class PlantedError(Exception):
    """No framework and no library raises this."""


class FailingBenchmark(Benchmark):
    """Answers ``n_good`` evaluations, then raises :attr:`planted`, always the same object."""

    def __init__(self, table: Table, n_good: int = 0) -> None:
        super().__init__(table)
        self.n_good = n_good
        self.n_asked = 0
        self.planted = PlantedError(f"planted after {n_good} evaluations")

    def evaluate(
        self, configuration: Configuration, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> Observation:
        self.n_asked += 1
        if self.n_asked > self.n_good:
            raise self.planted
        return super().evaluate(configuration, epoch, split, seed)

    def __reduce__(self) -> tuple[Any, ...]:
        return FailingBenchmark, (self.table, self.n_good)
