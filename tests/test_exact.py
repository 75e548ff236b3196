"""Exact answers, against definitions spelled out, closed forms, and simulated runs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import (
    BestOfRandom,
    RandomSearchOverTime,
    best_of_random,
    final_report,
    random_search_over_time,
    ranks,
    regrets,
)
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from tests.core_fixtures import N_ROWS, configurations, indices, mini_benchmark, mini_columns

MINI = mini_benchmark()
CLASS_0_SHARE = 0.25  # the cells 0|…, a quarter of all; see mini_columns


def bench_of(errors: Any, costs: Any) -> Benchmark:
    """A benchmark with these validation errors (percent) and costs (seconds) after 12 epochs, by row."""
    columns = mini_columns()
    accuracy, total = columns["valid_acc"], columns["total_trainval_time"]
    accuracy[11, 0], total[0] = 100 - np.broadcast_to(errors, N_ROWS), np.broadcast_to(costs, N_ROWS)
    return mini_benchmark(valid_acc=accuracy, total_trainval_time=total)


def all_errors(bench: Benchmark) -> NDArray[np.float64]:
    return 100 - bench.evaluate_many(np.arange(N_CONFIGURATIONS))[0]


# -- ranks and regrets


questions = st.sampled_from(
    [(1, "train", 222), (5, None, 555), (12, "test", "mean"), (12, None, None), (200, None, None)]
)


@given(questions, indices)
@settings(max_examples=40, deadline=None)
def test_a_rank_is_one_more_than_the_number_of_better_configurations(question: Any, index: int) -> None:
    accuracy, _ = MINI.evaluate_many(np.arange(N_CONFIGURATIONS), *question)
    assert ranks(MINI, *question)[index] == 1 + np.count_nonzero(accuracy > accuracy[index])


@given(questions, configurations)
@settings(max_examples=40, deadline=None)
def test_a_regret_is_the_distance_to_the_oracle(question: Any, configuration: Configuration) -> None:
    best, best_accuracy = MINI.oracle(*question)
    found = regrets(MINI, *question)
    assert found[configuration.index] == best_accuracy - MINI.evaluate(configuration, *question).accuracy_pct
    assert found[best.index] == 0
    assert ranks(MINI, *question)[best.index] == 1


def test_equals_share_the_best_of_their_ranks_and_the_next_one_leaves_a_gap() -> None:
    errors = np.full(N_ROWS, 50.0)
    errors[48:50] = 10.0  # two rows of class 1: 2 · 3,072 configurations
    errors[0] = 20.0  # one row of class 0: 1,024 configurations
    found = ranks(bench_of(errors, 100.0))
    values, counts = np.unique(found, return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {
        1: 6144,
        6145: 1024,
        7169: N_CONFIGURATIONS - 7168,
    }
    assert found.dtype == np.int64


def test_where_all_are_equal_all_are_first() -> None:
    bench = bench_of(50.0, 100.0)
    assert (ranks(bench) == 1).all()
    assert (regrets(bench) == 0).all()


def test_a_difference_in_the_last_bit_is_a_difference() -> None:
    errors = np.full(N_ROWS, 50.0)
    errors[7] = np.nextafter(50.0, 0)
    assert np.count_nonzero(ranks(bench_of(errors, 100.0)) == 1) == 1024


# -- final report


@given(configurations, st.sampled_from([None, 222, 555, "mean"]))
@settings(max_examples=40, deadline=None)
def test_the_final_report_is_three_lookups_beside_their_optima(configuration: Configuration, seed: Any) -> None:
    report = final_report(MINI, configuration, seed)
    for measured, question in zip(report, [(12, "valid"), (12, "test"), (200, "test")], strict=True):
        assert measured.accuracy_pct == MINI.evaluate(configuration, *question, seed).accuracy_pct
        assert measured.error_pct == 100 - measured.accuracy_pct
        assert measured.optimum_accuracy_pct == MINI.oracle(*question, seed)[1]
        assert measured.regret_pct == regrets(MINI, *question, seed)[configuration.index]


def test_the_optimum_regrets_nothing() -> None:
    best, accuracy = MINI.oracle()
    assert final_report(MINI, best).valid_12 == (accuracy, accuracy)
    assert final_report(MINI, best).valid_12.regret_pct == 0


# -- the best of n draws


def test_the_best_of_one_draw_is_a_draw() -> None:
    errors, best = all_errors(MINI), best_of_random(MINI)
    assert best.mean_error_pct(1) == pytest.approx(errors.mean(), rel=1e-12)
    for error in np.quantile(errors, [0, 0.01, 0.3, 0.77, 1]):
        assert best.probability_at_most(error, 1) == pytest.approx((errors <= error).mean(), rel=1e-12)
    assert best.quantile_error_pct(0.5, 1) == np.quantile(errors, 0.5, method="inverted_cdf")


@pytest.mark.parametrize("n_draws", [1, 2, 3, 10, 57, 1000])
def test_two_errors_give_the_closed_form(n_draws: int) -> None:
    errors = np.where(np.arange(N_ROWS) < 48, 10.0, 30.0)
    best = best_of_random(bench_of(errors, 100.0))
    missed = (1 - CLASS_0_SHARE) ** n_draws
    assert best.error_pct.tolist() == [10, 30]
    assert best.probability_at_most(9.999, n_draws) == 0
    assert best.probability_at_most(10, n_draws) == pytest.approx(1 - missed, rel=1e-12)
    assert best.probability_at_most(29, n_draws) == pytest.approx(1 - missed, rel=1e-12)
    assert best.probability_at_most(30, n_draws) == 1
    assert best.mean_error_pct(n_draws) == pytest.approx(10 + 20 * missed, rel=1e-12)
    assert best.mean_regret_pct(n_draws) == pytest.approx(20 * missed, rel=1e-12)
    assert best.quantile_error_pct(1 - missed * 0.999, n_draws) == (30 if missed > 1e-15 else 10)
    assert best.quantile_error_pct(1 - missed * 1.001, n_draws) == 10


def test_a_rare_optimum_keeps_its_digits() -> None:
    """One minus a power of almost one would lose them."""
    rare = BestOfRandom(np.array([1.0, 2.0]), np.array([1, N_CONFIGURATIONS]))
    assert rare.probability_at_most(1, 1) == pytest.approx(1 / N_CONFIGURATIONS, rel=1e-15)
    assert rare.probability_at_most(1, 2) == pytest.approx((2 - 1 / N_CONFIGURATIONS) / N_CONFIGURATIONS, rel=1e-15)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1))
@settings(deadline=None)
def test_more_draws_are_never_worse_and_quantiles_invert_the_distribution(few: int, more: int, q: float) -> None:
    few, more = sorted((few, more))
    best = best_of_random(MINI)
    assert best.mean_error_pct(more) <= best.mean_error_pct(few) + 1e-12
    error = best.quantile_error_pct(q, few)
    assert best.probability_at_most(error, few) >= q
    assert error == best.error_pct[0] or best.probability_at_most(np.nextafter(error, 0), few) < q


@pytest.mark.parametrize("n_draws", [0, -1, 1.5, True, "2", None])
def test_a_number_of_draws_that_is_none_is_refused(n_draws: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"n_draws .* is not a positive integer"):
        best_of_random(MINI).mean_error_pct(n_draws)


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(InvalidValueError, match=r"probability .* is not in 0\.\.1"):
        best_of_random(MINI).quantile_error_pct(probability, 3)
    with pytest.raises(InvalidValueError, match=r"probability .* is not in 0\.\.1"):
        random_search_over_time(MINI, [1000]).quantile_error_pct(probability)


# -- over simulated time


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
        ([1e9], {}, "too many steps"),
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
def test_it_agrees_with_ten_thousand_runs_of_random_search(exact: RandomSearchOverTime) -> None:
    """Their simulation adds nothing but time: see the test before."""
    bench = open_benchmark()
    compare_with_runs(exact, np.array(list(replayed_best(bench, TIMES, range(10_000)))))


@pytest.mark.slow
def test_it_agrees_with_runs_that_share_no_code_with_the_simulator(exact: RandomSearchOverTime) -> None:
    bench = open_benchmark()
    runs = np.array(list(vectorised_best(bench, TIMES, 10_000)))
    compare_with_runs(exact, runs)
