"""Records in memory as columns; record objects are made when they are read.

Of a record's nineteen values seven floats differ from record to record, and are kept as bare numbers, as are its two
counters. The other ten (names, choices, the table) are the same few objects again and again, and are kept by reference.
A million records take 152 MB so, and 425 MB as objects, which the garbage collector would look through besides.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, overload

from nhb2_plugins.trajectory.fields import AtLeastZero
from nhb2_plugins.trajectory.record import RECORD, RECORD_FIELDS, TrialRecord, unchecked_record

_NUMBERS: Final = tuple(each for each in RECORD if isinstance(each.domain, AtLeastZero))
_FLOATS: Final = tuple(each.name for each in _NUMBERS if float in each.kind)
_COUNTERS: Final = tuple(each.name for each in _NUMBERS if float not in each.kind)
_SHARED: Final = tuple(each.name for each in RECORD if each not in _NUMBERS)
_floats_of = attrgetter(*_FLOATS)
_counters_of = attrgetter(*_COUNTERS)
_shared_of = attrgetter(*_SHARED)
_WHERE: Final = tuple((*_SHARED, *_FLOATS, *_COUNTERS).index(name) for name in RECORD_FIELDS)
"""Where each field, in the record's order, stands among the values of a row."""
_CHUNK: Final = 1024


class RecordColumns:
    """Takes records one after the other; one thread may append while others read what was there before."""

    def __init__(self) -> None:
        self._floats = array("d")
        self._counters = array("q")
        self._shared: list[Any] = []
        self._integral_budgets: dict[int, int] = {}  # by position: its column would make a float of an int
        self._n = 0

    def append(self, record: TrialRecord) -> None:
        """Keep a record's values; of one that an interrupt (Ctrl-C) left half kept, the values are dropped first."""
        if len(self._floats) != self._n * len(_FLOATS):
            self._drop_half_kept()
        self._floats.extend(_floats_of(record))
        if type(record.budget) is int:
            self._integral_budgets[self._n] = record.budget
        self._counters.extend(_counters_of(record))
        self._shared.extend(_shared_of(record))
        self._n += 1

    def _drop_half_kept(self) -> None:
        del self._floats[self._n * len(_FLOATS) :]
        del self._counters[self._n * len(_COUNTERS) :]
        del self._shared[self._n * len(_SHARED) :]
        self._integral_budgets.pop(self._n, None)

    def __len__(self) -> int:
        return self._n

    def record(self, position: int) -> TrialRecord:
        """The record at a position, 0-based."""
        n_floats, n_counters, n_shared = len(_FLOATS), len(_COUNTERS), len(_SHARED)
        row = (
            *self._shared[position * n_shared : (position + 1) * n_shared],
            *self._floats[position * n_floats : (position + 1) * n_floats],
            *self._counters[position * n_counters : (position + 1) * n_counters],
        )
        values = [row[where] for where in _WHERE]
        values[_BUDGET] = self._integral_budgets.get(position, values[_BUDGET])
        return unchecked_record(values)

    def records(self, n: int) -> Iterator[TrialRecord]:
        """The first ``n`` records, made some at a time: quicker than one by one."""
        for start in range(0, n, _CHUNK):
            stop = min(start + _CHUNK, n)
            columns = [self.column(name, stop, start) for name in RECORD_FIELDS]
            yield from map(unchecked_record, zip(*columns, strict=True))

    def column(self, name: str, stop: int, start: int = 0) -> list[Any]:
        """The values of a field, for the records from one position to another."""
        for names, values in ((_SHARED, self._shared), (_FLOATS, self._floats), (_COUNTERS, self._counters)):
            if name in names:
                width, offset = len(names), names.index(name)
                found = list(values[start * width + offset : stop * width : width])
                return self._with_integers(found, start) if name == "budget" and self._integral_budgets else found
        raise KeyError(name)

    def _with_integers(self, budgets: list[Any], start: int) -> list[Any]:
        return [self._integral_budgets.get(position, budget) for position, budget in enumerate(budgets, start)]

    def in_order_of_end(self) -> Iterator[TrialRecord]:
        """The records by simulated end, then by trial, made one at a time."""
        n = self._n
        keys = list(zip(self.column("end_s", n), self.column("trial", n), strict=True))
        for position in sorted(range(n), key=keys.__getitem__):
            yield self.record(position)

    def snapshot(self) -> KeptRecords:
        """The records so far, as a sequence that stays as long as it is."""
        return KeptRecords(self, self._n)


_BUDGET: Final = RECORD_FIELDS.index("budget")


class KeptRecords(Sequence[TrialRecord]):
    """The records of a logger at one moment; equal to any sequence of equal records. Objects are made when read."""

    __slots__ = ("_columns", "_n")

    def __init__(self, columns: RecordColumns, n: int) -> None:
        self._columns = columns
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> TrialRecord: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[TrialRecord, ...]: ...
    def __getitem__(self, index: int | slice) -> TrialRecord | tuple[TrialRecord, ...]:
        positions = range(self._n)[index]
        if isinstance(positions, range):
            return tuple(map(self._columns.record, positions))
        return self._columns.record(positions)

    def __iter__(self) -> Iterator[TrialRecord]:
        return self._columns.records(self._n)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have none

    def __repr__(self) -> str:
        return f"<{self._n} records>"
