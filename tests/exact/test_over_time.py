"""Random search over simulated time, against closed forms and against runs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import (
    RandomSearchOverTime,
    best_of_random,
    random_search_over_time,
)
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import N_CONFIGURATIONS
from tests.core_fixtures import N_ROWS
from tests.exact.benches import MINI, bench_of


def test_equal_costs_make_time_a_number_of_draws() -> None:
    """The n-th draw ends at n · 7 s: counted at that instant, and not a second before."""
    errors = np.linspace(20, 40, N_ROWS)
    bench = bench_of(errors, 7.0)
    over_draws = best_of_random(bench)
    over_time = random_search_over_time(bench, np.arange(0, 200))
    assert np.isnan(over_time.mean_error_pct[:7]).all()
    assert over_time.probability_of_result == pytest.approx(np.where(np.arange(200) < 7, 0.0, 1.0), abs=1e-12)
    for time in range(7, 200):
        assert over_time.mean_error_pct[time] == pytest.approx(over_draws.mean_error_pct(time // 7), rel=1e-9)
        for error in errors[[0, 1, 50, 95]]:
            at_most = over_time.probability_at_most(error)[time]
            assert at_most == pytest.approx(over_draws.probability_at_most(error, time // 7), abs=1e-9)
    assert over_time.quantile_error_pct(0.5)[3] == math.inf
    assert over_time.quantile_error_pct(0.5)[7] == over_draws.quantile_error_pct(0.5, 1)
    assert over_time.mean_regret_pct[150] == pytest.approx(over_draws.mean_regret_pct(21), abs=1e-9)
    assert (over_time.probability_at_most(19.9) == 0).all()


def test_good_and_slow_against_bad_and_quick_gives_the_closed_form() -> None:
    """A good draw (a quarter) takes 30 s, a bad one 10 s: k bad ones before it, and it is known at 10 k + 30 s."""
    good = np.arange(N_ROWS) < 48
    bench = bench_of(np.where(good, 10.0, 30.0), np.where(good, 30.0, 10.0))
    times = np.arange(0, 300)
    found = random_search_over_time(bench, times)
    n_chances = np.maximum((times - 30) // 10 + 1, 0)
    assert found.probability_at_most(10) == pytest.approx(1 - 0.75**n_chances, abs=1e-9)
    # A result is there once a bad one ended first, or the first, good one.
    assert found.probability_of_result == pytest.approx(0.75 * (times >= 10) + 0.25 * (times >= 30), abs=1e-9)
    # At 25 s it is bad, or none is there; the mean is of those runs that know one.
    assert found.mean_error_pct[25] == pytest.approx(30, abs=1e-9)
    assert found.mean_error_pct[40] == pytest.approx(10 + 20 * 0.75**2, abs=1e-9)


def test_a_finer_grid_resolves_costs_below_a_second() -> None:
    bench = bench_of(np.linspace(20, 40, N_ROWS), 0.3)
    found = random_search_over_time(bench, [0.2, 0.3, 0.5, 0.6, 0.9, 30.0], step_s=0.1)
    draws = [best_of_random(bench).mean_error_pct(n) for n in (1, 1, 2, 3, 100)]
    assert math.isnan(found.mean_error_pct[0])
    assert found.mean_error_pct[1:] == pytest.approx(draws, rel=1e-9)


def test_rounding_up_and_down_bound_what_a_fine_grid_gives() -> None:
    costs = np.random.default_rng(3).uniform(5, 40, N_ROWS)
    bench = bench_of(np.linspace(20, 40, N_ROWS), costs)
    times = np.arange(0, 400, 10)
    fine = random_search_over_time(bench, times, step_s=0.01).probability
    down, mean, up = (
        random_search_over_time(bench, times, rounding=each).probability for each in ("down", "mean", "up")
    )
    assert (up - 1e-9 <= fine).all()
    assert (fine <= down + 1e-9).all()
    assert (up - 1e-9 <= mean).all()
    assert (mean <= down + 1e-9).all()
    assert np.abs(mean - fine).max() < (down - up).max()


def test_before_the_cheapest_evaluation_there_is_exactly_no_result() -> None:
    """Not even one of the size of a rounding error, which the mean would be taken of."""
    costs = np.random.default_rng(3).uniform(5, 40, N_ROWS)
    found = random_search_over_time(bench_of(np.linspace(20, 40, N_ROWS), costs), np.arange(1, 200), rounding="up")
    n_before = int(np.ceil(costs.min())) - 1
    assert (found.probability_of_result[:n_before] == 0).all()
    assert np.isnan(found.mean_error_pct[:n_before]).all()
    assert found.probability_of_result[n_before] > 0
    assert found.probability_of_result[-1] == pytest.approx(1, abs=1e-12)


def test_few_thresholds_are_interpolated_and_many_are_all_solved() -> None:
    rng = np.random.default_rng(5)
    bench = bench_of(rng.permutation(np.linspace(20, 40, N_ROWS)), rng.uniform(5, 40, N_ROWS))
    times = np.arange(40, 400, 10)
    few, many = (random_search_over_time(bench, times, n_levels=n) for n in (24, 1000))
    assert 2 < len(few.solved) <= 24
    assert many.solved.tolist() == list(range(N_ROWS))
    for position, level in enumerate(few.solved):
        assert few.probability[position] == pytest.approx(many.probability[level], abs=1e-12)
    assert few.mean_error_pct == pytest.approx(many.mean_error_pct, abs=0.1)


def test_two_thresholds_are_enough_for_an_answer_and_one_is_refused() -> None:
    assert np.isfinite(random_search_over_time(MINI, [10_000], n_levels=2).mean_error_pct).all()
    with pytest.raises(InvalidValueError, match="n_levels 1 is not at least 2"):
        random_search_over_time(MINI, [10_000], n_levels=1)


def test_a_single_error_in_the_whole_space_is_reached_by_the_first_result() -> None:
    found = random_search_over_time(bench_of(50.0, 10.0), [5, 15])
    assert np.isnan(found.mean_error_pct[0])
    assert found.mean_error_pct[1] == 50


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        ([-1.0], {}, "times_s .* are not finite seconds >= 0"),
        ([math.nan], {}, "times_s .* are not finite seconds >= 0"),
        ([math.inf], {}, "times_s .* are not finite seconds >= 0"),
        ([], {}, "times_s .* at least one"),
        ([[1.0, 2.0]], {}, "times_s"),
        *((times, {}, "times_s .* are not finite seconds") for times in ("", "abc", {}, None, 10**400, [10, None])),
        ([1e9], {}, "too many steps"),
        *(([10], {"step_s": step}, r"step_s .* is not in \(0, 1\]") for step in (None, True, "1", np.array([0.5, 1]))),
        *(([10], {"n_levels": n}, "n_levels .* is not an integer") for n in (None, 2.5, "3", True, np.array([5, 6]))),
        ([10], {"step_s": 0}, r"step_s 0 is not in \(0, 1\]"),
        ([10], {"step_s": 1.5}, r"step_s 1.5 is not in \(0, 1\]"),
        ([10], {"rounding": "upp"}, r"rounding 'upp' is not one of .* \(did you mean 'up'\?\)"),
        ([10], {"split": "x"}, "split 'x'"),
        ([10], {"seed": 1}, "seed 1"),
    ],
)
def test_wrong_arguments_are_refused(times: Any, options: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        random_search_over_time(MINI, times, **options)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(InvalidValueError, match=r"probability .* is not in 0\.\.1"):
        random_search_over_time(MINI, [1000]).quantile_error_pct(probability)


# -- against runs


def simulated_best(bench: Benchmark, times: NDArray[np.float64], run_seed: int) -> NDArray[np.float64]:
    """The best error that a simulated run of random search knows at each time; infinite before the first."""
    logger = simulate(RandomSearch(run_seed), bench, budget_s=float(times[-1]))
    changes = [(change.time_s, change.record.error_pct) for change in logger.incumbents()]
    ends, errors = np.array(changes).T
    known = np.searchsorted(ends, times, side="right")
    return np.where(known > 0, errors[known - 1], np.inf)


def replayed_best(bench: Benchmark, times: NDArray[np.float64], run_seeds: range) -> Iterator[NDArray[np.float64]]:
    """What :func:`simulated_best` gives, by the definition: random search's own draws, one after the other."""
    accuracy, cost = bench.evaluate_many(np.arange(N_CONFIGURATIONS))
    errors, costs, marks = (100 - accuracy).tolist(), cost.tolist(), times.tolist()
    for run_seed in run_seeds:
        search, end_s, best, known = RandomSearch(run_seed), 0.0, math.inf, []
        while len(known) < len(times):
            drawn = search.ask().configuration.index
            end_s += costs[drawn]
            known += [best] * (bisect_left(marks, end_s) - len(known))
            best = min(best, errors[drawn])
        yield np.array(known)


