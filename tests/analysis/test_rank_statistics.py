"""Expected ranks and probabilities to be better, against counting every way to draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from nhb2_plugins.analysis.rank_statistics import (
    expected_ranks,
    holm,
    irwin_hall,
    p_against_law,
    places_in_law,
    probability_better,
    resample,
)
from nhb2_plugins.analysis.resampling import resampling_weights
from nhb2_plugins.trajectory.baseline import RegretLaw
from tests.analysis.pools import drawn, random_search_law


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


# -- runs against a law


@pytest.mark.parametrize("n_runs", [10, 15, 20, 30, 50])
def test_random_search_is_seldom_called_ahead_of_itself_or_behind(n_runs: int) -> None:
    """In at most 5 %, half of them ahead: of runs drawn from the law, and of runs that were simulated."""
    law = random_search_law()
    uniform = np.random.default_rng(n_runs).random((8000, n_runs))
    places = places_in_law(np.interp(uniform, law.at_most, law.regret_pp), law)
    assert ((p_against_law(places) < 0.05) & (places.mean(axis=1) < 0.5)).mean() <= 0.025
    simulated = places_in_law(drawn("random_search", n_runs, 8000).T, law)
    assert (p_against_law(simulated) < 0.05).mean() <= 0.05


def test_what_is_as_often_better_as_worse_is_not_called_ahead() -> None:
    """Either very good or very bad, with probability one half: the sum alone would be called significant in 16 %."""
    generator = np.random.default_rng(1)
    good = generator.random((4000, 20)) < 0.5
    places = np.where(good, generator.beta(1, 8, good.shape), 1 - generator.beta(1, 8, good.shape))
    assert (p_against_law(places) < 0.05).mean() <= 0.055


def test_the_better_optimizer_is_called_ahead() -> None:
    places = places_in_law(drawn("optuna", 20, 500).T, random_search_law())
    called = (p_against_law(places) < 0.05) & (places.mean(axis=1) < 0.5)
    assert called.mean() > 0.95  # its runs are better with probability 0.79


def test_ten_runs_in_one_place_of_a_law() -> None:
    """The sum of ten uniform numbers is at most 1 with probability 1 / 10!."""
    assert p_against_law(np.full(10, 0.1)) == pytest.approx(2 / 3_628_800)
    assert p_against_law(np.full(10, 0.5)) == 1.0
    assert p_against_law(np.array([0.2, 0.8] * 5)) == 1.0


def test_places_that_are_far_apart_are_asked_by_students_t() -> None:
    places = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    assert p_against_law(places) == pytest.approx(ttest_1samp(places, 0.5).pvalue)


def test_the_sum_of_many_uniform_numbers_is_normal() -> None:
    # Of 1200 of them the deviation is 10.
    assert irwin_hall(np.array([580.0, 600.0, 610.0]), 1200) == pytest.approx([0.02275, 0.5, 0.84134], abs=1e-5)
    assert irwin_hall(np.array([0.5, 1.0, 1.5]), 2) == pytest.approx([0.125, 0.5, 0.875])


def test_places_are_linear_between_a_law_s_points_and_a_run_without_result_is_worst() -> None:
    law = RegretLaw(1, 100.0, (1.0, 2.0, 4.0), (0.1, 0.5, 0.9))
    values = np.array([0.5, 1.0, 1.5, 3.0, 9.0, np.inf])
    assert places_in_law(values, law) == pytest.approx([0.0, 0.1, 0.3, 0.7, 0.9, 0.95])


def test_holms_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_wrong_calls_of_several_optimizers_together_stay_below_the_level() -> None:
    """Five optimizers that are all random search: any one is called ahead or behind in at most 5 % of campaigns."""
    law = random_search_law()
    places = places_in_law(drawn("random_search", 5 * 20, 2000).T.reshape(2000, 5, 20), law)
    p_values = p_against_law(places)
    assert min(holm(p_values[0].tolist())) == pytest.approx(min(5 * p_values[0].min(), 1))
    assert (5 * p_values.min(axis=1) < 0.05).mean() <= 0.05
