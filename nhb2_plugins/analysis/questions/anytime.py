"""How does the regret fall on the way? Curves over simulated time and over evaluations, random search beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import AnytimeCurve, aligned_over_evaluations, aligned_over_time, curve_of
from nhb2_plugins.analysis.model import CONFIDENCE, FEWEST_FOR_INTERVALS, BaselineCurve, CampaignFacts, Refusal
from nhb2_plugins.analysis.pictures import (
    REGRET,
    TIME,
    Axis,
    Curve,
    Curves,
    ReportFigure,
    Strand,
    baseline_of,
    curve_from,
)
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, table_of
from nhb2_plugins.analysis.wording import exact_note, rising_note
from nhb2_plugins.text_table import counted

Level = Literal["mean", "median"]
EVALUATIONS: Final = Axis("evaluations that have ended", "evaluations", whole=True)
_ERROR: Final = Axis("error of the incumbent (%)", "error", "%")


@dataclass(frozen=True, eq=False)
class Anytime:
    """Anytime curves, one per optimizer, also of those without any result.

    Attributes:
        over_time: over simulated time.
        over_evaluations: over the number of evaluations that had ended, of whatever fidelity.
    """

    over_time: tuple[AnytimeCurve, ...]
    over_evaluations: tuple[AnytimeCurve, ...]


def anytime(results: CampaignResults) -> Anytime:
    """Mean and median of the regret, with their intervals."""
    return Anytime(
        tuple(curve_of(each, aligned_over_time(each, results.horizon_s)) for each in results.optimizers),
        tuple(curve_of(each, aligned_over_evaluations(each)) for each in results.optimizers),
    )


def curve_table(name: str, title: str, axis: Column, curves: Sequence[AnytimeCurve]) -> ReportTable:
    """Curves, a row for each step."""
    columns = ("mean", "mean_low", "mean_high", "median", "median_low", "median_high")
    return table_of(
        name,
        title,
        (OPTIMIZER, axis, *(Column(column, column.replace("_", " ")) for column in columns)),
        (
            (curve.optimizer, *map(float, point))
            for curve in curves
            for point in zip(curve.x, *(getattr(curve, column) for column in columns), strict=True)
        ),
        ("Steps: a value holds until the next row.",),
        long=True,
    )


def _tables(found: Anytime, _facts: CampaignFacts) -> tuple[ReportTable, ...]:
    time, evaluations = Column("time_s", "simulated second", "short"), Column("evaluations", "evaluations", "short")
    return (
        curve_table("curves_time", "Regret over simulated seconds", time, found.over_time),
        curve_table("curves_evaluations", "Regret over evaluations", evaluations, found.over_evaluations),
    )


def shown_curves(x: Axis, y: Axis, curves: Sequence[AnytimeCurve], baselines: Sequence[Curve], level: Level) -> Curves:
    """The curves of optimizers that have a result, and random search, from where all are known."""
    shown = tuple(
        Curve(
            curve.optimizer,
            position,
            curve.x,
            getattr(curve, level),
            getattr(curve, f"{level}_low"),
            getattr(curve, f"{level}_high"),
            curve.n_runs,
        )
        for position, curve in enumerate(curves)
        if curve.x.size
    )
    begin = _begin(shown)
    return Curves(x, y, tuple(curve_from(each, begin) for each in (*shown, *baselines)))


def _begin(curves: Sequence[Curve]) -> float:
    """Where the last curve begins that does so in the first half; what begins later is seen to."""
    half = max((curve.x[-1] for curve in curves), default=0.0) / 2
    begins = [float(curve.x[0]) for curve in curves if curve.x[0] <= half]
    return min(max(begins, default=0.0), *(float(curve.x[-1]) for curve in curves)) if curves else 0.0


def _baselines(found: tuple[BaselineCurve, ...] | BaselineCurve | Refusal) -> tuple[BaselineCurve, ...]:
    if isinstance(found, Refusal):
        return ()
    return found if isinstance(found, tuple) else (found,)


def _over_time(found: Anytime, facts: CampaignFacts, level: Level) -> Curves:
    baselines = [baseline_of(each, level, smooth=True) for each in _baselines(facts.baseline_time)]
    return shown_curves(TIME, REGRET, found.over_time, baselines, level)


def _over_evaluations(found: Anytime, facts: CampaignFacts, level: Level) -> Curves:
    """Random search as far as the longest curve."""
    last = max((curve.x[-1] for curve in found.over_evaluations if curve.x.size), default=1)
    baselines = [baseline_of(each, level) for each in _baselines(facts.baseline_evaluations)]
    cut = [replace(each, x=each.x[each.x <= last], y=each.y[each.x <= last]) for each in baselines]
    return shown_curves(EVALUATIONS, REGRET, found.over_evaluations, cut, level)


def _as_error(curves: Curves, best: float) -> Curves:
    """The same curves, where what is shown is not the regret to the table's best but the error."""
    moved = (replace(each, y=each.y + best, low=each.low + best, high=each.high + best) for each in curves.curves)
    return replace(curves, y=_ERROR, curves=tuple(moved), reference=(best, "best of the table"))


