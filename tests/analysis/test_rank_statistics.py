"""Expected ranks and probabilities to be better, against counting every way to draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.analysis.rank_statistics import expected_ranks, probability_better, resample
from nhb2_plugins.analysis.resampling import resampling_weights


def test_the_probability_of_improvement_counts_ties_half() -> None:
    assert probability_better(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(3.5 / 4)
    assert probability_better(np.array([np.inf]), np.array([np.inf])) == 0.5


def test_expected_ranks_are_those_over_all_ways_to_draw_a_run_of_each() -> None:
    generator = np.random.default_rng(1)
    groups = [generator.integers(0, 6, n).astype(float) for n in (4, 3, 5)]
    brute = np.mean(
        [
            [
                1 + sum((other < own) + 0.5 * (other == own) for j, other in enumerate(drawn) if j != i)
                for i, own in enumerate(drawn)
            ]
            for drawn in ((a, b, c) for a in groups[0] for b in groups[1] for c in groups[2])
        ],
        axis=0,
    )
    assert expected_ranks(groups) == pytest.approx(brute)
    assert expected_ranks(groups).sum() == pytest.approx(6)


@given(
    st.lists(st.one_of(st.integers(0, 4).map(float), st.just(np.inf)), min_size=1, max_size=6),
    st.lists(st.one_of(st.integers(0, 4).map(float), st.just(np.inf)), min_size=1, max_size=6),
)
def test_resampled_improvement_counts_every_pair_of_drawn_runs(first: list[float], second: list[float]) -> None:
    better = resample([np.array(first), np.array(second)]).better
    weights = [resampling_weights(len(second), 1), resampling_weights(len(first), 0)]  # streams as the groups' numbers
    pairs_won = np.array([[(b < a) + 0.5 * (a == b) for a in first] for b in second])
    expected = np.einsum("ri,ij,rj->r", weights[0], pairs_won, weights[1])
    assert better[1, 0] == pytest.approx(expected, abs=1e-11)
    assert (better[0, 1] == 1 - better[1, 0]).all()


def test_an_interval_that_ends_at_one_half_ends_there_exactly() -> None:
    """Ten runs that win and ten that lose: half of the resampled probabilities are one half, to the last bit."""
    a, b = np.array([1.0] * 10 + [3.0] * 10), np.array([2.0] * 20)
    better = resample([b, a]).better[1, 0]
    assert (better[np.abs(better - 0.5) < 1e-9] == 0.5).all()
    assert (np.abs(better - 0.5) < 1e-9).any()
