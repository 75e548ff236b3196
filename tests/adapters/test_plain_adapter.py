"""The benchmark as a plain function: what it answers, records and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import ALL_ENCODINGS
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing.benchmarks import FailingBenchmark, PlantedError, generated_benchmark

CONFIGURATION = Configuration("3|10|210", lr=0.1, batch_size=128)


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return generated_benchmark()


@pytest.mark.parametrize("encoding", [None, *ALL_ENCODINGS])
def test_a_mapping_and_names_are_the_same_evaluation(bench: Benchmark, encoding: Any) -> None:
    objective = nhb2.objective(bench, encoding=encoding, charging="cached")
    values = objective.problem.values(CONFIGURATION)
    expected = bench.evaluate(CONFIGURATION)
    assert objective(values) == objective(**values) == expected.error_pct
    first, second = objective.logger.records
    assert first.configuration == second.configuration == CONFIGURATION
    assert (first.charged_cost_s, second.charged_cost_s) == (expected.cost_s, 0)


@pytest.mark.parametrize("encoding", ["digits", "unit"])
def test_a_vector_is_a_configuration(bench: Benchmark, encoding: Any) -> None:
    objective = nhb2.objective(bench, encoding=encoding)
    vector = np.array(list(objective.problem.values(CONFIGURATION).values()))
    assert objective(vector) == objective(vector.astype(np.float32)) == bench.evaluate(CONFIGURATION).error_pct
    assert type(objective(vector)) is float
    assert {record.configuration for record in objective.logger.records} == {CONFIGURATION}


def test_a_budget_is_served_by_the_ladder(bench: Benchmark) -> None:
    objective = nhb2.objective(bench, ladder=[1, 4, 12], charging="continued")
    values = objective.problem.values(CONFIGURATION)
    answers = [objective(values, budget=budget) for budget in (1, 5.5, None)]
    assert answers == [bench.evaluate(CONFIGURATION, epoch).error_pct for epoch in (1, 4, 12)]
    assert [(record.epoch, record.budget) for record in objective.logger.records] == [(1, 1), (4, 5.5), (12, 12)]
    assert objective.logger.charged_cost_s == pytest.approx(bench.evaluate(CONFIGURATION).cost_s)


def test_several_objectives_are_a_tuple(bench: Benchmark) -> None:
    problem = nhb2.Problem(bench, objectives=("error_pct", "cost_s"))
    answer = bench.evaluate(CONFIGURATION)
    assert nhb2.objective(problem)(problem.values(CONFIGURATION)) == (answer.error_pct, answer.cost_s)
    only_cost = replace(problem, objectives=("cost_s",))
    assert nhb2.objective(only_cost)(problem.values(CONFIGURATION)) == answer.cost_s


def test_what_is_no_configuration_is_refused_and_not_recorded(bench: Benchmark) -> None:
    objective = nhb2.objective(bench, encoding="unit")
    for wrong, message in (
        ([0.5] * 7, "are not a mapping of hyperparameters to values, nor 8 numbers"),
        ([0.5] * 6 + [float("nan"), 0.5], r"lr nan is not a number in \[0, 1\]"),
        ([0.5] * 7 + [float("inf")], r"batch_size inf is not a number in \[0, 1\]"),
        ([-1e-9] + [0.5] * 7, r"op_01 -1e-09 is not a number in \[0, 1\]"),
        ([True] * 8, r"op_01 True is not a number in \[0, 1\]"),
        (0.5, "are not a mapping of hyperparameters to values, nor 8 numbers"),
    ):
        with pytest.raises(InvalidValueError, match=message):
            objective(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="either as one mapping or by name"):
        objective()
    with pytest.raises(InvalidValueError, match="either as one mapping or by name"):
        objective({"lr": 0.5}, batch_size=0.5)
    with pytest.raises(InvalidValueError, match="this problem has no ladder"):
        objective([0.5] * 8, budget=3)
    with pytest.raises(InvalidValueError, match=r"encoding 'unit' has a number for each edge"):
        nhb2.objective(bench, encoding="unit", restriction=Subspace(one_per_class=True))
    with pytest.raises(InvalidValueError, match="epoch beside a Problem"):
        nhb2.objective(nhb2.Problem(bench), epoch=12)
    assert len(objective.logger) == 0


def test_a_bug_that_an_optimizer_swallows_is_kept() -> None:
    bench = FailingBenchmark(generated_benchmark().table, 1)
    objective = nhb2.objective(bench)
    for _ in range(3):
        try:
            objective(nhb2.Problem(bench).values(CONFIGURATION))
        except Exception:
            continue
    with pytest.raises(PlantedError):
        objective.raise_first_error()
