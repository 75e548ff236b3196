"""Incumbents: the best configuration known at each simulated time.

Of several objectives there is no best one: what is known is an archive, the results that no other one equals or beats
in all of them. Its changes are the results that enter it; the archive at a time is what nothing dominates of those
before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, NamedTuple, Protocol, TypeVar

from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.objectives import ERROR_PCT, Evaluated, objective_values
from nhb2_plugins.trajectory.record import TrialRecord

by_end: Final = attrgetter("end_s", "trial")
"""The order of what is known: by simulated end, ties by submission."""


class IncumbentChange(NamedTuple):
    """From ``time_s`` on (simulated seconds), ``record`` is the best known."""

    time_s: float
    record: TrialRecord


def incumbent_changes(records: Iterable[TrialRecord]) -> list[IncumbentChange]:
    """Every change of the incumbent, in order of simulated end; undefined before the first.

    As in the reference package the incumbent is the best accuracy at *any* epoch seen and changes only on a strictly
    better one. A 200-epoch value is of another kind (an expected test accuracy) and outranks every value of the
    12-epoch schedule, never the other way round.
    """
    return incumbent_changes_in_order(sorted(records, key=by_end))


def incumbent_changes_in_order(
    records: Iterable[TrialRecord], objectives: Sequence[str] = (ERROR_PCT,)
) -> list[IncumbentChange]:
    """The same of records that come in order of simulated end, then of trial.

    Args:
        records: of one run.
        objectives: what is minimised; of several each change is a result that enters the archive.
    """
    return [IncumbentChange(record.end_s, record) for record in improvements_in_order(records, objectives)]


class Trial(Evaluated, Protocol):
    """What is looked at of a record, to find a run's incumbents and to hold its lines against each other."""

    @property
    def trial(self) -> int:
        """Its number."""
        ...

    @property
    def epoch(self) -> int:
        """The fidelity that served it."""
        ...

    @property
    def split(self) -> str:
        """The images that its accuracy is of."""
        ...

    @property
    def accuracy_pct(self) -> float:
        """What the search saw, in percent."""
        ...

    @property
    def end_s(self) -> float:
        """When its result was known."""
        ...


_Trial = TypeVar("_Trial", bound=Trial)


def _rank_of(evaluation: Trial) -> tuple[bool, float]:
    return evaluation.epoch == LONG_EPOCHS, evaluation.accuracy_pct


def bests_in_order(evaluations: Iterable[_Trial]) -> Iterator[_Trial]:
    """Those that are better than all before them, of evaluations in order of simulated end, then of trial."""
    best = (False, float("-inf"))
    for each in evaluations:
        if (rank := _rank_of(each)) > best:
            best = rank
            yield each


def improvements_in_order(evaluations: Iterable[_Trial], objectives: Sequence[str]) -> Iterator[_Trial]:
    """Those that are new incumbents, of evaluations in order of simulated end, then of trial.

    With several objectives that are those that no earlier one equals or beats in all of them. Only evaluations at 12
    epochs take part: a cost of fewer epochs is another objective.
    """
    if tuple(objectives) == (ERROR_PCT,):
        yield from bests_in_order(evaluations)
        return
    archive: list[tuple[float, ...]] = []
    for each in evaluations:
        if each.epoch != SCHEDULE_EPOCHS:
            continue
        values = objective_values(objectives, each)
        if not any(_is_at_most(known, values) for known in archive):
            archive = [known for known in archive if not _is_at_most(values, known)] + [values]
            yield each


def _is_at_most(values: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return all(value <= other for value, other in zip(values, others, strict=True))


class BestSoFar:
    """The incumbents of records that come in any order; what can be none any more is forgotten."""

    def __init__(self) -> None:
        self._keys: list[tuple[float, int]] = []  # simulated end and trial, ascending, as are the ranks
        self._ranks: list[tuple[bool, float]] = []
        self._records: list[TrialRecord] = []

    def add(self, record: TrialRecord) -> None:
        """Take a record."""
        key, rank = by_end(record), _rank_of(record)
        first = bisect_left(self._keys, key)
        if first > 0 and self._ranks[first - 1] >= rank:
            return
        last = first
        while last < len(self._ranks) and self._ranks[last] <= rank:
            last += 1
        self._keys[first:last], self._ranks[first:last], self._records[first:last] = [key], [rank], [record]

    @property
    def changes(self) -> list[IncumbentChange]:
        """As :func:`incumbent_changes` of all that were taken."""
        return [IncumbentChange(record.end_s, record) for record in self._records]
