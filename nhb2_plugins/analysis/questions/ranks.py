"""Who is ahead of whom, on the way and at the end? Expected ranks, from all runs of each optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import final_regrets, step_matrix
from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Floats, Interval, Refusal
from nhb2_plugins.analysis.pictures import TIME, Axis, Curve, Curves, ReportFigure
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.rank_statistics import expected_ranks, resample
from nhb2_plugins.analysis.resampling import interval_of
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, refused, table_of

_N_TIMES: Final = 200


@dataclass(frozen=True, eq=False)
class RankCurves:
    """Average ranks over simulated time: 1 is the best, the number of optimizers the worst.

    The rank of an optimizer is its expected rank among one run of each, drawn at random; ties share the mean of their
    ranks, and a run without a result yet is tied for the last. So all runs count, also where numbers of runs differ.

    Attributes:
        optimizers: marked names.
        time_s: shape (n_times,).
        rank: shape (n_optimizers, n_times).
        final: the last column, with intervals over runs, one per optimizer.
        anytime: mean rank over the logarithm of time, from the first result to the horizon, one per optimizer.
    """

    optimizers: tuple[str, ...]
    time_s: Floats
    rank: Floats
    final: tuple[Interval, ...]
    anytime: tuple[float, ...]


def rank_curves(results: CampaignResults) -> RankCurves | Refusal:
    """Average ranks over time and at the end, of the optimizers that have a result."""
    ranked = [each for each in results.optimizers if each.with_result]
    if len(ranked) < 2:
        return Refusal("Ranks compare optimizers, and fewer than two have a result.")
    final = [final_regrets(each) for each in ranked]
    end_ranks, resampled = expected_ranks(final), resample(final).ranks
    times = _times(ranked, results.horizon_s)
    matrices = [step_matrix([run.regrets for run in each.runs], times) for each in ranked]
    rank = np.array([expected_ranks([matrix[:, column] for matrix in matrices]) for column in range(len(times))]).T
    ends = (interval_of(resampled[i], len(each)) for i, each in enumerate(final))
    return RankCurves(
        optimizers=tuple(each.marked_name for each in ranked),
        time_s=times,
        rank=rank,
        final=tuple(Interval(float(rank), *map(float, end)) for rank, end in zip(end_ranks, ends, strict=True)),
        anytime=tuple(float(row.mean()) for row in rank),
    )


def _times(ranked: Sequence[OptimizerRuns], horizon_s: float) -> Floats:
    """From the first result of any run to the horizon, evenly on the logarithm."""
    first = min(run.regrets[0][0] for each in ranked for run in each.with_result)
    return np.unique(np.geomspace(max(min(first, horizon_s), 1e-9), horizon_s, _N_TIMES))


def _table(found: RankCurves | Refusal) -> ReportTable:
    if isinstance(found, Refusal):
        return refused("ranks", "Expected ranks", found)
    return table_of(
        "ranks",
        "Expected ranks",
        (OPTIMIZER, Column("final_rank", "at the end"), Column("anytime_rank", "over log time")),
        zip(found.optimizers, found.final, found.anytime, strict=True),
        (
            "Expected rank among one run of each optimizer, drawn at random; 1 is the best. "
            f"In brackets: {CONFIDENCE:.0%} intervals over runs (bootstrap, expanded percentiles).",
        ),
    )


def _table_over_time(found: RankCurves | Refusal) -> ReportTable:
    if isinstance(found, Refusal):
        return refused("ranks_time", "Expected ranks over time", found)
    return table_of(
        "ranks_time",
        "Expected ranks over time",
        (Column("time_s", "simulated second", "short"), *(Column(name, name) for name in found.optimizers)),
        (list(map(float, (time, *column))) for time, column in zip(found.time_s, found.rank.T, strict=True)),
        long=True,
    )


def _curves(found: RankCurves, facts: CampaignFacts, axis: str) -> Curves:
    return Curves(
        TIME,
        Axis(axis, "rank", log=False),
        tuple(
            Curve(name, facts.position(name), found.time_s, rank)
            for name, rank in zip(found.optimizers, found.rank, strict=True)
        ),
        ends=found.final,
        extent=(0.8, len(found.optimizers) + 0.2),
    )


def _figures(found: RankCurves | Refusal, facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    return (
        ReportFigure(
            "ranks_over_time",
            None if isinstance(found, Refusal) else _curves(found, facts, "expected rank"),
            "Expected rank among one run of each optimizer (1 is the best)",
            (f"Right of the line: rank of the final regret, with its {CONFIDENCE:.0%} interval over runs.",),
        ),
    )


def _parts(found: RankCurves | Refusal, facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if isinstance(found, Refusal):
        return (parts.RefusalPart(section=parts.RANKS, place=10, reason=found.reason),)
    final = "; ".join(f"{name} {rank.value:.2f}" for name, rank in zip(found.optimizers, found.final, strict=True))
    chart = parts.PageChart(
        "ranks",
        "Expected rank over simulated time",
        f"Ranks at the end (1 is the best): {final}.",
        {"Rank": _curves(found, facts, "expected rank (1 is the best)")},
        "The rank of a run among one run of each optimizer, drawn at random; no result yet ranks last.",
    )
    return (
        parts.ChartPart(section=parts.RANKS, place=10, charts=(chart,)),
        parts.TablePart(section=parts.RANKS, place=40, table=_table(found), summary="Expected ranks in numbers"),
    )


QUESTION: Final = Question(
    "ranks",
    of_results(rank_curves),
    tables=lambda found, _: (_table(found), _table_over_time(found)),
    figures=_figures,
    parts=_parts,
)
