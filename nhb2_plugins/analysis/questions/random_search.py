"""How do the optimizers compare with random search, which the complete table tells exactly?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.baseline_curves import NOT_RECORDED
from nhb2_plugins.analysis.curves import aligned_over_time
from nhb2_plugins.analysis.model import BaselineCurve, CampaignFacts, Floats, Refusal
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, refused, rows_of, table_of
from nhb2_plugins.metric import FLOAT_NOISE_PP
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline, ReachedByRandomSearch


@dataclass(frozen=True)
class MatchRow:
    """How long an optimizer takes to be as good as random search (exact) at the end of the budget.

    Attributes:
        optimizer: marked name.
        level: ``mean`` or ``median``: what is compared.
        random_regret_pp: what random search has at the end.
        time_s: simulated second from which on the optimizer's mean (median) is at most that, for good; None if it is
            not at the end.
        speed_up: the budget divided by that time; None where there is none. Where the optimizer ends behind random
            search, the time that random search takes to its final value, divided by the budget: below 1.
    """

    optimizer: str
    level: Literal["mean", "median"]
    random_regret_pp: float
    time_s: float | None
    speed_up: float | None


Matches = tuple[MatchRow, ...] | Refusal
"""Two rows per optimizer (mean, median); or why not."""


def matches(results: CampaignResults) -> Matches:
    """When each optimizer is as good as random search is at the end of the budget."""
    baseline = results.baseline
    if baseline is None:
        return Refusal(NOT_RECORDED)
    if not baseline.over_time or baseline.horizon_s is None:
        return Refusal(baseline.why_not)
    rows = tuple(row for each in results.optimizers for row in _rows(each, results.horizon_s, baseline))
    return rows or Refusal("No optimizer has a result in every run before the end of the budget.")


def _rows(optimizer: OptimizerRuns, horizon_s: float, baseline: RandomSearchBaseline) -> Iterator[MatchRow]:
    runs = aligned_over_time(optimizer, horizon_s)
    if not runs.places.size or (workers := optimizer.runs[0].header.n_workers) not in baseline.over_time:
        return
    reached = _up_to(baseline.over_time[workers], float(runs.places[-1]))
    if not reached.x:
        return
    mean, median = runs.mean_and_median()
    yield _match(optimizer, "mean", runs.places, mean, reached, reached.mean_pp)
    if reached.median_pp:
        yield _match(optimizer, "median", runs.places, median, reached, reached.median_pp)


def _up_to(reached: ReachedByRandomSearch, end_s: float) -> ReachedByRandomSearch:
    """Random search as far as an optimizer's own budget goes."""
    n = int(np.searchsorted(reached.x, end_s, side="right"))
    return replace(reached, x=reached.x[:n], mean_pp=reached.mean_pp[:n], median_pp=reached.median_pp[:n])


def _match(
    optimizer: OptimizerRuns,
    level: Literal["mean", "median"],
    places: Floats,
    values: Floats,
    reached: ReachedByRandomSearch,
    random: tuple[float, ...],
) -> MatchRow:
    name, goal, end = optimizer.marked_name, random[-1], reached.x[-1]
    time_s = time_to_stay_below(places, values, goal)
    if time_s is not None:
        return MatchRow(name, level, goal, time_s, end / time_s if time_s > 0 else None)
    as_good = time_to_stay_below(np.array(reached.x), np.array(random), float(values[-1]))
    return MatchRow(name, level, goal, None, None if as_good is None else as_good / end)


def time_to_stay_below(places: Floats, values: Floats, goal: float) -> float | None:
    """The first place from which on a step function is at most a goal for good; None if it is not at its end."""
    above = np.flatnonzero(values > goal + FLOAT_NOISE_PP)
    if not len(above):
        return float(places[0])
    return float(places[above[-1] + 1]) if above[-1] + 1 < len(places) else None


_COLUMNS: Final = (
    OPTIMIZER,
    Column("level", "level", "text"),
    Column("random_regret", "regret of random search", attribute="random_regret_pp"),
    Column("time_s", "matched after s", "seconds"),
    Column("speed_up", "times as fast"),
)


def _table(found: Matches) -> ReportTable:
    title = "Time to match what random search reaches at the end"
    if isinstance(found, Refusal):
        return refused("random_search", title, found)
    return table_of(
        "random_search",
        title,
        _COLUMNS,
        rows_of(found, _COLUMNS),
        (
            "Random search is exact, from the complete table, and as far as each optimizer's budget goes. Below 1: the "
            "optimizer ends behind it, and random search needs that share of the budget to be as good.",
        ),
    )


def _curve_table(name: str, key: str, found: tuple[BaselineCurve, ...] | BaselineCurve | Refusal) -> ReportTable:
    """Random search, one row per point."""
    title = "Random search, exact"
    if isinstance(found, Refusal):
        return refused(name, title, found)
    curves = found if isinstance(found, tuple) else (found,)
    columns = ("mean", "median", "quarter", "three_quarters")
    return table_of(
        name,
        title,
        (
            Column("label", "label", "text"),
            Column(key, key, "short"),
            *(Column(column, column.replace("_", " ")) for column in columns),
        ),
        (
            (curve.label, *map(float, point))
            for curve in curves
            for point in zip(curve.x, *(getattr(curve, column) for column in columns), strict=True)
        ),
        long=True,
    )


def _tables(found: Matches, facts: CampaignFacts) -> tuple[ReportTable, ...]:
    return (
        _table(found),
        _curve_table("baseline_time", "time_s", facts.baseline_time),
        _curve_table("baseline_evaluations", "evaluations", facts.baseline_evaluations),
    )


def _parts(found: Matches, facts: CampaignFacts) -> list[parts.Part]:
    every: tuple[Any, ...] = (facts.baseline_time, facts.baseline_evaluations, found)
    reasons = dict.fromkeys(each.reason for each in every if isinstance(each, Refusal))
    shown: list[parts.Part] = [parts.RefusalPart(section=parts.ON_THE_WAY, reason=reason) for reason in reasons]
    table = _table(found)
    if table.rows:
        shown.append(parts.TablePart(section=parts.ON_THE_WAY, table=table, title=table.title))
    return shown


QUESTION: Final = Question("random_search", of_results(matches), tables=_tables, parts=_parts)
