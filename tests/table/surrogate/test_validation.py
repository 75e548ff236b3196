"""Scores, and a test of draws that fails for too narrow and for too wide ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from nhb2_plugins.table.surrogate.model import Prediction, Structure
from nhb2_plugins.table.surrogate.noise import Noise, NoiseRegions, NoiseShape, find_noise_shape
from nhb2_plugins.table.surrogate.validation import ranks_among_draws, score, score_by_region, uniformity

NORMAL = NoiseShape((Noise(degrees_below=1e6, degrees_above=1e6),))


def made_prediction(n: int) -> Prediction:
    zeros = np.zeros(n)
    return Prediction(
        np.log(np.geomspace(15.0, 60.0, n)), zeros, zeros + 0.1, zeros > 1, Structure((), (), 4.0), NORMAL
    )


def test_scores_of_values_as_the_prediction_has_them() -> None:
    prediction = made_prediction(4000)
    truth = prediction.value * np.exp(0.1 * np.random.default_rng(0).normal(size=4000))
    scores = score(truth, prediction)
    assert scores.n == 4000
    assert scores.coverage_50 == pytest.approx(0.5, abs=0.03)
    assert scores.coverage_90 == pytest.approx(0.9, abs=0.02)
    assert scores.relative_error == pytest.approx(0.0674, rel=0.1)
    exact = score(prediction.value, prediction)
    assert (exact.tau, exact.absolute_error) == (1.0, 0.0)


def test_regions_are_those_of_the_predicted_value() -> None:
    prediction = made_prediction(101)
    regions = score_by_region(prediction.value, prediction, (18.0, 25.0, 50.0))
    assert [one.n for one in regions] == [
        int(((prediction.value >= low) & (prediction.value < high)).sum())
        for low, high in ((0.0, 18.0), (18.0, 25.0), (25.0, 50.0), (50.0, 90.0))
    ]


@pytest.mark.parametrize(("width", "uniform"), [(0.6, False), (1.0, True), (1.6, False)])
def test_ranks_are_uniform_when_draws_are_as_wide_as_the_truth(width: float, uniform: bool) -> None:
    truth = np.random.default_rng(1).normal(size=1200)
    ranks = ranks_among_draws(truth, lambda generator: width * generator.normal(size=1200), 41)
    assert ranks.min() >= 0
    assert ranks.max() <= 41
    assert (uniformity(ranks, 41) > 0.01) == uniform


def test_the_test_of_ranks_is_the_chi_squared_one() -> None:
    ranks = np.random.default_rng(3).integers(0, 42, size=700)
    counts = np.bincount(ranks // 6, minlength=7)
    assert uniformity(ranks, 41) == pytest.approx(chisquare(counts).pvalue)
    assert uniformity(ranks, 41, groups=np.arange(700)) == pytest.approx(chisquare(counts).pvalue)


def test_ranks_that_go_together_are_not_taken_for_independent() -> None:
    """Of true nulls, one in twenty is rejected at 5 %, whether ranks are alike in groups of four or not."""
    groups = np.repeat(np.arange(150), 4)
    rejected = {"alone": 0, "by group": 0}
    for seed in range(200):
        generator = np.random.default_rng(seed)
        own, shared = generator.integers(0, 42, size=600), np.repeat(generator.integers(0, 42, size=150), 4)
        ranks = np.where(generator.uniform(size=600) < 0.6, shared, own)
        rejected["alone"] += uniformity(ranks, 41) < 0.05
        rejected["by group"] += uniformity(ranks, 41, groups=groups) < 0.05
    assert rejected["alone"] > 40
    assert 3 <= rejected["by group"] <= 20


@pytest.mark.parametrize("width", [0.6, 1.6])
def test_draws_of_another_width_are_found_out_also_where_records_go_together(width: float) -> None:
    generator = np.random.default_rng(4)
    truth = np.repeat(generator.normal(size=400), 4) * 0.6 + 0.8 * generator.normal(size=1600)
    ranks = ranks_among_draws(truth, lambda generator: width * generator.normal(size=1600), 41)
    assert uniformity(ranks, 41, groups=np.repeat(np.arange(400), 4)) < 0.01


def test_regions_of_noise_go_by_value_and_within_that_by_deviation() -> None:
    regions = NoiseRegions(values=(98.0,), deviations=(0.02, 0.045))
    value = np.array([97.9, 97.9, 97.9, 98.0, 98.0, 98.0])
    deviation = np.array([0.019, 0.02, 0.045, 0.0, 0.044, 1.0])
    assert regions.of(value, deviation).tolist() == list(range(len(regions))) == [0, 1, 2, 3, 4, 5]
    assert NoiseRegions().of(value, deviation).tolist() == [0] * 6
    assert NoiseRegions(values=(18.0, 25.0)).of(np.array([17.0, 18.0, 30.0]), deviation[:3]).tolist() == [0, 1, 2]


def test_noise_is_each_regions_own() -> None:
    shape = NoiseShape((Noise(certainty=0.5), Noise(certainty=2.0, factor_below=3.0, factor_above=3.0)))
    region = np.array([1, 0, 1, 0])
    assert shape.certainty(region).tolist() == [2.0, 0.5, 2.0, 0.5]
    wide, narrow = (shape.limit(0.9, np.array([number]), np.array([1e-9]), np.ones(1))[0] for number in (1, 0))
    assert wide == pytest.approx(3.0 * narrow)
    assert shape.limit(0.9, region, np.full(4, 1e-9), np.ones(4)) == pytest.approx([wide, narrow, wide, narrow])
    samples = shape.sample(np.repeat([0, 1], 20_000), np.random.default_rng(0))
    assert np.quantile(samples[20_000:], 0.75) == pytest.approx(3.0 * np.quantile(samples[:20_000], 0.75), rel=0.05)


def test_the_shape_of_noise_is_found_by_side_and_region() -> None:
    generator = np.random.default_rng(2)
    n = 6000
    region = np.repeat([0, 1], n // 2)
    noise = np.where(region == 1, 0.5 * generator.standard_t(3, size=n), generator.normal(size=n))
    off = np.where(noise > 0.0, 2.0 * noise, noise)
    shape = find_noise_shape(2, region, off, np.zeros(n), np.ones(n), degrees=4.0)
    factors = [(noise.factor_below, noise.factor_above) for noise in shape.regions]
    assert factors == [pytest.approx((1.0, 2.0), rel=0.15), pytest.approx((0.5, 1.0), rel=0.15)]
    assert shape.regions[0].degrees_below >= 7.0
    assert 2.0 <= shape.regions[1].degrees_below <= 5.0


def test_a_function_that_is_surer_than_stated_is_told_from_quiet_noise() -> None:
    generator = np.random.default_rng(3)
    n = 6000
    deviation, noise = np.geomspace(0.1, 3.0, n), np.ones(n)
    off = 0.6 * deviation * generator.normal(size=n) + generator.standard_t(4, size=n)
    here = np.zeros(n, dtype=np.int64)
    shape = find_noise_shape(1, here, off, deviation, noise, degrees=4.0)
    assert shape.regions[0].certainty == pytest.approx(0.6, abs=0.11)
    assert shape.regions[0].factor_below == pytest.approx(1.0, rel=0.12)
    for coverage in (0.5, 0.9):
        low, high = (shape.limit(0.5 + sign * coverage / 2.0, here, deviation, noise) for sign in (-1, 1))
        assert ((low <= off) & (off <= high)).mean() == pytest.approx(coverage, abs=0.02)


def test_noise_ends_where_records_do() -> None:
    generator = np.random.default_rng(4)
    off = generator.standard_t(1.5, size=4000)
    here = np.zeros(4000, dtype=np.int64)
    noise = find_noise_shape(1, here, off, np.full(4000, 1e-3), np.ones(4000), degrees=4.0).regions[0]
    low, high = noise.quantiles(np.array([1e-6, 1.0 - 1e-6]))
    assert (low, high) == pytest.approx(tuple(np.quantile(off, (0.005, 0.998))))


def test_few_records_leave_the_noise_as_it_is_stated() -> None:
    few = np.linspace(-1.0, 1.0, 50)
    shape = find_noise_shape(2, np.ones(50, dtype=np.int64), few, np.zeros(50), np.ones(50), degrees=4.0)
    assert set(shape.regions) == {Noise()}
