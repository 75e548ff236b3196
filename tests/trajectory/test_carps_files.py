"""Runs as CARP-S keeps them, held to its rules; its own reader reads them in its environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ConfigSpace import Configuration as SpaceConfiguration

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.encoding import to_values
from nhb2_plugins.trajectory.exports import export_directories
from nhb2_plugins.trajectory.incumbent import incumbent_changes
from tests.analysis.runs import TABLE, make_run, write_run
from tests.trajectory.exported import lines_of, records_of


@pytest.mark.parametrize("run_id", ["single", "ladder/seed-0"])
def test_carps_files_follow_its_rules(source: Path, tmp_path: Path, run_id: str) -> None:
    assert export_directories(str(source), str(tmp_path / "out"), "carps") == 2
    directory = tmp_path / "out" / run_id
    lines, records = lines_of(directory / "trial_logs.jsonl"), records_of(source, run_id)
    config = json.loads((directory / ".hydra" / "config.yaml").read_text())
    max_epoch = max(record.epoch for record in records)
    is_ladder = run_id != "single"
    clock_s = 0.0
    for number, (line, record) in enumerate(zip(lines, records, strict=True), start=1):
        info, value = line["trial_info"], line["trial_value"]
        ordered = dict(SpaceConfiguration(configuration_space(), values=dict(to_values(record.configuration))))
        assert info["config"] == list(ordered.values())
        assert (info["seed"], info["budget"]) == (record.seed, record.epoch if is_ladder else None)
        assert line["n_function_calls"] == number
        done = sum(each.epoch for each in records[:number]) / max_epoch
        assert line["n_trials"] == (pytest.approx(done) if is_ladder else number)
        clock_s += value["virtual_time"]
        assert clock_s == pytest.approx(record.end_s, rel=1e-12)
        assert (value["cost"], value["status"]) == (record.error_pct, 1)
        assert value["additional_info"]["charged_cost_s"] == record.charged_cost_s
    assert config["task"]["optimization_resources"]["n_trials"] == lines[-1]["n_trials"]
    assert config["task_type"] == ("multi-fidelity" if is_ladder else "blackbox")
    assert (config["optimizer_id"], config["seed"]) == (run_id, 0)
    assert records[0].table in config["task_id"]
    incumbents = [line["n_function_calls"] for line in lines_of(directory / "trajectory_logs.jsonl")]
    better = {change.record.trial for change in incumbent_changes(records)}
    assert incumbents == [number for number, record in enumerate(records, start=1) if record.trial in better]


def test_a_campaigns_runs_keep_their_optimizers_and_seeds(tmp_path: Path) -> None:
    for seed in (3, 4):
        write_run(tmp_path / "campaign", make_run([(10, 80.0), (20, 85.0)], seed=seed, optimizer="good"))
    export_directories(str(tmp_path / "campaign"), str(tmp_path / "out"), "carps")
    configs = [json.loads(path.read_text()) for path in sorted((tmp_path / "out").rglob("config.yaml"))]
    assert [(each["optimizer_id"], each["seed"]) for each in configs] == [("good", 3), ("good", 4)]


def test_a_task_names_the_draw_or_the_training_seed_so_that_neither_s_numbers_mix(tmp_path: Path) -> None:
    drawn = open_benchmark(draw=3).provenance
    by_seed = {**TABLE, "seeds": [222, 333]}
    headers = {"drawn": {"table": drawn.to_dict()}, "first": {"table": by_seed, "table_seed": 222}}
    headers["second"] = {"table": by_seed, "table_seed": 333}
    tasks = {}
    for name, header in headers.items():
        write_run(tmp_path / name, make_run([(10, 80.0)], **header))
        export_directories(str(tmp_path / name), str(tmp_path / f"out-{name}"), "carps")
        (path,) = (tmp_path / f"out-{name}").rglob("config.yaml")
        tasks[name] = json.loads(path.read_text())["task_id"]
    assert tasks == {
        "drawn": f"NAS-HPO-Bench-II/{drawn.key}/draw-3/epoch-12",
        "first": "NAS-HPO-Bench-II/embedded:01234567/seed-222/epoch-12",
        "second": "NAS-HPO-Bench-II/embedded:01234567/seed-333/epoch-12",
    }
