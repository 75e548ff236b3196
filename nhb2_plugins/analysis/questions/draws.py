"""Does the verdict survive the table? Each pair on every draw or training seed, and by what is assumed in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.draws import AT_200, CURVES, Dependence, deciding, dependence_of, rotates, share_of
from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Interval
from nhb2_plugins.analysis.pictures import WIDTH, ReportFigure, Strip, Strips
from nhb2_plugins.analysis.question import Question, of_results, one_table
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import MOST_LISTED


@dataclass(frozen=True)
class DrawsRow:
    """A pair of optimizers on the tables that both ran on.

    Attributes:
        first: marked name,
        second: and of the other.
        found: how their difference depends on the table.
        turn: what the tables are: ``draw`` or ``training seed``.
        decides: what is assumed in them that decides how well the two do.
    """

    first: str
    second: str
    found: Dependence
    turn: str
    decides: tuple[str, ...]

    @property
    def n_tables(self) -> int:
        """Number of draws, or of training seeds."""
        return len(self.found.by_table)

    @property
    def ahead(self) -> Interval:
        """Share of tables in which the first is ahead."""
        return self.found.ahead

    @property
    def mean(self) -> float:
        """Mean over tables of how far the first is ahead, in percentage points."""
        return sum(self.found.by_table.values()) / self.n_tables

    @property
    def between(self) -> float | None:
        """Variance between tables."""
        return self.found.between

    @property
    def within(self) -> float | None:
        """Variance between the runs on a table."""
        return self.found.within

    @property
    def by_curves(self) -> str:
        """The mean difference with each variant of the learning curves."""
        return self._by(CURVES)

    @property
    def by_effect_at_200(self) -> str:
        """The mean difference with each variant of the effect of hyperparameters at 200 epochs."""
        return self._by(AT_200)

    def rests_on(self, assumption: str) -> bool:
        """Whether what is assumed decides how well the two do, and the tables have variants of it."""
        return assumption in self.decides and bool(self.found.by_assumption[assumption])

    def _by(self, assumption: str) -> str:
        return ", ".join(f"{name} {value:+.2f}" for name, value in self.found.by_assumption[assumption].items())


def draws_rows(results: CampaignResults) -> tuple[DrawsRow, ...]:
    """Every pair that ran on several draws; none of a campaign on one table."""
    if not rotates(results.optimizers):
        return ()
    pairs = combinations([each for each in results.optimizers if each.with_result], 2)
    return tuple(
        DrawsRow(first.marked_name, second.marked_name, found, results.turn, deciding(first, second))
        for first, second in pairs
        if (found := dependence_of(first, second)) is not None
    )


def _words(rows: Sequence[DrawsRow], facts: CampaignFacts) -> Iterator[str]:
    """The pairs in which the best ranked optimizer stands, with its rivals in order; the others are for the table."""
    if not rows:
        return
    turns = f"{_turn(rows)}s"
    best, *rivals = [each.card.marked_name for each in facts.ranked] or [""]
    of_pair = {frozenset((row.first, row.second)): row for row in rows}
    told = [_told(row) for rival in rivals if (row := of_pair.get(frozenset((best, rival))))][:MOST_LISTED]
    if not told:
        yield f"How the pairs differ over the table's {turns} stands in the table of {turns}."
        return
    further = [f"the other pairs stand in the table of {turns}"] if len(told) < len(rows) else []
    yield f"Over the table's {turns}: {'; '.join([*told, *further])}."


def _told(row: DrawsRow) -> str:
    differences = row.found.by_table.values()
    name, other, mean, ahead = row.first, row.second, row.mean, [value > 0 for value in differences]
    behind = [value < 0 for value in differences]
    if sum(behind) > sum(ahead):
        name, other, mean, ahead = other, name, -mean, behind
    share = share_of(ahead)
    return (
        f"{name} is ahead of {other} in {sum(ahead)} of {row.n_tables} "
        f"(a share of {share.low:.2f} to {share.high:.2f}), {_on_average(mean, other)}"
    )


def _on_average(mean: float, other: str) -> str:
    """How far who leads in most draws leads; few draws with large differences can turn the mean around."""
    amount = f"{abs(mean):.2f}"
    if float(amount) == 0:
        return "level on average"
    return f"by {amount} on average" if mean > 0 else f"although {other} is on average, by {amount}"


_MEANING: Final = {
    "draw": "A draw is a table that could be the real one; the variance between draws is what is not known of it",
    "training seed": "By each training seed every network was trained anew; the variance between them is what chance "
    "in training makes of the difference",
}
"""What each of several tables is."""
_DOT: Final = {
    "draw": "A dot is a draw, a table that could be the real one",
    "training seed": "A dot is a training seed of the table",
}


def _turn(rows: Sequence[DrawsRow]) -> str:
    return rows[0].turn if rows else "draw"


def _columns(rows: Sequence[DrawsRow], turn: str) -> tuple[Column, ...]:
    assumed = (
        (CURVES, Column("by_curves", "by learning curves", "text")),
        (AT_200, Column("by_effect_at_200", "by effect at 200 epochs", "text")),
    )
    return (
        Column("first", "first", "text"),
        Column("second", "second", "text"),
        Column("n_tables", f"{turn}s", "count"),
        Column("ahead", "share in which the first is ahead"),
        Column("mean", "ahead by"),
        Column("between", f"variance between {turn}s"),
        Column("within", "between runs of one"),
        *(column for name, column in assumed if any(row.rests_on(name) for row in rows)),
    )


def _table(rows: Sequence[DrawsRow]) -> ReportTable:
    turn = _turn(rows)
    columns = _columns(rows, turn)
    return table_of(
        "draws",
        f"Pairs over the {turn}s of the table",
        columns,
        rows_of(rows, columns),
        (
            "Difference of the final regrets of the same seeds, in percentage points, positive where the first is "
            f"better. In brackets: {CONFIDENCE:.0%} intervals of the share of {turn}s (Wilson). {_MEANING[turn]}.",
        ),
    )


def _strips(rows: Sequence[DrawsRow]) -> Strips:
    axis = "how far the first of the pair is ahead (percentage points)"
    return Strips(
        tuple(_strip(number, row) for number, row in enumerate(rows)),
        axis,
        axis,
        "the first is ahead by (percentage points)",
        title=f"Difference in final regret on every {_turn(rows)}",
        value_of=_turn(rows),
        signed=True,
    )


def _strip(number: int, row: DrawsRow) -> Strip:
    values = np.array(list(row.found.by_table.values()))
    worst, quarter, median, three_quarters, best = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    return Strip(
        f"{row.first}, {row.second}",
        number,
        tuple(row.found.by_table.items()),
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
            f"Difference in final regret on every {_turn(rows)} of the table",
            (f"{_DOT[_turn(rows)]}; right of the line the first of the pair is ahead.",),
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
            title=f"On every {_turn(rows)} of the table",
            label=f"Drawing of the difference on every {_turn(rows)}",
            picture=_strips(rows),
            captions=(f"A dot is a {_turn(rows)} of the table; right of the line the first of the pair is ahead.",),
        ),
        parts.TablePart(section=parts.RANKS, place=71, table=table, title=table.title, names=False),
    )


QUESTION: Final = Question(
    "draws", of_results(draws_rows), words=_words, tables=one_table(_table), figures=_figures, parts=_parts
)
