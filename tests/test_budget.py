"""A budget of simulated seconds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.budget import Budget
from nhb2_plugins.errors import InvalidValueError


def test_nothing_starts_at_the_budget_and_what_ends_there_has_not_crossed_it() -> None:
    budget = Budget(20)
    assert [budget.is_spent(clock_s) for clock_s in (19.999, 20.0, 20.001)] == [False, True, True]
    assert [budget.is_crossed(end_s) for end_s in (19.999, 20.0, 20.001)] == [False, False, True]


def test_seconds_are_a_built_in_float() -> None:
    for seconds in (20, np.float32(20), np.int64(20)):
        assert type(Budget(seconds).seconds) is float
        assert Budget(seconds) == Budget(20.0)
    assert Budget(0.5).seconds == 0.5


def test_no_budget_is_never_spent() -> None:
    assert Budget.or_none(None) == Budget(math.inf)
    assert Budget.or_none(3) == Budget(3)
    assert not Budget.or_none(None).is_spent(1e300)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), "20", None, True, [20], 10**400])
def test_what_is_no_positive_number_is_named(seconds: Any) -> None:
    with pytest.raises(InvalidValueError, match="budget_s"):
        Budget(seconds)
    with pytest.raises(InvalidValueError, match=r"^first_stage_s"):
        Budget(seconds, "first_stage_s")


def test_it_is_a_value() -> None:
    with pytest.raises(AttributeError):
        Budget(3).seconds = 4  # type: ignore[misc]