def vectorised_best(bench: Benchmark, times: NDArray[np.float64], n_runs: int) -> Iterator[NDArray[np.float64]]:
    """The same process, drawn a few hundred evaluations at a time, as in no other code here."""
    rng = np.random.default_rng(11)
    accuracy, cost = bench.evaluate_many(np.arange(N_CONFIGURATIONS))
    n_draws = int(times[-1] / cost.mean() * 3) + 30
    for _ in range(n_runs):
        drawn = rng.integers(N_CONFIGURATIONS, size=n_draws)
        ends = np.cumsum(cost[drawn])
        assert ends[-1] > times[-1]
        best = np.minimum.accumulate(100 - accuracy[drawn])
        known = np.searchsorted(ends, times, side="right")
        yield np.where(known > 0, best[known - 1], np.inf)


def compare_with_runs(exact: RandomSearchOverTime, runs: NDArray[np.float64]) -> None:
    """Distribution and mean agree within five standard errors (and what the time grid may err)."""
    n = len(runs)
    for error in np.quantile(exact.error_pct, [0.0005, 0.003, 0.02, 0.1, 0.3, 0.6, 1.0]):
        expected, found = exact.probability_at_most(error), (runs <= error).mean(axis=0)
        tolerance = 5 * np.sqrt(expected * (1 - expected) / n) + 2 / n + 1e-3
        assert (np.abs(found - expected) < tolerance).all(), error
    everyone_knows = exact.probability_of_result > 1 - 1e-9
    assert everyone_knows.sum() > 5
    known = runs[:, everyone_knows]
    deviation = np.abs(known.mean(axis=0) - exact.mean_error_pct[everyone_knows])
    assert (deviation < 5 * known.std(axis=0) / np.sqrt(n) + 1e-3).all()
    medians = exact.quantile_error_pct(0.5)[everyone_knows]
    low, high = (np.quantile(known, q, axis=0) for q in (0.5 - 2.5 / np.sqrt(n), 0.5 + 2.5 / np.sqrt(n)))
    assert (low <= medians).all()
    assert (medians <= high).all()


