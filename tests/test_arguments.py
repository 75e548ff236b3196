"""Arguments that mean the same everywhere, and what is said of others."""

from __future__ import annotations

import inspect
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.arguments import (
    check_no_flags_for_numbers,
    checked_choice,
    checked_count,
    checked_flag,
    checked_kind,
    checked_search_seed,
    has_methods,
    is_number,
    is_several,
)
from nhb2_plugins.errors import InvalidValueError


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, np.int64(7), np.uint8(255)])
def test_a_seed_becomes_a_built_in_integer(seed: Any) -> None:
    checked = checked_search_seed(seed)
    assert type(checked) is int
    assert checked == seed


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "1", None])
def test_a_seed_that_a_generator_would_not_take_is_named(seed: Any) -> None:
    message = f"seed {seed!r} is not an integer in 0..4294967295 or None"
    with pytest.raises(InvalidValueError, match=f"^{re.escape(message)}$"):
        checked_search_seed(seed, otherwise=" or None")


def test_a_count_is_at_least_one() -> None:
    assert [checked_count("n", count) for count in (1, np.int32(3))] == [1, 3]
    assert type(checked_count("n", np.int32(3))) is int
    for count in (0, -1, 1.0, True, "1", None):
        with pytest.raises(
            InvalidValueError, match=f"^n_workers {re.escape(repr(count))} is not an integer of at least 1$"
        ):
            checked_count("n_workers", count)  # type: ignore[arg-type]


def test_a_flag_is_a_truth_value() -> None:
    assert checked_flag("report", True) is True
    assert checked_flag("report", False) is False
    for value in (0, 1, "yes", None):
        with pytest.raises(InvalidValueError, match=f"^report {value!r} is neither True nor False$"):
            checked_flag("report", value)  # type: ignore[arg-type]


def test_methods_are_of_an_object_and_not_of_its_class() -> None:
    assert has_methods([], "append", "pop")
    assert not has_methods([], "append", "ask")
    assert not has_methods(list, "append", "pop")
    assert not has_methods(np.array([1]), "shape")


def test_a_framework_s_object_is_one_of_its_kind() -> None:
    own = OrderedDict()
    assert checked_kind("study", own, OrderedDict) is own
    with pytest.raises(InvalidValueError, match=r"^study 3 is not a OrderedDict of collections$"):
        checked_kind("study", 3, OrderedDict)
    with pytest.raises(InvalidValueError, match=r"^study 3 is not a OrderedDict; one makes it$"):
        checked_kind("study", 3, OrderedDict, "one makes it")


def test_a_long_value_is_cut_in_messages() -> None:
    for check in (checked_search_seed, partial(checked_count, "n"), partial(checked_flag, "n")):
        with pytest.raises(InvalidValueError) as refusal:
            check("x" * 1000)  # type: ignore[operator]
        assert len(str(refusal.value)) < 150


class _Text(str):
    """Text of another library, as numpy's is."""


def test_a_choice_is_the_one_that_is_allowed() -> None:
    choice = checked_choice("split", _Text("valid"), ("train", "valid"))
    assert (choice, type(choice)) == ("valid", str)
    assert checked_choice("rank", np.int64(2), range(3)) == 2
    assert type(checked_choice("rank", np.int64(2), range(3))) is int


@pytest.mark.parametrize(
    "value",
    [None, "vaild", "", ["valid"], {"valid": 1}, np.array(["valid"]), np.array(["valid", "test"]), b"valid", 1.5],
    ids=repr,
)
def test_what_is_no_choice_is_refused_with_the_choices(value: object) -> None:
    told = f"split {value!r:.80} is not one of 'train', 'valid'"
    with pytest.raises(InvalidValueError, match=f"^{re.escape(told)}( |$)"):
        checked_choice("split", value, ("train", "valid"))


@pytest.mark.parametrize("value", [True, np.array([1]), 3, -1, "1", 10**400], ids=lambda value: repr(value)[:20])
def test_what_equals_a_number_only_by_chance_is_none(value: object) -> None:
    with pytest.raises(InvalidValueError, match=r"is not one of 0, 1, 2$"):
        checked_choice("rank", value, range(3))


@pytest.mark.parametrize(
    ("values", "several"),
    [
        ([[], (1, 2), np.array([1]), range(2), iter("ab")], True),
        (["ab", b"ab", bytearray(b"ab"), {1: 2}, 1, None], False),
    ],
)
def test_text_bytes_and_a_mapping_are_one_value_each(values: list[object], several: bool) -> None:
    assert {is_several(value) for value in values} == {several}


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ([1, 0.5, np.float32(1), np.int64(1), float("nan"), -(10**300)], True),
        ([True, np.bool_(1), 10**400, "1", None, 1j], False),
    ],
)
def test_a_number_is_what_a_float_can_hold(values: list[object], number: bool) -> None:
    assert {is_number(value) for value in values} == {number}


def test_nothing_is_counted_that_no_memory_holds() -> None:
    with pytest.raises(InvalidValueError, match=r"^n_workers 10+ is not an integer of at least 1"):
        checked_count("n_workers", 10**30)


def sampler(
    size: int,
    n: int = 10,
    *,
    share: float | None = None,
    bound: Any = 1.5,
    either: bool | int = 1,
    flag: bool = False,
    maybe: bool | None = None,
    law: Callable[[int], int] | None = None,
) -> None:
    """Stands for a framework's own; here annotations are text."""


@pytest.mark.parametrize("name", ["size", "n", "share", "bound"])
@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_number_of_a_framework(name: str, value: bool) -> None:
    with pytest.raises(InvalidValueError, match=rf"^{name} {value} is a truth value; it takes a number$"):
        check_no_flags_for_numbers(sampler, {"flag": True, name: value})


def test_what_else_a_framework_is_given_is_left_to_it() -> None:
    check_no_flags_for_numbers(sampler, {"n": "3", "share": 1, "bound": 0, "either": True, "flag": 0, "unknown": True})
    check_no_flags_for_numbers(sampler, {"maybe": True, "law": True})


def test_annotations_may_be_types_too() -> None:
    def evaluated(*args: Any, **kwargs: Any) -> None: ...

    evaluated.__signature__ = inspect.signature(sampler, eval_str=True)  # type: ignore[attr-defined]
    for name in ("size", "n", "share"):
        with pytest.raises(InvalidValueError, match=f"^{name} True"):
            check_no_flags_for_numbers(evaluated, {name: True})
    check_no_flags_for_numbers(evaluated, {"either": True, "flag": True, "law": True})
