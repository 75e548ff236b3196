"""What a campaign leaves for people: the comparison as text and CSV, and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.comparison import HEADINGS, cells_of, compare, to_csv
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.metric import error_pct
from nhb2_plugins.text_table import text_table

COMPARISON_CSV: Final = "comparison.csv"
COMPARISON_TEXT: Final = "comparison.txt"
REGRET_FIGURE: Final = "regret.png"


def comparison_text(results: CampaignResults) -> str:
    """The comparison as an aligned table, with the conditions and the source of the numbers below it."""
    best = results.header.optimum
    notes = (
        *results.notes,
        "Mean over runs ± standard error. Errors are those of the incumbent, looked up after the search.",
        f"Regret in {results.measure}, to the table's best: {best.cellcode}, lr {best.lr:g}, "
        f"batch size {best.batch_size}, error {error_pct(best.accuracy_pct):.2f} %.",
        *_without_result(results),
    )
    return text_table(HEADINGS, [cells_of(row) for row in compare(results)]) + "\n\n" + "\n".join(notes) + "\n"


def _without_result(results: CampaignResults) -> tuple[str, ...]:
    """One note, where runs ended without any result: a mean over the others is over the luckier ones."""
    empty = [(each.name, sum(not run.incumbents for run in each.runs), len(each.runs)) for each in results.optimizers]
    listed = ", ".join(f"{name} ({n_empty} of {n_runs} runs)" for name, n_empty, n_runs in empty if n_empty)
    return (f"No result within the budget, and not counted: {listed}.",) if listed else ()


def write_report(results: CampaignResults, directory: Path) -> list[Path]:
    """Write the comparison and the figure into a campaign's directory; returns the files."""
    from nhb2_plugins.analysis.plots import plot_anytime_regret  # matplotlib takes its time

    text, table, figure = (directory / name for name in (COMPARISON_TEXT, COMPARISON_CSV, REGRET_FIGURE))
    text.write_text(comparison_text(results), encoding="utf-8")
    table.write_text(to_csv(compare(results), results.header.table_label), encoding="utf-8")
    plot_anytime_regret(results, figure)
    return [text, table, figure]
