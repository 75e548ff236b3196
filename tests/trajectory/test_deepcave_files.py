"""Runs as DeepCAVE keeps them, held to its rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer
from ConfigSpace import Configuration as SpaceConfiguration

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.encoding import to_configuration
from nhb2_plugins.trajectory.exports import export_directories
from nhb2_plugins.trajectory.run_file import FrontPoint
from tests.analysis.runs import make_run, write_run
from tests.trajectory.exported import records_of, rows


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


def test_a_trial_names_the_draw_that_its_table_is(tmp_path: Path) -> None:
    drawn = open_benchmark(draw=3).provenance
    write_run(tmp_path / "campaign", make_run([(10, 80.0)], table=drawn.to_dict()))
    export_directories(str(tmp_path / "campaign"), str(tmp_path / "out"), "deepcave")
    (path,) = (tmp_path / "out").rglob("trials.csv")
    assert rows(path)[0]["table"] == f"{drawn.key}, draw 3 of 27"


def test_a_run_of_several_objectives_has_a_metric_for_each(tmp_path: Path) -> None:
    front = (FrontPoint("0|00|000", 0.1, 256, (10.0, 1.0, 1.0)),)
    run = make_run([(10, 80.0)], objectives=("error_pct", "cost_s", "params_live"), front=front)
    write_run(tmp_path / "campaign", run)
    export_directories(str(tmp_path / "campaign"), str(tmp_path / "out"), "deepcave")
    (path,) = (tmp_path / "out").rglob("trials.csv")
    (trial,) = rows(path)
    metrics = {name: float(value) for name, value in trial.items() if name.startswith("metric:")}
    assert metrics == {
        "metric:error_pct [0; 100] (minimize)": 20.0,
        "metric:cost_s [0; +inf] (minimize)": 1.0,
        "metric:params_live [0; +inf] (minimize)": float(Cell("0|00|000").params_live),
    }
    assert float(trial["cost_s"]) == 1.0
