"""Campaigns for real: a dask cluster of processes, resumed, killed, with runs that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign import engine
from nhb2_plugins.campaign.engine import open_table_of, run_campaign
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign.store import CampaignStore
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import CampaignError, TableNotFoundError
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.table.embedded import embedded_draws
from nhb2_plugins.table.writer import write_table
from nhb2_plugins.trajectory.reader import read_run
from tests.campaign.campaigns import campaign, contents
from tests.support.command_line import Outcome, nhb2


@pytest.fixture(scope="module")
def finished(bench: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("campaign") / "finished"
    outcome = run_campaign(campaign(), bench, directory, n_processes=2)
    assert (outcome.n_kept, outcome.n_run, outcome.failed) == (0, 9, ())
    return directory


def test_every_run_is_there_whole_and_within_its_budget(finished: Path, bench: Benchmark) -> None:
    for plan in plan_runs(campaign()):
        run = read_run(CampaignDirectory(finished).run_file(plan.run_id))
        assert run.end is not None
        assert run.end.n_evaluations == len(run.records) > 0
        assert all(record.end_s <= plan.budget_s for record in run.records)
        assert all(record.split == "valid" for record in run.records)
        assert run.header.table["digest"] == bench.provenance.digest
        assert all(record.table == f"{bench.provenance.kind}:{bench.provenance.digest[:8]}" for record in run.records)


def test_incumbents_are_looked_up_in_the_table(finished: Path, bench: Benchmark) -> None:
    for plan in plan_runs(campaign()):
        run = read_run(CampaignDirectory(finished).run_file(plan.run_id))
        by_trial = {record.trial: record for record in run.records}
        for incumbent in run.incumbents:
            configuration = by_trial[incumbent.trial].configuration
            assert incumbent.valid_accuracy_12_pct == bench.evaluate(configuration).accuracy_pct
            assert incumbent.test_accuracy_12_pct == bench.evaluate(configuration, 12, "test").accuracy_pct
            assert incumbent.expected_accuracy_200_pct == bench.evaluate(configuration, 200).accuracy_pct
        assert all(regret >= 0 for _, regret in run.regrets)


def test_a_run_in_this_process_equals_the_one_on_the_cluster(finished: Path, tmp_path: Path, bench: Benchmark) -> None:
    for plan in plan_runs(campaign()):
        assert execute_run(plan, bench, str(tmp_path)).failure == ""
    assert contents(tmp_path) == contents(finished)


def test_resuming_runs_what_is_missing_and_nothing_else(finished: Path, bench: Benchmark, scheduler: str) -> None:
    before = contents(finished)
    kept = {path: path.stat().st_mtime_ns for path in finished.glob("runs/*/*.jsonl")}
    gone = finished / "runs" / "random_search" / "seed-0001.jsonl"
    gone.unlink()
    outcome = run_campaign(campaign(), bench, finished, scheduler=scheduler)
    assert (outcome.n_kept, outcome.n_run) == (8, 1)
    assert contents(finished) == before
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items() if path != gone)


def test_another_specification_is_refused_unless_told(bench: Benchmark, tmp_path: Path, scheduler: str) -> None:
    directory = tmp_path / "runs_of_one"
    small = campaign(optimizers=[{"algorithm": "random_search", "seeds": 1}])
    run_campaign(small, bench, directory, scheduler=scheduler)
    other = campaign(budget_s=2000, optimizers=[{"algorithm": "random_search", "seeds": 1}])
    with pytest.raises(CampaignError, match="another specification"):
        run_campaign(other, bench, directory, scheduler=scheduler)
    assert run_campaign(other, bench, directory, scheduler=scheduler, overwrite=True).n_run == 1
    assert read_run(directory / "runs/random_search/seed-0000.jsonl").header.budget_s == 2000


def test_more_seeds_go_on_where_fewer_have_run(bench: Benchmark, tmp_path: Path, scheduler: str) -> None:
    def of_seeds(seeds: int | list[int], **changes: Any) -> CampaignSpec:
        return campaign(optimizers=[{"algorithm": "random_search", "seeds": seeds, **changes}])

    run_campaign(of_seeds(2), bench, tmp_path, scheduler=scheduler)
    runs = contents(tmp_path / "runs")
    more = run_campaign(of_seeds([0, 1, 5]), bench, tmp_path, scheduler=scheduler)
    assert (more.n_kept, more.n_run) == (2, 1)
    assert {path: text for path, text in contents(tmp_path / "runs").items() if path in runs} == runs
    assert json.loads((tmp_path / "campaign.json").read_text())["spec"]["optimizers"][0]["seeds"] == [0, 1, 5]
    for other in (of_seeds(2), of_seeds([0, 5, 6]), of_seeds(9, label="x"), of_seeds(9, epoch=4)):
        with pytest.raises(CampaignError, match="another specification"):
            run_campaign(other, bench, tmp_path, scheduler=scheduler)


def test_a_directory_with_other_files_is_left_alone(bench: Benchmark, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(CampaignError, match="other files"):
            run_campaign(campaign(), bench, tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_wrong_setting_stops_the_campaign_before_it_starts(bench: Benchmark, tmp_path: Path) -> None:
    wrong = [{"algorithm": "regularized_evolution", "seeds": 1, "settings": {"population_sise": 5}}]
    with pytest.raises(CampaignError, match="did you mean 'population_size'"):
        run_campaign(campaign(optimizers=wrong), bench, tmp_path / "out")
    wrong[0]["settings"] = {"population_size": 0}
    with pytest.raises(CampaignError, match="population_size 0"):
        run_campaign(campaign(optimizers=wrong), bench, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_campaigns_do_not_run_in_one_directory_at_once(finished: Path, bench: Benchmark) -> None:
    store = CampaignStore(finished)
    for overwrite in (False, True):
        with (
            store.opened(campaign(), bench.provenance),
            pytest.raises(CampaignError, match="another process is running"),
        ):
            run_campaign(campaign(), bench, finished, overwrite=overwrite)
    assert len(list(finished.glob("runs/*/*.jsonl"))) == 9


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere", "tcp://127.0.0.1:port", "carrier-pigeon://a:1"])
def test_no_scheduler_is_a_clear_error(
    address: str, bench: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_PATIENCE_S", 0.5)
    with pytest.raises(CampaignError, match="no dask scheduler answers"):
        run_campaign(campaign(), bench, tmp_path / "out", scheduler=address)


@pytest.mark.slow
def test_a_killed_campaign_resumes_to_the_same_results(tmp_path: Path, bench: Benchmark) -> None:
    spec = {"name": "killed", "budget_s": 20000, "optimizers": [{"algorithm": "optuna", "seeds": 8}]}
    path = tmp_path / "killed.yaml"
    path.write_text(json.dumps(spec))
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    whole.mkdir()
    for plan in plan_runs(CampaignSpec.model_validate(spec)):
        assert execute_run(plan, bench, str(whole)).failure == ""

    command = [sys.executable, "-m", "nhb2_plugins.cli", "run", str(path), "--out", str(resumed), "--processes", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(resumed.glob("runs/*/*.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    n_before = len(list(resumed.glob("runs/*/*.jsonl")))
    assert 2 <= n_before < 8

    completed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{n_before} are there already" in completed.stderr
    assert contents(resumed) == contents(whole)
    assert not list(resumed.glob("runs/*/.*")), "the killed run's half-written file is still there"


def test_a_campaign_on_a_draw_is_on_it_in_every_process(tmp_path: Path, bench: Benchmark) -> None:
    spec = campaign(optimizers=[{"algorithm": "random_search", "seeds": 2}])
    on_draw = open_table_of(spec, draw=4)
    outcome = run_campaign(spec, on_draw, tmp_path / "drawn", n_processes=2)
    assert outcome.failed == ()
    headers = [read_run(path).header for path in (tmp_path / "drawn").glob("runs/*/*.jsonl")]
    assert {header.table_label for header in headers} == {on_draw.provenance.label}
    assert [header.table["assumptions"] for header in headers] == [on_draw.provenance.assumptions] * 2
    with pytest.raises(CampaignError, match="another table"):
        run_campaign(spec, bench, tmp_path / "drawn", n_processes=1)
    for named in (None, "embedded"):
        assert open_table_of(spec.model_copy(update={"table": named}), draw=1).provenance.draw == (1, embedded_draws())


def test_every_run_of_a_campaign_in_handfuls_is_done_once(bench: Benchmark, tmp_path: Path) -> None:
    """Many short runs and some that outlast their task's time."""
    spec = campaign(
        optimizers=[
            {"algorithm": "random_search", "seeds": 150},
            {"algorithm": "optuna", "seeds": 20},
        ]
    )
    seen: list[str] = []
    outcome = run_campaign(
        spec, bench, tmp_path / "out", n_processes=2, on_outcome=lambda each: seen.append(each.run_id)
    )
    assert (outcome.n_kept, outcome.n_run, outcome.failed) == (0, 170, ())
    assert sorted(seen) == sorted(plan.run_id for plan in plan_runs(spec))


