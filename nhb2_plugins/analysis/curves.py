"""Anytime curves: right-continuous steps, aligned exactly, over simulated time and over evaluations."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.analysis.model import Estimate, Floats
from nhb2_plugins.analysis.resampling import mean_interval, median_interval
from nhb2_plugins.analysis.results import OptimizerRuns
from nhb2_plugins.trajectory.run_file import RunSummary

MOST_POINTS: Final = 400
"""Where runs change more often, a curve keeps this many of the moments, evenly on the logarithm of the axis."""
MOST_REGRET_PP: Final = 100.0
"""No regret is larger, be it of an error in percent or of a hypervolume in percent of the front's."""

Steps = Sequence[tuple[float, float]]
"""(place on an axis, value from then on), places ascending."""


def step_values(steps: Steps, places: Floats) -> Floats:
    """Values of a right-continuous step function; NaN before the first step.

    Args:
        steps: the function; of several steps at one place the last counts.
        places: where to read it, shape (n,).
    """
    if not steps:
        return np.full(len(places), np.nan)
    starts, values = np.array(steps, dtype=np.float64).T
    position = np.searchsorted(starts, places, side="right") - 1
    return np.where(position >= 0, values[np.maximum(position, 0)], np.nan)


def step_matrix(functions: Sequence[Steps], places: Floats, before: float = np.inf) -> Floats:
    """Values of several step functions, shape (n_functions, n_places).

    Args:
        functions: the functions.
        places: where to read them, shape (n_places,).
        before: stands before a function's first step.
    """
    matrix = np.array([step_values(each, places) for each in functions]).reshape(len(functions), len(places))
    return np.where(np.isnan(matrix), before, matrix)


