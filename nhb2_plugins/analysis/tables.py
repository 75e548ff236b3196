"""The tables of an analysis as plain values and as text: what CSV, LaTeX and the page are written from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    SIGNIFICANCE,
    AnytimeCurve,
    CampaignAnalysis,
    Estimate,
    ImprovementMatrix,
    Interval,
    Refusal,
)
from nhb2_plugins.analysis.wording import listed, p_text

Form = Literal["text", "count", "one", "two", "seconds", "short", "p"]
"""How a number is shown: as it is, with one or two decimals, in whole seconds, in up to four digits, as a p-value."""

DASH: Final = "–"
_USUAL_FORM: Final[Form] = "two"


@dataclass(frozen=True)
class ReportTable:
    """One table.

    Attributes:
        name: stem of its files, for example ``comparison`` (``comparison.csv``, ``comparison.tex``).
        title: in words.
        keys: names of the columns in CSV; a column of estimates becomes ``<key>_mean`` and ``<key>_se`` there, one of
            intervals ``<key>``, ``<key>_low`` and ``<key>_high``.
        headings: of the columns, for people, with units.
        rows: the values: text, int, float, :class:`Estimate`, :class:`Interval`, or None for nothing.
        notes: what a reader must know below it (beside the analysis' own notes).
        forms: how each column's numbers are shown.
        long: whether it has a row a run or a point: for machines, not for LaTeX.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    long: bool = False

    def shown(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text, the same everywhere; a dash for nothing."""
        forms = self.forms or (_USUAL_FORM,) * len(self.keys)
        return tuple(tuple(shown(value, form) for value, form in zip(row, forms, strict=True)) for row in self.rows)


_SHOW: Final[Mapping[Form, Callable[[Any], str]]] = {
    "text": str,
    "count": lambda value: f"{value:,}" if isinstance(value, int) else f"{value:,.0f}",
    "one": lambda value: f"{value:.1f}",
    "two": lambda value: f"{value:.2f}",
    "seconds": lambda value: f"{value:,.0f}",
    "short": lambda value: f"{value:.4g}",
    "p": lambda value: "< 0.001" if value < 0.001 else f"{value:.3f}",
}


def shown(value: Any, form: Form = "two") -> str:
    """A value as text.

    >>> shown(0.01234), shown(0.01234, "p"), shown(None), shown(Estimate(1.5, 0.25))
    ('0.01', '0.012', '–', '1.50 ± 0.25')
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str | Estimate | Interval):
        return str(value)
    return _SHOW[form](value)


@dataclass(frozen=True)
class _Column:
    """A column; ``attribute`` is where its value stands in the object of a row, the key itself where empty."""

    key: str
    heading: str
    form: Form = "two"
    attribute: str = ""


def _table(
    name: str,
    title: str,
    columns: Sequence[_Column],
    rows: Iterable[Sequence[Any]],
    notes: Sequence[str] = (),
    *,
    long: bool = False,
) -> ReportTable:
    return ReportTable(
        name=name,
        title=title,
        keys=tuple(column.key for column in columns),
        headings=tuple(column.heading for column in columns),
        rows=tuple(tuple(row) for row in rows),
        notes=tuple(notes),
        forms=tuple(column.form for column in columns),
        long=long,
    )


def _rows_of(objects: Iterable[Any], columns: Sequence[_Column]) -> Iterator[tuple[Any, ...]]:
    """One row for each object, read by the columns."""
    return (tuple(getattr(each, column.attribute or column.key) for column in columns) for each in objects)


def report_tables(analysis: CampaignAnalysis) -> tuple[ReportTable, ...]:
    """Every table of an analysis.

    comparison, final_regret, pairs, friedman, ranks, improvement, random_search, targets; and, long ones: runs,
    curves_time, curves_evaluations, ranks_time, baseline_time, baseline_evaluations.
    """
    return (
        comparison_table(analysis),
        final_table(analysis),
        pairs_table(analysis),
        friedman_table(analysis),
        ranks_table(analysis),
        improvement_table(analysis),
        matches_table(analysis),
        targets_table(analysis),
        runs_table(analysis),
        curves_table("curves_time", "simulated second", "time_s", analysis.over_time),
        curves_table("curves_evaluations", "evaluations", "evaluations", analysis.over_evaluations),
        ranks_time_table(analysis),
        baseline_table("baseline_time", "time_s", analysis.baseline_time),
        baseline_table("baseline_evaluations", "evaluations", analysis.baseline_evaluations),
    )


_OPTIMIZER: Final = _Column("optimizer", "optimizer", "text")
_N_RUNS: Final = _Column("runs", "runs", "count", "n_runs")


def comparison_table(analysis: CampaignAnalysis) -> ReportTable:
    """The comparison: one row per optimizer."""
    columns = (
        _OPTIMIZER,
        _N_RUNS,
        _Column("evaluations", "evaluations", "one"),
        _Column("simulated_h", "simulated h"),
        _Column("valid_error", "valid error %"),
        _Column("regret", "regret"),
        _Column("test_error_12", "test error % (12)"),
        _Column("test_error_200", "test error % (200)"),
    )
    return _table(
        "comparison",
        "Comparison",
        columns,
        _rows_of(analysis.comparison, columns),
        (
            "Mean over runs ± standard error. Errors are those of the incumbent, looked up after the search.",
            f"Regret in {analysis.measure}, in percentage points, to the table's best: {analysis.optimum}, "
            f"error {analysis.optimum_error_pct:.2f} %.",
            *_without_result(analysis),
        ),
    )


def _without_result(analysis: CampaignAnalysis) -> tuple[str, ...]:
    """One note, where runs ended without any result: a mean over the others is over the luckier ones."""
    empty = [(each.marked_name, each.n_without_result, len(each.runs)) for each in analysis.optimizers]
    some = ", ".join(f"{name} ({n_empty} of {n_runs} runs)" for name, n_empty, n_runs in empty if n_empty)
    never = [name for name, _, n_runs in empty if not n_runs]
    notes = (f"No result within the budget, and not counted: {some}.",) if some else ()
    return (*notes, f"No finished run: {listed(never)}.") if never else notes


def final_table(analysis: CampaignAnalysis) -> ReportTable:
    """The spread of final regrets."""
    columns = (
        _OPTIMIZER,
        _N_RUNS,
        _Column("mean", "mean"),
        _Column("median", "median"),
        _Column("best", "best run"),
        _Column("quarter", "first quartile"),
        _Column("three_quarters", "third quartile"),
        _Column("worst", "worst run"),
    )
    return _table(
        "final_regret",
        "Final regret in percentage points",
        columns,
        _rows_of(analysis.finals, columns),
        (f"In brackets: {CONFIDENCE:.0%} bootstrap intervals over runs.",),
    )


def pairs_table(analysis: CampaignAnalysis) -> ReportTable:
    """Every pair of optimizers."""
    columns = (
        _Column("first", "first", "text"),
        _Column("second", "second", "text"),
        _Column("verdict", "verdict", "text"),
        _Column("p_holm", "p (Holm)", "p"),
        _Column("effect", "effect"),
        _Column("magnitude", "size", "text"),
        _Column("test", "test", "text"),
        _Column("p_value", "p", "p"),
        _Column("runs_first", "runs of first", "count", "n_first"),
        _Column("runs_second", "of second", "count", "n_second"),
    )
    return _table(
        "pairs",
        "Pairs of optimizers, final regret",
        columns,
        _rows_of(analysis.pairs, columns),
        (
            "Two-sided; Wilcoxon's test where both have the same seeds, Mann and Whitney's where not. Effect: "
            "rank-biserial correlation, positive where the first is better. Verdict at level "
            f"{SIGNIFICANCE:g} after Holm's correction.",
        ),
    )


def friedman_table(analysis: CampaignAnalysis) -> ReportTable:
    """Friedman's test: average ranks over seeds, and Nemenyi's p-values."""
    found = analysis.friedman
    if isinstance(found, Refusal):
        return _refused("friedman", "Average ranks over seeds", found)
    columns = [_OPTIMIZER, _Column("average_rank", "average rank")]
    columns += [_Column(f"p_{name}", f"p against {name}", "p") for name in found.optimizers]
    rows = [
        [name, found.mean_rank[i], *(None if i == j else float(found.p_nemenyi[i, j]) for j in range(len(columns) - 2))]
        for i, name in enumerate(found.optimizers)
    ]
    left_out = "".join(f" {name} is left out: {reason}." for name, reason in found.left_out.items())
    return _table(
        "friedman",
        "Average ranks over seeds",
        columns,
        rows,
        (
            f"Friedman's chi-squared {found.statistic:.2f} over {found.n_blocks} seeds, {p_text(found.p_value)}. "
            f"p-values of pairs: Nemenyi. Critical difference of average ranks at level {SIGNIFICANCE:g}: "
            f"{found.critical_difference:.2f}.{left_out}",
        ),
    )


def _refused(name: str, title: str, refusal: Refusal) -> ReportTable:
    return _table(name, title, (_OPTIMIZER,), (), (refusal.reason,))


def ranks_table(analysis: CampaignAnalysis) -> ReportTable:
    """Expected ranks, at the end and over time."""
    found = analysis.ranks
    if isinstance(found, Refusal):
        return _refused("ranks", "Expected ranks", found)
    return _table(
        "ranks",
        "Expected ranks",
        (_OPTIMIZER, _Column("final_rank", "at the end"), _Column("anytime_rank", "over log time")),
        zip(found.optimizers, found.final, found.anytime, strict=True),
        (
            "Expected rank among one run of each optimizer, drawn at random; 1 is the best. "
            f"In brackets: {CONFIDENCE:.0%} bootstrap intervals over runs.",
        ),
    )


def improvement_table(analysis: CampaignAnalysis) -> ReportTable:
    """Probability of improvement, one row per optimizer, one column per rival."""
    found = analysis.improvement
    if isinstance(found, Refusal):
        return _refused("improvement", "Probability of improvement", found)
    return _table(
        "improvement",
        "Probability that a run of the row's optimizer ends better than one of the column's",
        (_OPTIMIZER, *(_Column(f"over_{name}", f"over {name}") for name in found.optimizers)),
        ((name, *_improvement_cells(found, i)) for i, name in enumerate(found.optimizers)),
        (f"Ties count half. In brackets: {CONFIDENCE:.0%} bootstrap intervals over runs.",),
    )


def _improvement_cells(found: ImprovementMatrix, i: int) -> list[Interval | None]:
    cells = zip(found.probability[i], found.low[i], found.high[i], strict=True)
    return [None if j == i else Interval(*map(float, cell)) for j, cell in enumerate(cells)]


def matches_table(analysis: CampaignAnalysis) -> ReportTable:
    """Time to match random search."""
    title = "Time to match what random search reaches at the end"
    found = analysis.matches
    if isinstance(found, Refusal):
        return _refused("random_search", title, found)
    columns = (
        _OPTIMIZER,
        _Column("level", "level", "text"),
        _Column("random_regret", "regret of random search", attribute="random_regret_pp"),
        _Column("time_s", "matched after s", "seconds"),
        _Column("speed_up", "times as fast"),
    )
    return _table(
        "random_search",
        title,
        columns,
        _rows_of(found, columns),
        (
            "Random search is exact, from the complete table. Below 1: the optimizer ends behind it, and random search "
            "needs that share of the budget to be as good.",
        ),
    )


def targets_table(analysis: CampaignAnalysis) -> ReportTable:
    """Share of runs that reach each target, and the median time of those that do."""
    columns = [_OPTIMIZER]
    for curves in analysis.targets:
        goal = f"{curves.target_pp:g}"
        columns += [
            _Column(f"share_{goal}", f"reach {goal} pp"),
            _Column(f"time_s_{goal}", f"half of all runs by s ({goal} pp)", "seconds"),
        ]
    names = analysis.targets[0].optimizers if analysis.targets else ()
    rows = []
    for i, name in enumerate(names):
        row: list[Any] = [name]
        for curves in analysis.targets:
            times, n_runs = curves.times_s[i], curves.n_runs[i]
            half = -(-n_runs // 2)
            row += [len(times) / n_runs, float(times[half - 1]) if len(times) >= half else None]
        rows.append(row)
    return _table("targets", "Share of runs that reach a regret, and by when half of them have", columns, rows, ())


def runs_table(analysis: CampaignAnalysis) -> ReportTable:
    """Every run."""
    columns = (
        _OPTIMIZER,
        _Column("seed", "seed", "count"),
        _Column("run_id", "run", "text"),
        _Column("n_evaluations", "evaluations", "count"),
        _Column("simulated_s", "simulated s", "seconds"),
        _Column("charged_cost_s", "charged s", "seconds"),
        _Column("overhead_s", "thinking s"),
        _Column("cellcode", "cell", "text"),
        _Column("lr", "lr", "short"),
        _Column("batch_size", "batch size", "count"),
        _Column("found_s", "found after s", "seconds"),
        _Column("found_evaluations", "found after evaluations", "count"),
        _Column("regret_pp", "regret"),
        _Column("valid_error_pct", "valid error %"),
        _Column("test_error_12_pct", "test error % (12)"),
        _Column("test_error_200_pct", "test error % (200)"),
    )
    runs = (run for each in analysis.optimizers for run in each.runs)
    return _table("runs", "Runs", columns, _rows_of(runs, columns), long=True)


def curves_table(name: str, axis: str, key: str, curves: Sequence[AnytimeCurve]) -> ReportTable:
    """Anytime curves, one row per point."""
    columns = ("mean", "mean_low", "mean_high", "median", "median_low", "median_high")
    return _table(
        name,
        f"Regret over {axis}s" if axis != "evaluations" else "Regret over evaluations",
        (_OPTIMIZER, _Column(key, axis, "short"), *(_Column(column, column.replace("_", " ")) for column in columns)),
        (
            (curve.optimizer, *map(float, point))
            for curve in curves
            for point in zip(curve.x, *(getattr(curve, column) for column in columns), strict=True)
        ),
        ("Steps: a value holds until the next row.",),
        long=True,
    )


def ranks_time_table(analysis: CampaignAnalysis) -> ReportTable:
    """Expected ranks over time, one row per time."""
    found = analysis.ranks
    if isinstance(found, Refusal):
        return _refused("ranks_time", "Expected ranks over time", found)
    return _table(
        "ranks_time",
        "Expected ranks over time",
        (_Column("time_s", "simulated second", "short"), *(_Column(name, name) for name in found.optimizers)),
        (list(map(float, (time, *column))) for time, column in zip(found.time_s, found.rank.T, strict=True)),
        long=True,
    )


def baseline_table(name: str, key: str, found: Any) -> ReportTable:
    """Random search, one row per point."""
    title = "Random search, exact"
    if isinstance(found, Refusal):
        return _refused(name, title, found)
    curves = found if isinstance(found, tuple) else (found,)
    columns = ("mean", "median", "quarter", "three_quarters")
    return _table(
        name,
        title,
        (
            _Column("label", "label", "text"),
            _Column(key, key, "short"),
            *(_Column(column, column.replace("_", " ")) for column in columns),
        ),
        (
            (curve.label, *map(float, point))
            for curve in curves
            for point in zip(curve.x, *(getattr(curve, column) for column in columns), strict=True)
        ),
        long=True,
    )
