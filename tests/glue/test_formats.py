"""What other packages read of us: Croissant metadata by mlcroissant, runs by IOHinspector."""

from __future__ import annotations

from pathlib import Path

import iohinspector
import mlcroissant
import numpy as np
import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.asha import Asha
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.table.export import export_table
from nhb2_plugins.trajectory.exports import export_directories
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from tests.core_fixtures import mini_benchmark, mini_table


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_mlcroissant_reads_the_records_of_an_export(ending: str, tmp_path: Path) -> None:
    *_, metadata = export_table(mini_table(), tmp_path / f"mini.{ending}")
    data = mlcroissant.Dataset(jsonld=metadata)
    assert not data.metadata.ctx.issues.errors
    frame = mini_benchmark().to_frame()
    records = [record for record, _ in zip(data.records("table"), range(5), strict=False)]
    for record, (_, row) in zip(records, frame.iterrows(), strict=False):
        found = {name.removeprefix("table/"): value for name, value in record.items()}
        assert list(found) == list(row.index)
        assert found.pop("cellcode") == row.pop("cellcode").encode()
        # It reads CSV with pandas' quick parser, which loses last bits.
        assert found == pytest.approx(dict(row), rel=1e-14)
    assert sum(1 for _ in data.records("classes")) == 4096


def test_the_embedded_tables_metadata_has_nothing_to_complain_about(tmp_path: Path) -> None:
    *_, metadata = export_table(open_benchmark().table, tmp_path / "embedded.parquet")
    issues = mlcroissant.Dataset(jsonld=metadata).metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())


def test_mlcroissant_reads_the_shipped_files() -> None:
    data = mlcroissant.Dataset(jsonld=Path(__file__).parents[2] / "data" / "croissant.json")
    assert (set(data.metadata.ctx.issues.errors), set(data.metadata.ctx.issues.warnings)) == (set(), set())
    first = next(iter(data.records("cell-features")))
    assert first["cell-features/canonical_code"] == b"0|00|000"
    assert first["cell-features/nb201_cifar10_acc"] == 90.3


def test_iohinspector_reads_runs(tmp_path: Path) -> None:
    bench = mini_benchmark()
    ladder = FidelityLadder([1, 4, 12])
    loggers = {}
    for run_id, optimizer in (("single", RandomSearch(0)), ("ladder/seed-0", Asha(0, ladder=ladder, eta=3))):
        (tmp_path / "source").mkdir(exist_ok=True)
        with JsonLinesSink(tmp_path / "source" / f"{run_id.replace('/', '-')}.jsonl") as sink:
            loggers[run_id] = TrajectoryLogger([sink], run_id=run_id)
            simulate(optimizer, bench, budget_s=400_000, n_workers=4, logger=loggers[run_id])
    assert export_directories(tmp_path / "source", tmp_path / "runs", "ioh") == 2
    manager = iohinspector.DataManager()
    manager.add_folder(str(tmp_path / "runs"))
    overview = {row["algorithm_name"]: row for row in manager.overview.iter_rows(named=True)}
    assert set(overview) == set(loggers)
    for name, logger in loggers.items():
        records = sorted(logger.records, key=lambda record: (record.end_s, record.trial))
        highest = [record for record in records if record.epoch == 12]
        row = overview[name]
        assert (row["function_id"], row["dimension"], row["evals"]) == (12, 8, len(highest))
        assert row["best_y"] == min(record.error_pct for record in highest)
        assert row["instance"] == highest[0].seed
        one = manager.select(algorithms=[name])
        found = one.load(monotonic=False)
        assert found["raw_y"].to_list() == [record.error_pct for record in highest]
        assert found["end_s"].to_list() == [record.end_s for record in highest]
        falling = one.load(monotonic=True)["raw_y"].to_list()
        assert falling == sorted(set(np.minimum.accumulate([record.error_pct for record in highest])), reverse=True)
