"""What the script reads for the cells is of these cells: as NAS-Bench-201 names them, and by class."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import numpy as np

from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.space import CELLCODES
from nhb2_plugins.table.embedded import model_path

SCRIPT = runpy.run_path(str(model_path().with_name("build_cell_features.py")))


def test_a_cell_is_written_as_nas_bench_201_writes_it() -> None:
    written = "|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|"
    assert SCRIPT["architecture_string"]("0|12|310") == written


def test_accuracies_after_12_epochs_are_medians_over_the_cells_of_a_class(tmp_path: Path) -> None:
    path = tmp_path / "nats_bench.csv"
    columns = SCRIPT["TWELVE_EPOCHS"].values()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ArchitectureString", *columns])
        for number, cellcode in enumerate(CELLCODES):
            writer.writerow([SCRIPT["architecture_string"](cellcode), number, 2 * number, 3 * number])
    classes = np.array(isomorphism_classes())
    medians = np.array([np.median(np.flatnonzero(classes == number)) for number in range(1011)])
    found = SCRIPT["twelve_epochs"](path)
    assert list(found) == [f"nb201_12_epochs_{name}_acc" for name in ("cifar10", "cifar100", "imagenet16")]
    np.testing.assert_array_equal(list(found.values()), [medians, 2.0 * medians, 3.0 * medians])
