"""Pickles that want something else than to be read: refused by name, nothing executed, memory bounded."""

from __future__ import annotations

import copyreg
import os
import pickle
import struct
import sys
import tracemalloc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle import batches, machine
from nhb2_plugins.table.unpickle.reader import unpickle
from tests.support.mini_pickles import mini_contents

MEGABYTE = 1 << 20
executed: list[str] = []


def record_execution(*arguments: object) -> None:
    executed.append(repr(arguments))


class Runs:
    """Pickled, it asks for a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


class Plain:
    """An object with a state, which is set by BUILD after NEWOBJ."""

    def __init__(self) -> None:
        self.value = 1

    def __setstate__(self, state: object) -> None:
        record_execution(state)


@pytest.fixture(autouse=True)
def _nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    executed.clear()
    monkeypatch.chdir(tmp_path)
    yield
    assert executed == []
    assert list(tmp_path.iterdir()) == []


@contextmanager
def bounded_memory(limit: int = 4 * MEGABYTE) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def refusal(data: bytes, file: str = "bench12.pkl") -> str:
    with bounded_memory(), pytest.raises(ImportRefusedError) as caught:
        unpickle(data, file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert len(message) < 500
    assert message.isprintable()
    return message


SCALAR = b"cnumpy.core.multiarray\nscalar\n"
SHELL = "posix.system" if os.name == "posix" else "nt.system"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        (Runs(os.system, "touch executed"), SHELL),
        (Runs(eval, "open('executed', 'w')"), "eval"),
        (Runs(record_execution, 1), "record_execution"),
        (Runs(getattr, "", "upper"), "getattr"),
        (Plain(), "Plain"),
        (OrderedDict(a=1), "collections.OrderedDict"),
        (Decimal("1.5"), "decimal.Decimal"),
        (np.arange(3), "numpy._core."),
        (np.longdouble(1.5), "numpy.dtype('f"),
        (np.datetime64("2021-01-01"), "numpy.dtype('M8')"),
        (np.complex128(1), "numpy.dtype('c16')"),
        (np.void(b"abc"), "numpy.dtype('V3')"),
        (os.system, SHELL),
        (Plain, "Plain"),
        (type, "type"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_refuses_by_name(hostile: Any, name: str, protocol: int) -> None:
    data = pickle.dumps({"column": {("key", 1): [hostile]}}, protocol)
    message = refusal(data)
    assert "refuses " in message
    # Before protocol 2 an object is a call of copyreg's reconstructor: that name comes first.
    assert name in message or "copyreg._reconstructor" in message or "copy_reg._reconstructor" in message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cos\nsystem\n(S'touch executed'\ntR.", "refuses os.system (at byte 11)"),
        (b"(S'touch executed'\nios\nsystem\n.", "refuses an instance of os.system"),
        (b"\x8c\x02os\x8c\x06system\x93\x8c\x0etouch executed\x85R.", "refuses os.system"),
        (b"(cos\nsystem\nS'touch executed'\no.", "refuses os.system"),
        (b"(cnumpy\ndtype\nS'O'\no.", "refuses an instance of numpy.dtype"),
        (b"cnumpy\ndtype\n)\x81.", "refuses an instance of numpy.dtype"),
        (b"cnumpy\ndtype\n)}\x92.", "refuses an instance of numpy.dtype"),
        (b"cnumpy\ndtype\n(S'O'\ntR.", "refuses numpy.dtype('O')"),
        (b"cnumpy\ndtype\n(S'f8,f8'\ntR.", "refuses numpy.dtype('f8,f8')"),
        (b"cnumpy\ndtype\n)R.", "refuses numpy.dtype(None)"),
        (b"cnumpy\ndtype\n}b.", "refuses a state for numpy.dtype"),
        (b"cnumpy.core.multiarray\nscalar\n}S'__code__'\nI1\nsb.", "refuses a state for numpy.core.multiarray.scalar"),
        (b"}}b.", "refuses a state for a dictionary"),
        (b"}(I1\ntR.", "refuses a call of a dictionary with (1)"),
        (b"cnumpy\ndtype\nI1\nR.", "refuses a call of numpy.dtype with 1"),
        (b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.", "refuses _codecs.encode with ('a', 'rot13')"),
        (b"c_codecs\nencode\n(V\\u20ac\nS'latin1'\ntR.", "is malformed: bytes beyond 255"),
        (b"Ppersistent\n.", "refuses the persistent id b'persistent'"),
        (b"I5\nQ.", "refuses the persistent id 5"),
        (b"\x82\x05.", "refuses the registered extension 5"),
        (b"\x83\x05\x01.", "refuses the registered extension 261"),
        (b"\x84\x05\0\0\0.", "refuses the registered extension 5"),
        (b"\x97.", "refuses an out-of-band buffer"),
        (b"\x98.", "refuses an out-of-band buffer"),
        (b"\x8f.", "refuses a set"),
        (b"(\x91.", "refuses a frozenset"),
        (b"\x96\x01\0\0\0\0\0\0\0a.", "refuses a bytearray"),
        (b"cos\n\x93(tR.", "the pickle is truncated"),
        (b"I1\nI2\n\x93.", "a global name that is not a string"),
    ],
)  # fmt: skip
def test_every_opcode_that_names_something(data: bytes, message: str) -> None:
    assert message in refusal(data)


def test_an_extension_that_python_has_cached_already() -> None:
    copyreg.add_extension(__name__, "record_execution", 200)
    try:
        data = pickle.dumps(record_execution, 2)
        assert pickle.loads(data) is record_execution  # from now on the standard unpickler asks nobody
        assert "refuses the registered extension 200" in refusal(data)
    finally:
        copyreg.remove_extension(__name__, "record_execution", 200)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the pickle is truncated: it ends at byte 0"),
        (b"}", "the pickle is truncated: it ends at byte 1"),
        (b"\x80\x06.", "has pickle protocol 6; up to 5 are read"),
        (b"\xff.", "is not a pickle: unknown opcode 0xff (at byte 1)"),
        (b"<!DOCTYPE html>", "is not a pickle: unknown opcode 0x3c"),
        (b".", "an operation lacks its operand"),
        (b"2.", "an operation lacks its operand"),
        (b"0.", "an operation lacks its mark"),
        (b"u.", "an operation lacks its mark"),
        (b"}(I1\nu.", "a key without a value"),
        (b"](I1\nI2\nu.", "sets an item of a list, which is not a dictionary"),
        (b"}I1\na.", "appends to a dictionary, which is not a list"),
        (b"}]I1\ns.", "a list is the key of a dictionary"),
        (b"}}I1\ns.", "a dictionary is the key of a dictionary"),
        (b"h\x05.", "nothing has memo number 5"),
        (b"I-1\ng-1\n.", "nothing has memo number -1"),
        (b"]q\0q\0.", "it gives memo number 0 twice"),
        (b"Inot a number\n.", "b'not a number' is not an integer"),
        (b"Fnot a number\n.", "b'not a number' is not a number"),
        (b"Snot quoted\n.", "a string without its quotes"),
        (b"S'\\x1'\n.", "a string with an unknown escape"),
        (b"\x8c\x01\xff.", "a string that is not utf-8"),
        (b"V\\ud80\n.", "a string that is not raw-unicode-escape"),
        (b"\x8b\xff\xff\xff\xff.", "an integer of a negative number of bytes"),
        (b"cnumpy\ndtype\n(S'f8'\ntR(I3\nI4\ntb.", "a numpy dtype with an unknown state"),
        (SCALAR + b")R.", "a numpy scalar without its dtype and bytes"),
        (SCALAR + b"(cnumpy\ndtype\n(S'f8'\ntRS'short'\ntR.", "a numpy f8 of 5 bytes"),
        (SCALAR + b"(cnumpy\ndtype\n(S'U9'\ntRS'short'\ntR.", "a numpy U9 of 5 bytes"),
        (SCALAR + b"(cnumpy\ndtype\n(S'U1'\ntRC\x04\xff\xff\xff\xfftR.", "a string that is not utf-32"),
    ],
)  # fmt: skip
def test_malformed(data: bytes, message: str) -> None:
    assert message in refusal(data)


HUGE = 2**62


@pytest.mark.parametrize(
    "data",
    [
        b"\x8e" + struct.pack("<Q", HUGE),
        b"\x8d" + struct.pack("<Q", HUGE),
        b"\x8d" + struct.pack("<Q", 2**64 - 1),
        b"B" + struct.pack("<I", 2**32 - 1),
        b"X" + struct.pack("<I", 2**32 - 1),
        b"T" + struct.pack("<I", 2**32 - 1),
        b"\x8b" + struct.pack("<i", 2**31 - 1),
        b"\x95" + struct.pack("<Q", HUGE),
        b"S'" + b"a" * 100,
        b"I1",
        b"G\0",
    ],
)
def test_counts_beyond_the_end(data: bytes) -> None:
    assert "the pickle is truncated: it ends at byte" in refusal(b"\x80\x05" + data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"]r\xff\xff\xff\xff.", None),  # the standard unpickler clears 64 GB for this memo number
        (b"]p4294967295\n.", None),
        (b"L" + b"9" * 65 + b"L\n.", "a number of 66 characters"),
        (b"I" + b"9" * 60 + b"\n.", "an integer of more than 64 bits"),
        (b"\x8a\xff" + bytes(255) + b".", "an integer of 255 bytes, more than 9"),
        (b"(" * 65 + b".", "is nested deeper than 64 levels"),
        (b"(" + b"N" * 65 + b"t.", "a tuple of 65 items, more than 64"),
        (b")" + b"\x85" * 1_000_000 + b".", "a tuple that holds a container"),  # its hash would overflow the stack
        (b"I1\n\x85" + b"2\x86" * 100 + b".", "a tuple that holds a container"),  # its hash would take 2^100 steps
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_bombs(data: bytes, message: str | None) -> None:
    if message is None:
        with bounded_memory():
            assert unpickle(data, "x") == []
    else:
        assert message in refusal(data)


def test_deep_nesting_does_not_crash() -> None:
    deep = b"]" * 100_000 + b"a" * 99_999
    assert isinstance(unpickle(deep + b".", "x"), list)
    with pytest.raises(ImportRefusedError, match="sets an item of a list"):
        unpickle(deep + b"I1\nI2\ns.", "x")


@pytest.mark.parametrize(
    ("bound", "data", "message"),
    [
        ("MAX_PICKLE_BYTES", b"N" * 101, "has 101 bytes, more than 100"),
        ("MAX_LIST_ITEMS", b"](" + b"N" * 60 + b"e(" + b"N" * 60 + b"e.", "holds lists with more than 100 items"),
        ("MAX_PAIRS", b"}(" + b"NN" * 60 + b"u(" + b"NN" * 60 + b"u.", "holds more than 100 items"),
        ("MAX_MEMO", b"N" + b"\x94" * 101 + b".", "remembers more than 100 objects"),
    ],
)
def test_bounds(bound: str, data: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, bound, 100)
    assert message in refusal(data)


def test_bound_of_the_stack() -> None:
    with pytest.raises(ImportRefusedError, match="a group of more than 200000 objects"):
        unpickle(b"(" + b"N" * 300_000 + b"t.", "x")


def test_names_are_shown_in_ascii_and_cut() -> None:
    message = refusal("c\x1b[31mevil\u202e\n".encode() + b"name" * 100 + b"\n.")
    assert message.isascii()
    assert "\\x1b[31mevil\\u202e" in message


SEEDS_OF_MUTATION = [
    pickle.dumps({name: dict(list(column.items())[:20]) for name, column in list(content.items())[:5]}, protocol)
    for content in mini_contents().values()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
] + [pickle.dumps({(1, "a"): np.float64(0.5), "b": [np.int32(3), np.str_("x")]}, protocol) for protocol in range(6)]
interesting_bytes = st.one_of(
    st.binary(min_size=1, max_size=3),
    st.sampled_from([bytes([code]) for code in range(256)]),
    st.sampled_from([b"\xff\xff\xff\xff", b"cos\nsystem\n", b"ios\nsystem\n", b"\x85R", b"u("]),
    st.sampled_from([b"\x95" + bytes(8), b"j\0\0\0\0G"]),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS_OF_MUTATION))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data = data[:start] + draw(st.just(b"") | interesting_bytes) + data[end:]
    return data[: draw(st.none() | st.integers(0, len(data)))]


@settings(max_examples=1000)
@given(mutated())
@example(b"")
def test_mutated_pickles_are_read_or_refused(data: bytes) -> None:
    with bounded_memory(16 * MEGABYTE), suppress(ImportRefusedError):
        unpickle(data, "x")


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(data: bytes) -> None:
    with suppress(ImportRefusedError):
        unpickle(data, "x")


def test_reading_imports_nothing() -> None:
    before = set(sys.modules)
    refusal(b"cwebbrowser\nopen\n.")
    refusal(b"cantigravity\nfly\n.")
    assert set(sys.modules) == before


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
ARRAY = RECONSTRUCT + b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R"
OF_BYTES = b"cnumpy\ndtype\nU\x02u1\x85R"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (RECONSTRUCT + b"cnumpy\ndtype\nK\x00\x85U\x01b\x87R.", "refuses an array of"),
        (b"cnumpy\nndarray\n)R.", "refuses a call of numpy.ndarray"),
        (b"cnumpy\nndarray\n)\x81.", "refuses an instance of numpy.ndarray"),
        (ARRAY + b"Nb.", "an array with an unknown state"),
        (ARRAY + b"(K\x01K\x02" + OF_BYTES + b"\x89U\x02abtb.", "an array with an unknown state"),
        (ARRAY + b"(K\x01K\x03\x85" + OF_BYTES + b"\x89U\x02abtb.", "an array of shape (3,) in 2 bytes"),
        (ARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + OF_BYTES + b"\x89U\x02abtb.", "an array of shape (-1,) in 2 bytes"),
        (ARRAY + b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02U1\x85R\x89U\x02abtb.", "refuses an array of numpy.dtype('U1')"),
        (ARRAY + b"(K\x01K\x02\x85" + OF_BYTES + b"\x89K\x02tb.", "refuses an array of"),
        (b"}" + ARRAY + b"K\x01s.", "an array is the key of a dictionary"),
        (b"}K\x01\x85K\x02\x86K\x01s.", "is the key of a dictionary"),
        (b"K\x01\x85\x85\x85.", "a tuple that holds a container"),
    ],
)
def test_arrays_that_are_none(data: bytes, message: str) -> None:
    with bounded_memory(), pytest.raises(ImportRefusedError) as caught:
        unpickle(data, "data_batch_1", arrays=True)
    assert message in str(caught.value)
    with pytest.raises(ImportRefusedError):
        unpickle(data, "data_batch_1")


@pytest.mark.parametrize("broken", [b"Fno\n", b"F1\n"])
def test_a_batch_that_is_refused_is_not_looked_at_again_and_again(
    broken: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pair of a refused batch began another one, up to its end: 72 kB took half a minute."""
    n_bytes = 0

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(text_pair, name)

        def findall(self, text: bytes) -> list[tuple[bytes, bytes]]:
            nonlocal n_bytes
            n_bytes += len(text)
            return text_pair.findall(text)

    text_pair = batches._TEXT_PAIR
    monkeypatch.setattr(batches, "_TEXT_PAIR", Counting())
    key = b"(Va\nI1\ntp0\n"  # one remembered key; a gap in the numbers makes every batch be refused
    gap = b"" if broken == b"Fno\n" else b"Nq\x09"
    pairs = b"g0\nF1\ns" * 2000 + b"g0\n" + broken + b"s"
    data = key + gap + b"0" + (b"0" if gap else b"") + b"(d" + b"g0\nF1\ns" + pairs + b"."
    with suppress(ImportRefusedError):
        unpickle(data, "x.pkl")
    assert 0 < n_bytes <= len(data)
