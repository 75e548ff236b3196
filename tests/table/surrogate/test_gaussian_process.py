"""The process on a grid: gradients, leaving out, draws and noise, each against what it must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nhb2_plugins.table.surrogate.gaussian_process import (
    Grid,
    GridProcess,
    KernelSum,
    Term,
    _covariance,
    _negative_log_posterior,
    fit_grid_process,
)

GENERATOR = np.random.default_rng(0)
GRID = Grid(GENERATOR.normal(size=(12, 3)), GENERATOR.normal(size=(6, 2)))
KERNEL = KernelSum(
    (Term((0, 1, 2), (0, 1), 0.5), Term((), (0,), 0.2, rough=True), Term((1,), (), 0.2), Term(None, (1,), 0.1)),
    n_noise=1,
)
NOISE_FEATURES = GENERATOR.normal(size=(72, 1))


def made_process(n: int = 30, **changes: object) -> GridProcess:
    generator = np.random.default_rng(1)
    rows = np.sort(generator.choice(72, n, replace=False))
    parameters = KERNEL.first_guess() + 0.3 * generator.normal(size=len(KERNEL.first_guess()))
    parameters[-2] = -3.0
    y, extra = generator.normal(size=n), generator.uniform(0.5, 3.0, size=n)
    process = GridProcess(GRID, KERNEL, parameters, rows, y, extra, NOISE_FEATURES, 2.0, 0.5, 4.0)
    return replace(process, **changes)  # type: ignore[arg-type]


def test_the_gradient_is_the_slope() -> None:
    process = made_process()
    fixed = (KERNEL, GRID, process.rows, process.y, NOISE_FEATURES[process.rows], process.extra)
    _, gradient = _negative_log_posterior(process.parameters, *fixed)
    for i in range(len(gradient)):
        step = np.zeros_like(gradient)
        step[i] = 1e-5
        above, below = (_negative_log_posterior(process.parameters + sign * step, *fixed)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-5)


def test_leaving_a_group_out_is_conditioning_on_the_others() -> None:
    process = made_process()
    groups = process.rows // 6
    left_out = process.leave_out(groups)
    for group in np.unique(groups):
        out, kept = groups == group, groups != group
        others = replace(process, rows=process.rows[kept], y=process.y[kept], extra=process.extra[kept])
        np.testing.assert_allclose(left_out.mean[out], others.mean[process.rows[out]], atol=1e-8)
        np.testing.assert_allclose(left_out.deviation[out], others.deviation(process.rows[out]), atol=1e-6)
    np.testing.assert_array_equal(process.leave_out().mean, process.leave_out(np.arange(30)).mean)


def test_draws_have_the_posteriors_mean_and_covariance() -> None:
    process = made_process()
    generator = np.random.default_rng(2)
    draws = np.array([process.draw(generator) for _ in range(600)])
    everywhere = np.arange(GRID.n_rows)
    with_records = _covariance(process._products, GRID, everywhere, process.rows)
    prior = _covariance(process._products, GRID, everywhere, everywhere)
    posterior = 0.5**2 * (prior - with_records @ process._solve(with_records.T))
    deviation = np.sqrt(np.diag(posterior))
    np.testing.assert_allclose(process.deviation(everywhere), deviation, atol=1e-4)
    assert np.abs((draws.mean(axis=0) - process.mean) / deviation).max() < 4.5 / np.sqrt(600)
    off = (np.cov(draws.T) - posterior) / np.outer(deviation, deviation)
    assert np.abs(off).max() < 5.5 / np.sqrt(600)
    correlation = posterior / np.outer(deviation, deviation)
    assert np.abs(correlation[np.triu_indices(72, 1)]).max() > 0.5  # independent noise would not pass


def test_a_record_far_off_its_neighbours_counts_for_less() -> None:
    process = made_process(extra=np.ones(30))
    spoilt = process.y.copy()
    spoilt[7] += 12.0
    first, second = (replace(process, y=spoilt), replace(process, y=spoilt).with_outliers_weighed())
    assert second.extra[7] > 5.0 * np.median(second.extra)
    row = process.rows[7]
    truth = process.mean[row]
    assert abs(second.mean[row] - truth) < 0.5 * abs(first.mean[row] - truth)


def fit(values: np.ndarray, rows: np.ndarray) -> GridProcess:
    kernel = KernelSum((Term((0, 1, 2), (0, 1), 0.5),), n_noise=1)
    features = np.tile(np.repeat([[-1.0], [1.0]], 3, axis=0), (12, 1))
    return fit_grid_process(GRID, kernel, rows, values, lambda _: features, degrees=30.0)


def test_noise_that_depends_on_a_feature_is_found() -> None:
    generator = np.random.default_rng(3)
    rows = np.repeat(np.arange(72), 6)
    loud = np.where(rows % 6 < 3, 0.05, 0.4)
    process = fit(np.sin(GRID.cells[rows // 6, 0]) + loud * generator.normal(size=len(rows)), rows)
    assert process.noise[0] == pytest.approx(0.05, rel=0.3)
    assert process.noise[5] == pytest.approx(0.4, rel=0.3)


def test_the_fit_does_not_depend_on_threads_or_the_records_order() -> None:
    generator = np.random.default_rng(4)
    rows = np.repeat(np.arange(72), 2)
    values = generator.normal(size=len(rows))
    order = np.lexsort((values, rows))
    shuffled = generator.permutation(len(rows))
    results = []
    for n_threads, chosen in ((1, order), (2, order), (2, shuffled)):
        with threadpool_limits(limits=n_threads):
            process = fit(values[chosen], rows[chosen])
            results.append((process.mean, process.draw(np.random.default_rng(5))))
    for one in (0, 1):
        np.testing.assert_array_equal(results[0][one], results[1][one])
    np.testing.assert_allclose(results[0][0], results[2][0], atol=1e-6)
