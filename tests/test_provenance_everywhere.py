"""Every surface that shows numbers says which table they come from."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.report import comparison_text, write_report
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.exact import final_report
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder
from tests.support.command_line import nhb2

SPEC = {"name": "small", "budget_s": 3000, "optimizers": [{"algorithm": "random_search", "seeds": 2}]}


@pytest.fixture(scope="module")
def campaign(bench: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("campaign")
    for plan in plan_runs(CampaignSpec.model_validate(SPEC)):
        assert execute_run(plan, bench, str(directory)).failure == ""
    return directory


@pytest.mark.parametrize(
    "arguments",
    [
        ("info",),
        ("query", "010210", "0.1", "256"),
        ("query", "010210", "0.1", "256", "--epoch", "200"),
        ("query", "010210", "0.1", "256", "--json"),
        ("data", "verify"),
        ("analyze", "optima"),
        ("analyze", "pareto"),
    ],
)
def test_a_command_that_prints_numbers_names_the_table(arguments: tuple[str, ...], bench: Benchmark) -> None:
    printed = nhb2(*arguments).out
    assert bench.provenance.kind in printed
    assert bench.provenance.digest[:8] in printed


def test_a_trajectory_names_the_table_in_every_record(campaign: Path, bench: Benchmark) -> None:
    label = f"{bench.provenance.kind}:{bench.provenance.digest[:8]}"
    for path in campaign.glob("runs/*/*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert {line["table"] for line in lines if line["type"] == "trial"} == {label}
        assert lines[0]["table"]["kind"] == bench.provenance.kind
        printed = nhb2("log", "show", path).out
        assert label in printed


def test_the_report_names_the_table_in_text_csv_and_figure(campaign: Path, bench: Benchmark, tmp_path: Path) -> None:
    analysis = analyse(read_results(campaign))
    label = bench.provenance.label
    assert label in comparison_text(analysis)
    for table in write_report(analysis, tmp_path, ["csv"]):
        assert set(pd.read_csv(table)["table"]) == {label}
    for table in write_report(analysis, tmp_path, ["latex"]):
        assert label in table.read_text()
    with mpl.rc_context({"svg.fonttype": "none"}):
        for figure in write_report(analysis, tmp_path, ["svg"]):
            assert label in figure.read_text()


def test_frames_and_exports_name_the_table(bench: Benchmark, tmp_path: Path) -> None:
    assert bench.to_frame().attrs["provenance"]["kind"] == bench.provenance.kind
    logger = TrajectoryLogger()
    recorder = Recorder(bench, logger=logger)
    recorder.evaluate(bench.oracle()[0])
    assert set(logger.to_frame()["table"]) == {f"{bench.provenance.kind}:{bench.provenance.digest[:8]}"}
    assert nhb2("data", "export", "--to", tmp_path / "table.csv").status == 0
    assert bench.provenance.digest in (tmp_path / "table.provenance.json").read_text()


def test_a_benchmark_says_which_it_is(bench: Benchmark) -> None:
    assert bench.provenance.label in repr(bench)
    assert final_report(bench, bench.oracle()[0])[0].regret_pct == 0
