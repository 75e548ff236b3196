"""Keyed columns of the published pickles, brought into the order of a grid.

Columns share their key tuples, so that a key is looked at once, numbered, and then known by its memo number: 114
columns of 145,584 keys cost little more than one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle.values import Chunk, Memo, Pairs, shown

_UNKNOWN: Final = -1
_LARGEST_EXACT_INTEGER: Final = 1 << 53


@dataclass(frozen=True)
class KeyedColumn:
    """A column as it was pickled: ``values[i]`` belongs to ``keys[numbers[i]]``.

    Attributes:
        name: its name.
        numbers: shape (n,), positions in ``keys``.
        values: shape (n,).
        keys: all keys of the file, in order of appearance.
    """

    name: str
    numbers: NDArray[np.int64]
    values: NDArray[np.float64]
    keys: list[Any]


class KeyReader:
    """Numbers the keys of one file's columns."""

    def __init__(self, file: str, memo: Memo) -> None:
        self.file = file
        self._memo = memo
        self._number_of_key: dict[Any, int] = {}
        self._keys: list[Any] = []
        self._number_of_memo = np.full(memo.size, _UNKNOWN, dtype=np.int64)

    def read(self, name: str, column: Pairs) -> KeyedColumn:
        """Number the keys and take the values of a column.

        Raises:
            ImportRefusedError: a key that is not a tuple, or a value that is not a number.
        """
        chunks = column.chunks()
        numbers = [self._numbers(name, chunk) for chunk in chunks]
        values = [self._values(name, chunk) for chunk in chunks]
        if not chunks:
            raise ImportRefusedError(f"{self.file}: column {name!r} is empty")
        return KeyedColumn(name, np.concatenate(numbers), np.concatenate(values), self._keys)

    def _numbers(self, name: str, chunk: Chunk) -> NDArray[np.int64]:
        if isinstance(chunk.keys, list):
            return np.array([self._number(name, key) for key in chunk.keys], dtype=np.int64)
        numbers = self._number_of_memo[chunk.keys]
        unknown = chunk.keys[numbers == _UNKNOWN]
        if unknown.size:
            for memo_number in unknown.tolist():
                self._number_of_memo[memo_number] = self._number(name, self._memo.get(memo_number))
            numbers = self._number_of_memo[chunk.keys]
        return numbers

    def _number(self, name: str, key: Any) -> int:
        if not isinstance(key, tuple):
            raise ImportRefusedError(f"{self.file}: column {name!r} has the key {shown(key)}, not a tuple")
        number = self._number_of_key.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
        return number

    def _values(self, name: str, chunk: Chunk) -> NDArray[np.float64]:
        if not isinstance(chunk.values, list):
            return chunk.values
        for position, value in enumerate(chunk.values):
            is_exact = type(value) is float or (type(value) is int and abs(value) <= _LARGEST_EXACT_INTEGER)
            if not is_exact:
                key = chunk.keys[position]
                key = key if isinstance(chunk.keys, list) else self._memo.get(int(key))
                raise ImportRefusedError(
                    f"{self.file}: column {name!r}, key {shown(key)}: {shown(value)} is not a number"
                )
        return np.array(chunk.values, dtype=np.float64)


class KeyGrid:
    """The keys that a column must have: every combination of the parts' values, once.

    Args:
        file: its name, for messages.
        ranks: for each part of a key, the rank of each value.
        last_is_slowest: whether the last part, not the first, varies slowest in the grid's order.
    """

    def __init__(self, file: str, ranks: tuple[Mapping[Any, int], ...], *, last_is_slowest: bool = False) -> None:
        self.file = file
        self._ranks = ranks
        self._order = (len(ranks) - 1, *range(len(ranks) - 1)) if last_is_slowest else tuple(range(len(ranks)))
        self._shape = tuple(len(ranks[part]) for part in self._order)
        self._size = int(np.prod(self._shape))
        self._positions = np.empty(0, dtype=np.int64)

    def values(self, column: KeyedColumn) -> NDArray[np.float64]:
        """The values in the grid's order, shape (n,).

        Raises:
            ImportRefusedError: a key outside the grid, one that is there twice, or one that is missing.
        """
        self._locate(column.keys)
        positions = self._positions[column.numbers]
        if (positions == _UNKNOWN).any():
            self._refuse_odd_key(column, positions)
        counts = np.bincount(positions, minlength=self._size)
        for what, is_wrong in (("has more than once the key", counts > 1), ("lacks the key", counts == 0)):
            if is_wrong.any():
                key = shown(self.key_at(int(np.argmax(is_wrong))))
                raise ImportRefusedError(f"{self.file}: column {column.name!r} {what} {key}")
        values = np.empty(self._size)
        values[positions] = column.values
        return values

    def key_at(self, position: int) -> tuple[Any, ...]:
        """The key at a position of the grid."""
        ranks = dict(zip(self._order, np.unravel_index(position, self._shape), strict=True))
        return tuple(list(self._ranks[part])[int(ranks[part])] for part in range(len(self._ranks)))

    def _locate(self, keys: list[Any]) -> None:
        """Find the positions of keys that were numbered since the last time."""
        more = [self._position(key) for key in keys[len(self._positions) :]]
        self._positions = np.concatenate([self._positions, np.array(more, dtype=np.int64)])

    def _position(self, key: tuple[Any, ...]) -> int:
        if self._odd_part(key) is not None:
            return _UNKNOWN
        position = 0
        for part in self._order:
            position = position * len(self._ranks[part]) + self._ranks[part][key[part]]
        return position

    def _odd_part(self, key: tuple[Any, ...]) -> int | None:
        """The first part of a key that no key of the grid has."""
        for part, ranks in enumerate(self._ranks):
            if part >= len(key) or key[part] not in ranks or isinstance(key[part], bool):
                return part
        return None if len(key) == len(self._ranks) else len(self._ranks)

    def _refuse_odd_key(self, column: KeyedColumn, positions: NDArray[np.int64]) -> None:
        key = column.keys[int(column.numbers[int(np.argmax(positions == _UNKNOWN))])]
        part = self._odd_part(key)
        if part is None or len(key) != len(self._ranks):
            why = f"a key has {len(self._ranks)} parts"
        elif part == 0:
            why = f"no cellcode has the hash {shown(key[0])}"
        else:
            allowed = ", ".join(map(repr, self._ranks[part]))
            why = f"its {('hash', 'lr', 'batch size', 'seed')[part]} {shown(key[part])} is not one of {allowed}"
        raise ImportRefusedError(f"{self.file}: column {column.name!r} has the key {shown(key)}: {why}")
