"""The stated power is the power: of scipy's test, on campaigns drawn from populations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from nhb2_plugins.analysis.power import Pair, is_significant, quantiles_of
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.trajectory.baseline import RegretLaw
from tests.analysis.pools import drawn, pool, random_search_law


@pytest.mark.parametrize("n_seeds", [5, 6, 7, 20, 50, 51, 80])
def test_significance_is_scipys(n_seeds: int) -> None:
    differences = np.random.default_rng(n_seeds).normal(0.3, 1, (200, n_seeds))
    for level in (0.05, 0.005):
        expected = wilcoxon(differences, axis=1).pvalue <= level
        assert (is_significant(differences, level) == expected).all()


def test_a_p_value_that_is_the_level_is_significant() -> None:
    """Of six pairs that all point one way it is 2 / 64."""
    differences = np.arange(1.0, 7.0)[np.newaxis]
    assert wilcoxon(differences[0]).pvalue == 1 / 32
    assert is_significant(differences, 1 / 32).tolist() == [True]
    assert is_significant(differences, 1 / 33).tolist() == [False]


@pytest.mark.parametrize(
    ("first", "second", "difference", "power"),
    [("random_search", "optuna", 1.0, 0.8), ("random_search", "bohb", 1.0, 0.9), ("bohb", "optuna", 0.75, 0.8)],
)
def test_the_stated_power_is_met_within_three_points(first: str, second: str, difference: float, power: float) -> None:
    n_seeds = Pair(pool(first), pool(second)).seeds_needed(difference, power)
    assert n_seeds is not None
    a, b = drawn(first, n_seeds, 3000, seed=7), drawn(second, n_seeds, 3000, seed=8)
    shifted = b - pool(second).mean() + pool(first).mean() + difference
    found = is_significant((shifted - a).T, 0.05).mean()
    assert power - 0.03 <= found <= power + 0.03


def test_random_search_needs_no_runs() -> None:
    """Of its exact law, and of the pool that was simulated, the same number of seeds."""
    law = quantiles_of(random_search_law())
    assert law.mean() == pytest.approx(pool("random_search").mean(), abs=0.1)
    exact = Pair(law, pool("optuna")).seeds_needed(1.0, 0.8)
    simulated = Pair(pool("random_search"), pool("optuna")).seeds_needed(1.0, 0.8)
    assert exact is not None
    assert simulated is not None
    assert abs(exact - simulated) <= 2


@pytest.mark.parametrize(("n_seeds", "low", "high"), [(20, 1.0, 4.0), (100, 0.1, 1.0)])
def test_the_smallest_difference_is_seen_with_the_power_asked_for(n_seeds: int, low: float, high: float) -> None:
    pair = Pair(pool("random_search"), pool("optuna"), n_pairs=3)
    smallest = pair.smallest_difference(n_seeds, 0.8)
    assert smallest is not None
    assert low < smallest < high
    assert pair.power(smallest, n_seeds) >= 0.8 > pair.power(smallest - 0.01, n_seeds)
    assert pair.smallest_difference(5, 0.8) is None  # five pairs are never significant


def test_more_pairs_need_more_seeds_and_nothing_needs_them_without_end() -> None:
    values = pool("random_search")
    alone, of_ten = (Pair(values, values, n_pairs).seeds_needed(1.0, 0.8) for n_pairs in (1, 10))
    assert alone is not None
    assert of_ten is not None
    assert alone < of_ten
    assert Pair(values, values).seeds_needed(0.001, 0.8) is None


def test_the_plan_is_the_same_whichever_of_a_pair_comes_first() -> None:
    """Of a lopsided pair the ranks see the difference early in the one direction, and late or never in the other."""
    lopsided, even = np.array([0.0] * 9 + [10.0]), np.linspace(-1, 1, 20)
    pair, turned = Pair(lopsided, even), Pair(even, lopsided)
    n_seeds = 40
    generator = np.random.default_rng(5)
    first, second = (generator.choice(each - each.mean(), (3000, n_seeds)) for each in (lopsided, even))
    found = []
    for sign in (1, -1):  # the first has the smaller mean, by one, or the second has
        differences = second - first + sign
        greater = wilcoxon(sign * differences, axis=1, alternative="greater").pvalue <= 0.025
        found.append(greater.mean())
    assert max(found) > 0.95 > 0.5 > min(found)
    for each in (pair, turned):
        assert each.power(1.0, n_seeds) == pytest.approx(min(found), abs=0.03)
    assert pair.seeds_needed(0.01, 0.8) is None  # what is significant then is the other one's being better


def test_quantiles_of_a_law() -> None:
    law = RegretLaw(1, 10.0, (0.0, 2.0), (0.0, 1.0))
    assert quantiles_of(law, 4).tolist() == pytest.approx([0.25, 0.75, 1.25, 1.75])


@pytest.mark.parametrize("values", [np.array([1.0]), np.array([1.0, np.inf])])
def test_one_run_has_no_spread(values: np.ndarray) -> None:
    with pytest.raises(InvalidValueError, match="at least two runs"):
        Pair(values, np.array([1.0, 2.0]))
    assert Pair(np.array([3.0, 4.0]), np.array([1.0, 2.0])).power(9.0, 20) == 1.0
