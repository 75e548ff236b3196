"""The table that each run of a campaign answers from: one for all, or several in turn by the runs' seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from nhb2_plugins.benchmark import Benchmark, has_table, open_benchmark
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.errors import CampaignError, TableNotFoundError
from nhb2_plugins.table.embedded import open_embedded
from nhb2_plugins.table.schema import Provenance

TABLES_AT_ONCE: Final = 2
"""Tables that a process holds of several draws: each takes some 60 MB."""


@dataclass(frozen=True)
class RunTable:
    """What a run answers from.

    Attributes:
        digest: of the table's provenance.
        draw: which one of the embedded table's draws it is, or None.
        seed: the table's training seed, where runs answer from several; else None, which is its first.
    """

    digest: str
    draw: int | None = None
    seed: int | None = None

    @classmethod
    def of(cls, table: Provenance) -> RunTable:
        """A table by its first training seed."""
        return cls(table.digest, None if table.draw is None else table.draw[0])


def tables_in_turn(spec: CampaignSpec, table: Provenance) -> tuple[RunTable, ...]:
    """What a campaign's runs answer from: the run of seed s from the one at s modulo their number.

    Args:
        spec: the campaign.
        table: the provenance of its table.

    Raises:
        CampaignError: draws of a table that has none, or training seeds of one that has one.
    """
    if spec.draws is not None:
        if (table.kind, table.draw) != ("embedded", None):
            raise CampaignError(f"draws are of the embedded table, not of the {table.label}")
        return tuple(RunTable.of(open_embedded(draw).provenance) for draw in range(spec.draws))
    if spec.table_seed is None:
        return (RunTable.of(table),)
    if len(table.seeds) < 2:
        raise CampaignError(f"table_seed: the {table.label} has one training seed, {table.seeds[0]}: there is no other")
    return tuple(replace(RunTable.of(table), seed=seed) for seed in table.seeds)


def table_of(seed: int, tables: Sequence[RunTable]) -> RunTable:
    """What the runs with a seed answer from."""
    return tables[seed % len(tables)]


def benchmarks_used(spec: CampaignSpec, bench: Benchmark) -> Iterator[Benchmark]:
    """The benchmarks that a campaign's runs answer from, each opened when it is asked for."""
    tables = tables_in_turn(spec, bench.provenance)
    seeds = {seed for optimizer in spec.optimizers for seed in optimizer.seed_list}
    for position in sorted({seed % len(tables) for seed in seeds}):
        used = tables[position]
        if used.seed is not None:
            yield bench.with_seed(used.seed)
        else:
            yield bench if used == RunTable.of(bench.provenance) else Benchmark(open_embedded(used.draw))


@dataclass(frozen=True)
class TablePlace:
    """What a worker is told of the tables, in the place of the tables: where they are, and how to know them.

    Attributes:
        directory: as the worker's machine sees it; None for the embedded table, which every installation has.
        in_turn: what runs answer from, by their seeds.
        live: a benchmark that has no table, and is sent itself.
    """

    directory: str | None
    in_turn: tuple[RunTable, ...]
    live: Benchmark | None = field(default=None, compare=False)

    @classmethod
    def of(cls, bench: Benchmark, in_turn: tuple[RunTable, ...] = ()) -> TablePlace:
        """Where a benchmark's tables are; without others, that is its own."""
        tables = in_turn or (RunTable.of(bench.provenance),)
        if not has_table(bench):
            return cls(None, tables, live=bench)
        directory = bench.table.directory
        return cls(None if directory is None else str(directory.resolve()), tables)

    def opened_for(self, seed: int) -> Benchmark:
        """The benchmark that the runs with a seed answer from, opened once in this process.

        Raises:
            TableNotFoundError: another table is there.
        """
        return _opened(replace(self, in_turn=(table_of(seed, self.in_turn),)))


@lru_cache(maxsize=TABLES_AT_ONCE)
def _opened(place: TablePlace) -> Benchmark:
    if place.live is not None:
        return place.live
    (wanted,) = place.in_turn
    if wanted.seed is not None:
        return _opened(replace(place, in_turn=(replace(wanted, seed=None),))).with_seed(wanted.seed)
    bench = Benchmark(open_embedded(wanted.draw)) if place.directory is None else open_benchmark(place.directory)
    if bench.provenance.digest != wanted.digest:
        raise TableNotFoundError(f"another table is in {place.directory} on this machine than where the campaign began")
    return bench
