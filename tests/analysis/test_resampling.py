"""Bootstrap intervals, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from nhb2_plugins.analysis.resampling import mean_interval, median_interval


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
