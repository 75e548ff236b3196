"""The density model against statsmodels and scipy, bit for bit where the module promises it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as statsmodels
from hypothesis import given, settings
from hypothesis import strategies as st

from nhb2_plugins.optimizers.bohb_density import (
    CLIP_FRACTION,
    CandidateSampler,
    Floats,
    best_candidate,
    fit_density,
    set_back,
    truncated_normal,
)

N_CHOICES = (6, 8, 4, 4, 4, 4, 4, 4)


def categorical_data(seed: int, n: int, n_levels: int) -> Floats:
    generator = np.random.default_rng(seed)
    return np.column_stack([generator.integers(0, min(n_levels, c), n) for c in N_CHOICES]).astype(np.float64)


@given(st.integers(0, 10_000), st.integers(9, 120), st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_densities_have_the_bits_of_statsmodels(seed: int, n: int, n_levels: int) -> None:
    data = categorical_data(seed, n, n_levels)  # one level: a constant column, which divides by zero
    vectors = categorical_data(seed + 1, 40, 8)
    with pytest.warns(FutureWarning):
        theirs = statsmodels.nonparametric.KDEMultivariate(data=data, var_type="u" * 8, bw="normal_reference")
    theirs.bw = np.clip(theirs.bw, 1e-3, None)
    with np.errstate(all="ignore"):
        expected = np.array([float(theirs.pdf(vector)) for vector in vectors])
    ours = fit_density(data, N_CHOICES, min_bandwidth=1e-3)
    assert ours.bandwidths.tobytes() == theirs.bw.tobytes()
    np.testing.assert_array_equal(ours.densities(vectors), expected)


def test_numeric_columns_agree_with_statsmodels() -> None:
    n_choices = (0, 0, *N_CHOICES[2:])
    generator = np.random.default_rng(0)
    data, vectors = categorical_data(0, 60, 8), categorical_data(1, 40, 8)
    data[:, :2], vectors[:, :2] = generator.random((60, 2)), generator.random((40, 2))
    with pytest.warns(FutureWarning):
        theirs = statsmodels.nonparametric.KDEMultivariate(data=data, var_type="cc" + "u" * 6, bw="normal_reference")
    expected = np.array([float(theirs.pdf(vector)) for vector in vectors])
    ours = fit_density(data, n_choices, min_bandwidth=1e-3)
    np.testing.assert_allclose(ours.densities(vectors), expected, rtol=1e-12)


def test_the_quirks_exist() -> None:
    """Negative, infinite and NaN densities are real on this space: what the next tests compare is not empty."""
    spread = fit_density(categorical_data(0, 9, 8), N_CHOICES, min_bandwidth=1e-3)
    assert spread.bandwidths.max() > 1
    assert (spread.densities(categorical_data(1, 200, 8)) < 0).any()
    constant = fit_density(categorical_data(0, 9, 1), N_CHOICES, min_bandwidth=1e-3)
    assert not np.isfinite(constant.densities(categorical_data(1, 50, 8))).all()


def test_clipped_bandwidths_give_a_density() -> None:
    for n_levels in (1, 2, 8):
        density = fit_density(categorical_data(0, 30, n_levels), N_CHOICES, min_bandwidth=1e-3, bandwidth="clipped")
        assert all(h <= CLIP_FRACTION * (c - 1) / c for h, c in zip(density.bandwidths, N_CHOICES, strict=True))
        every_vector = np.stack(np.meshgrid(*map(np.arange, N_CHOICES)), axis=-1).reshape(-1, 8).astype(np.float64)
        total = sum(density.densities(part).sum() for part in np.array_split(every_vector, 64))
        assert total == pytest.approx(1)  # over all 196,608 configurations
        assert density.densities(every_vector[:1000]).min() >= 0


def drawn_one_by_one(data: Floats, widths: Floats, n: int, generator: np.random.RandomState) -> tuple[Floats, list]:
    """hpbandster's drawing, in its own calls; also the generator's state after each candidate."""
    vectors, states = [], []
    for _ in range(n):
        row = generator.randint(0, len(data))
        vector = []
        for value, width, n_choices in zip(data[row], widths, N_CHOICES, strict=True):
            vector.append(int(value) if generator.rand() < (1 - width) else generator.randint(n_choices))
        vectors.append(vector)
        states.append(generator.get_state())
    return np.array(vectors, dtype=np.float64), states


@given(st.integers(0, 2**32 - 1), st.integers(9, 70), st.sampled_from([1e-3, 0.3, 3.0]), st.integers(1, 64))
@settings(max_examples=40, deadline=None)
def test_bulk_draws_are_the_draws_one_by_one(seed: int, n: int, min_bandwidth: float, n_candidates: int) -> None:
    density = fit_density(categorical_data(seed % 1000, n, 8), N_CHOICES, min_bandwidth=min_bandwidth)
    expected, states = drawn_one_by_one(density.data, density.bandwidths, n_candidates, np.random.RandomState(seed))
    generator = np.random.RandomState(seed)
    sampler = CandidateSampler(density, bandwidth_factor=3, min_bandwidth=min_bandwidth)
    draws, before = sampler.draw(n_candidates, generator)
    np.testing.assert_array_equal(draws.vectors, expected)
    for n_words, state in zip(draws.n_words, states, strict=True):
        set_back(generator, before, n_words)
        np.testing.assert_array_equal(generator.get_state()[1], state[1])
        assert generator.get_state()[2] == state[2]


def test_many_rejections_take_more_words() -> None:
    """65 rows need 7 bits, so almost half of the words for the row are rejected; one candidate gets a small budget."""
    data = np.zeros((65, 1))
    density = fit_density(data, (0,), min_bandwidth=0.1)
    sampler = CandidateSampler(density, bandwidth_factor=1, min_bandwidth=0.1)
    n_words = []
    for seed in range(500):
        draws, _ = sampler.draw(1, np.random.RandomState(seed))
        n_words.append(draws.n_words[0])
    assert max(n_words) > 6  # beyond the first bulk draw of 1 · (2 + 4) words


@given(
    st.integers(0, 2**53 - 1).map(lambda n: n / 2**53),  # what NumPy's generators draw
    st.sampled_from([0.0, 0.2, 0.5, 1 / 7, 0.99, 1.0]),
    st.floats(3e-3, 10),
)
def test_truncated_normal_is_scipys(uniform: float, mean: float, width: float) -> None:
    expected = mean + width * scipy.stats.truncnorm.ppf(uniform, -mean / width, (1 - mean) / width)
    assert truncated_normal(uniform, mean, width) == pytest.approx(expected, abs=1e-7)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ([1.0, 2.0, 4.0], [1.0, 1.0, 1.0], (2, 3)),
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], (0, 3)),  # the first of equals
        ([-1.0, -2.0], [1.0, -5.0], (1, 2)),  # negative densities count as the smallest, both of them
        ([NAN, 1.0], [1.0, 1.0], (1, 2)),
        ([NAN, NAN], [1.0, 1.0], (None, 2)),
        ([1.0, 2.0, 3.0], [1.0, INF, 1.0], (1, 2)),  # the search ends at the first that the bad density cannot rate
        ([1.0, 1.0], [NAN, 1.0], (0, 2)),  # a NaN bad density counts as the smallest
        ([INF, 1.0], [1.0, 1e-30], (0, 2)),
        ([INF, INF], [INF, INF], (None, 2)),
    ],
)
def test_best_candidate(good: list[float], bad: list[float], expected: tuple[int | None, int]) -> None:
    assert best_candidate(np.array(good), np.array(bad)) == expected
