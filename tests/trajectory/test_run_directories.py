"""Runs as DeepCAVE and CARP-S keep them, held to their rules; CARP-S's own reader reads them in its environment."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
from ConfigSpace import Configuration as SpaceConfiguration

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.encoding import to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.asha import Asha
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.exports import DIRECTORY_FORMATS, export_directories
from nhb2_plugins.trajectory.incumbent import incumbent_changes
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.selection import select_runs
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from nhb2_plugins.trajectory.sources import read_source, write_target
from tests.analysis.runs import make_run, write_run
from tests.core_fixtures import mini_benchmark, needs
from tests.support.command_line import assert_one_line_error, nhb2
from tests.support.disks import LIMITED

BENCH = mini_benchmark()
LADDER = FidelityLadder([1, 4, 12])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two runs in files of records alone: one at one fidelity, one on a ladder with four workers."""
    for run_id, optimizer in (("single", RandomSearch(0)), ("ladder/seed-0", Asha(0, ladder=LADDER, eta=3))):
        path = tmp_path / "source" / f"{run_id.replace('/', '-')}.jsonl"
        path.parent.mkdir(exist_ok=True)
        with JsonLinesSink(path) as sink:
            logger = TrajectoryLogger([sink], run_id=run_id)
            simulate(optimizer, BENCH, budget_s=400_000, n_workers=4, logger=logger)
    return tmp_path / "source"


def records_of(source: Path, run_id: str) -> list[TrialRecord]:
    lines = (source / f"{run_id.replace('/', '-')}.jsonl").read_text().splitlines()
    values = [json.loads(line) for line in lines]
    return [TrialRecord.from_dict({k: v for k, v in each.items() if k != "type"}) for each in values]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def deepcave_space(path: Path) -> ConfigurationSpace:
    """The space as DeepCAVE makes it of a ``configspace.csv``: categorical items are text."""
    space = ConfigurationSpace()
    for row in rows(path):
        bounds = (row["lower"], row["upper"])
        if row["type"] == "categorical":
            items = [row[name] for name in row if name.startswith("item_") and row[name]]
            space.add(Categorical(row["name"], items, default=row["default"], ordered=row["ordered"] == "True"))
        elif row["type"] == "float":
            low, high = map(float, bounds)
            space.add(Float(row["name"], (low, high), log=row["log"] == "True"))
        else:
            low, high = map(int, bounds)
            space.add(Integer(row["name"], (low, high), log=row["log"] == "True"))
    return space


@pytest.mark.parametrize("run_id", ["single", "ladder/seed-0"])
def test_deepcaves_files_follow_its_rules(source: Path, tmp_path: Path, run_id: str) -> None:
    assert export_directories(str(source), str(tmp_path / "out"), "deepcave") == 2
    directory = tmp_path / "out" / run_id
    space, trials = deepcave_space(directory / "configspace.csv"), rows(directory / "trials.csv")
    records = records_of(source, run_id)
    assert len(trials) == len(records) > 10
    (metric,) = [name for name in trials[0] if name.startswith("metric")]
    number = r"(-?\d+\.?\d*|[-+]inf)"
    assert re.fullmatch(rf"metric:(\w+) \[{number}; {number}\] \((\w+)\)", metric)
    for trial, record in zip(trials, records, strict=True):
        values = {**trial, "lr": float(trial["lr"]), "batch_size": int(trial["batch_size"])}
        config = SpaceConfiguration(space, values={name: values[name] for name in space})
        assert to_configuration(config) == record.configuration
        assert float(trial[metric]) == record.error_pct
        assert (float(trial["start_time"]), float(trial["end_time"])) == (record.start_s, record.end_s)
        assert (int(trial["budget"]), int(trial["seed"])) == (record.epoch, record.seed)
        assert trial["status"] == "success"
    numbers: dict[str, set[int]] = {}
    for trial, record in zip(trials, records, strict=True):
        numbers.setdefault(trial["config_id"], set()).add(record.configuration.index)
    assert all(len(configurations) == 1 for configurations in numbers.values())


def test_a_mean_over_seeds_is_deepcaves_trial_without_a_seed(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "mean.jsonl") as sink:
        sink.write(replace(make_run([(10, 80.0)]).records[0], seed="mean", run_id="mean"))
    for name in DIRECTORY_FORMATS:
        export_directories(str(tmp_path / "mean.jsonl"), str(tmp_path / name), name)
    assert rows(tmp_path / "deepcave" / "mean" / "trials.csv")[0]["seed"] == "-1"
    assert lines_of(tmp_path / "carps" / "mean" / "trial_logs.jsonl")[0]["trial_info"]["seed"] is None


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


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


