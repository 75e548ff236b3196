"""Features of the isomorphism classes and of the training hyperparameters, for surrogates.

What is known of a class before any record is seen: the paths from its input to its output, what it does to a signal
(:mod:`nhb2_plugins.table.surrogate.signal_features`), the cell that was trained for it, whose dead edges cost time
although they change nothing, and the accuracies that the same architecture reached in NAS-Bench-201 (Dong and Yang,
ICLR 2020) after 12 and after 200 epochs. The last two come from ``data/cell_features.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import CONV, POOL, SKIP, ZERO, Cell, canonical_codes, isomorphism_classes
from nhb2_plugins.errors import InvalidValueError, TableError
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import BATCH_SIZES, EDGES, LEARNING_RATES, N_CONFIGURATIONS, N_HYPERPARAMETERS, OPERATIONS
from nhb2_plugins.table.location import shipped_data_file
from nhb2_plugins.table.surrogate.signal_features import signal_features

CELL_FEATURES_FILE: Final = "cell_features.csv"

NAS_BENCH_201_FEATURES: Final = tuple(
    f"log NAS-Bench-201 error, {epochs} epochs, {dataset}"
    for epochs in (200, 12)
    for dataset in ("CIFAR-10", "CIFAR-100", "ImageNet16")
)
"""What the same architecture reached in NAS-Bench-201, in the order of :attr:`CellFacts.accuracies_pct`. Its 12 epochs
are a whole schedule at learning rate 0.1 and batch size 256: one of the table's 48 settings, or nearly."""

_PATHS: Final = ((3,), (1, 5), (0, 4), (0, 2, 5))
"""The four paths from node 0 to node 3, as edge numbers."""

_PATH_WORDS: Final = {
    "".join("cp"[operation] for operation in word) or "direct": word
    for length in range(4)
    for word in product((CONV, POOL), repeat=length)
}
"""Every sequence of convolutions and pools that a path can hold (skips are left out), by a short name."""

HYPERPARAMETER_FEATURES: Final = ("lr", "batch_size", "lr - batch_size", "lr + batch_size")
"""Ranks (base-2 logarithms up to a constant), their difference (SGD's noise scale) and their sum."""

JOB_FEATURES: Final = ("job's learning rates", "job's end", "job's batch size")
"""Who shared a machine. The published costs of one class and batch size at learning rates 0.003125 … 0.0125 are off by
nearly the same factor, so are those at 0.05 … 0.2, and 0.025 and 0.4 a little with those before them; costs of
different batch sizes are not."""

Float = NDArray[np.float64]
Integer = NDArray[np.int64]


@dataclass(frozen=True)
class CellFacts:
    """A row of ``cell_features.csv``.

    Attributes:
        trained_code: the cell that the benchmark trained for the class.
        accuracies_pct: NAS-Bench-201's validation accuracies on CIFAR-10, CIFAR-100 and ImageNet16-120 after 200
            epochs, and its test accuracies on the same after a schedule of 12.
        train_time_s: its training time on CIFAR-10.
    """

    trained_code: str
    accuracies_pct: tuple[float, ...]
    train_time_s: float


@lru_cache(maxsize=1)
def cell_facts() -> tuple[CellFacts, ...]:
    """The facts of each class, in class order.

    Raises:
        TableNotFoundError: the file is missing from this installation.
        TableError: it does not hold the 1,011 classes.
    """
    with shipped_data_file(CELL_FEATURES_FILE, what="the cell features are").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    if [row[0] for row in rows] != list(canonical_codes()) or len(header) != 3 + len(NAS_BENCH_201_FEATURES):
        raise TableError(f"{CELL_FEATURES_FILE} does not list the classes of this version")
    return tuple(CellFacts(code, tuple(map(float, accuracies)), float(time)) for _, code, *accuracies, time in rows)


PATH_FEATURES: Final = (
    "depth",
    "direct skips",
    "fewest convolutions",
    "paths",
    *(f"paths {word}" for word in _PATH_WORDS),
)
"""Names of what is counted over a cell's paths."""


