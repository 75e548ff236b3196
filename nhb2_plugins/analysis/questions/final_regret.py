"""How are the final regrets of an optimizer's runs spread, and whose mean is the smallest?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import MOST_REGRET_PP
from nhb2_plugins.analysis.density import MANY_RUNS
from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    FEWEST_FOR_VERDICTS,
    CampaignFacts,
    Interval,
    OptimizerCard,
    Refusal,
    Standing,
)
from nhb2_plugins.analysis.pictures import WIDTH, ReportFigure, Strip, Strips
from nhb2_plugins.analysis.question import Question, one_table
from nhb2_plugins.analysis.resampling import mean_interval, median_interval
from nhb2_plugins.analysis.results import epochs_in_words
from nhb2_plugins.analysis.tables import N_RUNS, Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import listed
from nhb2_plugins.text_table import counted

Rows = Sequence[Strip]
_COLUMNS: Final = (
    Column("optimizer", "optimizer", "text", "name"),
    N_RUNS,
    Column("mean", "mean"),
    Column("median", "median"),
    Column("best", "best run"),
    Column("quarter", "first quartile"),
    Column("three_quarters", "third quartile"),
    Column("worst", "worst run"),
)


def final_rows(facts: CampaignFacts) -> tuple[Strip, ...]:
    """The spread of final regrets, one row per optimizer."""
    return tuple(_final_row(position, card) for position, card in enumerate(facts.optimizers))


def _final_row(position: int, card: OptimizerCard) -> Strip:
    found = tuple((run.seed, run.regret_pp) for run in card.runs if run.regret_pp is not None)
    if not found:
        return Strip(card.marked_name, position, ())
    values = np.array([regret for _, regret in found])
    best, quarter, median, three_quarters, worst = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    return Strip(
        card.marked_name,
        position,
        found,
        Interval(float(values.mean()), *map(float, mean_interval(values, MOST_REGRET_PP))),
        Interval(median, *map(float, median_interval(values))),
        best,
        quarter,
        three_quarters,
        worst,
    )


def _words(rows: Rows, facts: CampaignFacts) -> list[str]:
    """The summary."""
    standings = facts.standings
    if not standings:
        return ["No run has a result within the budget, so there is nothing to compare."]
    ranked = facts.ranked
    few = [f"{each.card.marked_name} ({len(each.card.runs)})" for each in standings if not each.enough]
    text = f"After {facts.horizon_s:,.0f} simulated seconds "
    if ranked and any(not standing.often for standing in standings):
        text += "and among the optimizers with a result in at least half of their runs, "
    text += _leader(ranked, rows, facts) if ranked else _unranked(standings, rows, facts.measure)
    baseline = facts.baseline_time
    if not isinstance(baseline, Refusal) and len(baseline) == 1 and baseline[0].mean.size:
        searched = epochs_in_words((facts.measure_epoch,))
        text += f"; random search at {searched} is expected to have {baseline[0].mean[-1]:.2f}"
    if ranked and few:
        return [f"{text}.", f"Not ranked, with fewer than {FEWEST_FOR_VERDICTS} runs: {listed(few)}."]
    return [f"{text}."]


def _unranked(standings: Sequence[Standing], rows: Rows, measure: str) -> str:
    """Means of optimizers none of which has enough runs to be called ahead, in the order of the campaign."""
    means = {each.card.marked_name: f"{each.mean_pp:.2f} ({_counted(each, rows)})" for each in standings}
    told = listed([f"{row.name} {means[row.name]}" for row in rows if row.name in means])
    often = "" if all(each.often for each in standings) else ", with a result in at least half of them"
    return (
        f"the mean regrets in {measure} are, in percentage points: {told}. No optimizer has the {FEWEST_FOR_VERDICTS} "
        f"runs that a ranking takes{often}"
    )


def _leader(ranked: Sequence[Standing], rows: Rows, facts: CampaignFacts) -> str:
    first, last, measure = ranked[0], ranked[-1], facts.measure
    leading = [
        f"{each.card.marked_name} (which searched on the measure itself)"
        if each.card.searched_on(facts.measure_epoch)
        else each.card.marked_name
        for each in ranked
        if each.mean_pp == first.mean_pp
    ]
    amount = f"{first.mean_pp:.2f} percentage points"
    if len(leading) == 1:
        amount += f" ({_counted(first, rows)})"
    if len(ranked) == 1:
        return f"{leading[0]} has a mean regret in {measure} of {amount}"
    if len(leading) == len(ranked):
        return f"{listed(leading)} have the same mean regret in {measure}: {amount}"
    verb = "has" if len(leading) == 1 else "have"
    return (
        f"{listed(leading)} {verb} the smallest mean regret in {measure}: {amount}; {last.card.marked_name} has the "
        f"largest, {last.mean_pp:.2f}"
    )


def _counted(standing: Standing, rows: Rows) -> str:
    """How many runs a mean is over, and its interval."""
    (row,) = (row for row in rows if row.name == standing.card.marked_name)
    n_runs = len(standing.card.runs)
    text = counted(row.n_runs, "run")
    if row.n_runs < n_runs:
        text = f"{row.n_runs} of {n_runs} runs, the others without a result"
    if row.mean is None or not row.mean.known:
        return text
    return f"{text}, {CONFIDENCE:.0%} interval {row.mean.low:.2f} to {row.mean.high:.2f}"


def _table(rows: Rows) -> ReportTable:
    return table_of(
        "final_regret",
        "Final regret in percentage points",
        _COLUMNS,
        rows_of(rows, _COLUMNS),
        (f"In brackets: {CONFIDENCE:.0%} intervals over runs, of {FEWEST_FOR_INTERVALS} runs and more.",),
    )


def _strips(rows: Rows, facts: CampaignFacts) -> Strips:
    return Strips(
        tuple(rows),
        "regret of the final incumbent (percentage points)",
        f"final regret in {facts.measure} (percentage points)",
        "final regret (percentage points)",
    )


def _runs(rows: Rows) -> str:
    """What stands for runs."""
    counts = [row.n_runs for row in rows if row.n_runs]
    shapes = ["Dots: runs."] if any(n <= MANY_RUNS for n in counts) else []
    return " ".join([*shapes, "Shape: how many runs lie where."] if any(n > MANY_RUNS for n in counts) else shapes)


def _figures(rows: Rows, facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    return (
        ReportFigure(
            "final_regret",
            _strips(rows, facts) if facts.standings else None,
            f"Final regret in {facts.measure}",
            (f"{_runs(rows)} Line: median. Diamond: mean, with its {CONFIDENCE:.0%} interval over runs.",),
            (WIDTH, 1.6 + 0.5 * len(rows)),
        ),
    )


def _parts(rows: Rows, facts: CampaignFacts) -> tuple[parts.Part, ...]:
    return (
        parts.DrawingPart(
            section=parts.COMPARISON,
            id="final-regrets",
            title="Final regret, run by run",
            label="Drawing of final regrets",
            picture=_strips(rows, facts),
            captions=(f"{_runs(rows)} Box: quartiles. Line: median. Diamond: mean.",),
        ),
        parts.TablePart(
            section=parts.COMPARISON,
            table=_table(rows),
            summary="Final regrets in numbers, with intervals",
        ),
    )


QUESTION: Final = Question(
    "final_regret",
    lambda _, facts: final_rows(facts),
    words=_words,
    tables=one_table(_table),
    figures=_figures,
    parts=_parts,
)
