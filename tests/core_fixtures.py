"""Small means that several test files of the core share."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.space import CELLCODES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.writer import table_in_memory


def needs(*modules: str) -> pytest.MarkDecorator:
    """Leave a test to the environments that have its optional dependencies.

    With ``NHB2_TEST_ALL_EXTRAS`` set the test runs whatever is installed, and fails where something is missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("NHB2_TEST_ALL_EXTRAS"), reason=f"needs {', '.join(missing)}"
    )


SEEDS = (222, 555)
ACCURACY_BASE = {"train": 60.0, "valid": 40.0, "test": 20.0}
EPOCH_SECONDS = {"train": 10.0, "valid": 2.0, "test": 1.0}
N_ROWS = 2 * 48


def mini_columns() -> dict[str, NDArray[Any]]:
    """Two classes, two seeds, and numbers that say where they stand.

    Class 0 holds the cells whose first edge is a convolution (``0|…``), class 1 the others. An accuracy reads
    ``base + epoch + seed/10 + row/1000``: validation after epoch 7, second seed, row 53 is 47.253. An epoch takes 10 s
    of training, 2 s of validation and 1 s of test in row 0 with the first seed, once more that long with each row, and
    twice as long with the second seed. The totals are half a second more than their parts, to see which is used.
    """
    epoch = np.arange(1, 13)[:, np.newaxis, np.newaxis]
    seed = np.arange(1, 3)[np.newaxis, :, np.newaxis]
    row = np.arange(N_ROWS)[np.newaxis, np.newaxis, :]
    columns: dict[str, NDArray[Any]] = {}
    for split, base in ACCURACY_BASE.items():
        columns[f"{split}_acc"] = base + epoch + seed / 10 + row / 1000
        columns[f"{split}_time"] = np.repeat(EPOCH_SECONDS[split] * seed * (row + 1), 12, axis=0)
    train, valid, test = (12 * columns[f"{split}_time"][0] for split in EPOCH_SECONDS)
    columns["total_train_time"] = train + 0.5
    columns["total_trainval_time"] = train + valid + 0.5
    columns["total_test_time"] = test + 0.5
    columns["expected_acc_200"] = 90 + row.ravel() / 1000
    columns["class_of_cell"] = np.array([0 if code.startswith("0") else 1 for code in CELLCODES])
    return columns


def mini_provenance(**changes: Any) -> Provenance:
    fields = {"kind": "imported", "source": "written by hand", "created": "2026-01-01", "seeds": SEEDS}
    return Provenance(**{**fields, **changes})


def mini_table(**columns: NDArray[Any]) -> Table:
    """The table of :func:`mini_columns` in memory, some columns replaced."""
    return table_in_memory({**mini_columns(), **columns}, mini_provenance())


def mini_benchmark(**columns: NDArray[Any]) -> Benchmark:
    return Benchmark(mini_table(**columns))


indices = st.integers(0, N_CONFIGURATIONS - 1)
configurations = indices.map(Configuration.from_index)
