"""The comparison table against means taken by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.latex import to_latex
from nhb2_plugins.analysis.model import Estimate
from nhb2_plugins.analysis.page.builder import page_of
from nhb2_plugins.analysis.questions.comparison import QUESTION, compare, comparison_table
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import best_of_columns
from tests.analysis.runs import campaign_of, make_run, optimizer_of, optimizer_with

RESULTS = CampaignResults(
    (
        # Regrets 5 and 7; three evaluations in all; they end at 30 and 20 s.
        optimizer_of("a", make_run([(10, 80.0), (30, 85.0)]), make_run([(20, 83.0)], seed=1)),
        optimizer_with("b", [1.0, None, None]),
        OptimizerRuns("c", ()),
    )
)


def test_a_row_holds_means_and_standard_errors_over_the_runs_with_a_result() -> None:
    a, b, c = compare(RESULTS)
    assert (a.optimizer, a.n_runs, a.evaluations, a.simulated_h) == ("a", 2, 1.5, pytest.approx(25 / 3600))
    # Errors 15 and 17 (validation), 14 and 16 (test, one point less), 10 and 12 (200 epochs, five less).
    expected = {"regret": 6.0, "valid_error": 16.0, "test_error_12": 15.0, "test_error_200": 11.0}
    for name, mean in expected.items():
        estimate = getattr(a, name)
        assert (estimate.mean, estimate.standard_error) == pytest.approx((mean, 1.0)), name
    assert (b.n_runs, b.regret) == (1, Estimate(pytest.approx(1.0), None))
    assert (c.n_runs, c.evaluations, c.simulated_h, c.regret, c.test_error_200) == (0, None, None, None, None)


def test_the_table_says_what_is_shown_and_what_is_missing() -> None:
    table = comparison_table(compare(RESULTS), analyse(RESULTS))
    assert table.shown() == (
        ("a", "2", "1.5", "0.01", "16.00 ± 1.00", "6.00 ± 1.00", "15.00 ± 1.00", "11.00 ± 1.00"),
        ("b", "1", "1.0", "0.00", "11.00", "1.00", "10.00", "6.00"),
        ("c", "0", *["–"] * 6),
    )
    assert table.notes == (
        "Mean over runs ± standard error. Errors are those of the incumbent, looked up after the search.",
        "Regret in validation error after 12 epochs, in percentage points, to the table's best: 0|00|000, lr 0.1, "
        "batch size 256, error 10.00 %.",
        "No result within the budget, and not counted: b (2 of 3 runs).",
        "No finished run: c.",
    )
    assert (table.name, table.title) == ("comparison", "Comparison")
    assert table.headings[2:] == (
        "evaluations",
        "simulated h",
        "valid error %",
        "regret",
        "test error % (12)",
        "test error % (200)",
    )
    assert len(comparison_table(compare(campaign_of({"a": [1.0]})), analyse(campaign_of({"a": [1.0]}))).notes) == 2


def test_an_archive_has_no_errors_of_an_incumbent() -> None:
    facts = replace(analyse(RESULTS), objectives=("error_pct", "cost_s"))
    table = comparison_table(compare(RESULTS), facts)
    assert table.keys == ("optimizer", "runs", "evaluations", "simulated_h", "regret")
    assert table.shown()[0] == ("a", "2", "1.5", "0.01", "6.00 ± 1.00")
    assert table.notes[0] == "Mean over runs ± standard error."


def test_its_best_means_are_marked_on_the_page() -> None:
    facts = analyse(RESULTS)
    (part,) = QUESTION.parts(facts.comparison, facts)
    assert isinstance(part, parts.TablePart)
    assert (part.section, part.place, part.mark_best, part.names) == (parts.COMPARISON, 0, True, True)


def test_only_what_has_runs_enough_to_be_ranked_is_marked_as_best() -> None:
    finals = {"few": [0.5] * 5, "worse": [3.0] * 10, "best": [2.0] * 10}
    facts = analyse(campaign_of(finals))
    table = comparison_table(facts.comparison, facts)
    assert table.unranked == {0}
    assert set(best_of_columns(table).values()) == {2}
    assert "Bold marks the smallest mean of those with runs enough to be ranked." in page_of(facts)
    assert "textbf{2.00" in to_latex(table, facts)
    alone = analyse(campaign_of({"few": [0.5] * 5, "one": [3.0] * 10}))
    assert best_of_columns(comparison_table(alone.comparison, alone)) == {}
    assert "Bold marks" not in page_of(alone)
