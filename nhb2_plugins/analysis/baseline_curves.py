"""What random search reaches, exactly, beside the runs of a campaign.

Uniform draws over the whole space, charged from scratch; the evaluation that crosses the budget does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nhb2_plugins.analysis.model import BaselineCurve, Floats, Refusal
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.text_table import counted
from nhb2_plugins.trajectory.baseline import ReachedByRandomSearch

_SURE: Final = 0.99  # a curve of random search begins when a result is this likely: before, it is of the quick ones
NOT_RECORDED: Final = (
    "What random search reaches is not recorded beside these runs; nhb2 run with the same specification adds it."
)


def baseline_over_time(results: CampaignResults) -> tuple[BaselineCurve, ...] | Refusal:
    """Random search over time, one curve per number of workers that occurs."""
    baseline = results.baseline
    if baseline is None:
        return Refusal(NOT_RECORDED)
    workers = sorted({header.n_workers for header in results.first_headers})
    curves = tuple(
        _curve(baseline.over_time[n], _label(n, workers, results), results.horizon_s)
        for n in workers
        if n in baseline.over_time
    )
    return curves or Refusal(baseline.why_not or "Random search was not solved for these numbers of workers.")


def baseline_over_evaluations(results: CampaignResults) -> BaselineCurve | Refusal:
    """Random search over evaluations, up to the largest number that a run has."""
    baseline = results.baseline
    if baseline is None:
        return Refusal(NOT_RECORDED)
    if baseline.over_evaluations is None:
        return Refusal(baseline.why_not)
    most = max(run.n_evaluations for each in results.optimizers for run in each.runs)
    return _curve(baseline.over_evaluations, _label(1, [1], results), most)


def _label(n_workers: int, workers: Sequence[int], results: CampaignResults) -> str:
    """What tells it from the others, and from runs of random search at other epochs."""
    epoch = results.header.measure_epoch
    searched = {each for header in results.first_headers for each in header.epochs}
    label = "random search, exact" if searched == {epoch} else f"random search at {epoch} epochs, exact"
    return label if workers == [1] else f"{label}, {counted(n_workers, 'worker')}"


def _curve(reached: ReachedByRandomSearch, label: str, end: float) -> BaselineCurve:
    x, known = np.array(reached.x), np.array(reached.probability_of_result)
    shown = (known >= _SURE) & (x <= end)

    def column(values: tuple[float, ...]) -> Floats:
        return np.array(values or (np.nan,) * len(x))[shown]

    return BaselineCurve(
        label=label,
        x=x[shown],
        mean=column(reached.mean_pp),
        median=column(reached.median_pp),
        quarter=column(reached.quarter_pp),
        three_quarters=column(reached.three_quarters_pp),
    )
