"""The best of n draws, against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import (
    BestOfRandom,
    best_of_random,
)
from nhb2_plugins.space import N_CONFIGURATIONS
from tests.core_fixtures import N_ROWS
from tests.exact.benches import CLASS_0_SHARE, MINI, all_errors, bench_of


def test_the_best_of_one_draw_is_a_draw() -> None:
    errors, best = all_errors(MINI), best_of_random(MINI)
    assert best.mean_error_pct(1) == pytest.approx(errors.mean(), rel=1e-12)
    for error in np.quantile(errors, [0, 0.01, 0.3, 0.77, 1]):
        assert best.probability_at_most(error, 1) == pytest.approx((errors <= error).mean(), rel=1e-12)
    assert best.quantile_error_pct(0.5, 1) == np.quantile(errors, 0.5, method="inverted_cdf")


@pytest.mark.parametrize("n_draws", [1, 2, 3, 10, 57, 1000])
def test_two_errors_give_the_closed_form(n_draws: int) -> None:
    errors = np.where(np.arange(N_ROWS) < 48, 10.0, 30.0)
    best = best_of_random(bench_of(errors, 100.0))
    missed = (1 - CLASS_0_SHARE) ** n_draws
    assert best.error_pct.tolist() == [10, 30]
    assert best.probability_at_most(9.999, n_draws) == 0
    assert best.probability_at_most(10, n_draws) == pytest.approx(1 - missed, rel=1e-12)
    assert best.probability_at_most(29, n_draws) == pytest.approx(1 - missed, rel=1e-12)
    assert best.probability_at_most(30, n_draws) == 1
    assert best.mean_error_pct(n_draws) == pytest.approx(10 + 20 * missed, rel=1e-12)
    assert best.mean_regret_pct(n_draws) == pytest.approx(20 * missed, rel=1e-12)
    assert best.quantile_error_pct(1 - missed * 0.999, n_draws) == (30 if missed > 1e-15 else 10)
    assert best.quantile_error_pct(1 - missed * 1.001, n_draws) == 10


def test_a_rare_optimum_keeps_its_digits() -> None:
    """One minus a power of almost one would lose them."""
    rare = BestOfRandom(np.array([1.0, 2.0]), np.array([1, N_CONFIGURATIONS]))
    assert rare.probability_at_most(1, 1) == pytest.approx(1 / N_CONFIGURATIONS, rel=1e-15)
    assert rare.probability_at_most(1, 2) == pytest.approx((2 - 1 / N_CONFIGURATIONS) / N_CONFIGURATIONS, rel=1e-15)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1))
@settings(deadline=None)
def test_more_draws_are_never_worse_and_quantiles_invert_the_distribution(few: int, more: int, q: float) -> None:
    few, more = sorted((few, more))
    best = best_of_random(MINI)
    assert best.mean_error_pct(more) <= best.mean_error_pct(few) + 1e-12
    error = best.quantile_error_pct(q, few)
    assert best.probability_at_most(error, few) >= q
    assert error == best.error_pct[0] or best.probability_at_most(np.nextafter(error, 0), few) < q


@pytest.mark.parametrize("n_draws", [0, -1, 1.5, True, "2", None])
def test_a_number_of_draws_that_is_none_is_refused(n_draws: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"n_draws .* is not an integer of at least 1"):
        best_of_random(MINI).mean_error_pct(n_draws)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(InvalidValueError, match=r"probability .* is not in 0\.\.1"):
        best_of_random(MINI).quantile_error_pct(probability, 3)
