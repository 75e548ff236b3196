"""The page's curves, from an analysis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nhb2_plugins.analysis.model import (
    AnytimeCurve,
    BaselineCurve,
    CampaignAnalysis,
    OptimizerCard,
    RankCurves,
    Refusal,
    TargetCurves,
)
from nhb2_plugins.analysis.page.charts import (
    BASELINE_LOOK,
    INTERVAL_DIGITS,
    Axis,
    Chart,
    Line,
    Look,
    look_of,
    on_grid,
    rounded,
    shared_grid,
)

_SECONDS_PER_HOUR = 3600.0
_TIME = Axis("simulated time (hours)", "simulated time", "h")


class Looks:
    """The look of each optimizer, by the name that is shown."""

    def __init__(self, optimizers: Sequence[OptimizerCard]) -> None:
        self._looks = {card.marked_name: look_of(number) for number, card in enumerate(optimizers)}

    def __getitem__(self, marked_name: str) -> Look:
        return self._looks[marked_name]


def anytime_charts(analysis: CampaignAnalysis, looks: Looks) -> tuple[Chart, Chart]:
    """Regret over simulated time and over evaluations, mean and median, with random search beside them."""
    over_time = _anytime_chart(
        "over-time",
        "Regret over simulated time",
        _TIME,
        analysis.over_time,
        () if isinstance(analysis.baseline_time, Refusal) else analysis.baseline_time,
        looks,
        1 / _SECONDS_PER_HOUR,
    )
    over_evaluations = _anytime_chart(
        "over-evaluations",
        "Regret over evaluations",
        Axis("evaluations that have ended, of whatever fidelity", "evaluations", whole=True),
        analysis.over_evaluations,
        () if isinstance(analysis.baseline_evaluations, Refusal) else (analysis.baseline_evaluations,),
        looks,
        1.0,
    )
    return over_time, over_evaluations


def _anytime_chart(
    key: str,
    title: str,
    x: Axis,
    curves: Sequence[AnytimeCurve],
    baselines: Sequence[BaselineCurve],
    looks: Looks,
    x_unit: float,
) -> Chart:
    grid = shared_grid([curve.x for curve in curves], whole=x.whole)
    variants = {}
    for name in ("mean", "median"):
        lines = [
            Line(
                curve.optimizer,
                looks[curve.optimizer],
                on_grid(grid, curve.x, getattr(curve, name)),
                on_grid(grid, curve.x, getattr(curve, f"{name}_low"), digits=INTERVAL_DIGITS),
                on_grid(grid, curve.x, getattr(curve, f"{name}_high"), digits=INTERVAL_DIGITS),
            )
            for curve in curves
            if len(curve.x)
        ]
        lines += [
            Line(baseline.label, BASELINE_LOOK, on_grid(grid, baseline.x, getattr(baseline, name)))
            for baseline in baselines
        ]
        variants[name.capitalize()] = tuple(lines)
    return Chart(
        key,
        title,
        "; ".join(_ends_in_words(curve) for curve in curves) + ".",
        x,
        Axis("regret of the incumbent (percentage points)", "regret", "pp"),
        _scaled(grid, x_unit),
        variants,
    )


def _scaled(grid: np.ndarray, unit: float) -> tuple[float, ...]:
    return tuple(float(f"{value * unit:.6g}") for value in grid)


def _ends_in_words(curve: AnytimeCurve) -> str:
    if not len(curve.x):
        return f"{curve.optimizer} has no run with a result"
    return f"{curve.optimizer} falls from a mean of {curve.mean[0]:.2f} to {curve.mean[-1]:.2f} percentage points"


def rank_chart(ranks: RankCurves, looks: Looks) -> Chart:
    """Expected ranks over simulated time."""
    grid = shared_grid([ranks.time_s])
    lines = tuple(
        Line(name, looks[name], on_grid(grid, ranks.time_s, ranks.rank[number]))
        for number, name in enumerate(ranks.optimizers)
    )
    final = "; ".join(f"{name} {rank.value:.2f}" for name, rank in zip(ranks.optimizers, ranks.final, strict=True))
    return Chart(
        "ranks",
        "Expected rank over simulated time",
        f"Ranks at the end (1 is the best): {final}.",
        _TIME,
        Axis("expected rank (1 is the best)", "rank", log=False),
        _scaled(grid, 1 / _SECONDS_PER_HOUR),
        {"Rank": lines},
        caption="The rank of a run among one run of each optimizer, drawn at random; no result yet ranks last.",
        extent=(0.8, len(ranks.optimizers) + 0.2),
    )


def target_chart(number: int, target: TargetCurves, horizon_s: float, looks: Looks) -> Chart:
    """The share of runs that have reached a target, over simulated time."""
    begun = [times[0] for times in (*target.times_s, target.baseline_time_s) if len(times)]
    first = min(begun, default=horizon_s / 100) * 0.8
    ends = np.array([first, horizon_s])
    grid = shared_grid([ends, *(times[(times >= first) & (times <= horizon_s)] for times in target.times_s)])
    lines = [
        Line(name, looks[name], rounded(np.searchsorted(times, grid * (1 + 1e-12), side="right") / max(n_runs, 1)))
        for name, times, n_runs in zip(target.optimizers, target.times_s, target.n_runs, strict=True)
    ]
    if len(target.baseline_time_s):
        share = np.interp(grid, target.baseline_time_s, target.baseline_share, left=0.0)
        lines.append(Line("random search, exact", BASELINE_LOOK, rounded(share)))
    reached = "; ".join(
        f"{name}: {len(times)} of {n_runs} runs"
        for name, times, n_runs in zip(target.optimizers, target.times_s, target.n_runs, strict=True)
    )
    return Chart(
        f"target-{number}",
        f"Within {target.target_pp:g} pp of the optimum",
        f"Runs with a regret of at most {target.target_pp:g} percentage points by the end: {reached}.",
        _TIME,
        Axis("share of runs", "share", log=False),
        _scaled(grid, 1 / _SECONDS_PER_HOUR),
        {"Share": tuple(lines)},
        extent=(0.0, 1.0),
        narrow=True,
    )


def runs_chart(analysis: CampaignAnalysis, number: int, looks: Looks) -> Chart | None:
    """Every run of one optimizer, thin, and their mean; None where no run has a result."""
    card, curve = analysis.optimizers[number], analysis.over_time[number]
    runs = [run for run in card.runs if run.regrets]
    if not runs:
        return None
    end_h = analysis.horizon_s / _SECONDS_PER_HOUR
    xs: list[float | None] = []
    ys: list[float | None] = []
    labels: list[str] = []
    for run in runs:
        steps = [*run.regrets, (analysis.horizon_s, run.regrets[-1][1])]
        xs += [*rounded([min(time / _SECONDS_PER_HOUR, end_h) for time, _ in steps]), None]
        ys += [*rounded([regret for _, regret in steps], INTERVAL_DIGITS), None]
        labels.append(f"seed {run.seed}")
    first = min(run.regrets[0][0] for run in runs) / _SECONDS_PER_HOUR
    grid = shared_grid([np.array([first * _SECONDS_PER_HOUR, analysis.horizon_s]), curve.x])
    look = looks[card.marked_name]
    mean = Line("mean", look, on_grid(grid, curve.x, curve.mean))
    every = Line(f"every run ({len(runs)})", look, tuple(ys), x=tuple(xs), faint=True, labels=tuple(labels))
    return Chart(
        f"runs-figure-{number + 1}",
        "Incumbents over simulated time",
        f"{card.marked_name}: {len(runs)} runs. {_ends_in_words(curve)}.",
        _TIME,
        Axis("regret (percentage points)", "regret", "pp"),
        _scaled(grid, 1 / _SECONDS_PER_HOUR),
        {"Mean": (mean, every)},
    )
