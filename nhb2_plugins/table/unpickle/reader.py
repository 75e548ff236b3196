"""Reads pickles of plain data without executing anything.

Python's own unpickler calls whatever a pickle names. Restricting it by name is not enough for files from the internet:
one memo number of four billion makes it clear gigabytes of memory, nested tuples as a dictionary's key overflow the C
stack when they are hashed, and registered extension codes bypass the check. So this module interprets the pickle
language itself, and knows plain data alone: dictionaries, lists, tuples, strings, bytes, numbers, booleans, None, and
the names that a numpy scalar needs, which stand for code of this package. Everything else is refused, by its name.

The opcodes are those of the standard library's ``pickletools``, which documents each.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any, Final

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle.batches import take_batch, take_text_batch
from nhb2_plugins.table.unpickle.machine import MAX_STACK, Machine
from nhb2_plugins.table.unpickle.numpy_values import build, reduce
from nhb2_plugins.table.unpickle.values import Pairs, shown, shown_name

_STEPS_BETWEEN_CHECKS: Final = 4096
_STOP: Final = ord(".")
_NEWEST_PROTOCOL: Final = 5
_DOUBLE: Final = struct.Struct(">d")


def unpickle(data: bytes, file: str, *, arrays: bool = False) -> Any:
    """The plain object in a pickle of any protocol, 0 to 5.

    Args:
        data: the whole file.
        file: its name, for messages.
        arrays: also read numpy arrays of numbers.

    Returns:
        Numbers, strings, bytes, booleans, None, tuples and lists as themselves; a dictionary as
        :class:`nhb2_plugins.table.unpickle.values.Pairs`. numpy scalars become the built-in number or string of the
        same value; arrays :class:`nhb2_plugins.table.unpickle.values.Array`.

    Raises:
        ImportRefusedError: truncated, malformed, too large, or something that is not plain data, by its name.
    """
    try:
        machine = Machine(data, file, arrays=arrays)
        while not _run_some(machine):
            if len(machine.stack) > MAX_STACK:
                machine.refuse(f"holds a group of more than {MAX_STACK} objects")
        return machine.pop()
    except MemoryError as error:
        raise ImportRefusedError(f"{file}: asks for more memory than there is") from error


def _run_some(machine: Machine) -> bool:
    """A bounded number of steps; whether the pickle's end was reached."""
    data, handlers = machine.data, _HANDLERS
    for _ in range(_STEPS_BETWEEN_CHECKS):
        if machine.position >= len(data):
            machine.refuse_truncated()
        code = data[machine.position]
        machine.position += 1
        if code == _STOP:
            return True
        handlers[code](machine)
    return False


# -- framing, marks, stack


def _protocol(machine: Machine) -> None:
    if (protocol := machine.take_number(1)) > _NEWEST_PROTOCOL:
        machine.refuse(f"has pickle protocol {protocol}; up to {_NEWEST_PROTOCOL} are read")


def _frame(machine: Machine) -> None:
    if machine.take_number(8) > len(machine.data) - machine.position:
        machine.refuse_truncated()


def _mark(machine: Machine) -> None:
    if not take_batch(machine):
        machine.open_mark()


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_to_mark()


# -- values and containers


def _int(machine: Machine) -> None:
    start = machine.position
    boolean = {b"00\n": False, b"01\n": True}.get(machine.data[start : start + 3])
    if boolean is None:
        machine.stack.append(machine.take_integer_line())
    else:
        machine.stack.append(boolean)
        machine.position += 3


def _long4(machine: Machine) -> None:
    n_bytes = int.from_bytes(machine.take(4), "little", signed=True)
    if n_bytes < 0:
        machine.refuse("is malformed: an integer of a negative number of bytes")
    machine.stack.append(machine.integer(machine.take(n_bytes)))


def _quoted_string(machine: Machine) -> None:
    line = machine.take_line()
    if len(line) < 2 or line[0] != line[-1] or line[0] not in b"'\"":
        machine.refuse("is malformed: a string without its quotes")
    try:
        raw, _ = codecs.escape_decode(line[1:-1])
    except ValueError:
        machine.refuse("is malformed: a string with an unknown escape")
    machine.stack.append(machine.text(raw, "latin-1"))


def _string(n_bytes_of_count: int, encoding: str) -> _Handler:
    return lambda machine: machine.stack.append(machine.text(machine.take_counted(n_bytes_of_count), encoding))


def _dict(machine: Machine) -> None:
    items = machine.pop_to_mark()
    machine.stack.append(Pairs(machine.memo))
    machine.add_pairs(items)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.add_pairs([key, value])
    take_text_batch(machine)


def _list(machine: Machine) -> None:
    items = machine.pop_to_mark()
    machine.stack.append([])
    machine.extend_list(items)


def _tuple(n_items: int) -> _Handler:
    return lambda machine: machine.push_tuple([machine.pop() for _ in range(n_items)][::-1])


# -- names


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push_global(module, name)


def _refuse_marked_object(machine: Machine) -> None:
    items = machine.pop_to_mark()
    machine.refuse_name(f"an instance of {shown(items[0] if items else None)}")


