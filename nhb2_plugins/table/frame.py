"""A table as a pandas frame."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import EXPECTED_ACC_200, TOTALS
from nhb2_plugins.table.store import Table

try:
    import pandas as pd
except ImportError as error:
    raise MissingExtraError("frames need pandas: pip install 'nhb2-plugins[frames]'") from error


def table_to_frame(table: Table, first_index_of_row: NDArray[np.intp]) -> pd.DataFrame:
    """One row per (row of the table, seed), rows in order, seeds within; see ``Benchmark.to_frame``."""
    seeds = table.provenance.seeds
    cells, hyperparameters = np.divmod(np.repeat(first_index_of_row, len(seeds)), N_HYPERPARAMETERS)
    data: dict[str, object] = {
        "cellcode": pd.Categorical.from_codes(cells, categories=pd.Index(CELLCODES)),
        "lr": np.take(LEARNING_RATES, hyperparameters // len(BATCH_SIZES)),
        "batch_size": np.take(BATCH_SIZES, hyperparameters % len(BATCH_SIZES)),
        "seed": np.tile(seeds, len(first_index_of_row)),
    }
    for quantity in ("acc", "time"):
        for split in SPLITS:
            column = table.column(f"{split}_{quantity}")
            for epoch in range(SCHEDULE_EPOCHS):
                data[f"{split}_{quantity}_{epoch + 1}"] = column[epoch].T.ravel()
    for total in TOTALS:
        data[total] = table.column(total).T.ravel()
    data[EXPECTED_ACC_200] = np.repeat(table.column(EXPECTED_ACC_200), len(seeds))
    frame = pd.DataFrame(data)
    frame.attrs["provenance"] = asdict(table.provenance)
    return frame
