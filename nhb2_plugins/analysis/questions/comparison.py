"""What has each optimizer found at the end? One row per optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import estimate
from nhb2_plugins.analysis.model import CampaignFacts, Estimate
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import N_RUNS, OPTIMIZER, Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import listed
from nhb2_plugins.budget import SECONDS_PER_HOUR
from nhb2_plugins.metric import error_pct


@dataclass(frozen=True)
class ComparisonRow:
    """One optimizer's results; errors in percent, regret in percentage points, means over runs with a result.

    Where no run has a result within the budget every number is None, shown as a dash.

    Attributes:
        optimizer: its name, with an asterisk where it searched on expected test accuracy.
        n_runs: number of runs with a result; these are averaged.
        evaluations: evaluations of a run, mean.
        simulated_h: simulated hours until the last of them ended, mean.
        valid_error: final incumbent's validation error after 12 epochs.
        regret: final incumbent's regret to the table's optimum, at the campaign's measure.
        test_error_12: final incumbent's test error after 12 epochs.
        test_error_200: its expected test error after 200 epochs.
    """

    optimizer: str
    n_runs: int
    evaluations: float | None
    simulated_h: float | None
    valid_error: Estimate | None
    regret: Estimate | None
    test_error_12: Estimate | None
    test_error_200: Estimate | None


def compare(results: CampaignResults) -> tuple[ComparisonRow, ...]:
    """One row per optimizer, in the order of the results. Runs without any result within the budget do not count."""
    return tuple(_row(each) for each in results.optimizers)


def _row(optimizer: OptimizerRuns) -> ComparisonRow:
    runs = optimizer.with_result
    if not runs:
        return ComparisonRow(optimizer.marked_name, 0, *[None] * 6)
    finals = [run.incumbents[-1].measured for run in runs]
    return ComparisonRow(
        optimizer.marked_name,
        len(runs),
        float(np.mean([run.n_evaluations for run in runs])),
        float(np.mean([run.last_end_s for run in runs])) / SECONDS_PER_HOUR,
        estimate([error_pct(final.valid_accuracy_12_pct) for final in finals]),
        estimate([run.regrets[-1][1] for run in runs]),
        estimate([error_pct(final.test_accuracy_12_pct) for final in finals]),
        estimate([error_pct(final.expected_accuracy_200_pct) for final in finals]),
    )


_COLUMNS: Final = (
    OPTIMIZER,
    N_RUNS,
    Column("evaluations", "evaluations", "one"),
    Column("simulated_h", "simulated h"),
    Column("valid_error", "valid error %"),
    Column("regret", "regret"),
    Column("test_error_12", "test error % (12)"),
    Column("test_error_200", "test error % (200)"),
)

_OF_INCUMBENT: Final = ("valid_error", "test_error_12", "test_error_200")
"""Columns that an archive has no value for."""


def comparison_table(rows: Sequence[ComparisonRow], facts: CampaignFacts) -> ReportTable:
    """The comparison, with all that it needs to be read."""
    columns = tuple(column for column in _COLUMNS if not (facts.has_front and column.key in _OF_INCUMBENT))
    errors = "" if facts.has_front else " Errors are those of the incumbent, looked up after the search."
    table = table_of(
        "comparison",
        "Comparison",
        columns,
        rows_of(rows, columns),
        (
            f"Mean over runs ± standard error.{errors}",
            f"Regret in {facts.measure}, in percentage points, to {facts.goal}.",
            *_without_result(facts),
        ),
    )
    ranked = {each.card.marked_name for each in facts.ranked}
    return replace(table, unranked=frozenset(i for i, row in enumerate(rows) if row.optimizer not in ranked))


def _without_result(facts: CampaignFacts) -> tuple[str, ...]:
    """One note, where runs ended without any result: a mean over the others is over the luckier ones."""
    empty = [(each.marked_name, each.n_without_result, len(each.runs)) for each in facts.optimizers]
    some = ", ".join(f"{name} ({n_empty} of {n_runs} runs)" for name, n_empty, n_runs in empty if n_empty)
    never = [name for name, _, n_runs in empty if not n_runs]
    notes = (f"No result within the budget, and not counted: {some}.",) if some else ()
    return (*notes, f"No finished run: {listed(never)}.") if never else notes


def _parts(rows: Sequence[ComparisonRow], facts: CampaignFacts) -> tuple[parts.Part, ...]:
    return (parts.TablePart(section=parts.COMPARISON, table=comparison_table(rows, facts), mark_best=True),)


QUESTION: Final = Question(
    "comparison", of_results(compare), tables=lambda rows, facts: (comparison_table(rows, facts),), parts=_parts
)
