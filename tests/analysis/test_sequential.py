"""A look after every seed: wrong verdicts stay rare, right ones come early, and bets are fair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nhb2_plugins.analysis.power import is_significant
from nhb2_plugins.analysis.sequential import differences_of, evidence, look
from nhb2_plugins.analysis.stopping import PairState
from tests.analysis.pools import OPTIMIZERS, drawn, pool


def moments(differences: np.ndarray, level: float = 0.05) -> np.ndarray:
    """For each campaign (a row) the seed after which one is called better, or one more than there are."""
    won = np.maximum(evidence(differences), evidence(-differences)) >= np.log(2 / level)
    return np.where(won.any(axis=1), won.argmax(axis=1) + 1, differences.shape[1] + 1)


def test_bets_are_fair() -> None:
    """Over all signs of given sizes, what is won is what was put in, after every bet."""
    sizes = np.array([3.0, 0.5, 2.0, 2.0, 7.0])
    signs = np.array(list(product((-1.0, 1.0), repeat=5)))
    assert np.exp(evidence(signs * sizes)).mean(axis=0) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_optimizer_twice_is_seldom_called_different(optimizer: str) -> None:
    """In at most 5 %, with a look after each of 150 seeds; looks at Wilcoxon's test go wrong four times as often."""
    n_seeds = 150
    a, b = drawn(optimizer, n_seeds, 1500).T, drawn(optimizer, n_seeds, 1500, seed=1).T
    assert (moments(b - a) <= n_seeds).mean() <= 0.05
    looks = [is_significant(b[:300, :n] - a[:300, :n], 0.05) for n in range(10, n_seeds, 5)]
    assert np.any(looks, axis=0).mean() > 0.15


@pytest.mark.parametrize(
    ("first", "second"), [("random_search", "optuna"), ("bohb", "optuna"), ("bohb", "regularized_evolution")]
)
def test_fewer_runs_than_a_fixed_number_of_equal_power(first: str, second: str) -> None:
    most = 150
    differences = (drawn(first, most, 1000) - drawn(second, most, 1000, seed=1)).T
    stopped = moments(differences)
    power, mean = (stopped <= most).mean(), np.minimum(stopped, most).mean()
    assert power > 0.97
    fixed = next(n for n in range(6, most) if is_significant(differences[:, :n], 0.05).mean() >= power)
    assert mean <= 0.7 * fixed


def test_a_difference_that_does_not_matter_is_called_alike_and_the_margin_itself_seldom() -> None:
    same = (drawn("bohb", 200, 20) - drawn("bohb", 200, 20, seed=1)).T
    assert [look("a", "b", each, 1, difference=1.0).verdict for each in same].count("alike") >= 17
    apart = (drawn("bohb", 60, 1500) - drawn("bohb", 60, 1500, seed=1)).T + 1.0
    assert (evidence(1.0 - apart) >= np.log(40)).any(axis=1).mean() <= 0.05  # as bets against a difference of 1 go


def test_what_is_level_is_called_alike_when_either_difference_is_refuted() -> None:
    """Runs that end alike are, for a difference of 1, nine bets of equal size won on either side."""
    for n, found in ((8, ("", None)), (9, ("alike", 9)), (12, ("alike", 9))):
        state = look("a", "b", np.zeros(n), n_pairs=1, difference=1.0)
        assert ((state.verdict, state.decided_at), state.n_seeds) == (found, n)
    assert look("a", "b", np.full(12, 0.99), 1, difference=1.0).verdict == "first"
    assert look("a", "b", np.zeros(12), 1).verdict == ""


def test_a_look_says_who_is_better_since_when() -> None:
    ones = np.ones(12)
    for differences, verdict in ((ones, "first"), (-ones, "second")):
        state = look("a", "b", differences, n_pairs=1)
        assert (state.verdict, state.n_seeds) == (verdict, 12)
        # Of equal sizes each bet stakes the same share: of three rates, the mean of the powers.
        won = [np.mean([(1 + np.tanh(rate * 3**0.5 / 2)) ** n for rate in (0.25, 0.5, 1.0)]) for n in range(13)]
        assert won[8] < 2 / 0.05 <= won[9]
        assert state.decided_at == 9
        assert state.won == pytest.approx(won[12])
        assert look("a", "b", differences[:8], n_pairs=1) == PairState("a", "b", 8, won=pytest.approx(won[8]))
        # Of ten pairs each takes ten times as much.
        assert won[11] < 2 / 0.005
        assert look("a", "b", differences, n_pairs=10).verdict == ""
    assert look("a", "b", np.array([]), 1) == PairState("a", "b", 0, won=1.0)  # the stake


def test_what_is_won_stays_a_number_that_a_file_can_hold() -> None:
    assert look("a", "b", np.ones(2000), 1).won == pytest.approx(np.exp(700.0))


def test_a_later_seed_changes_no_earlier_verdict() -> None:
    differences = (drawn("bohb", 40, 1) - drawn("optuna", 40, 1, seed=3))[:, 0]
    whole = evidence(differences)
    assert evidence(differences[:17]) == pytest.approx(whole[:17])


def test_a_run_without_a_result_loses_by_most() -> None:
    assert differences_of([1.0, np.inf, 2.0, np.inf], [4.0, 1.0, np.inf, np.inf]).tolist() == [3.0, -4.0, 4.0, 0.0]


def test_the_pools_differ_as_the_tests_above_suppose() -> None:
    means = {name: pool(name).mean() for name in OPTIMIZERS}
    assert means["optuna"] < means["regularized_evolution"] < means["random_search"] < means["bohb"]
