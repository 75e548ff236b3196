"""Densities in place of dots."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis.density import MANY_RUNS, density


def test_a_density_is_highest_where_most_values_are_and_one_there() -> None:
    values = np.concatenate([np.full(90, 1.0), np.linspace(3, 5, 10)])
    at = np.linspace(0, 6, 601)
    heights = density(values, at)
    assert heights.max() == 1
    assert at[heights.argmax()] == pytest.approx(1, abs=0.05)
    assert (heights >= 0).all()


def test_two_values_are_as_likely_as_each_other_and_a_little_of_it_lies_between() -> None:
    left, middle, right = density(np.array([0.0, 1.0]), np.array([0.0, 0.5, 1.0]))
    assert left == pytest.approx(right)
    assert 0.5 < left / middle < 1
    assert MANY_RUNS == 200


def test_equal_values_stand_at_one_place() -> None:
    assert density(np.full(300, 2.0), np.array([0.0, 1.9, 4.0])).tolist() == [0.0, 1.0, 0.0]
