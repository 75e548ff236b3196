"""When did a campaign stop that added seeds until its pairs were decided, and what did it decide?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.model import CampaignFacts
from nhb2_plugins.analysis.question import Question, one_table
from nhb2_plugins.analysis.stopping import PairState, Stopping
from nhb2_plugins.analysis.tables import Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import some

_WHY: Final = {"decided": "when every pair was decided", "limit": "at the limit", "": "and goes on"}


def _words(found: Stopping | None, _facts: CampaignFacts) -> Iterator[str]:
    if found is None:
        return
    yield (
        f"Sequential: seeds were added until every pair was decided, {found.round_seeds} at a time and at most "
        f"{found.most_seeds}; it stands at {found.n_seeds} seeds {_WHY[found.stopped]}. Its verdicts hold under "
        f"looking after every seed: any of them is wrong with probability at most {found.level:g}."
    )
    decided = [_decision(pair, found) for pair in found.pairs if pair.verdict and not pair.undecided]
    depends = [
        f"Not decided between {pair.first} and {pair.second}: {pair.depends}." for pair in found.pairs if pair.undecided
    ]
    open_ = [f"{pair.first} and {pair.second} ({pair.n_seeds} seeds)" for pair in found.pairs if not pair.verdict]
    further = "further pairs (see the table of decisions)"
    if decided:
        yield f"Decided: {some(decided, further)}."
    yield from depends
    if open_:
        yield f"Not decided: {some(open_, further)}."


def _decision(pair: PairState, found: Stopping) -> str:
    amount = f" to {found.difference:g} percentage points" if pair.verdict == "alike" else ""
    return f"{pair.words}{amount} (after {pair.decided_at} seeds)"


_COLUMNS: Final = (
    Column("first", "first", "text"),
    Column("second", "second", "text"),
    Column("words", "verdict", "text"),
    Column("decided_at", "decided after seeds", "count"),
    Column("n_seeds", "seeds", "count"),
    Column("won", "most won by a bet"),
)


def _table(found: Stopping | None) -> ReportTable:
    return table_of(
        "stopping",
        "Decisions of a sequential campaign",
        _COLUMNS,
        rows_of(found.pairs if found else (), _COLUMNS),
        (
            "Bets on the signs of the differences of paired runs, which are fair where neither is better (Vovk and "
            "Wang, 2024). Tests of the other tables are of a number of runs fixed beforehand, and do not hold here.",
        ),
    )


def _parts(found: Stopping | None, _facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if found is None:
        return ()
    table = _table(found)
    return (parts.TablePart(section=parts.RANKS, place=5, table=table, title=table.title, names=False),)


QUESTION: Final = Question(
    "stopping", lambda _, facts: facts.stopping, words=_words, tables=one_table(_table), parts=_parts
)
