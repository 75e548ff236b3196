"""Full-size data in exactly the published format, generated: no value of it is a published one.

Like the published files, the values carry float noise (100 · k/25,000, sums in another order), the columns share their
key tuples, and there may be columns that nobody asked for (with 36 of them the file has 233 MB, as the published one).
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS
from nhb2_plugins.testing.benchmarks import SEEDS, generated_columns

FILES = ("bench12.pkl", "cellinfo.pkl", "avgaccs200.pkl")

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class PublishedTable:
    """Columns as :func:`nhb2_plugins.table.schema.column_shapes` says, and what the pickles say besides."""

    columns: Columns
    seeds: tuple[int, ...]
    hashes: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        return len(self.hashes)


def generated_table(
    random_seed: int, class_of_cell: Sequence[int] | None = None, seeds: tuple[int, ...] = SEEDS
) -> PublishedTable:
    """Random values of the published form; the published partition into 1,011 classes unless told otherwise."""
    columns = generated_columns(random_seed, class_of_cell, seeds)
    n_classes = int(columns[CLASS_OF_CELL].max()) + 1
    hashes = tuple(hashlib.md5(f"{random_seed} {i}".encode()).hexdigest() for i in range(n_classes))
    return PublishedTable(columns, seeds, hashes)


def bench12_of(
    table: PublishedTable, *, order_seed: int = 0, extra_columns: int = 0, numpy_scalars: bool = False
) -> dict[str, dict[tuple[Any, ...], Any]]:
    """The content of ``bench12.pkl``, its keys in a random order."""
    n_seeds, n_rows = len(table.seeds), table.n_classes * N_HYPERPARAMETERS
    order = np.random.default_rng(order_seed).permutation(n_seeds * n_rows)
    grid = [
        (code_hash, lr, batch_size, seed)
        for seed, code_hash, lr, batch_size in product(table.seeds, table.hashes, LEARNING_RATES, BATCH_SIZES)
    ]
    keys = [grid[position] for position in order.tolist()]

    def column(values: NDArray[Any]) -> dict[tuple[Any, ...], Any]:
        ordered = values.ravel()[order]
        return dict(zip(keys, list(ordered) if numpy_scalars else ordered.tolist(), strict=True))

    bench: dict[str, dict[tuple[Any, ...], Any]] = {
        "lr": {key: key[1] for key in keys},
        "batch_size": {key: key[2] for key in keys},
        "seed": {key: key[3] for key in keys},
    }
    for quantity, split, epoch in product(("acc", "time"), SPLITS, range(SCHEDULE_EPOCHS)):
        bench[f"{split}_{quantity}_{epoch}"] = column(table.columns[f"{split}_{quantity}"][epoch])
    for name in TOTALS:
        bench[name] = column(table.columns[name])
    for i in range(extra_columns):
        bench[f"train_loss_{i}"] = dict(bench[f"train_acc_{i % SCHEDULE_EPOCHS}"])
    return bench


def cellinfo_of(table: PublishedTable) -> dict[str, dict[str, str]]:
    """The content of ``cellinfo.pkl``."""
    classes = table.columns[CLASS_OF_CELL].tolist()
    return {"hash": {code: table.hashes[number] for code, number in zip(CELLCODES, classes, strict=True)}}


def avgaccs200_of(table: PublishedTable) -> dict[str, dict[tuple[Any, ...], float]]:
    """The content of ``avgaccs200.pkl``."""
    keys = product(table.hashes, LEARNING_RATES, BATCH_SIZES)
    return {"avg_acc": dict(zip(keys, table.columns[EXPECTED_ACC_200].tolist(), strict=True))}


def write_pickles(directory: Path, contents: Mapping[str, Any], *, protocol: int = 4) -> Path:
    """Write contents by file name; returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        with (directory / name).open("wb") as file:
            pickle.dump(content, file, protocol=protocol)
    return directory


def contents_of(table: PublishedTable, **options: Any) -> dict[str, Any]:
    """The three files' contents, by name."""
    return dict(zip(FILES, (bench12_of(table, **options), cellinfo_of(table), avgaccs200_of(table)), strict=True))
