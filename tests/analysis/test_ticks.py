"""Axes: what they span, and their round numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.analysis.ticks import Scale, spanning


@given(st.floats(1e-3, 1e3), st.floats(1.3, 1e6), st.booleans())
def test_an_axis_has_ticks_within_its_ends(low: float, ratio: float, log: bool) -> None:
    scale = Scale(low, low * ratio, log)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 12
    assert all(scale.low * (1 - 1e-6) <= tick <= scale.high * (1 + 1e-6) for tick in ticks)


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 6, log=False), (0, 1, 2, 3, 4, 5, 6)),
        (Scale(0, 7, log=False), (0, 2, 4, 6)),
        (Scale(0, 30, log=False), (0, 5, 10, 15, 20, 25, 30)),
        (Scale(0, 40, log=False), (0, 10, 20, 30, 40)),
        (Scale(-0.5, 1, log=False), (-0.5, 0, 0.5, 1)),
        (Scale(1, 500, log=True), (1, 2, 5, 10, 20, 50, 100, 200, 500)),  # nine
        (Scale(1, 1000, log=True), (1, 3, 10, 30, 100, 300, 1000)),
        (Scale(1, 1e6, log=True), (1, 10, 100, 1000, 10000, 100000, 1000000)),
        (Scale(1, 2, log=True), (1, 2)),
        (Scale(1.2, 2.4, log=True), (1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.4)),  # 2 alone tells nothing
    ],
)
def test_ticks_are_round_and_few(scale: Scale, ticks: tuple[float, ...]) -> None:
    assert scale.ticks() == ticks


def test_a_place_is_a_share_of_the_axis_or_of_its_logarithm() -> None:
    assert [Scale(10, 20, log=False).position(value) for value in (5, 10, 12.5, 20, 25)] == [0, 0, 0.25, 1, 1]
    places = [Scale(1, 10000, log=True).position(value) for value in (0, 1, 10, 10000, 1e9)]
    assert places == pytest.approx([0, 0, 0.25, 1, 1])


@pytest.mark.parametrize("log", [True, False])
def test_an_axis_of_nothing_or_of_one_value_is_an_axis(log: bool) -> None:
    for values in ([], [float("nan")], [0.0], [3.0], [-1.0]):
        scale = spanning(values, log=log)
        assert scale.low < scale.high
    assert spanning([math.nan], log=log) == Scale(0.1 if log else 0.0, 1.0, log)


def test_a_linear_axis_begins_at_zero_and_has_room_above() -> None:
    assert spanning([2.0, 5.0, math.inf], log=False) == Scale(0.0, 5.2, False)
    assert spanning([-2.0, 5.0], log=False) == Scale(-2.0, 5.2, False)
    assert spanning([0.0], log=False) == Scale(0.0, 1.04, False)
    assert spanning([-3.0], log=False) == Scale(-3.0, -2.08, False)


def test_a_logarithmic_axis_has_the_same_room_at_both_ends_and_leaves_out_what_is_not_positive() -> None:
    scale = spanning([0.0, -1.0, 1.0, 100.0], log=True)
    assert (scale.low, scale.high) == pytest.approx((100**-0.04, 100**1.04))
    one = spanning([5.0], log=True)
    assert (one.low, one.high) == pytest.approx((5 / 1.2**0.04, 5 * 1.2**0.04))
