"""Runs on several of the embedded table's draws: how a difference depends on the table, and on its assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from nhb2_plugins.analysis.model import CONFIDENCE, Floats, Interval
from nhb2_plugins.analysis.results import OptimizerRuns
from nhb2_plugins.trajectory.run_file import RunHeader

CURVES = "curves"
"""Of what is assumed in a table, what decides searches that see few epochs."""


def rotates(optimizers: Sequence[OptimizerRuns]) -> bool:
    """Whether runs are on several draws."""
    return len({draw_of(run.header) for each in optimizers for run in each.runs} - {None}) > 1


def draw_of(header: RunHeader) -> int | None:
    """The draw that a run's table is; None of a table that is no draw."""
    draw = header.table.get("draw")
    return int(draw[0]) if draw else None


def curves_of(header: RunHeader) -> str:
    """The variant of the learning curves in a run's table; empty where it names none."""
    return str(header.table.get("assumptions", {}).get(CURVES, ""))


def sees_few_epochs(*optimizers: OptimizerRuns) -> bool:
    """Whether any of them chooses among fidelities, so that what is assumed of learning curves decides."""
    return any(len(run.header.epochs) > 1 for each in optimizers for run in each.runs[:1])


@dataclass(frozen=True)
class Dependence:
    """How the difference of two optimizers' regrets depends on the table; positive where the first is better.

    Attributes:
        by_draw: draw → mean difference over its seeds, ascending by draw.
        by_curves: variant of the learning curves → mean difference over its seeds.
        ahead: share of draws in which the first is ahead, with its interval (Wilson's).
        between: variance of the mean difference between draws, the seeds' taken off,
        within: and between the seeds of a draw; None of both where no draw has two.
    """

    by_draw: Mapping[int, float]
    by_curves: Mapping[str, float]
    ahead: Interval
    between: float | None
    within: float | None

    @property
    def curves_agree(self) -> bool:
        """Whether the same optimizer is ahead whatever the learning curves are."""
        return len({value > 0 for value in self.by_curves.values()}) < 2


def dependence_of(first: OptimizerRuns, second: OptimizerRuns) -> Dependence | None:
    """How a pair depends on the draws; None where they have fewer than two draws in common with a result."""
    runs = {run.header.seed: run for run in second.with_result}
    paired = [(run, runs[run.header.seed]) for run in first.with_result if run.header.seed in runs]
    groups: dict[int, list[float]] = {}
    variants: dict[str, list[float]] = {}
    for one, other in paired:
        draw, difference = draw_of(one.header), other.regrets[-1][1] - one.regrets[-1][1]
        if draw is None or draw != draw_of(other.header):
            continue
        groups.setdefault(draw, []).append(difference)
        variants.setdefault(curves_of(one.header), []).append(difference)
    if len(groups) < 2:
        return None
    by_draw = {draw: float(np.mean(groups[draw])) for draw in sorted(groups)}
    between, within = _components([np.array(each) for each in groups.values()])
    return Dependence(
        by_draw,
        {name: float(np.mean(variants[name])) for name in sorted(variants)},
        share_of([value > 0 for value in by_draw.values()]),
        between,
        within,
    )


def share_of(ahead: Sequence[bool]) -> Interval:
    """The share of draws in which one is ahead, with its interval (Wilson's); being level is not being ahead."""
    found = binomtest(sum(ahead), len(ahead)).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(sum(ahead) / len(ahead), float(found.low), float(found.high))


def _components(groups: Sequence[Floats]) -> tuple[float | None, float | None]:
    """Variance between and within groups (one-way random effects, by the mean squares)."""
    sizes = np.array([len(group) for group in groups])
    n, k = int(sizes.sum()), len(groups)
    if n == k:
        return None, None
    means = np.array([group.mean() for group in groups])
    within = sum(((group - mean) ** 2).sum() for group, mean in zip(groups, means, strict=True)) / (n - k)
    between = (sizes * (means - np.concatenate(groups).mean()) ** 2).sum() / (k - 1)
    usual = (n - (sizes**2).sum() / n) / (k - 1)
    return float(max((between - within) / usual, 0.0)), float(within)


def depends_in_words(first: str, second: str, by_curves: Mapping[str, float]) -> str:
    """Why a verdict is none: who is ahead with which learning curves."""
    told = [f"{first if value > 0 else second} is ahead with {name} curves" for name, value in by_curves.items()]
    return f"it depends on the assumed learning curves: {', '.join(told)}"
