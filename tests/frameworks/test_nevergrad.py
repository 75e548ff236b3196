"""The Nevergrad adapter under Nevergrad's own optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import ClassVar

import nevergrad as ng
import pytest

from nhb2_plugins.adapters.nevergrad_adapter import (
    NevergradObjective,
    nevergrad_configuration,
    nevergrad_parametrization,
    nevergrad_stop_at_budget,
    nevergrad_values,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import ENCODINGS, Encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.testing.adapters import A_LOT, AdapterContract, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger

BENCH = generated_benchmark()
OPTIMIZERS = ("RandomSearch", "OnePlusOne", "DiscreteOnePlusOne", "PortfolioDiscreteOnePlusOne", "TwoPointsDE", "NGOpt")


class NevergradCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        optimizer = ng.optimizers.OnePlusOne(nevergrad_parametrization(seed=0), budget=len(configurations))
        told: list[Seen] = []
        optimizer.register_callback("tell", lambda _optimizer, _candidate, loss: told.append(Seen(loss, None)))
        for configuration in reversed(configurations):  # the last suggestion is the next candidate
            optimizer.suggest(**nevergrad_values(configuration))
        optimizer.minimize(NevergradObjective(problem, logger=logger))
        return told

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        optimizer = ng.optimizers.PortfolioDiscreteOnePlusOne(nevergrad_parametrization(seed=seed), budget=n or A_LOT)
        optimizer.register_callback("ask", nevergrad_stop_at_budget(budget_s, logger))
        optimizer.minimize(NevergradObjective(bench, logger=logger))
        return int(optimizer.num_tell)


class TestContract(AdapterContract):
    adapters: ClassVar = {"nevergrad": NevergradCase()}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "restriction", [Subspace(), Subspace(one_per_class=True), Subspace(lr=0.1, cellcode="0|10|210")]
)
def test_a_configuration_goes_there_and_back(encoding: Encoding, restriction: Subspace) -> None:
    parametrization = nevergrad_parametrization(encoding, restriction, seed=0)
    known = [each for each in map(Configuration.from_index, range(0, N_CONFIGURATIONS, 997)) if each in restriction]
    known += [
        Configuration(code, rate, restriction.batch_sizes[0])
        for code in restriction.cellcodes[:3]
        for rate in restriction.learning_rates
    ]
    for configuration in known:
        values = nevergrad_values(configuration, encoding, restriction)
        child = parametrization.spawn_child(new_value=((), values))
        assert nevergrad_configuration(child, encoding) == configuration
        assert child.kwargs == values
        assert {type(value) for value in child.kwargs.values()} <= {str, float, int}
    for _ in range(10):
        assert nevergrad_configuration(parametrization.sample(), encoding) in restriction


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_runs(name: str, encoding: Encoding) -> None:
    objective = NevergradObjective(BENCH, encoding=encoding)
    optimizer = ng.optimizers.registry[name](nevergrad_parametrization(encoding, seed=0), budget=40)
    best = nevergrad_configuration(optimizer.minimize(objective), encoding)
    assert len(objective.logger) == 40
    assert best in {record.configuration for record in objective.logger.records}


def test_ask_and_tell() -> None:
    objective = NevergradObjective(BENCH, epoch=4)
    optimizer = ng.optimizers.OnePlusOne(nevergrad_parametrization("ordinal", seed=0), budget=20)
    for _ in range(20):
        candidate = optimizer.ask()
        optimizer.tell(candidate, objective(**candidate.kwargs))
    errors = [record.error_pct for record in objective.logger.records]
    assert optimizer.current_bests["minimum"].mean == min(errors)
    assert {record.epoch for record in objective.logger.records} == {4}


@pytest.mark.parametrize("value", [0.4, 6.5, 9, True])
def test_a_suggestion_that_is_no_rank_is_refused(value: float) -> None:
    optimizer = ng.optimizers.DiscreteOnePlusOne(nevergrad_parametrization("integer", seed=0), budget=3)
    ranks = nevergrad_values(Configuration.from_index(7), "integer")
    for name in ("lr", "batch_size"):
        with pytest.raises(InvalidValueError, match=f"rank {value} is not one of 0"):
            optimizer.suggest(**{**ranks, name: value})
    with pytest.raises(InvalidValueError, match=f"rank of lr {value} is not one of 0"):
        NevergradObjective(BENCH, encoding="integer")(**{**ranks, "lr": value})


def test_other_processes_are_refused_and_threads_record() -> None:
    optimizer = ng.optimizers.RandomSearch(nevergrad_parametrization(seed=0), budget=6, num_workers=2)
    objective = NevergradObjective(BENCH)
    with ProcessPoolExecutor(1) as processes, pytest.raises(TrajectoryError, match="Use an executor of threads"):
        optimizer.minimize(objective, executor=processes, batch_mode=False)
    optimizer = ng.optimizers.RandomSearch(nevergrad_parametrization(seed=0), budget=6, num_workers=2)
    with ThreadPoolExecutor(2) as threads:
        optimizer.minimize(objective, executor=threads, batch_mode=False)
    assert len(objective.logger) == optimizer.num_tell == 6


def test_several_objectives() -> None:
    objective = NevergradObjective(BENCH, objectives=("error_pct", "macs_live"))
    optimizer = ng.optimizers.DE(nevergrad_parametrization(seed=0), budget=60)
    optimizer.minimize(objective)
    front = [tuple(candidate.losses) for candidate in optimizer.pareto_front()]
    assert len(front) >= 2
    assert all(not (other[0] <= each[0] and other[1] <= each[1]) for each in front for other in front if other != each)


def test_a_search_in_a_part_of_the_space() -> None:
    part = Subspace(batch_size=64, one_per_class=True)
    objective = NevergradObjective(BENCH)
    ng.optimizers.OnePlusOne(nevergrad_parametrization(restriction=part, seed=0), budget=30).minimize(objective)
    assert all(record.configuration in part for record in objective.logger.records)


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in ({"epoch": 13}, {"seed": 1}, {"charging": "free"}, {"encoding": "binary"}, {"objectives": ["speed"]}):
        with pytest.raises(InvalidValueError):
            NevergradObjective(BENCH, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        nevergrad_values(Configuration.from_index(0), restriction=Subspace(lr=0.1))
    for restriction in (None, "lr=0.1", [0.1]):
        with pytest.raises(InvalidValueError, match="is not a Subspace"):
            nevergrad_parametrization(restriction=restriction)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="budget"):
        nevergrad_stop_at_budget(0, TrajectoryLogger())