def _live_paths(digits: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The operations other than skips along each path that is not cut by a zero."""
    paths = [tuple(digits[edge] for edge in path) for path in _PATHS]
    return [tuple(op for op in path if op != SKIP) for path in paths if ZERO not in path]


def _path_features(cellcode: str) -> dict[str, float]:
    """Counts over the paths from input to output, and over live edges: what earlier surrogates of such cells use."""
    cell = Cell(cellcode)
    paths = _live_paths(cell.digits)
    convolutions = [path.count(CONV) for path in paths]
    return {
        "live convolutions": cell.count_operation(CONV, live_only=True),
        "live pools": cell.count_operation(POOL, live_only=True),
        "depth": max((len(path) for path in paths), default=0),
        "direct skips": sum(not path for path in paths),
        "fewest convolutions": min(convolutions, default=0),
        "paths": len(paths),
        **{f"paths {word}": sum(path == operations for path in paths) for word, operations in _PATH_WORDS.items()},
    }


def _trained_features(cellcode: str) -> dict[str, float]:
    """What the trained cell executes, dead edges included: they cost time although they change nothing."""
    cell = Cell(cellcode)
    counts = {f"trained {name}": cell.digits.count(operation) for operation, name in enumerate(OPERATIONS)}
    edges = {
        f"edge {source}{target} {OPERATIONS[operation]}": cell.digits[edge] == operation
        for edge, (source, target) in enumerate(EDGES)
        for operation in range(len(OPERATIONS))
    }
    return {**counts, **edges}


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """Named features of the rows of a table, (n_rows, n_features)."""

    names: tuple[str, ...]
    values: Float

    def columns(self, names: Sequence[str]) -> tuple[int, ...]:
        """Positions of features."""
        return tuple(self.names.index(name) for name in names)


@lru_cache(maxsize=1)
def class_features() -> FeatureMatrix:
    """Features of the 1,011 classes, (1011, n_features)."""
    rows = []
    for facts in cell_facts():
        errors = [float(np.log(error_pct(accuracy))) for accuracy in facts.accuracies_pct]
        rows.append(
            {
                **dict(zip(NAS_BENCH_201_FEATURES, errors, strict=True)),
                "log NAS-Bench-201 time": float(np.log(facts.train_time_s)),
                **_path_features(facts.trained_code),
                **signal_features(facts.trained_code),
                **_trained_features(facts.trained_code),
            }
        )
    return FeatureMatrix(tuple(rows[0]), np.array([list(row.values()) for row in rows], dtype=np.float64))


@lru_cache(maxsize=1)
def setting_features() -> FeatureMatrix:
    """Features of the 48 settings ``lr_rank * 6 + batch_size_rank``, (48, n_features)."""
    lr = np.repeat(np.arange(float(len(LEARNING_RATES))), len(BATCH_SIZES))
    batch_size = np.tile(np.arange(float(len(BATCH_SIZES))), len(LEARNING_RATES))
    jobs = [lr // 4.0, lr % 4.0 == 3.0, batch_size]
    values = np.column_stack([lr, batch_size, lr - batch_size, lr + batch_size, *jobs])
    return FeatureMatrix((*HYPERPARAMETER_FEATURES, *JOB_FEATURES), values)


@lru_cache(maxsize=1)
def row_features() -> FeatureMatrix:
    """Features of all rows ``class * 48 + lr_rank * 6 + batch_size_rank``, (48,528, n_features)."""
    classes, settings = class_features(), setting_features()
    values = [
        np.repeat(classes.values, N_HYPERPARAMETERS, axis=0),
        np.tile(settings.values, (len(classes.values), 1)),
    ]
    return FeatureMatrix((*classes.names, *settings.names), np.hstack(values))


def rows_of(indices: Sequence[int] | Integer) -> Integer:
    """The table row of each configuration index.

    Raises:
        InvalidValueError: an index outside the space.
    """
    array = np.asarray(indices, dtype=np.int64)
    if array.size and not (array.min() >= 0 and array.max() < N_CONFIGURATIONS):
        raise InvalidValueError(f"indices {array.min()}..{array.max()} are not all in 0..{N_CONFIGURATIONS - 1}")
    cells, rest = np.divmod(array, N_HYPERPARAMETERS)
    return np.asarray(isomorphism_classes(), dtype=np.int64)[cells] * N_HYPERPARAMETERS + rest