def test_a_run_that_kills_its_worker_is_lost_alone(tmp_path: Path, bench: Benchmark) -> None:
    """Of a handful of runs one takes the worker process with it, every time; the others are done."""
    deadly = tmp_path / "deadly_optimizer"
    deadly.mkdir()
    (deadly / "deadly.py").write_text(
        "import os\n"
        "from nhb2_plugins.optimizers.random_search import RandomSearch\n"
        "class Deadly(RandomSearch):\n"
        "    def ask(self):\n"
        "        if self.seed == 1:\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return super().ask()\n"
        "    def __init__(self, seed, epoch=12):\n"
        "        super().__init__(seed=seed, epoch=epoch)\n"
        "        self.seed = seed\n"
    )
    information = deadly / "deadly-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[nhb2_plugins.optimizers]\ndeadly = deadly:Deadly\n")
    spec = tmp_path / "spec.json"
    spec.write_text(
        json.dumps({"name": "deadly", "budget_s": 3000, "optimizers": [{"algorithm": "deadly", "seeds": 64}]})
    )
    command = [sys.executable, "-m", "nhb2_plugins.cli", "run", str(spec), "--out", str(tmp_path / "out")]
    path = os.pathsep.join(filter(None, [str(deadly), os.environ.get("PYTHONPATH", "")]))
    completed = subprocess.run(
        [*command, "--processes", "2"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"},  # retries
    )
    assert completed.returncode == 1, completed.stderr
    assert "deadly/seed-0001 failed" in completed.stderr
    assert "1 run failed" in completed.stderr
    assert len(list((tmp_path / "out").glob("runs/deadly/*.jsonl"))) == 63


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: whole[:-2], lambda whole: b""]
)
def test_a_run_file_that_was_cut_short_is_run_again(
    damage: Callable[[bytes], bytes], bench: Benchmark, tmp_path: Path, scheduler: str
) -> None:
    """As after a copy of the directory that stopped half-way."""
    spec = campaign(optimizers=[{"algorithm": "random_search", "seeds": 2}])
    run_campaign(spec, bench, tmp_path, scheduler=scheduler)
    before = contents(tmp_path)
    path = tmp_path / "runs/random_search/seed-0001.jsonl"
    path.write_bytes(damage(path.read_bytes()))
    outcome = run_campaign(spec, bench, tmp_path, scheduler=scheduler)
    assert (outcome.n_kept, outcome.n_run, outcome.failed) == (1, 1, ())
    assert contents(tmp_path) == before


