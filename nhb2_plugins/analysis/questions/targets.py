"""How soon do runs come close to the optimum? The share of them that have reached a regret, by each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.model import CampaignFacts, Floats
from nhb2_plugins.analysis.pictures import TIME, WIDTH, Axis, Curve, Curves, Panels, ReportFigure
from nhb2_plugins.analysis.question import Question, of_results, one_table
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, table_of
from nhb2_plugins.analysis.wording import exact_note
from nhb2_plugins.metric import FLOAT_NOISE_PP
from nhb2_plugins.trajectory.baseline import TARGETS_PP
from nhb2_plugins.trajectory.run_file import RunSummary

_MOST: Final = 3
_SHARE: Final = Axis("share of runs", "share", log=False)


@dataclass(frozen=True, eq=False)
class TargetCurves:
    """Share of runs that have reached a target by each time: right-continuous steps.

    Attributes:
        target_pp: the regret to reach.
        optimizers: marked names.
        times_s: per optimizer the times when one of its runs first has a regret of at most the target, ascending; each
            shape (number of runs that get there,).
        n_runs: per optimizer the number of runs; the share after i times is i / n_runs.
        baseline_time_s: times of the exact share of random search, shape (n,); empty where there is no baseline.
        baseline_share: probability that random search has reached it, shape (n,).
    """

    target_pp: float
    optimizers: tuple[str, ...]
    times_s: tuple[Floats, ...]
    n_runs: tuple[int, ...]
    baseline_time_s: Floats
    baseline_share: Floats


def target_curves(results: CampaignResults) -> tuple[TargetCurves, ...]:
    """Shares of runs that reach targets: the one that most runs reach, and up to two that are harder."""
    compared = [each for each in results.optimizers if each.runs]
    curves = [_target(results, compared, target) for target in TARGETS_PP]
    share = [sum(map(len, curve.times_s)) / sum(curve.n_runs) for curve in curves]
    reached = [curve for curve, each in zip(curves, share, strict=True) if each > 0]
    by_most = sum(each >= 0.5 for each in share)
    return tuple(reached[max(by_most - 1, 0) :][:_MOST])


def _target(results: CampaignResults, compared: Sequence[OptimizerRuns], target: float) -> TargetCurves:
    times_s = tuple(_times_to(each.runs, target, results.horizon_s) for each in compared)
    time, share = np.empty(0), np.empty(0)
    solved = {} if results.baseline is None else results.baseline.over_time
    workers = {header.n_workers for header in results.first_headers}
    if len(workers) == 1 and workers <= solved.keys():  # with several there is no one curve beside all
        (n_workers,) = workers
        reached = solved[n_workers]
        if reached.reached:
            time, share = np.array(reached.x), np.array(reached.reached[TARGETS_PP.index(target)])
    names = tuple(each.marked_name for each in compared)
    return TargetCurves(target, names, times_s, tuple(len(each.runs) for each in compared), time, share)


def _times_to(runs: Sequence[RunSummary], target: float, horizon_s: float) -> Floats:
    first = (next((time for time, regret in run.regrets if regret <= target + FLOAT_NOISE_PP), np.inf) for run in runs)
    return np.array(sorted(time for time in first if time <= horizon_s))


def _table(found: Sequence[TargetCurves]) -> ReportTable:
    """Share of runs that reach each target, and the time by which half of all runs have."""
    columns = [OPTIMIZER]
    for curves in found:
        goal = f"{curves.target_pp:g}"
        columns += [
            Column(f"share_{goal}", f"reach {goal} pp"),
            Column(f"time_s_{goal}", f"half of all runs by s ({goal} pp)", "seconds"),
        ]
    names = found[0].optimizers if found else ()
    rows = ([name, *(cell for curves in found for cell in _cells(curves, i))] for i, name in enumerate(names))
    return table_of("targets", "Share of runs that reach a regret, and by when half of them have", columns, rows)


def _cells(curves: TargetCurves, i: int) -> tuple[Any, ...]:
    times, n_runs = curves.times_s[i], curves.n_runs[i]
    half = -(-n_runs // 2)
    return len(times) / n_runs, float(times[half - 1]) if len(times) >= half else None


def _shares(curves: TargetCurves, facts: CampaignFacts, begin: float) -> Curves:
    """Shares of runs, all of them from one moment on."""
    shown = []
    for name, times, n_runs in zip(curves.optimizers, curves.times_s, curves.n_runs, strict=True):
        share = np.arange(len(times) + 1) / n_runs
        x, y = np.array([begin, *times, facts.horizon_s]), np.array([*share, share[-1]])
        shown.append(Curve(name, facts.position(name), x, y, n_runs=n_runs))
    if curves.baseline_time_s.size:
        baseline = curves.baseline_time_s, curves.baseline_share
        shown.append(Curve("random search, exact", None, *baseline, smooth=True))
    points = "point" if curves.target_pp == 1 else "points"
    title = f"{curves.target_pp:g} percentage {points}"
    return Curves(TIME, _SHARE, tuple(shown), title, extent=(0.0, 1.0))


def _figures(found: Sequence[TargetCurves], facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    if not found:
        return (ReportFigure("targets", None),)
    # From when one run in a hundred has reached the easiest target: before, nothing is to be seen.
    times = np.sort(np.concatenate(found[0].times_s))
    first = max(float(times[len(times) // 100]) * 0.9, facts.horizon_s * 1e-5)
    panels = (replace(_shares(each, facts, facts.horizon_s * 1e-6), begin=first) for each in found)
    title = "Share of runs that have reached a regret"
    return (ReportFigure("targets", Panels(tuple(panels)), title, exact_note(facts), (WIDTH + 0.5, 4.2)),)


def _chart(number: int, curves: TargetCurves, facts: CampaignFacts) -> parts.PageChart:
    begun = [times[0] for times in (*curves.times_s, curves.baseline_time_s) if len(times)]
    first = min(begun) * 0.8
    reached = "; ".join(
        f"{name}: {len(times)} of {n_runs} runs"
        for name, times, n_runs in zip(curves.optimizers, curves.times_s, curves.n_runs, strict=True)
    )
    return parts.PageChart(
        f"target-{number}",
        f"Within {curves.target_pp:g} pp of the optimum",
        f"Runs with a regret of at most {curves.target_pp:g} percentage points by the end: {reached}.",
        {"Share": _shares(curves, facts, first)},
        narrow=True,
    )


def _parts(found: Sequence[TargetCurves], facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if not found:
        return ()
    table = _table(found)
    charts = tuple(_chart(number, each, facts) for number, each in enumerate(found))
    return (
        parts.ChartPart(section=parts.TARGETS, charts=charts),
        parts.TablePart(section=parts.TARGETS, table=table, title=table.title),
    )


QUESTION: Final = Question(
    "targets", of_results(target_curves), tables=one_table(_table), figures=_figures, parts=_parts
)
