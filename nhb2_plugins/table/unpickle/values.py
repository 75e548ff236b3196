"""What a pickle of plain data is read into: pairs of dictionaries, remembered objects, and how messages show them."""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_PAIRS_PER_CHUNK: Final = 65_536
_NUMBERS_PER_SCALAR: Final = 3
_SHOWN_CHARACTERS: Final = 120


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive pairs of a dictionary: keys (objects, or an array of memo numbers) and as many values."""

    keys: list[Any] | NDArray[np.int64]
    values: list[Any] | NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Pairs:
    """A pickled dictionary, as its pairs in order: neither hashed nor checked for repeated keys.

    Attributes:
        memo: the objects that memo numbers stand for.
        n_pairs: number of pairs.
    """

    memo: Memo
    n_pairs: int = 0
    _chunks: list[Chunk] = field(default_factory=list, repr=False)
    _keys: list[Any] = field(default_factory=list, repr=False)
    _values: list[Any] = field(default_factory=list, repr=False)

    def add(self, key: Any, value: Any) -> None:
        """Append one pair."""
        self._keys.append(key)
        self._values.append(value)
        self.n_pairs += 1
        if len(self._keys) >= _PAIRS_PER_CHUNK:
            self._close_chunk()

    def add_chunk(self, chunk: Chunk) -> None:
        """Append many pairs."""
        self._close_chunk()
        self._chunks.append(chunk)
        self.n_pairs += len(chunk.values)

    def chunks(self) -> list[Chunk]:
        """All pairs, in order."""
        self._close_chunk()
        return self._chunks

    def items(self) -> Iterator[tuple[Any, Any]]:
        """All pairs, in order, as objects."""
        for chunk in self.chunks():
            values = chunk.values if isinstance(chunk.values, list) else chunk.values.tolist()
            keys = chunk.keys if isinstance(chunk.keys, list) else map(self.memo.get, chunk.keys.tolist())
            yield from zip(keys, values, strict=True)

    def _close_chunk(self) -> None:
        if not self._keys:
            return
        values: list[Any] | NDArray[np.float64] = self._values
        if all(type(value) is float for value in self._values):  # as an array they take a quarter of the memory
            values = np.array(self._values, dtype=np.float64)
        self._chunks.append(Chunk(self._keys, values))
        self._keys, self._values = [], []


class Memo:
    """Objects by number. Scalars read as an array stay one until one of them is asked for."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._run_starts: list[int] = []
        self._runs: list[NDArray[np.float64]] = []
        self._highest = -1
        self.size = 0

    @property
    def is_dense(self) -> bool:
        """Whether exactly the numbers below ``size`` are in use, as every pickler leaves it."""
        return self._highest + 1 == self.size

    @property
    def n_objects(self) -> int:
        """How many are kept as objects."""
        return len(self._objects)

    def put(self, number: int, value: Any) -> bool:
        """Remember an object; False when the number is in use."""
        if number in self._objects or self._run_of(number) is not None:
            return False
        self._objects[number] = value
        self.size += 1
        self._highest = max(self._highest, number)
        return True

    def put_scalars(self, values: NDArray[np.float64]) -> None:
        """Take three numbers a scalar, as numpy's are pickled: its bytes, the arguments, itself."""
        self._run_starts.append(self.size)
        self._runs.append(values)
        self.size += _NUMBERS_PER_SCALAR * len(values)
        self._highest = self.size - 1

    def get(self, number: int) -> Any:
        """The object of a number.

        Raises:
            KeyError: the number is not in use, or stands for an inner part of a scalar.
        """
        if number in self._objects:
            return self._objects[number]
        run = self._run_of(number)
        if run is None:
            raise KeyError(number)
        position, part = divmod(number - self._run_starts[run], _NUMBERS_PER_SCALAR)
        if part != _NUMBERS_PER_SCALAR - 1:
            raise KeyError(number)
        return float(self._runs[run][position])

    def _run_of(self, number: int) -> int | None:
        run = bisect_right(self._run_starts, number) - 1
        if run < 0 or number >= self._run_starts[run] + _NUMBERS_PER_SCALAR * len(self._runs[run]):
            return None
        return run


class Admitted(enum.Enum):
    """The global names that are read; none of them stands for the object of that name."""

    DTYPE = "numpy.dtype"
    SCALAR = "numpy.core.multiarray.scalar"
    ENCODE = "_codecs.encode"
    ARRAY = "numpy.ndarray"
    RECONSTRUCT = "numpy.core.multiarray._reconstruct"


ADMITTED_NAMES: Final = {
    ("numpy", "dtype"): Admitted.DTYPE,
    ("numpy.core.multiarray", "scalar"): Admitted.SCALAR,
    ("numpy._core.multiarray", "scalar"): Admitted.SCALAR,
    ("_codecs", "encode"): Admitted.ENCODE,  # how protocols 0 to 2 write the bytes of a numpy scalar
}

ARRAY_NAMES: Final = {
    ("numpy", "ndarray"): Admitted.ARRAY,
    ("numpy.core.multiarray", "_reconstruct"): Admitted.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): Admitted.RECONSTRUCT,
}
"""What numpy arrays need besides; read where they are asked for."""


@dataclass(slots=True, eq=False)
class Array:
    """A numpy array of numbers; None until its state is read."""

    values: NDArray[Any] | None = None


@dataclass(slots=True, eq=False)
class Dtype:
    """A numpy dtype's code (``f8``, ``U12``) and its byte order."""

    code: str
    order: str = "<"


def shown(value: object) -> str:
    """A value for a message: short, in ASCII, whatever a file holds."""
    if isinstance(value, Pairs):
        return "a dictionary"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Array):
        return "an array"
    if isinstance(value, Admitted):
        return value.value
    if isinstance(value, Dtype):
        return f"numpy.dtype({value.code!r})"
    if isinstance(value, tuple):
        text = f"({', '.join(map(shown, value[:6]))}{', …' if len(value) > 6 else ''})"
    else:
        text = ascii(value[:_SHOWN_CHARACTERS] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def shown_name(module: str, name: str) -> str:
    """A global's dotted name for a message."""
    return ascii(f"{module}.{name}"[:_SHOWN_CHARACTERS])[1:-1]
