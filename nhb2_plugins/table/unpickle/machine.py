"""The stack machine that a pickle is a program for: its state, the bounds it stays within, and what it refuses."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle.values import ADMITTED_NAMES, ARRAY_NAMES, Array, Memo, Pairs, shown, shown_name

MAX_PICKLE_BYTES: Final = 1 << 30
"""The largest pickle that is read; the published one has 233 MB."""

# What a pickle within that size may ask for. The published files stay far below each bound; without them, two bytes of
# a file could cost a hundred of memory.
MAX_OPEN_MARKS: Final = 64
MAX_STACK: Final = 200_000
MAX_MEMO: Final = 4_000_000
MAX_LIST_ITEMS: Final = 4_000_000
MAX_PAIRS: Final = 20_000_000
MAX_TUPLE: Final = 64
MAX_NUMBER_CHARACTERS: Final = 64
MAX_INTEGER_BYTES: Final = 9  # any signed or unsigned 64-bit integer

_ADMITTED_HINT: Final = "only plain containers, numbers, strings and numpy scalars are read, and nothing is executed"


class Machine:
    """A pickle being read; :mod:`nhb2_plugins.table.unpickle.reader` says what each opcode does with it."""

    def __init__(self, data: bytes, file: str, *, arrays: bool = False) -> None:
        self.data = data
        self.file = file
        self.reads_arrays = arrays
        self.position = 0
        self.refused_until = 0
        """Where a batch ends that was refused as one: it is read pair by pair, and not looked at again as a whole."""
        self.stack: list[Any] = []
        self.outer_stacks: list[list[Any]] = []
        self.memo = Memo()
        self._n_list_items = 0
        self._n_pairs = 0
        if len(data) > MAX_PICKLE_BYTES:
            self.refuse(f"has {len(data)} bytes, more than {MAX_PICKLE_BYTES}")

    # -- refusals

    def refuse(self, why: str) -> NoReturn:
        """Stop, with a reason."""
        raise ImportRefusedError(f"{self.file}: {why} (at byte {self.position})")

    def refuse_truncated(self) -> NoReturn:
        """Stop at the end of the data."""
        raise ImportRefusedError(f"{self.file}: the pickle is truncated: it ends at byte {len(self.data)}")

    def refuse_name(self, name: str) -> NoReturn:
        """Stop at something that is not plain data."""
        raise ImportRefusedError(f"{self.file}: refuses {name} (at byte {self.position}): {_ADMITTED_HINT}")

    # -- reading the program

    def take(self, n_bytes: int) -> bytes:
        """The next bytes."""
        end = self.position + n_bytes
        if end > len(self.data):
            self.refuse_truncated()
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def take_number(self, n_bytes: int) -> int:
        """The next bytes as an unsigned little-endian integer."""
        return int.from_bytes(self.take(n_bytes), "little")

    def take_counted(self, n_bytes_of_count: int) -> bytes:
        """A byte count, then as many bytes."""
        return self.take(self.take_number(n_bytes_of_count))

    def take_line(self) -> bytes:
        """The bytes up to the next line feed, without it."""
        end = self.data.find(b"\n", self.position)
        if end < 0:
            self.refuse_truncated()
        line = self.data[self.position : end]
        self.position = end + 1
        return line

    def take_number_line(self) -> bytes:
        """A line that holds a number."""
        line = self.take_line()
        if len(line) > MAX_NUMBER_CHARACTERS:
            self.refuse(f"a number of {len(line)} characters")
        return line

    def take_integer_line(self) -> int:
        """A line that holds an integer of at most 64 bits."""
        line = self.take_number_line()
        try:
            number = int(line.removesuffix(b"L"))
        except ValueError:
            self.refuse(f"{shown(line)} is not an integer")
        if number.bit_length() > 64:
            self.refuse("an integer of more than 64 bits")
        return number

    def take_float_line(self) -> float:
        """A line that holds a float."""
        line = self.take_number_line()
        try:
            return float(line)
        except ValueError:
            self.refuse(f"{shown(line)} is not a number")

    def take_name(self) -> tuple[str, str]:
        """Two lines: module and name of a global."""
        return self.text(self.take_line(), "utf-8"), self.text(self.take_line(), "utf-8")

    def text(self, raw: bytes, encoding: str) -> str:
        """Decode a string."""
        try:
            return raw.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
        except UnicodeDecodeError:
            self.refuse(f"a string that is not {encoding}")

    def integer(self, raw: bytes) -> int:
        """Decode a signed little-endian integer."""
        if len(raw) > MAX_INTEGER_BYTES:
            self.refuse(f"an integer of {len(raw)} bytes, more than {MAX_INTEGER_BYTES}")
        return int.from_bytes(raw, "little", signed=True)

    # -- the stack

    def pop(self) -> Any:
        """Take the topmost object."""
        if not self.stack:
            self.refuse("is malformed: an operation lacks its operand")
        return self.stack.pop()

    def top(self) -> Any:
        """The topmost object, left where it is."""
        if not self.stack:
            self.refuse("is malformed: an operation lacks its operand")
        return self.stack[-1]

    def open_mark(self) -> None:
        """Begin a group of objects."""
        if len(self.outer_stacks) >= MAX_OPEN_MARKS:
            self.refuse(f"is nested deeper than {MAX_OPEN_MARKS} levels")
        self.outer_stacks.append(self.stack)
        self.stack = []

    def pop_to_mark(self) -> list[Any]:
        """Take the objects of the innermost group."""
        if not self.outer_stacks:
            self.refuse("is malformed: an operation lacks its mark")
        items = self.stack
        self.stack = self.outer_stacks.pop()
        return items

    def push_tuple(self, items: list[Any]) -> None:
        """Make a tuple: flat and short, since hashing a nested one recurses without limit or takes exponential time."""
        if len(items) > MAX_TUPLE:
            self.refuse(f"a tuple of {len(items)} items, more than {MAX_TUPLE}")
        for item in items:
            if isinstance(item, (tuple, list, Pairs, Array)) and not (self.reads_arrays and _is_shape(item)):
                self.refuse("a tuple that holds a container; only tuples of plain values are read")
        self.stack.append(tuple(items))

    def extend_list(self, items: list[Any]) -> None:
        """Append to the list on top."""
        target = self.top()
        if not isinstance(target, list):
            self.refuse(f"appends to {shown(target)}, which is not a list")
        self._n_list_items += len(items)
        if self._n_list_items > MAX_LIST_ITEMS:
            self.refuse(f"holds lists with more than {MAX_LIST_ITEMS} items")
        target.extend(items)

    def top_pairs(self, n_more: int) -> Pairs:
        """The dictionary on top, which is going to grow."""
        target = self.top()
        if not isinstance(target, Pairs):
            self.refuse(f"sets an item of {shown(target)}, which is not a dictionary")
        self._n_pairs += n_more
        if self._n_pairs > MAX_PAIRS:
            self.refuse(f"holds more than {MAX_PAIRS} items")
        return target

    def add_pairs(self, items: list[Any]) -> None:
        """Add keys and values, alternating, to the dictionary on top."""
        if len(items) % 2:
            self.refuse("is malformed: a key without a value")
        target = self.top_pairs(len(items) // 2)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, (Pairs, list, Array)) or (isinstance(key, tuple) and any(map(_is_shape, key))):
                self.refuse(f"{shown(key)} is the key of a dictionary")
            target.add(key, value)

    # -- the memo, and names

    def remember(self, number: int) -> None:
        """Give the topmost object a memo number."""
        if self.memo.n_objects >= MAX_MEMO:
            self.refuse(f"remembers more than {MAX_MEMO} objects; save it again with pickle protocol 4 or later")
        if not self.memo.put(number, self.top()):
            self.refuse(f"is malformed: it gives memo number {number} twice")

    def recall(self, number: int) -> None:
        """Push the object of a memo number."""
        try:
            self.stack.append(self.memo.get(number))
        except KeyError:
            self.refuse(f"is malformed: nothing has memo number {number}")

    def push_global(self, module: object, name: object) -> None:
        """Push what stands for a global name, if it is one of the few that are read."""
        if not isinstance(module, str) or not isinstance(name, str):
            self.refuse("is malformed: a global name that is not a string")
        admitted = ADMITTED_NAMES.get((module, name))
        if admitted is None and self.reads_arrays:
            admitted = ARRAY_NAMES.get((module, name))
        if admitted is None:
            self.refuse_name(shown_name(module, name))
        self.stack.append(admitted)


def _is_shape(item: object) -> bool:
    """Whether it is a tuple of integers, which an array's state holds and nothing else does."""
    return isinstance(item, tuple) and all(type(number) is int for number in item)
