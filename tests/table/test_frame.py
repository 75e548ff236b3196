"""A table as pandas frames: what a row says is what a lookup answers."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.space import CELLCODES, N_CONFIGURATIONS, Configuration, cell_index
from tests.core_fixtures import N_ROWS, mini_benchmark, mini_columns, needs

BENCH = mini_benchmark()


def test_without_pandas_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.delitem(sys.modules, "nhb2_plugins.table.frame", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[frames\]"):
        BENCH.to_frame()


# -- a row a row of the table and seed


@needs("pandas")
def test_the_frame_holds_the_columns() -> None:
    frame = BENCH.to_frame()
    columns = mini_columns()
    assert len(frame) == N_ROWS * 2
    assert frame["cellcode"].tolist() == ["0|00|000"] * 96 + ["1|00|000"] * 96
    assert frame["seed"].tolist() == [222, 555] * N_ROWS
    assert frame["lr"].tolist()[:13:2] == [0.003125] * 6 + [0.00625]
    assert frame["batch_size"].tolist()[:13:2] == [16, 32, 64, 128, 256, 512, 16]
    for position in (0, 1):
        of_seed = frame.iloc[position::2]
        for split in ("train", "valid", "test"):
            for epoch in range(1, 13):
                for quantity in ("acc", "time"):
                    expected = columns[f"{split}_{quantity}"][epoch - 1, position]
                    assert np.array_equal(of_seed[f"{split}_{quantity}_{epoch}"], expected)
        for total in ("total_train_time", "total_trainval_time", "total_test_time"):
            assert np.array_equal(of_seed[total], columns[total][position])
        assert np.array_equal(of_seed["expected_acc_200"], columns["expected_acc_200"])
    assert len(frame.columns) == 4 + 72 + 3 + 1
    assert frame.attrs["provenance"]["kind"] == "imported"


@cache
def _frame() -> Any:
    return BENCH.to_frame()


@needs("pandas")
@given(st.integers(0, 2 * N_ROWS - 1), st.integers(1, 12), st.sampled_from(["train", "valid", "test"]))
def test_a_row_of_the_frame_is_what_evaluate_says(line: int, epoch: int, split: str) -> None:
    row = _frame().iloc[line]
    configuration = Configuration(row["cellcode"], row["lr"], row["batch_size"])
    assert row[f"{split}_acc_{epoch}"] == BENCH.evaluate(configuration, epoch, split, row["seed"]).accuracy_pct


@needs("pandas")
def test_a_frame_of_classes_in_another_order_still_names_the_right_cells() -> None:
    columns = mini_columns()
    columns["class_of_cell"] = 1 - columns["class_of_cell"]
    bench = mini_benchmark(**columns)
    for _, row in bench.to_frame().iloc[::17].iterrows():
        configuration = Configuration(row["cellcode"], row["lr"], row["batch_size"])
        assert row["valid_acc_12"] == bench.evaluate(configuration, seed=row["seed"]).accuracy_pct


# -- a row a cellcode


@needs("pandas")
def test_the_second_frame_lists_every_code_once_under_the_first_of_its_class() -> None:
    frame = open_benchmark().classes_to_frame()
    assert sorted(frame["cellcode"]) == list(CELLCODES)
    assert frame["cell_class"].is_monotonic_increasing
    assert frame["cell_class"].nunique() == 1011
    firsts = frame.groupby("cell_class")["cellcode"].first()
    assert frame["class_cellcode"].tolist() == firsts[frame["cell_class"]].tolist()
    # The embedded table has the published partition, in which a class is what the cells compute.
    classes = isomorphism_classes()
    for number, code, first in frame.iloc[::101].itertuples(index=False):
        assert classes[cell_index(code)] == classes[cell_index(first)] == number
    assert frame.attrs["provenance"]["kind"] == "embedded"


@needs("pandas")
def test_classes_in_another_order_still_name_their_cells() -> None:
    columns = mini_columns()
    columns["class_of_cell"] = 1 - columns["class_of_cell"]
    frame = mini_benchmark(**columns).classes_to_frame()
    assert set(frame["class_cellcode"][frame["cell_class"] == 0]) == {"1|00|000"}
    assert (frame["cell_class"] == 0).sum() == N_CONFIGURATIONS // 48 - 1024


# -- a row a configuration and epoch


@needs("pandas")
@pytest.mark.parametrize("seed", [None, 555, "mean"])
def test_the_long_frame_answers_as_lookups_do(seed: Any) -> None:
    bench = mini_benchmark()
    frame = bench.to_long_frame(seed)
    assert len(frame) == N_CONFIGURATIONS * 12
    assert not frame.isna().any().any()
    for position in range(0, len(frame), 98_765):
        row = frame.iloc[position]
        configuration = Configuration.from_index(int(row["id"]))
        assert (row["id"], row["epoch"]) == (position // 12, position % 12 + 1)
        assert row["cellcode"] == configuration.cellcode
        assert {name: row[name] for name in configuration.to_hyperparameters()} == configuration.to_hyperparameters()
        for split in ("train", "valid", "test"):
            answer = bench.evaluate(configuration, row["epoch"], split, seed)
            assert row[f"{split}_acc"] == answer.accuracy_pct
        assert row["cost_s"] == bench.evaluate(configuration, row["epoch"], "valid", seed).cost_s
    assert frame.attrs["provenance"]["digest"] == bench.provenance.digest
