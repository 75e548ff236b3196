from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.rank_correlation import dominated_weight, kendall_tau_b

points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4)), min_size=2, max_size=40)


@given(points)
def test_dominated_weight_is_the_naive_sum(triples: list[tuple[int, int, int]]) -> None:
    x, y, w = (np.array(column) for column in zip(*triples, strict=True))
    naive = [sum(c for a, b, c in triples if a < p and b < q) for p, q, _ in triples]
    assert dominated_weight(x.astype(float), y.astype(float), w).tolist() == naive


@given(points)
def test_tau_b_is_that_of_the_repeated_points(triples: list[tuple[int, int, int]]) -> None:
    repeated = [(a, b) for a, b, n in triples for _ in range(n)]
    x, y, w = (np.array(column) for column in zip(*triples, strict=True))
    assert kendall_tau_b(x.astype(float), y.astype(float), w) == pytest.approx(_naive_tau_b(repeated), nan_ok=True)


def _naive_tau_b(points: list[tuple[int, int]]) -> float:
    """By the definition: every pair of points, one by one."""
    numerator = x_differs = y_differs = 0
    for i, (a, b) in enumerate(points):
        for c, d in points[:i]:
            numerator += np.sign(a - c) * np.sign(b - d)
            x_differs += a != c
            y_differs += b != d
    scale = math.sqrt(x_differs * y_differs)
    return numerator / scale if scale else math.nan


def test_tau_b_of_kendalls_textbook_case() -> None:
    # Two rankings of four with one pair of six exchanged: (5 - 1) / 6.
    assert kendall_tau_b(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 4, 3])) == pytest.approx(4 / 6)
    assert kendall_tau_b(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == -1
    assert math.isnan(kendall_tau_b(np.array([1.0, 1, 1]), np.array([3.0, 2, 1])))


def test_many_points_agree_with_another_implementation() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(5)
    x = rng.integers(0, 900, 3001).astype(float)
    y = np.floor(x / 3 + rng.integers(0, 200, 3001))
    assert kendall_tau_b(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


def test_what_has_no_rank_correlation_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="NaN"):
        kendall_tau_b(np.array([1.0, np.nan]), np.array([1.0, 2]))
    with pytest.raises(InvalidValueError, match="n >= 2"):
        kendall_tau_b(np.array([1.0]), np.array([1.0]))
    with pytest.raises(InvalidValueError, match=r"\(2,\).*\(3,\)"):
        kendall_tau_b(np.array([1.0, 2]), np.array([1.0, 2, 3]))
