"""Exported runs, read by those they are made for."""

from __future__ import annotations

import numpy as np
import pytest
from autorank import autorank
from benchmark_simulator.utils import get_performance_over_time

from nhb2_plugins.analysis.questions.friedman import friedman_of
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.exports import final_regrets, performance_arrays
from tests.analysis.runs import make_run
from tests.simulators.sequences import BENCH


def test_mfhpo_simulator_reads_the_arrays() -> None:
    runs = [simulate(RandomSearch(seed), BENCH, budget_s=20_000, n_workers=4).records for seed in range(5)]
    end_s, error_pct = performance_arrays(runs)
    times, values = get_performance_over_time(end_s, error_pct, step=50, log=False)
    assert values.shape == (5, 50)
    assert times[-1] == end_s.max()
    assert np.array_equal(values[:, -1], error_pct.min(axis=1))


def test_autorank_ranks_the_frame() -> None:
    generator = np.random.default_rng(0)
    means = {"good": 89.0, "middling": 85.0, "poor": 70.0}
    runs = [
        make_run([(5, float(mean + generator.normal(0, 0.5)))], seed=seed, optimizer=name)
        for name, mean in means.items()
        for seed in range(20)
    ]
    result = autorank(final_regrets(runs), order="ascending")
    assert list(result.rankdf.index) == ["good", "middling", "poor"]
    assert result.pvalue < 1e-6


def test_autorank_agrees_with_friedman_and_nemenyi() -> None:
    generator = np.random.default_rng(1)
    means = {"good": 88.0, "same": 88.0, "poor": 80.0}
    runs = [
        make_run([(5, float(mean - generator.gamma(1.0, 2.0)))], seed=seed, optimizer=name)
        for name, mean in means.items()
        for seed in range(30)
    ]
    frame = final_regrets(runs)
    theirs = autorank(frame, alpha=0.05, order="ascending", force_mode="nonparametric")
    ours = friedman_of(frame.to_numpy(), tuple(frame.columns), {})
    assert theirs.pvalue == pytest.approx(ours.p_value)
    assert theirs.cd == pytest.approx(ours.critical_difference, rel=1e-3)
    assert dict(theirs.rankdf["meanrank"]) == pytest.approx(dict(zip(ours.names, ours.mean_rank, strict=True)))
