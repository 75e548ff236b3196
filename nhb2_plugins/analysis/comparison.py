"""The comparison table: one row per optimizer."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

import numpy as np

from nhb2_plugins.analysis.curves import standard_error
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.run_file import RunFile

_SECONDS_PER_HOUR: Final = 3600.0


@dataclass(frozen=True)
class Estimate:
    """A mean over runs with its standard error."""

    mean: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.standard_error:.2f}"


@dataclass(frozen=True)
class ComparisonRow:
    """One optimizer's results; errors in percent, regret in percentage points, means over runs.

    Attributes:
        optimizer: its name.
        n_runs: number of runs.
        evaluations: evaluations that ended within the budget, mean per run.
        simulated_h: simulated hours until the last of them ended, mean per run.
        valid_error: final incumbent's validation error after 12 epochs.
        regret: final incumbent's regret to the table's optimum, at the campaign's measure.
        test_error_12: final incumbent's test error after 12 epochs.
        test_error_200: its expected test error after 200 epochs.
    """

    optimizer: str
    n_runs: int
    evaluations: float
    simulated_h: float
    valid_error: Estimate
    regret: Estimate
    test_error_12: Estimate
    test_error_200: Estimate


HEADINGS: Final = (
    "optimizer",
    "runs",
    "evaluations",
    "simulated h",
    "valid error %",
    "regret",
    "test error % (12)",
    "test error % (200)",
)


def compare(results: CampaignResults) -> list[ComparisonRow]:
    """One row per optimizer, in the order of the results. Runs without any result within the budget do not count."""
    return [_row(each) for each in results.optimizers if any(run.incumbents for run in each.runs)]


def _row(optimizer: OptimizerRuns) -> ComparisonRow:
    runs = [run for run in optimizer.runs if run.incumbents]
    finals = [run.incumbents[-1] for run in runs]
    return ComparisonRow(
        optimizer.marked_name,
        len(runs),
        float(np.mean([len(run.records) for run in runs])),
        float(np.mean([_simulated_s(run) for run in runs])) / _SECONDS_PER_HOUR,
        _estimate([error_pct(final.valid_accuracy_12_pct) for final in finals]),
        _estimate([run.regrets[-1][1] for run in runs]),
        _estimate([error_pct(final.test_accuracy_12_pct) for final in finals]),
        _estimate([error_pct(final.expected_accuracy_200_pct) for final in finals]),
    )


def _simulated_s(run: RunFile) -> float:
    return max(record.end_s for record in run.records)


def _estimate(values: list[float]) -> Estimate:
    array = np.array(values)
    return Estimate(float(array.mean()), float(standard_error(array)))


def cells_of(row: ComparisonRow) -> tuple[str, ...]:
    """A row as text, one entry per heading."""
    return (
        row.optimizer,
        str(row.n_runs),
        f"{row.evaluations:.1f}",
        f"{row.simulated_h:.2f}",
        str(row.valid_error),
        str(row.regret),
        str(row.test_error_12),
        str(row.test_error_200),
    )


def to_csv(rows: list[ComparisonRow], table_label: str) -> str:
    """The comparison as CSV: means and standard errors in columns of their own, the table in the last."""
    estimates = ("valid_error", "regret", "test_error_12", "test_error_200")
    names = [f"{name}_{part}" for name in estimates for part in ("mean", "se")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["optimizer", "runs", "evaluations", "simulated_h", *names, "table"])
    for row in rows:
        numbers = [part for name in estimates for part in (getattr(row, name).mean, getattr(row, name).standard_error)]
        writer.writerow([row.optimizer, row.n_runs, row.evaluations, row.simulated_h, *numbers, table_label])
    return text.getvalue()
