"""How soon: times to reach a target, and times to match random search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.analysis.curves import AlignedRuns
from nhb2_plugins.analysis.model import BaselineCurve, MatchRow, Refusal, TargetCurves
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from nhb2_plugins.trajectory.run_file import RunSummary

_SURE: Final = 0.99  # a curve of random search begins when a result is this likely: before, it is of the quick ones
_FLOAT_NOISE: Final = 1e-9
_NOT_RECORDED: Final = (
    "What random search reaches is not recorded beside these runs; nhb2 run with the same specification adds it."
)
_SCRATCH_NOTE: Final = (
    "Random search, exact: uniform draws over the whole space, from the complete table, charged from scratch, without "
    "a run; not counting the evaluation that crosses the budget."
)

_Floats = NDArray[np.float64]


# -- random search


def baseline_over_time(results: CampaignResults) -> tuple[BaselineCurve, ...] | Refusal:
    """Random search over time, one curve per number of workers that occurs."""
    baseline = results.baseline
    if baseline is None:
        return Refusal(_NOT_RECORDED)
    workers = sorted({header.n_workers for header in results.first_headers})
    curves = tuple(
        _curve(baseline.over_time[n], _label(n, workers), results.horizon_s) for n in workers if n in baseline.over_time
    )
    return curves or Refusal(baseline.why_not or "Random search was not solved for these numbers of workers.")


def baseline_over_evaluations(results: CampaignResults) -> BaselineCurve | Refusal:
    """Random search over evaluations, up to the largest number that a run has."""
    baseline = results.baseline
    if baseline is None:
        return Refusal(_NOT_RECORDED)
    if baseline.over_evaluations is None:
        return Refusal(baseline.why_not)
    most = max(run.n_evaluations for each in results.optimizers for run in each.runs)
    return _curve(baseline.over_evaluations, _label(1, [1]), most)


def _label(n_workers: int, workers: Sequence[int]) -> str:
    if workers == [1]:
        return "random search, exact"
    return f"random search, exact, {n_workers} worker{'s' if n_workers != 1 else ''}"


def _curve(reached: ReachedByRandomSearch, label: str, end: float) -> BaselineCurve:
    x, known = np.array(reached.x), np.array(reached.probability_of_result)
    shown = (known >= _SURE) & (x <= end)
    return BaselineCurve(
        label=label,
        x=x[shown],
        mean=np.array(reached.mean_pp)[shown],
        median=np.array(reached.median_pp)[shown],
        quarter=np.array(reached.quarter_pp)[shown],
        three_quarters=np.array(reached.three_quarters_pp)[shown],
        note=_SCRATCH_NOTE,
    )


def matches(
    results: CampaignResults, aligned: Sequence[AlignedRuns], baseline: RandomSearchBaseline | None
) -> tuple[MatchRow, ...] | Refusal:
    """When each optimizer is as good as random search is at the end of the budget.

    Args:
        results: the campaign.
        aligned: its optimizers' runs over time, in order.
        baseline: random search.
    """
    if baseline is None:
        return Refusal(_NOT_RECORDED)
    if not baseline.over_time or baseline.horizon_s is None:
        return Refusal(baseline.why_not)
    rows = []
    for optimizer, runs in zip(results.optimizers, aligned, strict=True):
        workers = optimizer.runs[0].header.n_workers if optimizer.runs else 1
        if not runs.places.size or workers not in baseline.over_time:
            continue
        reached = baseline.over_time[workers]
        mean, median = runs.mean_and_median()
        rows += [
            _match(optimizer, "mean", runs.places, mean, reached, reached.mean_pp),
            _match(optimizer, "median", runs.places, median, reached, reached.median_pp),
        ]
    return tuple(rows) or Refusal("No optimizer has a result in every run before the end of the budget.")


def _match(
    optimizer: OptimizerRuns,
    level: Literal["mean", "median"],
    places: _Floats,
    values: _Floats,
    reached: ReachedByRandomSearch,
    random: tuple[float, ...],
) -> MatchRow:
    goal, end = random[-1], reached.x[-1]
    time_s = time_to_stay_below(places, values, goal)
    if time_s is not None:
        return MatchRow(optimizer.marked_name, level, goal, time_s, end / time_s if time_s > 0 else None)
    as_good = time_to_stay_below(np.array(reached.x), np.array(random), float(values[-1]))
    return MatchRow(optimizer.marked_name, level, goal, None, None if as_good is None else as_good / end)


def time_to_stay_below(places: _Floats, values: _Floats, goal: float) -> float | None:
    """The first place from which on a step function is at most a goal for good; None if it is not at its end."""
    above = np.flatnonzero(values > goal + _FLOAT_NOISE)
    if not len(above):
        return float(places[0])
    return float(places[above[-1] + 1]) if above[-1] + 1 < len(places) else None


# -- targets


def target_curves(results: CampaignResults) -> tuple[TargetCurves, ...]:
    """Shares of runs that reach targets: the one that most runs reach, and up to two that are harder."""
    compared = [each for each in results.optimizers if each.runs]
    curves = [_target(results, compared, target) for target in TARGETS_PP]
    share = [sum(map(len, curve.times_s)) / sum(curve.n_runs) for curve in curves]
    reached = [curve for curve, each in zip(curves, share, strict=True) if each > 0]
    by_most = sum(each >= 0.5 for each in share)
    return tuple(reached[max(by_most - 1, 0) :][:3])


def _target(results: CampaignResults, compared: Sequence[OptimizerRuns], target: float) -> TargetCurves:
    times_s = tuple(_times_to(each.runs, target, results.horizon_s) for each in compared)
    time, share = np.empty(0), np.empty(0)
    solved = {} if results.baseline is None else results.baseline.over_time
    workers = {header.n_workers for header in results.first_headers}
    if len(workers) == 1 and workers <= solved.keys():  # with several there is no one curve beside all
        (n_workers,) = workers
        reached = solved[n_workers]
        time, share = np.array(reached.x), np.array(reached.reached[TARGETS_PP.index(target)])
    names = tuple(each.marked_name for each in compared)
    return TargetCurves(target, names, times_s, tuple(len(each.runs) for each in compared), time, share)


def _times_to(runs: Sequence[RunSummary], target: float, horizon_s: float) -> _Floats:
    first = (next((time for time, regret in run.regrets if regret <= target + _FLOAT_NOISE), np.inf) for run in runs)
    return np.array(sorted(time for time in first if time <= horizon_s))
