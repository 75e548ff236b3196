"""Exported runs, read by CARP-S's own reader."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from carps.analysis.gather_data import get_run_info
from carps.analysis.gather_data_utils import load_log, normalize_logs

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.asha import Asha
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.exports import export_directories
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.sinks import JsonLinesSink

pytestmark = pytest.mark.filterwarnings("ignore")  # CARP-S's own, of pandas


def exported(bench: Benchmark, directory: Path) -> dict[str, TrajectoryLogger]:
    """Two runs of four workers, exported below ``directory / "out"``."""
    loggers = {}
    for run_id, optimizer in (
        ("random", RandomSearch(0)),
        ("ladder", Asha(0, ladder=FidelityLadder([1, 4, 12]), eta=3)),
    ):
        with JsonLinesSink(directory / "source" / f"{run_id}.jsonl") as sink:
            loggers[run_id] = TrajectoryLogger([sink], run_id=run_id)
            simulate(optimizer, bench, budget_s=20_000, n_workers=4, logger=loggers[run_id])
    export_directories(str(directory / "source"), str(directory / "out"), "carps")
    return loggers


def test_carps_reads_trials_incumbents_and_the_simulated_clock(bench_on_disk: Benchmark, tmp_path: Path) -> None:
    for run_id, logger in exported(bench_on_disk, tmp_path).items():
        log = load_log(tmp_path / "out" / run_id)
        records = logger.records
        assert log["trial_value__cost"].tolist() == [record.error_pct for record in records]
        assert log["time"].to_numpy() == pytest.approx([record.end_s for record in records], rel=1e-9)
        best = pd.Series([record.error_pct for record in records]).cummin()
        assert log["trial_value__cost_inc"].tolist() == best.tolist()
        assert set(log["status"]) == {"COMPLETED"}
        assert set(log["optimizer_id"]) == {run_id}
        assert set(log["task_type"]) == {"blackbox" if run_id == "random" else "multi-fidelity"}


def test_carps_normalizes_the_runs_of_a_task_together(bench_on_disk: Benchmark, tmp_path: Path) -> None:
    loggers = exported(bench_on_disk, tmp_path)
    logs = normalize_logs(pd.concat([load_log(tmp_path / "out" / run_id) for run_id in loggers]))
    assert len(logs) == sum(map(len, loggers.values()))
    assert logs["task_id"].nunique() == 1
    assert logs["trial_value__cost_norm"].min() == 0.0
    assert logs["trial_value__cost_norm"].max() == pytest.approx(1.0)


def test_carps_finds_every_run_complete(bench_on_disk: Benchmark, tmp_path: Path) -> None:
    exported(bench_on_disk, tmp_path)
    for path in (tmp_path / "out").rglob("config.yaml"):
        information = get_run_info(path)
        assert information["status_info"]["status"] == "COMPLETED"
        assert information["status_info"]["benchmark_id"] == "NAS-HPO-Bench-II"
