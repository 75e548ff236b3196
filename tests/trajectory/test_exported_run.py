"""Whole runs out of any source: their order, their directories, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.exported_run import ExportedRun, exported_runs
from nhb2_plugins.trajectory.exports import export_directories
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from tests.analysis.runs import make_run, write_run


def test_a_run_id_does_not_lead_out_of_the_target(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "a.jsonl") as sink:
        sink.write(replace(make_run([(10, 80.0)]).records[0], run_id="/../../outside: x"))
    export_directories(str(tmp_path / "a.jsonl"), str(tmp_path / "out" / "deep"), "carps")
    written = [path.relative_to(tmp_path / "out" / "deep") for path in (tmp_path / "out").rglob("trial_logs.jsonl")]
    assert written == [Path("_/_/_/outside__x/trial_logs.jsonl")]


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


def test_what_a_run_says_of_itself() -> None:
    first, second = make_run([(10, 80.0), (20, 85.0)], optimizer="a").records
    run = ExportedRun("a", 3, 100.0, (replace(first, worker=2), replace(second, epoch=4, budget=4.5)))
    assert (run.run_id, run.directory) == ("a/seed-0000", Path("a/seed-0000"))
    assert (run.n_workers, run.max_epoch, run.is_multifidelity) == (3, 12, True)
    assert ExportedRun("a", 3, None, (first,)).is_multifidelity is False


def test_records_without_a_header_are_runs_by_their_ids_in_order_of_end(source: Path) -> None:
    by_id = {run.run_id: run for run in exported_runs(source)}
    assert sorted(by_id) == ["ladder/seed-0", "single"]
    for run_id, run in by_id.items():
        assert (run.optimizer, run.seed, run.budget_s) == (run_id, 0, None)
        ends = [record.end_s for record in run.records]
        assert ends == sorted(ends)
        assert len(ends) > 10
    assert (by_id["single"].is_multifidelity, by_id["ladder/seed-0"].is_multifidelity) == (False, True)
    assert by_id["ladder/seed-0"].n_workers == 4


def test_a_header_says_optimizer_seed_and_budget_and_a_run_without_records_is_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)], seed=7, optimizer="b"))
    write_run(tmp_path, make_run([], seed=8, optimizer="b"))
    (run,) = exported_runs(tmp_path)
    assert (run.optimizer, run.seed, run.budget_s, len(run.records)) == ("b", 7, 100.0, 1)