@dataclass(frozen=True, eq=False)
class AlignedRuns:
    """The runs of an optimizer that have a result, and every moment when one of them changes.

    Attributes:
        places: the moments, ascending, from when each run has a result; shape (n,).
        functions: a step function for each run.
    """

    places: Floats
    functions: tuple[Steps, ...]

    def values_at(self, positions: NDArray[np.intp]) -> Floats:
        """The values of every run at some of the places, shape (n_runs, n_positions)."""
        return step_matrix(self.functions, self.places[positions])

    def mean_and_median(self) -> tuple[Floats, Floats]:
        """Both at every place, each of shape (n,).

        Runs by places would be a matrix of some gigabytes for 10,000 runs, since they change at different moments. So
        the values are kept sorted, and each change replaces one.
        """
        n_runs, n_places = len(self.functions), len(self.places)
        means, medians = np.empty(n_places), np.empty(n_places)
        if not n_places:
            return means, medians
        current = self.values_at(np.zeros(1, dtype=np.intp))[:, 0].tolist()
        ordered, total = sorted(current), math.fsum(current)
        changes = iter(self._changes())
        following = next(changes, None)
        for position, place in enumerate(self.places.tolist()):
            while following is not None and following[0] <= place:
                _, run, _, value = following
                del ordered[bisect_left(ordered, current[run])]
                insort(ordered, value)
                total += value - current[run]
                current[run] = value
                following = next(changes, None)
            means[position] = total / n_runs
            medians[position] = (ordered[(n_runs - 1) // 2] + ordered[n_runs // 2]) / 2
        return means, medians

    def _changes(self) -> list[tuple[float, int, int, float]]:
        """(place, run, step, value) after the first place, in order: of a run's steps at one place the last counts."""
        first = self.places[0]
        return sorted(
            (place, run, step, value)
            for run, steps in enumerate(self.functions)
            for step, (place, value) in enumerate(steps)
            if place > first
        )


def aligned_over_time(
    optimizer: OptimizerRuns, horizon_s: float, steps_of: Callable[[RunSummary], Steps] = attrgetter("regrets")
) -> AlignedRuns:
    """Regret, or another step, over simulated time, up to the horizon or to the optimizer's own budget if smaller."""
    runs = optimizer.with_result
    budget = runs[0].header.budget_s if runs else None
    return _aligned([steps_of(run) for run in runs], horizon_s if budget is None else min(budget, horizon_s))


def aligned_over_evaluations(
    optimizer: OptimizerRuns, steps_of: Callable[[RunSummary], Steps] = attrgetter("regrets_by_evaluation")
) -> AlignedRuns:
    """The same over the number of evaluations, up to the smallest number that a run has: beyond it runs are missing."""
    runs = optimizer.with_result
    return _aligned([steps_of(run) for run in runs], min((run.n_evaluations for run in runs), default=0))


def _aligned(functions: Sequence[Steps], end: float) -> AlignedRuns:
    first = max((steps[0][0] for steps in functions), default=np.inf)
    if first > end:
        return AlignedRuns(np.empty(0), tuple(functions))
    places = np.array(
        sorted({first, end, *(place for steps in functions for place, _ in steps if first < place <= end)})
    )
    return AlignedRuns(places, tuple(functions))


@dataclass(frozen=True, eq=False)
class AnytimeCurve:
    """Regret of one optimizer's incumbent; a right-continuous step: ``mean[i]`` holds from ``x[i]`` to ``x[i + 1]``.

    ``x`` begins when every run (of those that ever have a result) has one. It holds every moment when a run
    changes, or, where those are very many, a selection of them; a value is exact at its own moment in either case.
    Empty where no run has a result. The error at the measure is the regret plus
    ``CampaignFacts.optimum_error_pct``.

    Attributes:
        optimizer: marked name.
        n_runs: runs averaged.
        n_without_result: further runs without a result, left out.
        x: simulated seconds or numbers of evaluations, ascending, shape (n,).
        mean: over runs, in pp, shape (n,),
        mean_low: its interval, shape (n,), NaN of too few runs,
        mean_high: shape (n,).
        median: over runs, in pp, shape (n,),
        median_low: its interval, shape (n,), NaN of too few runs,
        median_high: shape (n,).
    """

    optimizer: str
    n_runs: int
    n_without_result: int
    x: Floats
    mean: Floats
    mean_low: Floats
    mean_high: Floats
    median: Floats
    median_low: Floats
    median_high: Floats


def curve_of(optimizer: OptimizerRuns, aligned: AlignedRuns, most: float = MOST_REGRET_PP) -> AnytimeCurve:
    """Mean and median with their intervals, of values that are at most ``most``."""
    kept = _thinned(aligned.places)
    values = aligned.values_at(kept)
    empty = not values.size
    mean_low, mean_high = (np.empty(0), np.empty(0)) if empty else mean_interval(values, most)
    median_low, median_high = (np.empty(0), np.empty(0)) if empty else median_interval(values)
    return AnytimeCurve(
        optimizer=optimizer.marked_name,
        n_runs=len(values),
        n_without_result=len(optimizer.runs) - len(values),
        x=aligned.places[kept],
        mean=np.empty(0) if empty else values.mean(axis=0),
        mean_low=mean_low,
        mean_high=mean_high,
        median=np.empty(0) if empty else np.median(values, axis=0),
        median_low=median_low,
        median_high=median_high,
    )


def _thinned(places: Floats) -> NDArray[np.intp]:
    if len(places) <= MOST_POINTS:
        return np.arange(len(places))
    wanted = np.geomspace(max(places[0], 1e-9), places[-1], MOST_POINTS)
    return np.unique([0, *np.searchsorted(places, wanted[1:-1]), len(places) - 1])


def final_regrets(optimizer: OptimizerRuns) -> Floats:
    """The regret of each run's last incumbent, by seed; infinite for a run without a result. Shape (n_runs,)."""
    return np.array([_final(run) for run in optimizer.runs], dtype=np.float64)


def _final(run: RunSummary) -> float:
    return run.regrets[-1][1] if run.incumbents else np.inf


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of some values, with its standard error."""
    array = np.array(values)
    return Estimate(float(array.mean()), standard_error(array))


def standard_error(values: Floats) -> float | None:
    """Standard error of the mean of some values (ddof 1); None of fewer than two."""
    n = len(values)
    return float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else None