def _refuse_new_object(n_arguments: int) -> _Handler:
    def handler(machine: Machine) -> None:
        for _ in range(n_arguments):
            machine.pop()
        machine.refuse_name(f"an instance of {shown(machine.pop())}")

    return handler


def _refuse_extension(n_bytes: int) -> _Handler:
    return lambda machine: machine.refuse_name(f"the registered extension {machine.take_number(n_bytes)}")


def _refuse_kind(kind: str) -> _Handler:
    return lambda machine: machine.refuse_name(kind)


def _unknown(machine: Machine) -> None:
    machine.refuse(f"is not a pickle: unknown opcode {machine.data[machine.position - 1]:#04x}")


_Handler = Callable[[Machine], None]
_OPCODES: Final[dict[bytes, _Handler]] = {
    b"\x80": _protocol,
    b"\x95": _frame,
    b"(": _mark,
    b"0": _pop,
    b"1": lambda machine: machine.pop_to_mark().clear(),
    b"2": lambda machine: machine.stack.append(machine.top()),
    # memo
    b"p": lambda machine: machine.remember(machine.take_integer_line()),
    b"q": lambda machine: machine.remember(machine.take_number(1)),
    b"r": lambda machine: machine.remember(machine.take_number(4)),
    b"\x94": lambda machine: machine.remember(machine.memo.size),
    b"g": lambda machine: machine.recall(machine.take_integer_line()),
    b"h": lambda machine: machine.recall(machine.take_number(1)),
    b"j": lambda machine: machine.recall(machine.take_number(4)),
    # None, booleans, numbers
    b"N": lambda machine: machine.stack.append(None),
    b"\x88": lambda machine: machine.stack.append(True),
    b"\x89": lambda machine: machine.stack.append(False),
    b"I": _int,
    b"L": lambda machine: machine.stack.append(machine.take_integer_line()),
    b"K": lambda machine: machine.stack.append(machine.take_number(1)),
    b"M": lambda machine: machine.stack.append(machine.take_number(2)),
    b"J": lambda machine: machine.stack.append(machine.integer(machine.take(4))),
    b"\x8a": lambda machine: machine.stack.append(machine.integer(machine.take_counted(1))),
    b"\x8b": _long4,
    b"F": lambda machine: machine.stack.append(machine.take_float_line()),
    b"G": lambda machine: machine.stack.append(_DOUBLE.unpack(machine.take(8))[0]),
    # strings: of Python 2 (latin-1 keeps each byte), then Unicode, then bytes
    b"S": _quoted_string,
    b"T": _string(4, "latin-1"),
    b"U": _string(1, "latin-1"),
    b"V": lambda machine: machine.stack.append(machine.text(machine.take_line(), "raw-unicode-escape")),
    b"\x8c": _string(1, "utf-8"),
    b"X": _string(4, "utf-8"),
    b"\x8d": _string(8, "utf-8"),
    b"C": lambda machine: machine.stack.append(machine.take_counted(1)),
    b"B": lambda machine: machine.stack.append(machine.take_counted(4)),
    b"\x8e": lambda machine: machine.stack.append(machine.take_counted(8)),
    # dictionaries, lists, tuples
    b"}": lambda machine: machine.stack.append(Pairs(machine.memo)),
    b"d": _dict,
    b"s": _set_item,
    b"u": lambda machine: machine.add_pairs(machine.pop_to_mark()),
    b"]": lambda machine: machine.stack.append([]),
    b"l": _list,
    b"a": lambda machine: machine.extend_list([machine.pop()]),
    b"e": lambda machine: machine.extend_list(machine.pop_to_mark()),
    b")": _tuple(0),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"t": lambda machine: machine.push_tuple(machine.pop_to_mark()),
    # the few names that are read
    b"c": lambda machine: machine.push_global(*machine.take_name()),
    b"\x93": _stack_global,
    b"R": reduce,
    b"b": build,
    # refused whatever they name
    b"i": lambda machine: machine.refuse_name(f"an instance of {shown_name(*machine.take_name())}"),
    b"o": _refuse_marked_object,
    b"\x81": _refuse_new_object(1),
    b"\x92": _refuse_new_object(2),
    b"P": lambda machine: machine.refuse_name(f"the persistent id {shown(machine.take_line())}"),
    b"Q": lambda machine: machine.refuse_name(f"the persistent id {shown(machine.pop())}"),
    b"\x82": _refuse_extension(1),
    b"\x83": _refuse_extension(2),
    b"\x84": _refuse_extension(4),
    b"\x8f": _refuse_kind("a set"),
    b"\x90": _refuse_kind("a set"),
    b"\x91": _refuse_kind("a frozenset"),
    b"\x96": _refuse_kind("a bytearray"),
    b"\x97": _refuse_kind("an out-of-band buffer"),
    b"\x98": _refuse_kind("an out-of-band buffer"),
}
_HANDLERS: Final = tuple(_OPCODES.get(bytes([code]), _unknown) for code in range(256))
