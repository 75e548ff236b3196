"""Does the verdict survive the table? Each pair on every draw, and by what is assumed of the learning curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.draws import Dependence, dependence_of, rotates, share_of
from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Interval
from nhb2_plugins.analysis.pictures import WIDTH, ReportFigure, Strip, Strips
from nhb2_plugins.analysis.question import Question
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import some


@dataclass(frozen=True)
class DrawsRow:
    """A pair of optimizers on the draws that both ran on.

    Attributes:
        first: marked name,
        second: and of the other.
        found: how their difference depends on the table.
    """

    first: str
    second: str
    found: Dependence

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return len(self.found.by_draw)

    @property
    def ahead(self) -> Interval:
        """Share of draws in which the first is ahead."""
        return self.found.ahead

    @property
    def mean(self) -> float:
        """Mean over draws of how far the first is ahead, in percentage points."""
        return sum(self.found.by_draw.values()) / self.n_draws

    @property
    def between(self) -> float | None:
        """Variance between draws."""
        return self.found.between

    @property
    def within(self) -> float | None:
        """Variance between the seeds of a draw."""
        return self.found.within

    @property
    def by_curves(self) -> str:
        """The mean difference with each variant of the learning curves."""
        return ", ".join(f"{name} {value:+.2f}" for name, value in self.found.by_curves.items())


def draws_rows(results: CampaignResults) -> tuple[DrawsRow, ...]:
    """Every pair that ran on several draws; none of a campaign on one table."""
    if not rotates(results.optimizers):
        return ()
    pairs = combinations([each for each in results.optimizers if each.with_result], 2)
    found = ((a.marked_name, b.marked_name, dependence_of(a, b)) for a, b in pairs)
    return tuple(DrawsRow(first, second, each) for first, second, each in found if each is not None)


def _words(rows: Sequence[DrawsRow], _facts: CampaignFacts) -> Iterator[str]:
    if not rows:
        return
    told = [_told(row) for row in rows]
    yield f"Over the table's draws: {some(told, 'further pairs (see the table of draws)')}."


def _told(row: DrawsRow) -> str:
    differences = row.found.by_draw.values()
    name, other, mean, ahead = row.first, row.second, row.mean, [value > 0 for value in differences]
    behind = [value < 0 for value in differences]
    if sum(behind) > sum(ahead):
        name, other, mean, ahead = other, name, -mean, behind
    share = share_of(ahead)
    return (
        f"{name} is ahead of {other} in {sum(ahead)} of {row.n_draws} "
        f"(a share of {share.low:.2f} to {share.high:.2f}), {_on_average(mean, other)}"
    )


def _on_average(mean: float, other: str) -> str:
    """How far who leads in most draws leads; few draws with large differences can turn the mean around."""
    amount = f"{abs(mean):.2f}"
    if float(amount) == 0:
        return "level on average"
    return f"by {amount} on average" if mean > 0 else f"although {other} is on average, by {amount}"


_COLUMNS: Final = (
    Column("first", "first", "text"),
    Column("second", "second", "text"),
    Column("n_draws", "draws", "count"),
    Column("ahead", "share in which the first is ahead"),
    Column("mean", "ahead by"),
    Column("between", "variance between draws"),
    Column("within", "between seeds"),
    Column("by_curves", "by learning curves", "text"),
)


def _table(rows: Sequence[DrawsRow]) -> ReportTable:
    return table_of(
        "draws",
        "Pairs over the draws of the table",
        _COLUMNS,
        rows_of(rows, _COLUMNS),
        (
            "Difference of the final regrets of the same seeds, in percentage points, positive where the first is "
            f"better. In brackets: {CONFIDENCE:.0%} intervals of the share of draws (Wilson). A draw is a table that "
            "could be the real one; the variance between draws is what is not known of it.",
        ),
    )


def _strips(rows: Sequence[DrawsRow]) -> Strips:
    axis = "how far the first of the pair is ahead (percentage points)"
    return Strips(
        tuple(_strip(number, row) for number, row in enumerate(rows)),
        axis,
        axis,
        "the first is ahead by (percentage points)",
        title="Difference in final regret on every draw",
        value_of="draw",
        signed=True,
    )


def _strip(number: int, row: DrawsRow) -> Strip:
    values = np.array(list(row.found.by_draw.values()))
    worst, quarter, median, three_quarters, best = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    return Strip(
        f"{row.first}, {row.second}",
        number,
        tuple(row.found.by_draw.items()),
        Interval(row.mean, np.nan, np.nan),
        Interval(median, np.nan, np.nan),
        worst,
        quarter,
        three_quarters,
        best,
    )


def _figures(rows: Sequence[DrawsRow], _facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    return (
        ReportFigure(
            "draws",
            _strips(rows) if rows else None,
            "Difference in final regret on every draw of the table",
            ("A dot is a draw, a table that could be the real one; right of the line the first of the pair is ahead.",),
            (WIDTH, 1.6 + 0.45 * len(rows)),
        ),
    )


def _parts(rows: Sequence[DrawsRow], _facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if not rows:
        return ()
    table = _table(rows)
    return (
        parts.DrawingPart(
            section=parts.RANKS,
            place=70,
            id="draws",
            title="On every draw of the table",
            label="Drawing of the difference on every draw",
            picture=_strips(rows),
            captions=("A dot is a draw of the table; right of the line the first of the pair is ahead.",),
        ),
        parts.TablePart(section=parts.RANKS, place=71, table=table, title=table.title, names=False),
    )


QUESTION: Final = Question(
    "draws",
    lambda results, _: draws_rows(results),
    words=_words,
    tables=lambda rows, _: (_table(rows),),
    figures=_figures,
    parts=_parts,
)
