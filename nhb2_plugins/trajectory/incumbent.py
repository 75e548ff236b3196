"""Incumbents: the best configuration known at each simulated time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.trajectory.record import TrialRecord


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
    return incumbent_changes_in_order(sorted(records, key=lambda record: (record.end_s, record.trial)))


def incumbent_changes_in_order(records: Iterable[TrialRecord]) -> list[IncumbentChange]:
    """The same of records that come in order of simulated end, then of trial."""
    return [IncumbentChange(record.end_s, record) for record in bests_in_order(records)]


class Ended(Protocol):
    """What decides whether an evaluation is a new incumbent."""

    @property
    def epoch(self) -> int:
        """The fidelity that served it."""
        ...

    @property
    def accuracy_pct(self) -> float:
        """What the search saw, in percent."""
        ...


_Ended = TypeVar("_Ended", bound=Ended)


def bests_in_order(evaluations: Iterable[_Ended]) -> Iterator[_Ended]:
    """Those that are better than all before them, of evaluations in order of simulated end, then of trial."""
    best = (False, float("-inf"))
    for each in evaluations:
        rank = (each.epoch == LONG_EPOCHS, each.accuracy_pct)
        if rank > best:
            best = rank
            yield each