RESTRICTED = {
    "restriction": {"lr": 0.1},
    "optimizers": [
        {"algorithm": "random_search", "label": "joint", "seeds": 2},
        {"algorithm": "regularized_evolution", "seeds": 2, "restriction": {"batch_size": 64}},
        {"algorithm": "bohb", "ladder": [1, 4, 12], "seeds": 2, "restriction": {"one_per_class": True}},
        {"algorithm": "optuna", "seeds": 2, "restriction": {"cellcode": "0|10|210"}},
    ],
}


def test_restricted_runs_stay_inside_and_regret_is_to_the_best_inside(
    bench: Benchmark, tmp_path: Path, scheduler: str
) -> None:
    spec = campaign(**RESTRICTED)
    assert not run_campaign(spec, bench, tmp_path, scheduler=scheduler).failed
    inside = [Configuration(code, 0.1, size) for code in CELLCODES for size in BATCH_SIZES]
    best = max(bench.evaluate(each).accuracy_pct for each in inside)
    for plan in plan_runs(spec):
        run = read_run(CampaignDirectory(tmp_path).run_file(plan.run_id))
        assert run.records
        assert all(record.configuration in plan.restriction for record in run.records)
        assert run.header.problem == Subspace(lr=0.1)
        assert run.header.restriction == plan.restriction
        assert run.header.optimum.accuracy_pct == best
        assert run.header.optimum.lr == 0.1


