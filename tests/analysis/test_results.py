"""A campaign's directory, read; and what all its runs share, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.analysis.model import FailedRun
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, read_results
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.trajectory.baseline import write_baseline
from tests.analysis.runs import TABLE, make_run, optimizer_of, optimizer_with, write_run
from tests.analysis.worked import baseline


def _of(*headers: dict[str, object]) -> CampaignResults:
    return CampaignResults(tuple(optimizer_with(f"o{i}", [1.0], **header) for i, header in enumerate(headers)))


def test_curves_end_with_the_largest_budget_or_the_last_evaluation() -> None:
    assert _of({"budget_s": 50.0}, {"budget_s": 200.0}, {"budget_s": None}).horizon_s == 200.0
    runs = optimizer_of("a", make_run([(7, 80.0)], budget_s=None), make_run([(9, 80.0)], seed=1, budget_s=None))
    assert CampaignResults((runs,)).horizon_s == 9.0


def test_where_every_run_ends_by_its_number_of_evaluations_curves_end_with_the_last() -> None:
    found = [(10, 80.0), (30, 85.0)]
    by_number = [make_run(found, seed=seed, max_evaluations=2) for seed in (0, 1)]
    assert CampaignResults((optimizer_of("a", *by_number),)).horizon_s == 30
    fewer = make_run(found[:1], seed=2, max_evaluations=2)  # its budget ended it
    assert CampaignResults((optimizer_of("a", *by_number, fewer),)).horizon_s == 100


def test_runs_of_one_training_seed_and_runs_that_take_turns_are_not_mixed(tmp_path: Path) -> None:
    table = {**TABLE, "seeds": [7, 8]}
    for seed in (7, 8):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed, table=table, table_seed=seed))
    assert len(read_results(tmp_path).optimizers[0].runs) == 2
    write_run(tmp_path, make_run([(10, 80.0)], seed=9, table=table))
    with pytest.raises(CampaignError):
        read_results(tmp_path)


def test_draws_of_one_table_are_one_campaign_and_those_of_another_are_not(tmp_path: Path) -> None:
    def write(seed: int, n_draws: int, **checksums: str) -> None:
        table = {**TABLE, "draw": (seed, n_draws), "digest": f"{seed:016x}", "checksums": checksums}
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed, table=table))

    write(0, 27, a="1", b="2")
    write(1, 27, b="2", a="1")
    assert read_results(tmp_path).draws == (0, 1)
    for other in ((9, {"a": "1", "b": "2"}), (27, {"a": "1", "b": "3"})):
        write(2, other[0], **other[1])
        with pytest.raises(CampaignError, match="of different tables"):
            read_results(tmp_path)
        (tmp_path / "runs" / "a" / "seed-0002.jsonl").unlink()


def test_an_optimizer_without_a_run_is_not_marked_and_gives_no_header() -> None:
    results = CampaignResults(
        (OptimizerRuns("gone", ()), optimizer_with("a", [1.0, None, 2.0]), optimizer_with("b", [1.0]))
    )
    assert [each.marked_name for each in results.optimizers] == ["gone", "a", "b"]
    assert [header.optimizer for header in results.first_headers] == ["a", "b"]
    assert results.header.optimizer == "a"
    assert [len(each.with_result) for each in results.optimizers] == [0, 2, 1]


def test_a_directory_is_read_in_the_order_asked_for_and_runs_by_their_seeds(tmp_path: Path) -> None:
    for name, seeds in (("a", (1, 0)), ("b", (0,)), ("c", (0,))):
        for seed in seeds:
            write_run(tmp_path, make_run([(10, 80.0)], seed=seed, optimizer=name))
    write_run(tmp_path, make_run([(10, 80.0)], seed=9, optimizer="a"), finish=False)
    CampaignDirectory(tmp_path).write_failure("b/seed-0001", "Traceback:\n\n  ValueError: no  \n\n")
    results = read_results(tmp_path, ("b", "gone"))
    found = [(each.name, [run.header.seed for run in each.runs]) for each in results.optimizers]
    assert found == [("b", [0]), ("gone", []), ("a", [0, 1]), ("c", [0])]
    assert results.unfinished == ("a/seed-0009",)
    assert results.failures == (FailedRun("b/seed-0001", "ValueError: no", "Traceback:\n\n  ValueError: no  \n\n"),)
    assert (results.specification, results.baseline) == ({}, None)


def test_a_directory_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]), finish=False)
    with pytest.raises(CampaignError, match=rf"there are no finished runs in {tmp_path / 'runs'}"):
        read_results(tmp_path, ("a",))


def test_runs_of_two_measures_and_a_baseline_of_another_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    recorded = CampaignDirectory(tmp_path).baseline_file
    recorded.write_text(write_baseline(baseline()))
    assert read_results(tmp_path).baseline == baseline()
    recorded.write_text(write_baseline(replace(baseline(), measure_epoch=200)))
    with pytest.raises(CampaignError, match="is of another table or measure than the runs"):
        read_results(tmp_path)
    recorded.unlink()
    write_run(tmp_path, make_run([(10, 80.0)], optimizer="b", measure_epoch=200))
    with pytest.raises(CampaignError, match="runs of different tables or measures cannot be compared"):
        read_results(tmp_path)