TIMES = np.array([100, 200, 400, 700, 1300, 2000, 4000, 6000, 9000, 12_000, 16_000, 20_000], dtype=np.float64)


@pytest.fixture(scope="module")
def exact() -> RandomSearchOverTime:
    return random_search_over_time(open_benchmark(), TIMES, step_s=0.25)


def test_it_agrees_with_simulated_runs_and_those_are_their_draws_one_after_the_other(
    exact: RandomSearchOverTime,
) -> None:
    bench = open_benchmark()
    runs = np.array([simulated_best(bench, TIMES, run_seed) for run_seed in range(200)])
    compare_with_runs(exact, runs)
    assert (runs == list(replayed_best(bench, TIMES, range(200)))).all()


@pytest.mark.slow
def test_it_is_as_exact_as_is_documented() -> None:
    """On the embedded table, early, where it is least exact: what docs/exact.md and the docstring say."""
    bench = open_benchmark()
    times = np.concatenate([np.arange(45, 400), TIMES[2:7]])

    def solved(**options: Any) -> RandomSearchOverTime:
        return random_search_over_time(bench, times, **options)

    default, many = solved(), solved(n_levels=8192)
    assert np.max(solved(rounding="down").probability - solved(rounding="up").probability) < 0.015
    assert np.max(np.abs(solved(n_levels=64).probability - solved(n_levels=64, step_s=0.1).probability)) < 0.006
    off = max(np.abs(default.distribution_at(i) - many.distribution_at(i)).max() for i in range(len(times)))
    assert off < 0.0015
    assert default.probability.max() == 1.0
    wrong, known = np.abs(default.mean_error_pct - many.mean_error_pct), default.probability_of_result
    assert wrong[known > 1 - 1e-9].max() < 0.0002
    assert wrong[known > 0.01].max() < 0.011


@pytest.mark.slow
def test_it_agrees_with_ten_thousand_runs_of_random_search(exact: RandomSearchOverTime) -> None:
    """Their simulation adds nothing but time: see the test before."""
    bench = open_benchmark()
    compare_with_runs(exact, np.array(list(replayed_best(bench, TIMES, range(10_000)))))


@pytest.mark.slow
def test_it_agrees_with_runs_that_share_no_code_with_the_simulator(exact: RandomSearchOverTime) -> None:
    bench = open_benchmark()
    runs = np.array(list(vectorised_best(bench, TIMES, 10_000)))
    compare_with_runs(exact, runs)