def test_an_optimizer_that_cannot_be_restricted_stops_the_campaign(bench: Benchmark, tmp_path: Path) -> None:
    alone = [{"algorithm": "regularized_evolution", "seeds": 1}]
    point = {"cellcode": "0|10|210", "lr": 0.1, "batch_size": 64}
    with pytest.raises(CampaignError, match="regularized_evolution"):  # one configuration has nothing to mutate
        run_campaign(campaign(optimizers=alone, restriction=point), bench, tmp_path / "out")


def test_thinking_is_on_the_clock_where_the_specification_says_so(
    bench: Benchmark, tmp_path: Path, scheduler: str
) -> None:
    spec = campaign(overhead="measured", optimizers=[{"algorithm": "optuna", "seeds": 1}])
    run_campaign(spec, bench, tmp_path, scheduler=scheduler)
    run = read_run(tmp_path / "runs/optuna/seed-0000.jsonl")
    assert run.header.overhead == "measured"
    waited = [later.start_s - earlier.end_s for earlier, later in zip(run.records, run.records[1:], strict=False)]
    assert min(waited) > 0


def test_the_specification_says_which_table(bench: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy"
    write_table(copy, {name: bench.table.column(name) for name in bench.table.manifest.columns}, bench.provenance)
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "nowhere"))
    assert open_table_of(campaign(table="embedded")).provenance.digest == bench.provenance.digest
    assert open_table_of(campaign(table=str(copy))).table.directory == copy
    assert open_table_of(campaign(table="embedded"), str(copy)).table.directory == copy
    for nothing in (None, "imported", str(tmp_path / "nothing")):
        with pytest.raises(TableNotFoundError):
            open_table_of(campaign(table=nothing))


def dry_run(directory: Path, spec: CampaignSpec, *options: str) -> Outcome:
    path = directory / "spec.json"  # JSON is YAML
    path.write_text(spec.model_dump_json(exclude_none=True))
    return nhb2("run", path, "--out", directory / "out", "--dry-run", *options)


def test_a_dry_run_refuses_what_a_run_would(bench: Benchmark, tmp_path: Path, scheduler: str) -> None:
    few = [{"algorithm": "random_search", "seeds": 2}]
    run_campaign(campaign(optimizers=few), bench, tmp_path / "out", scheduler=scheduler)
    same = dry_run(tmp_path, campaign(optimizers=few))
    assert (same.status, same.out.splitlines()[2].split()[1:4]) == (0, ["2", "2", "0"])
    other = dry_run(tmp_path, campaign(optimizers=few, budget_s=4000))
    assert (other.status, other.out) == (2, "")
    assert "runs of another specification" in other.err
    anew = dry_run(tmp_path, campaign(optimizers=few, budget_s=4000), "--overwrite")
    assert (anew.status, anew.out.splitlines()[2].split()[1:4]) == (0, ["2", "0", "2"])
    assert len(contents(tmp_path / "out")) == 2, "a dry run deleted runs"
    setting = dry_run(tmp_path, campaign(optimizers=[{**few[0], "settings": {"population": 3}}]))
    assert (setting.status, setting.out) == (2, "")
    assert "population" in setting.err
