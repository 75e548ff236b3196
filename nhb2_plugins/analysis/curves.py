"""Anytime curves: right-continuous steps, aligned on one grid of simulated time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.analysis.results import OptimizerRuns

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AnytimeCurve:
    """Regret of one optimizer over simulated time; arrays of shape (n_times,).

    Attributes:
        name: the optimizer.
        n_runs: number of runs averaged.
        time_s: simulated seconds, ascending; from the moment when every run has a result.
        mean: mean regret over the runs, in percentage points.
        standard_error: of that mean (ddof 1; zero for a single run).
    """

    name: str
    n_runs: int
    time_s: _Floats
    mean: _Floats
    standard_error: _Floats


def step_values(steps: Sequence[tuple[float, float]], times: _Floats) -> _Floats:
    """Values of a right-continuous step function at given times; NaN before the first step.

    Args:
        steps: (time, value from then on), times ascending.
        times: where to read it, shape (n,).
    """
    if not steps:
        return np.full(len(times), np.nan)
    starts, values = np.array(steps, dtype=np.float64).T
    position = np.searchsorted(starts, times, side="right") - 1
    return np.where(position >= 0, values[np.maximum(position, 0)], np.nan)


def anytime_regret(optimizer: OptimizerRuns, budget_s: float) -> AnytimeCurve:
    """The mean regret of an optimizer's runs at every moment when any of them changes, up to the budget."""
    steps = [run.regrets for run in optimizer.runs]
    first = max((each[0][0] if each else budget_s) for each in steps)
    changes = {time for each in steps for time, _ in each if first <= time <= budget_s}
    times = np.array(sorted({*changes, min(first, budget_s), budget_s}))
    values = np.array([step_values(each, times) for each in steps])
    return AnytimeCurve(optimizer.marked_name, len(steps), times, values.mean(axis=0), standard_error(values))


def standard_error(values: _Floats) -> _Floats:
    """Standard error of the mean over the first axis (ddof 1); zero for a single value."""
    n = len(values)
    if n < 2:
        return np.zeros(values.shape[1:])
    error: _Floats = values.std(axis=0, ddof=1) / np.sqrt(n)
    return error
