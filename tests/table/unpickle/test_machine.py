"""The machine by itself: what it takes off its data, what it keeps, and where it says that it stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle.machine import Machine


def test_it_takes_bytes_numbers_and_lines_one_after_the_other() -> None:
    machine = Machine(b"ab\x01\x02\x03xyzline\n12L\n0.5\nmodule\nname\n", "f")
    assert machine.take(2) == b"ab"
    assert machine.take_number(2) == 0x0201
    assert machine.take_counted(1) == b"xyz"
    assert machine.take_line() == b"line"
    assert (machine.take_integer_line(), machine.take_float_line()) == (12, 0.5)
    assert machine.take_name() == ("module", "name")
    assert machine.position == len(machine.data)


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        (b"\xed\xa0\x80 \xc3\xbc", "utf-8", "\ud800 ü"),  # as pickle writes half of a character
        (b"\xfc", "latin-1", "ü"),
        (b"\\u6771", "raw-unicode-escape", "東"),
    ],
)
def test_text_is_decoded_as_pickle_encodes_it(raw: bytes, encoding: str, text: str) -> None:
    assert Machine(b"", "f").text(raw, encoding) == text


@pytest.mark.parametrize(
    ("take", "data", "said"),
    [
        (lambda machine: machine.text(machine.take(2), "utf-8"), b"\xff\xfe", "a string that is not utf-8 (at byte 2)"),
        (lambda machine: machine.take_integer_line(), b"1x\n", "b'1x' is not an integer (at byte 3)"),
        (lambda machine: machine.take_integer_line(), b"18446744073709551616\n", "an integer of more than 64 bits"),
        (lambda machine: machine.take_float_line(), b"\nx\n", "b'' is not a number (at byte 1)"),
        (lambda machine: machine.take_number_line(), b"1" * 65 + b"\n", "a number of 65 characters (at byte 66)"),
        (lambda machine: machine.integer(machine.take(10)), bytes(10), "an integer of 10 bytes, more than 9"),
        (lambda machine: machine.take(3), b"ab", "the pickle is truncated: it ends at byte 2"),
        (lambda machine: machine.take_line(), b"ab", "the pickle is truncated: it ends at byte 2"),
        (lambda machine: machine.pop(), b"", "is malformed: an operation lacks its operand (at byte 0)"),
        (lambda machine: machine.top(), b"", "is malformed: an operation lacks its operand (at byte 0)"),
        (lambda machine: machine.pop_to_mark(), b"", "is malformed: an operation lacks its mark (at byte 0)"),
        (lambda machine: machine.recall(3), b"", "is malformed: nothing has memo number 3 (at byte 0)"),
    ],
)
def test_it_stops_with_a_reason_and_a_place(take: Callable[[Machine], Any], data: bytes, said: str) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        take(Machine(data, "bench.pkl"))
    assert str(refused.value).startswith(f"bench.pkl: {said}")


def test_the_largest_integers_are_read() -> None:
    machine = Machine(b"18446744073709551615\n-9223372036854775808\n", "f")
    assert (machine.take_integer_line(), machine.take_integer_line()) == (2**64 - 1, -(2**63))
    assert machine.integer((2**64 - 1).to_bytes(9, "little")) == 2**64 - 1
    assert machine.integer(b"\xff") == -1


def test_a_group_begins_at_its_mark() -> None:
    machine = Machine(b"", "f")
    machine.stack.append("outside")
    machine.open_mark()
    machine.stack += [1, 2]
    assert machine.pop_to_mark() == [1, 2]
    assert machine.top() == machine.pop() == "outside"


def test_a_memo_number_is_given_once_to_what_lies_on_top() -> None:
    machine = Machine(b"", "f")
    machine.stack += ["below", "top"]
    machine.remember(7)
    machine.recall(7)
    assert machine.stack == ["below", "top", "top"]
    with pytest.raises(ImportRefusedError, match="it gives memo number 7 twice"):
        machine.remember(7)
