"""The expected hypervolume of random search, against closed forms and against runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import FrontQuality, exact_front, random_hypervolume, random_hypervolume_over_time
from nhb2_plugins.space import N_CONFIGURATIONS
from nhb2_plugins.subspace import Subspace
from tests.core_fixtures import N_ROWS, needs
from tests.exact.benches import CLASS_0_SHARE, bench_of

pytestmark = needs("moocore")
_RNG = np.random.default_rng(3)
BENCH = bench_of(_RNG.integers(20, 90, N_ROWS).astype(float), _RNG.integers(10, 60, N_ROWS).astype(float))
N_RUNS = 10_000


def standard_errors(simulated: Sequence[float], exact: float) -> float:
    values = np.array(simulated)
    return float((values.mean() - exact) / (values.std(ddof=1) / np.sqrt(len(values))))


def test_one_and_two_draws_are_means_over_all_that_can_be_drawn() -> None:
    accuracy, cost = BENCH.by_row()
    points, share = np.column_stack([100 - accuracy, cost]), np.bincount(BENCH.rows) / N_CONFIGURATIONS
    for reference in (None, (100.0, 70.0)):
        search = random_hypervolume(BENCH, reference=reference)
        quality = FrontQuality(points, np.array(search.reference))
        one = sum(p * quality.hypervolume(points[[i]]) for i, p in enumerate(share))
        pairs = product(enumerate(share), repeat=2)
        two = sum(p * q * quality.hypervolume(points[[i, j]]) for (i, p), (j, q) in pairs)
        assert search.mean(1) == pytest.approx(one, rel=1e-12)
        assert search.mean(2) == pytest.approx(two, rel=1e-12)
        assert search.front == pytest.approx(quality.hypervolume(points), rel=1e-12)
        assert search.mean(10**7) == pytest.approx(search.front, rel=1e-9)
        assert search.mean_pct(2) + search.mean_regret_pp(2) == pytest.approx(100)


def test_the_reference_is_the_fronts_nadir() -> None:
    search = random_hypervolume(BENCH)
    front = exact_front(BENCH)
    assert search.reference == front.nadir
    assert search.front == pytest.approx(FrontQuality.of(front.values).front_hypervolume, rel=1e-12)


def test_three_objectives_are_summed_in_slabs() -> None:
    objectives = ("error_pct", "cost_s", "params_live")
    reference = (100.0, 70.0, 2e6)
    search = random_hypervolume(BENCH, objectives, reference=reference)
    front = FrontQuality.of(exact_front(BENCH, objectives).values, reference)
    assert search.front == pytest.approx(front.front_hypervolume, rel=1e-12)
    points = search.outcomes.values[_draws(search.outcomes.n_configurations, (N_RUNS, 20))]
    simulated = [front.hypervolume(each) for each in points]
    assert abs(standard_errors(simulated, search.mean(20))) < 4


def test_of_a_part_the_draws_are_from_the_part() -> None:
    part = Subspace(lr=0.1, batch_size=64)
    search = random_hypervolume(BENCH, restriction=part)
    assert search.n_configurations == part.size
    assert len(search.outcomes.values) == 2  # two classes of cells
    assert sorted(search.outcomes.n_configurations / part.size) == pytest.approx([CLASS_0_SHARE, 1 - CLASS_0_SHARE])


def _draws(weights: NDArray[np.int64], shape: tuple[int, int], seed: int = 0) -> NDArray[np.intp]:
    """Uniform draws of configurations, as positions among outcomes."""
    outcome_of = np.repeat(np.arange(len(weights)), weights)
    return outcome_of[np.random.default_rng(seed).integers(0, len(outcome_of), shape)]


def test_equal_costs_make_time_a_number_of_draws() -> None:
    """By error and size: every draw takes 7 s and is counted when it ends."""
    bench = bench_of(_RNG.integers(20, 90, N_ROWS).astype(float), 7.0)
    objectives = ("error_pct", "params_live")
    over_draws = random_hypervolume(bench, objectives, reference=(100.0, 2e6))
    found = random_hypervolume_over_time(bench, [0, 6.9, 7, 13, 14, 700], objectives, reference=(100.0, 2e6))
    expected = [0, 0, *(over_draws.mean(n) for n in (1, 1, 2, 100))]
    assert found == pytest.approx(expected, rel=1e-3)


@lru_cache(maxsize=1)
def embedded() -> Benchmark:
    return open_benchmark()


@pytest.mark.slow
def test_10_000_runs_on_the_embedded_table_agree() -> None:
    """After n evaluations and by simulated seconds: within four standard errors of the mean over runs."""
    search = random_hypervolume(embedded())
    quality = FrontQuality.of(exact_front(embedded()).values)
    drawn = search.outcomes.values[_draws(search.outcomes.n_configurations, (N_RUNS, 350))]
    for n in (50, 100, 200, 350):
        simulated = [quality.hypervolume(run[:n]) if n else 0.0 for run in drawn]
        assert abs(standard_errors(simulated, search.mean(n))) < 4
    times = np.array([500.0, 2000.0, 5000.0, 20_000.0])
    exact = random_hypervolume_over_time(embedded(), times)
    ends = np.cumsum(drawn[:, :, 1], axis=1)
    for time, mean in zip(times, exact, strict=True):
        n_ended = (ends <= time).sum(axis=1)
        simulated = [quality.hypervolume(run[:n]) if n else 0.0 for run, n in zip(drawn, n_ended, strict=True)]
        assert abs(standard_errors(simulated, mean)) < 4


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"reference point \(1.0,\) is not 2 finite numbers"):
        random_hypervolume(BENCH, reference=(1.0,))
    with pytest.raises(InvalidValueError, match=r"the exact front has no hypervolume up to \(-1.0, 5.0\)"):
        random_hypervolume(BENCH, reference=(-1.0, 5.0)).mean_regret_pp(10)
    with pytest.raises(InvalidValueError, match="n_draws"):
        random_hypervolume(BENCH).mean(0)
    with pytest.raises(InvalidValueError, match="over time two are solved for"):
        random_hypervolume_over_time(BENCH, [10], ("error_pct", "cost_s", "macs_live"))
    with pytest.raises(InvalidValueError, match="times_s"):
        random_hypervolume_over_time(BENCH, [-1])
