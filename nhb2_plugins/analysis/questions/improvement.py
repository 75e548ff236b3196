"""How likely does a run of one optimizer end better than a run of another?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    CampaignFacts,
    Floats,
    Interval,
    Refusal,
)
from nhb2_plugins.analysis.pictures import Matrix, ReportFigure
from nhb2_plugins.analysis.question import Question, of_results, one_table
from nhb2_plugins.analysis.rank_statistics import probability_better, resample
from nhb2_plugins.analysis.resampling import interval_of
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, refused, table_of


def improvement_matrix(results: CampaignResults) -> Matrix | Refusal:
    """Probability of improvement of every optimizer over every other."""
    compared = [each for each in results.optimizers if each.with_result]
    if len(compared) < 2:
        return Refusal("There is nothing to improve on: fewer than two optimizers have a result.")
    groups = [final_regrets(each) for each in compared]
    probability = np.array([[probability_better(a, b) for b in groups] for a in groups])
    low, high = _intervals(resample(groups).better, [len(each) for each in groups])
    for matrix in (probability, low, high):
        np.fill_diagonal(matrix, np.nan)
    enough = tuple(len(each.with_result) >= FEWEST_FOR_INTERVALS for each in compared)
    return Matrix(tuple(each.marked_name for each in compared), probability, low, high, enough)


def _intervals(better: Floats, n_runs: Sequence[int]) -> tuple[Floats, Floats]:
    low, high = np.empty((2, len(n_runs), len(n_runs)))
    for i, j in np.ndindex(low.shape):
        low[i, j], high[i, j] = interval_of(better[i, j], min(n_runs[i], n_runs[j]))
    return low, high


def _table(found: Matrix | Refusal) -> ReportTable:
    if isinstance(found, Refusal):
        return refused("improvement", "Probability of improvement", found)
    return table_of(
        "improvement",
        "Probability that a run of the row's optimizer ends better than one of the column's",
        (OPTIMIZER, *(Column(f"over_{name}", f"over {name}") for name in found.names)),
        ((name, *_cells(found, i)) for i, name in enumerate(found.names)),
        (f"Ties count half. In brackets: {CONFIDENCE:.0%} intervals over runs (bootstrap, expanded percentiles).",),
    )


def _cells(found: Matrix, i: int) -> list[Interval | None]:
    cells = zip(found.values[i], found.low[i], found.high[i], strict=True)
    return [None if j == i else Interval(*map(float, cell)) for j, cell in enumerate(cells)]


def _figures(found: Matrix | Refusal, _facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    if isinstance(found, Refusal):
        return (ReportFigure("improvement", None),)
    n = len(found.names)
    return (
        ReportFigure(
            "improvement",
            found,
            "Probability that a run of the row ends better than one of the column",
            (
                f"Ties count half. Bold: the {CONFIDENCE:.0%} interval does not hold one half, and both "
                f"have at least {FEWEST_FOR_INTERVALS} runs.",
            ),
            (max(6.5, 2.8 + 0.85 * n), 2.2 + 0.5 * n),
        ),
    )


def _parts(found: Matrix | Refusal, _facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if isinstance(found, Refusal):
        return ()
    return (
        parts.MatrixPart(
            section=parts.RANKS,
            place=30,
            matrix=found,
            title="Probability of improvement",
            intro="How likely a run of the row's optimizer ends better than a run of the column's; ties count half.",
            note=(
                f"In brackets: {100 * CONFIDENCE:.0f} % interval over runs. Blue: the row is ahead; orange: the column "
                "is."
            ),
        ),
    )


QUESTION: Final = Question(
    "improvement", of_results(improvement_matrix), tables=one_table(_table), figures=_figures, parts=_parts
)
