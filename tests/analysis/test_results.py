"""A campaign's directory, read; and what all its runs share, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.analysis.model import FailedRun
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, read_results
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.trajectory.baseline import write_baseline
from nhb2_plugins.trajectory.run_file import FrontPoint
from tests.analysis.runs import TABLE, campaign_of, make_run, on_draws, optimizer_of, optimizer_with, write_run
from tests.analysis.worked import baseline
from tests.core_fixtures import needs


def _of(*headers: dict[str, object]) -> CampaignResults:
    return CampaignResults(tuple(optimizer_with(f"o{i}", [1.0], **header) for i, header in enumerate(headers)))


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([{}], "100 simulated seconds, 1 simulated worker, charged from_scratch"),
        (
            [{"budget_s": 20_000.0}, {"budget_s": 300.0, "n_workers": 4}, {"budget_s": 30_000.0}],
            "300, 20,000 or 30,000 simulated seconds, 1 or 4 simulated workers, charged from_scratch",
        ),
        ([{"budget_s": None}], "no limit of simulated seconds, 1 simulated worker, charged from_scratch"),
        ([{"n_workers": 4}], "100 simulated seconds, 4 simulated workers, charged from_scratch"),
        (
            [{"crossing": "count"}, {}],
            "100 simulated seconds, 1 simulated worker, charged from_scratch; evaluations that cross the budget: count",
        ),
        (
            [{"overhead": "measured"}, {"charging": "cached"}],
            "100 simulated seconds, 1 simulated worker, charged cached or from_scratch; the optimizer's own time: "
            "measured",
        ),
        (
            [{"problem": Subspace(lr=0.1, one_per_class=True)}],
            "100 simulated seconds, 1 simulated worker, charged from_scratch; space restricted to lr 0.1, "
            "one_per_class True",
        ),
    ],
)
def test_conditions_in_a_line(headers: list[dict[str, object]], words: str) -> None:
    assert _of(*headers).conditions == words


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
    assert "at most 2 evaluations" in CampaignResults((optimizer_of("a", *by_number),)).conditions


def test_notes_name_the_table_the_conditions_the_epochs_and_the_versions() -> None:
    second = {"versions": {"numpy": "1"}, "ladder": FidelityLadder([1, 4])}
    results = _of({"versions": {"numpy": "2", "Zed": "1"}}, second)
    assert results.versions == {"numpy": ("1", "2"), "Zed": ("1",)}
    assert results.notes == (
        "Numbers from the embedded table (01234567): made by hand (for a test).",
        "100 simulated seconds, 1 simulated worker, charged from_scratch. Searched at 1, 4, 12 epochs. With numpy 1 or "
        "2, Zed 1.",
    )
    marked = _of({"epoch": 200, "table": {**TABLE, "note": ""}})
    assert marked.optimizers[0].marked_name == "o0 *"
    assert marked.table_line == "embedded table (01234567): made by hand"
    assert marked.versions_line == ""
    assert marked.notes[-1].startswith("* searched on expected test accuracy (200 epochs)")


def test_the_name_and_the_measure() -> None:
    results = campaign_of({"a": [1.0]})
    assert (results.name, replace(results, specification={"name": "n"}).name) == ("campaign", "n")
    assert results.measure == "validation error after 12 epochs"
    long = campaign_of({"a": [-5.0]}, measure_epoch=200)
    assert long.measure == "expected test error after 200 epochs"


def test_of_several_draws_the_table_is_what_they_share() -> None:
    two, one = (CampaignResults((on_draws("a", [1.0, 2.0], n),)) for n in (2, 1))
    assert (two.draws, one.draws) == ((0, 1), ())
    assert [*two.table] == ["kind", "source", "note", "created", "seeds", "checksums", "digest"]
    assert two.table["digest"] == "one for each of 2 draws; every run's file names its own"
    assert one.table == one.header.table
    assert two.table_label == "embedded table, 2 of its 27 draws"


def test_runs_of_one_training_seed_and_runs_that_take_turns_are_not_mixed(tmp_path: Path) -> None:
    table = {**TABLE, "seeds": [7, 8]}
    for seed in (7, 8):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed, table=table, table_seed=seed))
    assert len(read_results(tmp_path).optimizers[0].runs) == 2
    write_run(tmp_path, make_run([(10, 80.0)], seed=9, table=table))
    with pytest.raises(CampaignError):
        read_results(tmp_path)


@needs("moocore")
@pytest.mark.parametrize(("point", "said"), [((50.0, 40.0), "(50, 40)"), (None, "(40, 30), its nadir")])
def test_the_goal_of_an_archive_is_the_exact_front(point: tuple[float, ...] | None, said: str) -> None:
    values = ((10.0, 30.0), (20.0, 20.0), (40.0, 10.0))
    front = tuple(FrontPoint("0|00|220", 0.1, 32, each) for each in values)
    header = {"objectives": ("error_pct", "cost_s"), "front": front, "reference_point": point}
    results = CampaignResults((optimizer_of("a", make_run([], **header)),))
    assert results.goal == f"all that the exact front's 3 points dominate, up to {said}"
    assert results.measure == "hypervolume of error_pct and cost_s"


def test_an_optimizer_without_a_run_is_not_marked_and_gives_no_header() -> None:
    results = CampaignResults((OptimizerRuns("gone", ()), optimizer_with("a", [1.0, None])))
    assert [each.marked_name for each in results.optimizers] == ["gone", "a"]
    assert len(results.first_headers) == 1
    assert results.header.optimizer == "a"
    assert [len(each.with_result) for each in results.optimizers] == [0, 1]


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


def test_the_goal_is_the_table_s_best() -> None:
    assert _of({}).goal == "the table's best: 0|00|000, lr 0.1, batch size 256, error 10.00 %"
