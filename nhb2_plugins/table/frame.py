"""A table as two pandas frames: its numbers, and which cells share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.extras import needs_extra
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS, Split
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, EDGE_NAMES, LEARNING_RATES, N_HYPERPARAMETERS, OPERATIONS
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS
from nhb2_plugins.table.store import Table, first_index_of_rows

with needs_extra("frames need pandas", "frames"):
    import pandas as pd

_Floats = NDArray[np.float64]


def table_to_frame(table: Table) -> pd.DataFrame:
    """One row per (row of the table, seed), rows in order, seeds within; see ``Benchmark.to_frame``."""
    seeds = table.provenance.seeds
    first_indices = first_index_of_rows(table.column(CLASS_OF_CELL))
    cells, hyperparameters = np.divmod(np.repeat(first_indices, len(seeds)), N_HYPERPARAMETERS)
    data: dict[str, object] = {
        "cellcode": pd.Categorical.from_codes(cells, categories=pd.Index(CELLCODES)),
        "lr": np.take(LEARNING_RATES, hyperparameters // len(BATCH_SIZES)),
        "batch_size": np.take(BATCH_SIZES, hyperparameters % len(BATCH_SIZES)),
        "seed": np.tile(seeds, len(first_indices)),
    }
    for quantity in ("acc", "time"):
        for split in SPLITS:
            column = table.column(f"{split}_{quantity}")
            for epoch in range(SCHEDULE_EPOCHS):
                data[f"{split}_{quantity}_{epoch + 1}"] = column[epoch].T.ravel()
    for total in TOTALS:
        data[total] = table.column(total).T.ravel()
    data[EXPECTED_ACC_200] = np.repeat(table.column(EXPECTED_ACC_200), len(seeds))
    return _with_provenance(pd.DataFrame(data), table)


def classes_to_frame(table: Table) -> pd.DataFrame:
    """One row per cellcode, by class, then in index order; see ``Benchmark.classes_to_frame``."""
    classes = table.column(CLASS_OF_CELL)
    first_cells = first_index_of_rows(classes)[::N_HYPERPARAMETERS] // N_HYPERPARAMETERS
    order = np.argsort(classes, kind="stable")
    codes = pd.Index(CELLCODES)
    data = {
        "cell_class": classes[order].astype(np.int64),
        "class_cellcode": pd.Categorical.from_codes(first_cells[classes[order]], categories=codes),
        "cellcode": pd.Categorical.from_codes(order, categories=codes),
    }
    return _with_provenance(pd.DataFrame(data), table)


def answers_to_long_frame(
    table: Table, rows: NDArray[np.intp], answers: Mapping[Split, Sequence[tuple[_Floats, _Floats]]]
) -> pd.DataFrame:
    """One row per (configuration, epoch), by configuration, then epoch; see ``Benchmark.to_long_frame``.

    Args:
        table: the table, for its provenance.
        rows: its row of each configuration in index order, shape (196608,).
        answers: by split, accuracies in percent and costs in seconds by row after each epoch, each of shape (n_rows,).
    """
    n_epochs = len(answers["valid"])
    cells, hyperparameters = np.divmod(np.repeat(np.arange(len(rows)), n_epochs), N_HYPERPARAMETERS)
    lr_ranks, size_ranks = np.divmod(hyperparameters, len(BATCH_SIZES))
    data: dict[str, object] = {
        "id": (cells * N_HYPERPARAMETERS + hyperparameters).astype(np.int32),
        "cellcode": pd.Categorical.from_codes(cells, categories=pd.Index(CELLCODES)),
    }
    operations = pd.Index(OPERATIONS)
    for name, shift in zip(EDGE_NAMES, (10, 8, 6, 4, 2, 0), strict=True):
        data[name] = pd.Categorical.from_codes(cells >> shift & 3, categories=operations)
    data |= {"lr": np.take(LEARNING_RATES, lr_ranks), "batch_size": np.take(BATCH_SIZES, size_ranks)}
    data["epoch"] = np.tile(np.arange(1, n_epochs + 1, dtype=np.int32), len(rows))
    for split, of_epochs in answers.items():
        data[f"{split}_acc"] = _by_configuration([accuracy for accuracy, _ in of_epochs], rows)
    data["cost_s"] = _by_configuration([cost for _, cost in answers["valid"]], rows)
    return _with_provenance(pd.DataFrame(data), table)


def _by_configuration(of_epochs: Sequence[_Floats], rows: NDArray[np.intp]) -> _Floats:
    return np.stack(of_epochs, axis=1)[rows].ravel()


def _with_provenance(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    frame.attrs["provenance"] = table.provenance.to_dict()
    return frame