def _figures(found: Anytime, facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    interval = f"Band: {CONFIDENCE:.0%} interval over runs, pointwise, of {FEWEST_FOR_INTERVALS} runs and more."
    steps = ("Every run has a result where a curve begins.", *rising_note(facts), *exact_note(facts))
    best, measure = facts.optimum_error_pct, facts.measure
    mean = _over_time(found, facts, "mean")
    figures = (
        ReportFigure("regret_over_time", mean, f"Regret in {measure}: mean over runs", (interval, *steps)),
        ReportFigure(
            "median_regret_over_time",
            _over_time(found, facts, "median"),
            f"Regret in {measure}: median over runs",
            (interval, *steps),
        ),
        ReportFigure(
            "error_over_time",
            _as_error(mean, best),
            f"{measure[0].upper()}{measure[1:]}: mean over runs",
            (interval, f"Best of the table: {best:.2f} %.", *steps),
        ),
        ReportFigure(
            "regret_over_evaluations",
            _over_evaluations(found, facts, "mean"),
            f"Regret in {measure}: mean over runs",
            (
                interval,
                "Up to the smallest number of evaluations of a run; an evaluation counts at any epoch.",
                *rising_note(facts),
                *exact_note(facts),
            ),
        ),
    )
    hidden = {"error_over_time"} if facts.has_front else set()
    return tuple(
        each if facts.standings and each.name not in hidden else replace(each, picture=None) for each in figures
    )


def _chart(key: str, title: str, curves: Sequence[AnytimeCurve], drawn: Callable[[Level], Curves]) -> parts.PageChart:
    described = "; ".join(ends_in_words(curve) for curve in curves) + "."
    levels: tuple[Level, ...] = ("mean", "median")
    return parts.PageChart(key, title, described, {level.capitalize(): drawn(level) for level in levels})


def ends_in_words(curve: AnytimeCurve) -> str:
    """From where to where a curve falls."""
    if not len(curve.x):
        return f"{curve.optimizer} has no run with a result"
    return f"{curve.optimizer} falls from a mean of {curve.mean[0]:.2f} to {curve.mean[-1]:.2f} percentage points"


def _parts(found: Anytime, facts: CampaignFacts) -> list[parts.ChartPart]:
    over_time = _chart("over-time", "Regret over simulated time", found.over_time, partial(_over_time, found, facts))
    over_evaluations = _chart(
        "over-evaluations", "Regret over evaluations", found.over_evaluations, partial(_over_evaluations, found, facts)
    )
    shown = [parts.ChartPart(section=parts.ON_THE_WAY, charts=(each,)) for each in (over_time, over_evaluations)]
    for number, curve in enumerate(found.over_time):
        if any(run.regrets for run in facts.optimizers[number].runs):
            chart = _runs_chart(number, curve, facts)
            shown.append(parts.ChartPart(section=parts.OPTIMIZERS, optimizer=number, place=20, charts=(chart,)))
    return shown


def _runs_chart(number: int, curve: AnytimeCurve, facts: CampaignFacts) -> parts.PageChart:
    """Every run of one optimizer, thin, and their mean."""
    runs = [run for run in facts.optimizers[number].runs if run.regrets]
    strands = tuple(
        Strand(
            f"seed {run.seed}",
            [
                *((min(time, facts.horizon_s), regret) for time, regret in run.regrets),
                (facts.horizon_s, run.regrets[-1][1]),
            ],
        )
        for run in runs
    )
    curves = Curves(
        TIME,
        Axis("regret (percentage points)", "regret", "pp"),
        (Curve("mean", number, curve.x, curve.mean),),
        strands=strands,
        strands_name=f"every run ({len(runs)})",
    )
    return parts.PageChart(
        f"runs-figure-{number + 1}",
        "Incumbents over simulated time",
        f"{curve.optimizer}: {counted(len(runs), 'run')}. {ends_in_words(curve)}.",
        {"Mean": curves},
    )


QUESTION: Final = Question("anytime", of_results(anytime), tables=_tables, figures=_figures, parts=_parts)
