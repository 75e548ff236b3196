"""Exports: exactly the published form, of what was trained and of nothing else."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.cells import Cell, isomorphism_classes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SPLITS
from nhb2_plugins.space import CELLCODES, Configuration
from nhb2_plugins.table.reference.importer import read_published
from nhb2_plugins.table.surrogate.records import read_records_csv
from nhb2_plugins.table.unpickle.reader import unpickle
from nhb2_plugins.training.export import avgaccs200, bench12, cellinfo, class_hash, export_runs
from nhb2_plugins.training.run import EpochResult, TrainedRun
from nhb2_plugins.training.task import Execution, TrainingTask
from nhb2_plugins.trajectory.reader import read_records
from tests.support.plain import plain


def run_of(cellcode: str, *, epochs: int = 12, seed: int = 222, base: float = 50.0) -> TrainedRun:
    task = TrainingTask(Configuration(cellcode, 0.1, 256), seed, epochs)
    results = tuple(
        EpochResult(
            e, 0.1, base + e / 10, base - 1 + e / 10, base - 2 + e / 10, 2.0, 1.9, 1.8, 1.7, e / 8, e / 16, e / 32
        )
        for e in range(1, epochs + 1)
    )
    return TrainedRun(task, Execution(), "ab" * 32, {"device": "cpu", "pytorch": "2.13"}, results)


KEY = (class_hash("0|10|210"), 0.1, 256, 222)


def test_a_column_holds_what_was_trained_under_the_published_key() -> None:
    bench = bench12([run_of("0|10|210"), run_of("2|20|202", seed=555)])
    assert bench["train_acc_0"][KEY] == 50.1
    assert bench["valid_acc_11"][KEY] == 50.2
    assert bench["test_time_3"][KEY] == 4 / 32
    assert bench["valid_loss_2"][KEY] == 1.8
    assert bench["total_train_time"][KEY] == 78 / 8
    assert bench["total_trainval_time"][KEY] == 78 / 8 + 78 / 16
    assert bench["total_test_time"][KEY] == 78 / 32
    assert (bench["lr"][KEY], bench["batch_size"][KEY], bench["seed"][KEY]) == (0.1, 256, 222)
    names = {f"{split}_{quantity}_{e}" for split in SPLITS for quantity in ("acc", "time", "loss") for e in range(12)}
    assert set(bench) == names | {
        "lr",
        "batch_size",
        "seed",
        "total_train_time",
        "total_trainval_time",
        "total_test_time",
    }
    assert {len(column) for column in bench.values()} == {2}


def test_isomorphic_cells_share_a_key_and_the_first_stands_for_them() -> None:
    first, second, *_ = Cell("0|33|233").isomorphic_codes
    assert class_hash(first) == class_hash(second)
    bench = bench12([run_of(second, base=30.0), run_of(first, base=60.0)])
    assert list(bench["train_acc_0"].values()) == [60.1]


def test_hashes_part_the_cells_as_the_published_ones_do() -> None:
    hashes = cellinfo()["hash"]
    assert list(hashes) == list(CELLCODES)
    _, classes = np.unique([list(hashes.values())], return_inverse=True)
    pairs = set(zip(classes.ravel().tolist(), isomorphism_classes(), strict=True))
    assert len(pairs) == 1011


def test_200_epochs_are_the_mean_test_accuracy_over_seeds() -> None:
    runs = [run_of("0|10|210", epochs=200, seed=seed, base=base) for seed, base in ((222, 60.0), (555, 62.0))]
    assert avgaccs200(runs) == {"avg_acc": {KEY[:3]: pytest.approx(79.0)}}


def test_the_files_are_read_by_this_packages_own_readers(tmp_path: Path) -> None:
    runs = [run_of("0|10|210"), run_of("2|20|202"), run_of("0|10|210", epochs=200)]
    files = export_runs(runs, tmp_path, data_name="numbers")
    assert [file.name for file in files] == [
        "bench12.pkl",
        "cellinfo.pkl",
        "avgaccs200.pkl",
        "records.csv",
        "trials.jsonl",
    ]
    assert plain(unpickle((tmp_path / "bench12.pkl").read_bytes(), "x")) == bench12(runs[:2])
    records = read_records_csv(tmp_path / "records.csv")
    assert len(records) == 14 + 14 + 1
    is_last = (records.epoch == 12) & (records.split == "valid") & (records.index == runs[0].task.configuration.index)
    assert records.error_pct[is_last].tolist() == [49.8]
    assert records.cost_s[is_last].tolist() == [pytest.approx(78 / 8 + 78 / 16)]
    trials = list(read_records(tmp_path / "trials.jsonl"))
    assert [(trial.epoch, trial.split) for trial in trials] == [(12, "valid"), (12, "valid"), (200, "test")]
    assert trials[1].start_s == trials[0].end_s
    assert trials[0].table.startswith("measured:")
    assert not trials[2].cost_is_estimated


def test_losses_that_are_no_numbers_are_exported(tmp_path: Path) -> None:
    run = run_of("0|10|210")
    odd = dataclasses.replace(run.results[0], train_loss=math.nan)
    export_runs([dataclasses.replace(run, results=(odd, *run.results[1:]))], tmp_path, data_name="x")
    (value,) = dict(unpickle((tmp_path / "bench12.pkl").read_bytes(), "x").items())["train_loss_0"].items()
    assert math.isnan(value[1])


def test_what_is_not_trained_is_left_out_and_the_importer_says_what(tmp_path: Path) -> None:
    export_runs([run_of("0|10|210")], tmp_path, data_name="x")
    with pytest.raises(Exception, match="avg_acc"):
        read_published(tmp_path)


@pytest.mark.parametrize(
    "runs", [[], [run_of("0|10|210", epochs=3)], [dataclasses.replace(run_of("0|10|210"), results=())]]
)
def test_only_whole_runs_are_exported(runs: list[TrainedRun], tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"no trained run|has \d+ of \d+ epochs"):
        export_runs(runs, tmp_path, data_name="x")


def test_records_are_plain_csv(tmp_path: Path) -> None:
    export_runs([run_of("0|10|210")], tmp_path, data_name="x")
    with (tmp_path / "records.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        **{"cellcode": "0|10|210", "lr": "0.1", "batch_size": "256", "seed": "222", "epoch": "1", "split": "valid"},
        **{"error_pct": "50.9", "cost_s": "0.188"},
    }
    assert json.loads((tmp_path / "trials.jsonl").read_text().splitlines()[0])["cellcode"] == "0|10|210"
