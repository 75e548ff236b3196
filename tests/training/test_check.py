"""A check of a table by training: what it samples, what it says."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.table.store import Table
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.training.check import check_table, stratified_sample

BENCH = generated_benchmark()


class Shifted(Benchmark):
    """Answers as the table, two points worse and twice as slowly."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)

    def evaluate(
        self, configuration: Configuration, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> Observation:
        looked_up = super().evaluate(configuration, epoch, split, seed)
        return looked_up._replace(accuracy_pct=looked_up.accuracy_pct - 2, cost_s=2 * looked_up.cost_s)


def test_a_sample_has_one_of_each_part_of_the_table_in_order() -> None:
    sample = stratified_sample(BENCH, 8)
    errors = [BENCH.evaluate(configuration, seed="mean").error_pct for configuration in sample]
    assert errors == sorted(errors)
    everyone = np.sort(100 - BENCH.evaluate_many(np.arange(N_CONFIGURATIONS), seed="mean")[0])
    bounds = everyone[:: N_CONFIGURATIONS // 8]
    assert [int(np.searchsorted(bounds, error, side="right")) for error in errors] == list(range(1, 9))
    assert stratified_sample(BENCH, 8) == sample
    assert stratified_sample(BENCH, 8, seed=1) != sample


@pytest.mark.parametrize("n", [1, N_CONFIGURATIONS + 1])
def test_refuses_a_sample_of_another_size(n: int) -> None:
    with pytest.raises(InvalidValueError, match=f"a sample of {n} "):
        stratified_sample(BENCH, n)


def test_a_shift_is_found_and_compared_with_the_tables_own_seeds() -> None:
    sample = stratified_sample(BENCH, 20)
    told: list[Configuration] = []
    check = check_table(BENCH, Shifted(BENCH.table), sample, on_result=lambda each, *_: told.append(each))
    assert check.found.mean_difference_pp == pytest.approx(2)
    assert check.found.rmse_pp == pytest.approx(2)
    assert check.found.tau == pytest.approx(1)
    assert check.cost_ratio == pytest.approx(2)
    assert tuple(told) == sample
    errors = [100 - BENCH.evaluate_many([each.index for each in sample], seed=seed)[0] for seed in BENCH.seeds]
    squares = [
        np.mean((a - b) ** 2) for a, b in [(errors[0], errors[1]), (errors[0], errors[2]), (errors[1], errors[2])]
    ]
    assert check.expected is not None
    assert check.expected.rmse_pp == pytest.approx(np.sqrt(np.mean(squares)))
    assert check.expected.mean_difference_pp == pytest.approx(check.expected.rmse_pp / np.sqrt(20))
