"""What all runs of a campaign share, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with


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


def test_an_optimizer_without_a_run_is_not_marked_and_gives_no_header() -> None:
    results = CampaignResults((OptimizerRuns("gone", ()), optimizer_with("a", [1.0, None])))
    assert [each.marked_name for each in results.optimizers] == ["gone", "a"]
    assert len(results.first_headers) == 1
    assert results.header.optimizer == "a"
    assert [len(each.with_result) for each in results.optimizers] == [0, 1]
