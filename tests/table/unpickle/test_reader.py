"""Plain data of every pickle protocol are read as Python reads them."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.unpickle.reader import unpickle
from nhb2_plugins.table.unpickle.values import Pairs
from tests.support.plain import plain

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
protocols = st.sampled_from(PROTOCOLS)

numbers = st.integers(-(2**63), 2**64 - 1) | st.floats()
# Carriage returns and control characters are where protocol 0 is peculiar.
texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0\x1a\\'\""), max_size=300)
scalars = st.none() | st.booleans() | numbers | texts
flat_tuples = st.lists(scalars, max_size=5).map(tuple)
keys = st.one_of(st.booleans(), st.integers(-100, 2**40), texts, flat_tuples)
values = st.recursive(
    scalars | st.binary(max_size=300) | flat_tuples,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=30,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value and type, NaN included."""
    return repr(one) == repr(other)


@given(values.filter(lambda value: value != b""), protocols)
def test_reads_what_python_writes(value: Any, protocol: int) -> None:
    if protocol < 3 and b"" in _leaves(value):
        return  # before protocol 3 an empty bytes object is a call of the class bytes
    assert same(plain(unpickle(pickle.dumps(value, protocol), "x")), value)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@given(values.filter(lambda value: b"" not in _leaves(value)), protocols)
def test_reads_other_picklers_of_python(value: Any, protocol: int) -> None:
    optimized = pickletools.optimize(pickle.dumps(value, protocol))
    assert same(plain(unpickle(optimized, "x")), value)
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(value)  # type: ignore[attr-defined]
    assert same(plain(unpickle(file.getvalue(), "x")), value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "scalar",
    [
        np.float64(0.1), np.float64("nan"), np.float32(0.1), np.float16(0.1), np.int64(-5), np.int8(-5),
        np.uint64(2**63), np.uint16(512), np.bool_(True), np.str_("0|10|210"), np.str_("ä€𝄞"), np.bytes_(b"abc"),
        np.array(0.1, dtype=">f8")[()], np.array(300, dtype=">i4")[()],
    ],
    ids=repr,
)  # fmt: skip
def test_numpy_scalars_become_built_in_values(scalar: Any, protocol: int) -> None:
    read = unpickle(pickle.dumps([scalar, scalar], protocol), "x")
    assert same(read, [scalar.item(), scalar.item()])


def test_both_homes_of_numpy_scalars_are_known() -> None:
    new = pickle.dumps(np.float64(1.5), 2)
    old = new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != new
    assert unpickle(old, "x") == unpickle(new, "x") == 1.5