@needs("sqlalchemy")
def test_a_database_is_a_source_too(source: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    assert nhb2("log", "merge", source, "--to", url).status == 0
    assert export_directories(url, str(tmp_path / "out"), "deepcave") == 2
    export_directories(str(source), str(tmp_path / "again"), "deepcave")
    for path in (tmp_path / "out").rglob("*.csv"):
        assert path.read_text() == (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_text()


def test_paths_are_welcome_where_their_text_is(source: Path, tmp_path: Path) -> None:
    assert export_directories(source, tmp_path / "deepcave", "deepcave") == 2
    assert export_directories(str(source), str(tmp_path / "text"), "deepcave") == 2
    assert sorted(select_runs(source).runs) == sorted(select_runs(str(source)).runs) == ["ladder/seed-0", "single"]
    write_target(tmp_path / "all.jsonl", read_source(source))
    assert read_source(tmp_path / "all.jsonl") == read_source(str(source))


def test_a_run_id_does_not_lead_out_of_the_target(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "a.jsonl") as sink:
        sink.write(replace(make_run([(10, 80.0)]).records[0], run_id="/../../outside: x"))
    export_directories(str(tmp_path / "a.jsonl"), str(tmp_path / "out" / "deep"), "carps")
    written = [path.relative_to(tmp_path / "out" / "deep") for path in (tmp_path / "out").rglob("trial_logs.jsonl")]
    assert written == [Path("_/_/_/outside__x/trial_logs.jsonl")]


def test_what_cannot_be_exported_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"format 'carp' is not one of .*did you mean 'carps'"):
        export_directories(str(source), str(tmp_path / "out"), "carp")
    with pytest.raises(TrajectoryError, match="exists already"):
        export_directories(str(source), str(tmp_path), "carps")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(TrajectoryError, match="there is no record in"):
        export_directories(str(tmp_path / "empty.jsonl"), str(tmp_path / "out"), "carps")
    (source / "copy.jsonl").write_bytes((source / "single.jsonl").read_bytes())
    with pytest.raises(TrajectoryError, match="two runs of the name 'single'"):
        export_directories(str(source), str(tmp_path / "out"), "carps")
    (tmp_path / "file").write_text("")
    with pytest.raises(TrajectoryError, match="cannot write"):
        export_directories(str(source / "single.jsonl"), str(tmp_path / "file" / "out"), "carps")


def test_the_command_line_exports_directories(source: Path, tmp_path: Path) -> None:
    done = nhb2("log", "export", source, tmp_path / "out", "--format", "deepcave")
    assert (done.status, done.err.strip()) == (0, f"Wrote 2 runs to {tmp_path / 'out'}.")
    again = nhb2("log", "export", source, tmp_path / "out", "--format", "deepcave")
    assert_one_line_error(again, "exists already")


@pytest.mark.parametrize("directory_format", DIRECTORY_FORMATS)
def test_a_full_disk_leaves_no_half_directory(source: Path, tmp_path: Path, directory_format: str) -> None:
    command = ["log", "export", str(source), str(tmp_path / "target"), "--format", directory_format]
    limited = f"{LIMITED}\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))"
    code = f"{limited}\nfrom nhb2_plugins.cli.main import main\nraise SystemExit(main({command}))"
    refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"cannot write {tmp_path / 'target'}: " in refused.stderr
    assert "File too large" in refused.stderr
    assert list(tmp_path.iterdir()) == [source]


def test_a_file_of_two_whole_runs_is_refused_rather_than_mixed(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed))
    joined = tmp_path / "joined.jsonl"
    joined.write_bytes(b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("seed-*.jsonl"))))
    with pytest.raises(TrajectoryError, match=r"joined\.jsonl:\d+: a second line of type 'run'"):
        export_directories(str(joined), str(tmp_path / "target"), "carps")
    assert not (tmp_path / "target").exists()


def test_a_finished_run_that_lost_a_trial_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path, make_run([(10, 80.0), (20, 85.0)]))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"trial": 1, "cellcode"' not in line))
    with pytest.raises(TrajectoryError, match="has 1 trials, and its end says that there were 2"):
        export_directories(str(path), str(tmp_path / "target"), "carps")


def test_a_run_whose_header_is_damaged_is_refused_and_not_given_another_name(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)], seed=3))
    path = next(tmp_path.rglob("seed-*.jsonl"))
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(TrajectoryError, match=r"seed-0003\.jsonl:1: format version 2"):
        export_directories(str(path), str(tmp_path / "target"), "deepcave")


def test_iohs_files_follow_its_rules(source: Path, tmp_path: Path) -> None:
    export_directories(source, tmp_path / "runs", "ioh")
    directory = tmp_path / "runs" / "ladder" / "seed-0"
    content = json.loads((directory / "IOHprofiler_f12.json").read_text())
    assert content["maximization"] is False
    assert content["algorithm"] == {"name": "ladder/seed-0", "info": "ladder/seed-0"}
    (scenario,) = content["scenarios"]
    heading, *lines = (directory / scenario["path"]).read_text().splitlines()
    assert heading.split() == content["attributes"]
    records = sorted(records_of(source, "ladder/seed-0"), key=lambda record: (record.end_s, record.trial))
    highest = [record for record in records if record.epoch == 12]
    assert 0 < len(highest) < len(records)
    for number, (line, record) in enumerate(zip(lines, highest, strict=True), start=1):
        evaluations, raw_y, end_s, charged_s, *choices = map(float, line.split())
        assert (evaluations, raw_y, end_s) == (number, record.error_pct, record.end_s)
        assert (charged_s, tuple(choices)) == (record.charged_cost_s, record.configuration.choices)
    best = scenario["runs"][0]["best"]
    assert best["y"] == min(record.error_pct for record in highest)
    assert lines[best["evals"] - 1].split()[1] == repr(best["y"])
