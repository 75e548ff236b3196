"""Reads batches of pairs as arrays: the bulk of a large file, at a hundredth of the cost of a pair by itself.

A batch is MARK (read already), pairs, SETITEMS. A pair's key is a memo number, since the published columns share their
key tuples; its value is a float, or a numpy scalar in protocol 4 or later: the memo numbers of constructor and dtype,
eight bytes, and what builds the scalar. A frame header may stand between any two opcodes, also inside a batch.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.table.unpickle.machine import Machine
from nhb2_plugins.table.unpickle.values import Admitted, Chunk, Dtype, Pairs

_FRAME: Final = rb"(?:\x95.{8})?"  # may stand between any two opcodes


@dataclass(frozen=True)
class _BatchForm:
    """One form of batch.

    Attributes:
        opcodes: what a pair consists of, a pattern with groups for the varying bytes.
        template: the same for bytes formatting: a pair from its groups.
        record: layout of a pair where no frame intervenes; fields named ``opcode…`` are constant.
    """

    opcodes: tuple[bytes, ...]
    template: bytes
    record: np.dtype[np.void]

    @cached_property
    def _pair(self) -> re.Pattern[bytes]:
        return re.compile(b"".join(opcode + _FRAME for opcode in self.opcodes), re.DOTALL)

    @cached_property
    def _batch(self) -> re.Pattern[bytes]:
        pair = self._pair.pattern.replace(b"(.", b"(?:.")
        return re.compile(b"(?:" + pair + b")++u", re.DOTALL)  # possessive: nothing is kept to backtrack to

    def match(self, data: bytes, position: int) -> tuple[NDArray[np.void], int] | None:
        """The pairs of a batch that starts at a position, and the position behind it."""
        match = self._batch.match(data, position)
        if match is None:
            return None
        pairs = match[0][:-1]
        if len(pairs) % self.record.itemsize or not self._is_uniform(pairs):
            pairs = b"".join(self.template % groups for groups in self._pair.findall(pairs))
        return np.frombuffer(pairs, dtype=self.record), match.end()

    def _is_uniform(self, pairs: bytes) -> bool:
        """Whether no frame intervenes: the first one would put another byte in the place of an opcode."""
        records = np.frombuffer(pairs, dtype=self.record)
        expected = np.frombuffer(self.template % self._pair.findall(pairs[: self.record.itemsize + 64])[0], self.record)
        names = [name for name in self.record.fields or () if name.startswith("opcode")]
        return all(bool((records[name] == expected[name]).all()) for name in names)


_FLOATS: Final = _BatchForm(
    (rb"j(.{4})", rb"G(.{8})"),
    b"j%bG%b",
    np.dtype([("opcode_get", "u1"), ("key", "<u4"), ("opcode_float", "u1"), ("value", ">f8")]),
)


def _scalars(get: bytes, number: bytes, number_type: str) -> _BatchForm:
    """Scalars whose constructor and dtype are got by memo numbers of one byte, or of four."""
    return _BatchForm(
        (rb"j(.{4})", get + number, get + number, rb"C\x08(.{8})\x94", rb"\x86\x94", rb"R\x94"),
        b"j%b" + 2 * (get + b"%b") + b"C\x08%b\x94\x86\x94R\x94",
        np.dtype(
            [
                ("opcode_get", "u1"),
                ("key", "<u4"),
                ("opcode_get_function", "u1"),
                ("function", number_type),
                ("opcode_get_dtype", "u1"),
                ("dtype", number_type),
                ("opcode_bytes", "<u2"),
                ("value", "<f8"),
                ("opcode_build", "S5"),
            ]
        ),
    )


_SCALAR_FORMS: Final = (_scalars(b"h", rb"(.)", "u1"), _scalars(b"j", rb"(.{4})", "<u4"))

# Protocol 0 writes text, and sets each item by itself: memo number, float, SETITEM.
_TEXT_PAIR: Final = re.compile(rb"g(\d{1,9})\nF([^\n]{1,64})\ns")
_TEXT_BATCH: Final = re.compile(b"(?:" + _TEXT_PAIR.pattern.replace(b"(", b"(?:") + b"){8,65536}+")


def take_batch(machine: Machine) -> bool:
    """Read a whole batch at once where it has one of the forms that large files consist of."""
    if not machine.stack or not isinstance(machine.stack[-1], Pairs):
        return False
    if found := _FLOATS.match(machine.data, machine.position):
        return _accept(machine, found[0]["key"], found[0]["value"], found[1])
    for form in _SCALAR_FORMS:
        found = form.match(machine.data, machine.position)
        if found and _are_doubles(machine, found[0]) and _accept(machine, found[0]["key"], found[0]["value"], found[1]):
            machine.memo.put_scalars(found[0]["value"].astype(np.float64))
            return True
    return False


def take_text_batch(machine: Machine) -> None:
    """Read the pairs of protocol 0 that follow, where at least eight have the form of a column."""
    if machine.position < machine.refused_until:
        return
    match = _TEXT_BATCH.match(machine.data, machine.position)
    if match is None:
        return
    machine.refused_until = match.end()
    numbers, texts = zip(*_TEXT_PAIR.findall(match[0]), strict=True)
    with contextlib.suppress(ValueError):  # a text that is no number: read pair by pair, which names it
        values = np.array([float(text) for text in texts])
        _accept(machine, np.array([int(number) for number in numbers]), values, match.end())


def _accept(machine: Machine, keys: NDArray[Any], values: NDArray[Any], end: int) -> bool:
    if not machine.memo.is_dense or int(keys.max()) >= machine.memo.size:
        return False  # pair by pair, the missing memo number is found and named
    machine.top_pairs(len(values)).add_chunk(Chunk(keys.astype(np.int64), values.astype(np.float64)))
    machine.position = end
    return True


def _are_doubles(machine: Machine, records: NDArray[np.void]) -> bool:
    function, dtype = int(records["function"][0]), int(records["dtype"][0])
    if (records["function"] != function).any() or (records["dtype"] != dtype).any():
        return False
    try:
        remembered = machine.memo.get(dtype)
        is_scalar = machine.memo.get(function) is Admitted.SCALAR
    except KeyError:
        return False
    return is_scalar and isinstance(remembered, Dtype) and (remembered.code, remembered.order) == ("f8", "<")
