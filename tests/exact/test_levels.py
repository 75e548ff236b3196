"""The distinct errors of a table, counted by configuration."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact.levels import Levels, as_numbers, check_probability
from tests.core_fixtures import N_ROWS, mini_benchmark, mini_columns


def test_levels_are_errors_with_the_number_of_configurations_that_have_each() -> None:
    """Of the two classes one has 1,024 cells and the other 3,072; a row is a class with one of 48 settings."""
    columns = mini_columns()
    accuracy = np.full(N_ROWS, 50.0)
    accuracy[[0, 50]] = 90.0  # one setting of either class
    accuracy[[1, 2]] = 70.0
    columns["valid_acc"][11, 0] = accuracy
    bench = mini_benchmark(**columns)
    found = Levels.of(bench, bench.by_row())
    assert found.error_pct.tolist() == [10, 30, 50]
    assert found.n_at.tolist() == [1024 + 3072, 2 * 1024, 196_608 - 3 * 1024 - 3072]
    assert found.n_at_most.tolist() == [4096, 6144, 196_608]
    assert found.level_of_row.tolist() == [0, 1, 1, *[2] * 47, 0, *[2] * 45]
    assert found.n_of_row.tolist() == [1024] * 48 + [3072] * 48


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (3, 3.0),
        ([1, "2.5", True], [1.0, 2.5, 1.0]),
        ([], []),
        ("a", []),
        ([[1, 2], [3]], []),
        (None, None),
        (10**400, []),
    ],
)
def test_what_is_no_number_is_none_at_all(values: object, numbers: object) -> None:
    found = as_numbers(values)  # type: ignore[arg-type]
    if numbers is None:
        assert np.isnan(found)
    else:
        assert found.tolist() == numbers


@pytest.mark.parametrize("probability", [-1e-9, 1.0 + 1e-9, float("nan")])
def test_what_is_no_probability_is_named(probability: float) -> None:
    with pytest.raises(InvalidValueError, match=rf"^probability {probability!r} is not in 0\.\.1$"):
        check_probability(probability)
    for each in (0, 0.5, 1):
        check_probability(each)
