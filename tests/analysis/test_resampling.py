"""Bootstrap intervals, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from nhb2_plugins.analysis.resampling import interval_of, mean_interval, median_interval, resampling_weights


@pytest.mark.parametrize("n", [7, 20, 51])
def test_intervals_agree_with_scipys_bootstrap(n: int) -> None:
    values = np.random.default_rng(n).gamma(2.0, 2.0, n)
    for interval, statistic in ((mean_interval, np.mean), (median_interval, np.median)):
        scipys = bootstrap(
            (values,), statistic, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        low, high = map(float, interval(values))
        tolerance = 0.05 * (scipys.high - scipys.low) if statistic is np.mean else 0.35 * values.std()
        assert low == pytest.approx(scipys.low, abs=tolerance)
        assert high == pytest.approx(scipys.high, abs=tolerance)


def test_intervals_are_the_same_every_time() -> None:
    values = np.random.default_rng(0).normal(size=(20, 3))
    assert (mean_interval(values)[0] == mean_interval(values)[0]).all()


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # Of n runs, the j-th is at most the k-th of a resample with the probability that k of n draws fall on the first j.
    [(1, 1, 1), (2, 1, 2), (5, 1, 5), (9, 2, 8), (10, 2, 9)],
)
def test_the_interval_of_a_median_is_between_two_of_the_runs(n: int, low: int, high: int) -> None:
    assert tuple(map(float, median_interval(np.arange(1.0, n + 1)))) == (low, high)


def test_runs_are_drawn_as_often_as_there_are_and_otherwise_in_another_stream() -> None:
    weights = resampling_weights(4)
    assert weights.shape == (2000, 4)
    assert weights.sum(axis=1) == pytest.approx(np.ones(2000))
    assert set((weights * 4).ravel().tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    assert weights.mean(axis=0) == pytest.approx(np.full(4, 0.25), abs=0.02)
    assert not (resampling_weights(4, 1) == weights).all()
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1.0


def test_an_interval_leaves_two_and_a_half_percent_out_on_either_side() -> None:
    low, high = interval_of(np.arange(1001.0))
    assert (low, high) == pytest.approx((25.0, 975.0))
