"""A table as two pandas frames: its numbers, and which cells share them."""

from __future__ import annotations

import numpy as np

from nhb2_plugins.extras import missing_extra
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, TOTALS
from nhb2_plugins.table.store import Table, first_index_of_rows

try:
    import pandas as pd
except ImportError as error:
    raise missing_extra("frames need pandas", "frames", error) from error


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


def _with_provenance(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    frame.attrs["provenance"] = table.provenance.to_dict()
    return frame
