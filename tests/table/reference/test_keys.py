"""Columns by their keys: numbered once however they are pickled, brought into a grid's order, and refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import ImportRefusedError
from nhb2_plugins.table.reference.keys import KeyedColumn, KeyGrid, KeyReader
from nhb2_plugins.table.unpickle.values import Chunk, Memo, Pairs

KEYS = [(cell, lr) for cell in ("a", "b") for lr in (0.1, 0.2, 0.4)]
RANKS = ({"a": 0, "b": 1}, {0.1: 0, 0.2: 1, 0.4: 2})


def remembered(*keys: Any) -> Memo:
    memo = Memo()
    for number, key in enumerate(keys):
        memo.put(number, key)
    return memo


def of_objects(memo: Memo, items: dict[Any, Any]) -> Pairs:
    pairs = Pairs(memo)
    for key, value in items.items():
        pairs.add(key, value)
    return pairs


def column(*keys: Any, values: list[float] | None = None) -> KeyedColumn:
    found = [float(each) for each in range(len(keys))] if values is None else values
    return KeyedColumn("cost", np.arange(len(keys)), np.array(found), list(keys))


def test_a_key_has_one_number_as_an_object_and_by_its_memo() -> None:
    memo = remembered(*KEYS)
    reader = KeyReader("bench.pkl", memo)
    first = reader.read("acc", of_objects(memo, {KEYS[4]: 1, KEYS[0]: 2.5}))
    assert (first.numbers.tolist(), first.values.tolist()) == ([0, 1], [1.0, 2.5])
    pairs = Pairs(memo)
    pairs.add_chunk(Chunk(np.array([0, 4, 2]), np.array([7.0, 8.0, 9.0])))
    pairs.add_chunk(Chunk(np.array([2, 5]), np.array([10.0, 11.0])))
    second = reader.read("time", pairs)
    assert second.name == "time"
    assert second.numbers.tolist() == [1, 0, 2, 2, 3]
    assert second.values.tolist() == [7.0, 8.0, 9.0, 10.0, 11.0]
    assert second.keys == [KEYS[4], KEYS[0], KEYS[2], KEYS[5]]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ({}, "column 'acc' is empty"),
        ({"a": 1.0}, "column 'acc' has the key 'a', not a tuple"),
        ({KEYS[0]: 1.0, KEYS[1]: "x"}, "column 'acc', key ('a', 0.2): 'x' is not a number"),
        ({KEYS[0]: True}, "column 'acc', key ('a', 0.1): True is not a number"),
        ({KEYS[0]: 2**53 + 1}, f"column 'acc', key ('a', 0.1): {2**53 + 1} is not a number"),
    ],
)
def test_what_is_no_column_of_numbers_is_refused(items: dict[Any, Any], said: str) -> None:
    memo = remembered(*KEYS)
    with pytest.raises(ImportRefusedError) as refused:
        KeyReader("bench.pkl", memo).read("acc", of_objects(memo, items))
    assert str(refused.value) == f"bench.pkl: {said}"


def test_the_largest_integer_that_a_float_holds_is_one() -> None:
    memo = remembered(*KEYS)
    read = KeyReader("bench.pkl", memo).read("acc", of_objects(memo, {KEYS[0]: -(2**53)}))
    assert read.values.tolist() == [-(2.0**53)]


def test_values_stand_in_the_order_of_the_grid() -> None:
    shuffled = [KEYS[place] for place in (3, 0, 5, 1, 4, 2)]
    values = [float(KEYS.index(key)) for key in shuffled]
    assert KeyGrid("f", RANKS).values(column(*shuffled, values=values)).tolist() == [0, 1, 2, 3, 4, 5]
    slowest = KeyGrid("f", RANKS, last_is_slowest=True)
    assert slowest.values(column(*shuffled, values=values)).tolist() == [0, 3, 1, 4, 2, 5]
    assert [slowest.key_at(place) for place in range(6)] == [KEYS[place] for place in (0, 3, 1, 4, 2, 5)]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (KEYS[:4] + KEYS[5:], "lacks the key ('b', 0.2)"),
        ([*KEYS, KEYS[2]], "has more than once the key ('a', 0.4)"),
        ([*KEYS, ("a",)], "has the key ('a'): a key has 2 parts"),
        ([*KEYS, ("a", 0.1, 1)], "has the key ('a', 0.1, 1): a key has 2 parts"),
        ([*KEYS, ("c", 0.1)], "has the key ('c', 0.1): no cellcode has the hash 'c'"),
        ([("a", 0.3), *KEYS], "has the key ('a', 0.3): its lr 0.3 is not one of 0.1, 0.2, 0.4"),
    ],
)
def test_a_grid_has_each_of_its_keys_once_and_no_other(keys: list[Any], said: str) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        KeyGrid("bench.pkl", RANKS).values(column(*keys))
    assert str(refused.value) == f"bench.pkl: column 'cost' {said}"


def test_a_truth_value_is_no_number_of_a_key() -> None:
    grid = KeyGrid("bench.pkl", ({"a": 0}, {0: 0, 1: 1}))
    with pytest.raises(ImportRefusedError, match=r"has the key \('a', True\): its lr True is not one of 0, 1"):
        grid.values(column(("a", 0), ("a", True)))
