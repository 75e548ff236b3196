"""One run of a plan: its file, its failure, its table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import RunOutcome, execute_batch, execute_run, measure_incumbent
from nhb2_plugins.campaign.tables import RunTable, TablePlace
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.recorder import Recorder
from nhb2_plugins.trajectory.run_file import Optimum
from tests.campaign.campaigns import campaign


def test_a_run_that_fails_is_recorded_and_stops_no_other(bench: Benchmark, tmp_path: Path) -> None:
    spec = campaign(optimizers=[{"algorithm": "random_search", "seeds": 3}])
    runs = tmp_path / "runs" / "random_search"
    blocked = runs / "seed-0001.jsonl"  # a directory in the way of one run's file: the rename fails
    blocked.mkdir(parents=True)
    (blocked / "in_the_way").touch()
    plans = plan_runs(spec)
    outcomes = [execute_run(plan, bench, str(tmp_path)) for plan in plans]
    assert [bool(outcome.failure) for outcome in outcomes] == [False, True, False]
    assert "seed-0001.jsonl" in outcomes[1].failure
    assert sorted(path.name for path in runs.iterdir()) == ["seed-0000.jsonl", "seed-0001.jsonl", "seed-0002.jsonl"]


def test_a_finished_run_is_reported_and_not_run_again(tmp_path: Path, bench: Benchmark) -> None:
    for budget_s in (3000.0, 1.0):  # nothing ends within a second
        directory = tmp_path / str(budget_s)
        directory.mkdir()
        (plan,) = plan_runs(campaign(budget_s=budget_s, optimizers=[{"algorithm": "random_search", "seeds": 1}]))
        first = execute_run(plan, bench, str(directory))
        written = CampaignDirectory(directory).run_file(plan.run_id).stat().st_mtime_ns
        assert execute_run(plan, bench, str(directory)) == first
        assert CampaignDirectory(directory).run_file(plan.run_id).stat().st_mtime_ns == written
        assert (first.failure, first.n_evaluations > 0) == ("", budget_s == 3000)


def test_a_task_begins_no_further_run_after_its_time(tmp_path: Path, bench: Benchmark) -> None:
    plans = plan_runs(campaign(optimizers=[{"algorithm": "random_search", "seeds": 3}]))
    table = TablePlace.of(bench)
    for seconds, done in ((60.0, plans), (0.0, plans[:1])):
        directory = tmp_path / str(seconds)
        directory.mkdir()
        outcomes = execute_batch(plans, table, str(directory), seconds)
        assert [(each.run_id, each.failure) for each in outcomes] == [(plan.run_id, "") for plan in done]


def test_no_run_is_done_on_another_table_than_the_campaigns(tmp_path: Path, bench: Benchmark) -> None:
    """As on a machine of a cluster where another table has the same path."""
    plans = plan_runs(campaign(optimizers=[{"algorithm": "random_search", "seeds": 2}]))
    other = replace(TablePlace.of(bench), in_turn=(RunTable("0" * 64),))
    outcomes = execute_batch(plans, other, str(tmp_path))
    assert [each.run_id for each in outcomes] == [plan.run_id for plan in plans]
    assert all("another table is in" in each.failure for each in outcomes)
    assert not list(tmp_path.iterdir())


def test_a_run_s_file_says_what_it_was_and_what_its_incumbents_are_worth(bench: Benchmark, tmp_path: Path) -> None:
    (plan,) = plan_runs(campaign(optimizers=[{"algorithm": "random_search", "seeds": [7], "restriction": {"lr": 0.1}}]))
    outcome = execute_run(plan, bench, str(tmp_path))
    run = read_run(CampaignDirectory(tmp_path).run_file("random_search/seed-0007"))
    assert run.end is not None
    assert outcome == RunOutcome(plan.run_id, run.end.n_evaluations, run.end.simulated_s)
    assert {name: getattr(run.header, name) for name in ("seed", "budget_s", "restriction", "problem")} == {
        "seed": 7,
        "budget_s": 3000.0,
        "restriction": Subspace(lr=0.1),
        "problem": WHOLE_SPACE,
    }
    best, accuracy_pct = bench.oracle(12)
    assert run.header.optimum == Optimum(best.cellcode, best.lr, best.batch_size, accuracy_pct)
    assert run.header.versions["nhb2-plugins"]
    for incumbent in run.incumbents:
        found = next(record for record in run.records if record.trial == incumbent.trial).configuration
        measured = [bench.evaluate(found, *at).accuracy_pct for at in ((12, "valid"), (12, "test"), (200, "test"))]
        assert [
            incumbent.valid_accuracy_12_pct, incumbent.test_accuracy_12_pct, incumbent.expected_accuracy_200_pct
        ] == measured  # fmt: skip


def test_incumbents_are_measured_under_the_seed_that_they_were_searched_with(bench: Benchmark) -> None:
    other = bench.seeds[1]
    recorder = Recorder(bench, seed=other)
    record = recorder.evaluate(bench.oracle(12)[0])
    (change,) = recorder.logger.incumbents()
    measured = measure_incumbent(change, bench)
    assert (measured.time_s, measured.trial) == (record.end_s, 0)
    assert measured.valid_accuracy_12_pct == bench.evaluate(record.configuration, 12, "valid", other).accuracy_pct
    assert measured.test_accuracy_12_pct == bench.evaluate(record.configuration, 12, "test", other).accuracy_pct