def test_strings_of_python_2() -> None:
    raw = struct.pack("<d", 2.75)
    dtype = b"cnumpy\ndtype\n(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    scalar = b"cnumpy.core.multiarray\nscalar\n(" + dtype + b"U\x08" + raw + b"tR"
    assert unpickle(b"\x80\x02" + scalar + b".", "x") == 2.75
    assert unpickle(b"(lp0\nS'0|00|000'\np1\naT\x01\0\0\0xaL5L\naI01\naI00\na.", "x") == [
        "0|00|000",
        "x",
        5,
        True,
        False,
    ]


def _shared_keys(n: int) -> list[tuple[str, float, int]]:
    return [(f"hash{i % 7}", i / 8, i) for i in range(n)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("n", [1, 7, 255, 999, 1000, 1001, 20_000])
def test_columns_that_share_keys(protocol: int, n: int) -> None:
    rng = np.random.default_rng(n)
    keys = _shared_keys(n)
    columns = {name: dict(zip(keys, rng.random(n).tolist(), strict=True)) for name in ("a", "b", "c")}
    assert plain(unpickle(pickle.dumps(columns, protocol), "x")) == columns


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_shared_keys_are_read_as_arrays(protocol: int) -> None:
    keys = _shared_keys(20_000)
    columns = {name: dict.fromkeys(keys, 0.5) for name in ("a", "b")}
    columns["b"] = {key: i / 7 for i, key in enumerate(keys)}
    (_, _), (_, second) = unpickle(pickle.dumps(columns, protocol), "x").items()
    n_in_arrays = sum(len(chunk.keys) for chunk in second.chunks() if isinstance(chunk.keys, np.ndarray))
    assert n_in_arrays > 15_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("n_before", [0, 300])
def test_columns_of_numpy_scalars(protocol: int, n_before: int) -> None:
    n = 5000
    keys = _shared_keys(n)
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {"before": [(i,) for i in range(n_before)]}
    columns |= {name: dict(zip(keys, list(rng.random(n)), strict=True)) for name in ("a", "b")}
    columns["again"] = list(columns["b"].values())  # the same objects: got by their memo numbers
    columns["integers"] = dict(zip(keys, list(rng.integers(0, 2**62, n)), strict=True))
    expected = {
        name: {key: value.item() for key, value in column.items()} if isinstance(column, dict) else column
        for name, column in columns.items()
    }
    expected["again"] = list(expected["b"].values())
    assert same(plain(unpickle(pickle.dumps(columns, protocol), "x")), expected)


def _framed_columns() -> tuple[bytes, dict[str, dict[Any, float]], list[int]]:
    """A pickle without frames, what it holds, and where in it frames may stand."""
    keys = _shared_keys(400)
    columns: dict[str, Any] = {"first": {(i,): 0.5 for i in range(300)}}  # so that all later memo numbers are long
    columns |= {name: {key: i / 7 for i, key in enumerate(keys)} for name in ("a", "b")}
    columns["c"] = {key: np.float64(i / 3) for i, key in enumerate(keys)}
    columns["d"] = {key: np.float64(i / 9) for i, key in enumerate(keys)}
    body = _without_frames(pickle.dumps(columns, 4))
    boundaries = [position for _, _, position in pickletools.genops(body) if position is not None][2:]
    return body, {name: {key: float(value) for key, value in columns[name].items()} for name in columns}, boundaries


def _with_frames(body: bytes, boundaries: list[int]) -> bytes:
    edges = [0, *boundaries, len(body)]
    return (b"\x95" + bytes(8)).join(body[start:end] for start, end in pairwise(edges))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 14, 126])
def test_frames_may_stand_between_any_two_opcodes(step: int) -> None:
    body, expected, boundaries = _framed_columns()
    assert plain(unpickle(_with_frames(body, boundaries[::step]), "x")) == expected


@pytest.mark.parametrize("n_frames", [1, 8, 14, 24, 56])
@pytest.mark.parametrize("column", ["b", "d"])
def test_frames_that_are_as_long_as_some_pairs(n_frames: int, column: str) -> None:
    """14 frames have the length of 9 pairs of floats, 8 frames that of 3 pairs of numpy scalars."""
    body, expected, boundaries = _framed_columns()
    middle = body.index(b"\x8c\x01" + column.encode()) + 2000
    within = [boundary for boundary in boundaries if boundary > middle][:n_frames]
    read = unpickle(_with_frames(body, within), "x")
    assert plain(read) == expected
    if column == "b":  # picklers put no frame inside what builds a scalar: there it is read opcode by opcode
        assert isinstance(dict(read.items())[column].chunks()[0].keys, np.ndarray)


def _without_frames(data: bytes) -> bytes:
    pieces, last = [], 0
    for opcode, _, position in pickletools.genops(data):
        if opcode.name == "FRAME" and position is not None:
            pieces.append(data[last:position])
            last = position + 9
    return b"".join([*pieces, data[last:]])


def test_a_dictionary_is_its_pairs_in_order() -> None:
    pairs = unpickle(pickle.dumps({"b": 1, "a": 2}), "x")
    assert isinstance(pairs, Pairs)
    assert pairs.n_pairs == 2
    assert list(pairs.items()) == [("b", 1), ("a", 2)]


@pytest.mark.parametrize("protocol", range(5))  # protocol 5 writes arrays by another name
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([1, -2], dtype=">i4"),
        np.array(2.5),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_of_numbers_where_they_are_asked_for(array: np.ndarray, protocol: int) -> None:
    data = pickle.dumps({"data": array}, protocol)
    ((_, read),) = unpickle(data, "x", arrays=True).items()
    assert np.array_equal(read.values, array)
    assert read.values.dtype == array.dtype.newbyteorder("<" if array.dtype.byteorder != ">" else ">")
    with pytest.raises(ImportRefusedError, match="refuses numpy"):
        unpickle(data, "x")
