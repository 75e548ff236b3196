"""Runs on several tables in turn: how a difference depends on the table, and on what is assumed in it.

The tables are draws of the embedded one, or one table by each of its training seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binomtest

from nhb2_plugins.analysis.model import CONFIDENCE, Floats, Interval
from nhb2_plugins.analysis.results import OptimizerRuns, turn_of
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.trajectory.run_file import RunHeader

CURVES: Final = "curves"
"""Of what is assumed in a table, what decides searches that see few epochs."""
AT_200: Final = "effect_200"
"""What decides searches that see 200 epochs, and what is measured there."""
_ASSUMED: Final = {
    CURVES: ("the assumed learning curves", "with {} curves"),
    AT_200: ("the effect of hyperparameters that is assumed at 200 epochs", "with {} of it"),
}


def rotates(optimizers: Sequence[OptimizerRuns]) -> bool:
    """Whether runs are on several tables in turn."""
    return len({turn_of(run.header) for each in optimizers for run in each.runs} - {None}) > 1


def deciding(*optimizers: OptimizerRuns) -> tuple[str, ...]:
    """What is assumed in a table that decides how well they do: learning curves, the values at 200 epochs, or both."""
    headers = [each.runs[0].header for each in optimizers if each.runs]
    searched = {epoch for header in headers for epoch in header.epochs}
    found = (CURVES,) if any(epoch < SCHEDULE_EPOCHS for epoch in searched) else ()
    sees_200 = LONG_EPOCHS in searched | {header.measure_epoch for header in headers}
    return (*found, AT_200) if sees_200 else found


def means_by_variant(headers: Iterable[RunHeader], values: Iterable[float], assumption: str) -> dict[str, float]:
    """The mean of the values of those runs whose tables have one variant, for each; none of tables without."""
    variants: dict[str, list[float]] = {}
    for header, value in zip(headers, values, strict=True):
        if variant := str(header.table.get("assumptions", {}).get(assumption, "")):
            variants.setdefault(variant, []).append(value)
    return {name: float(np.mean(variants[name])) for name in sorted(variants)}


def agree(by_variant: Mapping[str, float]) -> bool:
    """Whether no variant speaks against another; one in which both are level speaks for neither."""
    return not (any(value > 0 for value in by_variant.values()) and any(value < 0 for value in by_variant.values()))


@dataclass(frozen=True)
class Dependence:
    """How the difference of two optimizers' regrets depends on the table; positive where the first is better.

    Attributes:
        by_table: draw, or training seed → mean difference over its seeds, ascending.
        by_assumption: what is assumed → its variants → mean difference over its seeds.
        ahead: share of tables in which the first is ahead, with its interval (Wilson's).
        between: variance of the mean difference between tables, the seeds' taken off,
        within: and between the runs on a table; None of both where no table has two.
    """

    by_table: Mapping[int, float]
    by_assumption: Mapping[str, Mapping[str, float]]
    ahead: Interval
    between: float | None
    within: float | None


def dependence_of(first: OptimizerRuns, second: OptimizerRuns) -> Dependence | None:
    """How a pair depends on the tables; None where they have fewer than two in common with a result."""
    runs = {run.header.seed: run for run in second.with_result}
    paired = [(run, runs[run.header.seed]) for run in first.with_result if run.header.seed in runs]
    headers: list[RunHeader] = []
    differences: list[float] = []
    groups: dict[int, list[float]] = {}
    for one, other in paired:
        turn, difference = turn_of(one.header), other.regrets[-1][1] - one.regrets[-1][1]
        if turn is None or turn != turn_of(other.header):
            continue
        groups.setdefault(turn, []).append(difference)
        headers.append(one.header)
        differences.append(difference)
    if len(groups) < 2:
        return None
    by_table = {turn: float(np.mean(groups[turn])) for turn in sorted(groups)}
    between, within = _components([np.array(each) for each in groups.values()])
    return Dependence(
        by_table,
        {name: means_by_variant(headers, differences, name) for name in _ASSUMED},
        share_of([value > 0 for value in by_table.values()]),
        between,
        within,
    )


def depends_of(first: OptimizerRuns, second: OptimizerRuns) -> str:
    """Why a verdict on a pair is none, whatever the test: what is assumed decides, and its variants disagree.

    Empty where all of them agree, or nothing that is assumed decides.
    """
    assumed = deciding(first, second)
    found = dependence_of(first, second) if assumed else None
    if found is None:
        return ""
    by_variant = {name: found.by_assumption[name] for name in assumed}
    return depends_in_words(first.marked_name, second.marked_name, by_variant)


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


def depends_in_words(first: str, second: str, found: Mapping[str, Mapping[str, float]]) -> str:
    """Why a verdict is none: who is ahead under which assumption; empty where nothing speaks against another.

    Args:
        first: name of the one whose values are positive where it is better.
        second: of the other.
        found: what is assumed, of all that decides → its variants → how far the first is ahead.
    """
    told = []
    for assumption, by_variant in found.items():
        what, how = _ASSUMED[assumption]
        sides = [f"{_ahead(first, second, value)} {how.format(name)}" for name, value in by_variant.items()]
        told += [] if agree(by_variant) else [f"it depends on {what}: {', '.join(sides)}"]
    return "; and ".join(told)


def _ahead(first: str, second: str, value: float) -> str:
    return "they are level" if value == 0 else f"{first if value > 0 else second} is ahead"
