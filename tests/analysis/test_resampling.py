"""Intervals hold what they promise: their coverage is measured by drawing campaigns from populations of runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from nhb2_plugins.analysis.rank_statistics import probability_better, resample
from nhb2_plugins.analysis.resampling import interval_of, mean_interval, median_interval, resampling_weights
from tests.analysis.pools import OPTIMIZERS, TABLES, drawn, pool

N_CAMPAIGNS = 4000


def covered(interval: tuple[object, object], value: float) -> float:
    low, high = map(np.asarray, interval)
    return float(((low <= value) & (value <= high)).mean())


@pytest.mark.parametrize("n_runs", [10, 20, 30, 40, 50])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("table", TABLES)
def test_intervals_of_mean_and_median_cover_what_they_say(table: str, optimizer: str, n_runs: int) -> None:
    runs, population = drawn(optimizer, n_runs, N_CAMPAIGNS, table=table), pool(optimizer, table)
    assert 0.93 <= covered(mean_interval(runs), population.mean()) <= 0.97
    assert 0.93 <= covered(median_interval(runs), float(np.median(population))) <= 0.97


def test_percentiles_would_not_have() -> None:
    """So the test above can fail: of the mean of ten runs the percentile bootstrap covers 83 % of TPE's."""
    runs = drawn("optuna", 10, N_CAMPAIGNS)
    percentiles = np.quantile(np.tensordot(resampling_weights(10), runs, axes=1), (0.025, 0.975), axis=0)
    assert covered((percentiles[0], percentiles[1]), pool("optuna").mean()) < 0.86


@pytest.mark.parametrize("n_runs", [10, 20])
@pytest.mark.parametrize(("first", "second"), [("random_search", "bohb"), ("regularized_evolution", "bohb")])
def test_the_interval_of_a_probability_to_be_better_covers_what_it_says(first: str, second: str, n_runs: int) -> None:
    true = probability_better(pool(first), pool(second))
    campaigns = zip(drawn(first, n_runs, 800).T, drawn(second, n_runs, 800, seed=1).T, strict=True)
    intervals = np.array([interval_of(resample([a, b]).better[0, 1], n_runs) for a, b in campaigns])
    assert 0.93 <= covered((intervals[:, 0], intervals[:, 1]), true) <= 0.97


def test_many_runs_are_given_scipys_bootstrap_t() -> None:
    """Of the logarithm of the mean; scipy has no bootstrap-t, but BCa comes to the same with many runs."""
    values = np.random.default_rng(3).gamma(2.0, 2.0, 400)
    low, high = map(float, mean_interval(values))
    scipys = bootstrap((values,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(0))
    width = scipys.confidence_interval.high - scipys.confidence_interval.low
    assert (low, high) == pytest.approx(tuple(scipys.confidence_interval), abs=0.08 * width)


@pytest.mark.parametrize("n_runs", [1, 4])
def test_fewer_than_five_runs_get_no_interval(n_runs: int) -> None:
    values = np.arange(1.0, n_runs + 1)[:, np.newaxis]
    resampled = resample([values[:, 0], values[:, 0] + 1]).better[0, 1]
    for low, high in (mean_interval(values), median_interval(values), interval_of(resampled, n_runs)):
        assert np.isnan(low).all()
        assert np.isnan(high).all()
    assert np.isfinite(mean_interval(np.arange(1.0, 6.0))).all()


def test_an_interval_holds_the_mean_and_nothing_below_zero() -> None:
    one_bad = np.array([0.0] * 9 + [5.0])
    low, high = map(float, mean_interval(one_bad))
    assert 0 <= low < 0.5 < high < np.inf
    assert tuple(map(float, mean_interval(np.full(9, 3.0)))) == (3.0, 3.0)
    assert tuple(map(float, mean_interval(np.zeros(60)))) == (0.0, 0.0)
    low, high = map(
        float, mean_interval(np.array([0.0] * 119 + [12.0]))
    )  # more than a third of the resamples are zeros
    assert 0 <= low < 0.1 < high < np.inf
    # Those say that the mean may be anywhere above: that end is Student's.
    assert high == pytest.approx(0.1 + 1.980 * np.sqrt((1.2 - 0.01) / 119), abs=1e-4)


def test_where_most_runs_are_next_to_the_optimum_the_upper_arm_is_three_of_students() -> None:
    """Their logarithms have no end: of these the mean would reach from 0.09 to 0.93, beyond every run."""
    found = np.array([0.0] * 3 + [0.008] * 7 + [0.24] * 7 + [0.4, 0.45, 0.6])
    low, high = map(float, mean_interval(found))
    arm = 2.0930 * found.std(ddof=1) / np.sqrt(20)
    assert high == pytest.approx(found.mean() + 3 * arm, abs=1e-4)
    assert found.mean() - arm < low < found.mean() - arm / 2


def test_no_interval_goes_beyond_the_largest_value_that_there_is() -> None:
    found = np.array([100.0, 20.5, 24.7, 97.0, 40.8])  # regrets in hypervolume of three objectives
    (low, high), free = mean_interval(found, 100), mean_interval(found)
    assert (float(low), float(high)) == (float(free[0]), 100)
    assert free[1] > 100
    assert tuple(map(float, mean_interval(np.full(9, 100.0), 100))) == (100, 100)


def test_intervals_are_the_same_every_time_and_for_a_column_alone() -> None:
    for n_runs in (20, 120):
        values = np.random.default_rng(0).gamma(2.0, 2.0, size=(n_runs, 3))
        low, high = mean_interval(values)
        assert (mean_interval(values)[0] == low).all()
        assert [mean_interval(values[:, 1])[i] for i in (0, 1)] == pytest.approx([low[1], high[1]])


def test_the_interval_of_a_median_lies_between_neighbouring_runs() -> None:
    """Of ten runs the second and the ninth cover 97.9 %, the third and the eighth 89.1 %."""
    assert tuple(map(float, median_interval(np.arange(1.0, 6.0)))) == (1.0, 5.0)
    low, high = map(float, median_interval(np.arange(1.0, 11.0)))
    assert (low, high) == pytest.approx((2.658, 8.342), abs=0.001)
    none = np.array([1.0, 2.0, 3.0, 4.0, *[np.inf] * 7])
    assert float(median_interval(none)[1]) == np.inf
    assert np.isfinite(median_interval(none)[0])


def test_runs_are_drawn_as_often_as_there_are_and_otherwise_in_another_stream() -> None:
    weights = resampling_weights(4)
    assert weights.shape == (2000, 4)
    assert weights.sum(axis=1) == pytest.approx(np.ones(2000))
    assert set((weights * 4).ravel().tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    assert weights.mean(axis=0) == pytest.approx(np.full(4, 0.25), abs=0.02)
    assert not (resampling_weights(4, 1) == weights).all()
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1.0


def test_few_runs_leave_less_than_two_and_a_half_percent_out_on_either_side() -> None:
    assert interval_of(np.arange(1001.0), 10_000) == pytest.approx((25.0, 975.0), abs=0.1)
    low, high = interval_of(np.arange(1001.0), 10)
    assert (low, high) == pytest.approx((13.4, 986.6), abs=0.1)
