"""The DEHB adapter under DEHB itself, in an environment with the numpy that it needs (``tox -e dehb``)."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from ConfigSpace import Configuration as SpaceConfiguration
from dehb import DEHB
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.adapters.dehb_adapter import (
    DehbObjective,
    dehb_budgets,
    dehb_configuration,
    dehb_space,
    dehb_values,
    run_dehb,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.encoding import ENCODINGS, Encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import FailingBenchmark, PlantedError, generated_benchmark
from nhb2_plugins.testing.adapters import AdapterContract, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.core_fixtures import mini_table
from tests.test_docs import run_examples

pytestmark = pytest.mark.filterwarnings("ignore")  # DEHB's own, of ConfigSpace's older names

BENCH = generated_benchmark()
LADDERS = (FidelityLadder([12, 200]), FidelityLadder.hyperband(1, 12), FidelityLadder([3, 6, 12]))


def make_dehb(objective: DehbObjective, directory: Path, seed: int = 0, **settings: Any) -> DEHB:
    """DEHB as a user of it makes one."""
    budgets = dehb_budgets(objective.problem.ladder)
    return DEHB(
        f=objective,
        cs=dehb_space(),
        min_fidelity=budgets.min_fidelity,
        max_fidelity=budgets.max_fidelity,
        eta=budgets.eta,
        seed=seed,
        n_workers=1,
        output_path=directory,
        **settings,
    )


class DehbCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        objective = DehbObjective(replace(problem, ladder=[problem.epoch]), logger=logger)
        space = dehb_space()
        jobs = [SpaceConfiguration(space, values=dehb_values(each)) for each in configurations]
        answers = [objective(job, fidelity=float(problem.epoch)) for job in jobs]
        assert [answer["cost"] for answer in answers] == [answer["info"]["charged_cost_s"] for answer in answers]
        return [Seen(answer["fitness"], answer["info"]) for answer in answers]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        return len(run_dehb(bench, n, seed=seed, ladder=(4, 12), budget_s=budget_s, logger=logger).history)


class TestContract(AdapterContract):
    adapters: ClassVar = {"dehb": DehbCase()}


@pytest.mark.parametrize("ladder", LADDERS, ids=str)
def test_dehb_runs_the_ladder_s_budgets(ladder: FidelityLadder) -> None:
    logger = TrajectoryLogger()
    optimizer = run_dehb(BENCH, 60, ladder=ladder, logger=logger)
    assert list(optimizer.fidelities) == pytest.approx(list(ladder.budgets), rel=1e-9)
    assert {record.epoch for record in logger.records} == set(ladder.rungs)
    assert {record.budget for record in logger.records} == {float(budget) for budget in ladder.budgets}
    for (_, _, fitness, cost, _, info), record in zip(optimizer.history, logger.records, strict=True):
        assert (fitness, cost) == (record.error_pct, record.charged_cost_s)
        assert info["epoch"] == record.epoch


@given(st.integers(1, 4), st.integers(0, 4), st.floats(1.05, 30))
def test_no_budget_of_a_ladder_is_lost(low: int, n_more: int, eta: float) -> None:
    if low * eta**n_more > 12 or n_more == 0:
        return
    try:
        ladder = FidelityLadder(low * eta**power for power in range(n_more + 1))
    except InvalidValueError:  # two budgets within one epoch
        return
    budgets = dehb_budgets(ladder)
    n_rungs = -int(math.log(budgets.min_fidelity / budgets.max_fidelity) / math.log(budgets.eta)) + 1
    assert n_rungs == len(ladder.budgets)


@pytest.mark.parametrize("ladder", LADDERS, ids=str)
def test_one_call_is_dehb_s_own_run(ladder: FidelityLadder, tmp_path: Path) -> None:
    objective = DehbObjective(BENCH, ladder)
    make_dehb(objective, tmp_path, seed=3).run(fevals=80)
    objective.raise_first_error()
    logger = TrajectoryLogger()
    run_dehb(BENCH, 80, seed=3, ladder=ladder, logger=logger)
    ours, theirs = ([(each.configuration, each.epoch) for each in one.records] for one in (logger, objective.logger))
    assert ours == theirs


def test_ask_and_tell(tmp_path: Path) -> None:
    objective = DehbObjective(BENCH, [4, 12])
    optimizer = make_dehb(objective, tmp_path)
    for _ in range(20):
        job = optimizer.ask()
        optimizer.tell(job, objective(**{name: job[name] for name in ("config", "fidelity")}))
    best, score = optimizer.get_incumbents()
    assert score == min(record.error_pct for record in objective.logger.records)
    assert dehb_configuration(best) in {record.configuration for record in objective.logger.records}


def test_an_exception_that_dehb_logs_is_kept(tmp_path: Path) -> None:
    bench = FailingBenchmark(mini_table(), 5)
    objective = DehbObjective(bench)
    assert make_dehb(objective, tmp_path, log_level="CRITICAL").run(fevals=20) is None
    with pytest.raises(PlantedError) as caught:
        objective.raise_first_error()
    assert caught.value is bench.planted
    assert len(objective.logger) == 5
    DehbObjective(BENCH).raise_first_error()


def test_dehb_s_files_are_kept_where_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_dehb(BENCH, 10)
    assert list(tmp_path.iterdir()) == []
    optimizer = run_dehb(BENCH, 10, output_path=tmp_path / "run")
    history = pd.read_parquet(tmp_path / "run" / "history.parquet.gzip")
    assert history["fitness"].tolist() == [each[2] for each in optimizer.history]
    assert [info["table"] for info in history["info"]] == [BENCH.provenance.key] * 10


def bills(logger: TrajectoryLogger) -> list[tuple[Any, ...]]:
    return [(each.trial, each.configuration, each.epoch, each.charged_cost_s, each.end_s) for each in logger.records]


@pytest.mark.parametrize("charging", CHARGING_POLICIES)
@pytest.mark.parametrize("n_before", [7, 25])
def test_a_run_that_goes_on_is_the_unbroken_one(charging: Charging, n_before: int, tmp_path: Path) -> None:
    unbroken = TrajectoryLogger()
    settings: dict[str, Any] = {"seed": 3, "ladder": FidelityLadder.hyperband(1, 12), "charging": charging}
    run_dehb(BENCH, 50, logger=unbroken, **settings)
    for n, resume in ((n_before, False), (50, True)):
        logger = TrajectoryLogger.resume(tmp_path / "run.jsonl")
        run_dehb(BENCH, n, logger=logger, output_path=tmp_path / "dehb", resume=resume, **settings)
        logger.close()
    assert len(logger) == 50
    assert bills(logger) == bills(unbroken)
    assert (charging == "continued") == any(each.charged_cost_s < each.cost_s for each in logger.records)


def test_a_run_that_goes_on_without_its_records_is_refused(tmp_path: Path) -> None:
    run_dehb(BENCH, 5, output_path=tmp_path, logger=(logger := TrajectoryLogger()))
    with pytest.raises(TrajectoryError, match="DEHB goes on after 5 evaluations, and the logger after 0"):
        run_dehb(BENCH, 9, output_path=tmp_path, resume=True)
    run_dehb(BENCH, 9, output_path=tmp_path, resume=True, logger=TrajectoryLogger.resume(logger))
    assert len(logger) == 9


@pytest.mark.parametrize("charging", CHARGING_POLICIES)
def test_a_promotion_is_charged_by_the_policy(charging: Charging) -> None:
    objective = DehbObjective(BENCH, [4, 12], charging=charging)
    values = dehb_values(Configuration.from_index(7))
    costs = [objective(values, fidelity)["cost"] for fidelity in (4, 12, 12)]
    full = [BENCH.evaluate(Configuration.from_index(7), epoch).cost_s for epoch in (4, 12, 12)]
    assert costs[0] == full[0]
    assert (costs == full) == (charging == "from_scratch")
    assert (costs[1] < full[1]) == (charging == "continued")
    assert (costs[2] == 0) == (charging != "from_scratch")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "restriction", [Subspace(), Subspace(one_per_class=True), Subspace(lr=0.1, cellcode="0|10|210")]
)
def test_a_configuration_goes_there_and_back(encoding: Encoding, restriction: Subspace) -> None:
    logger = TrajectoryLogger()
    optimizer = run_dehb(BENCH, 40, logger=logger, encoding=encoding, restriction=restriction)
    assert all(record.configuration in restriction for record in logger.records)
    population = optimizer.de[optimizer.fidelities[0]]
    space = dehb_space(encoding, restriction)
    for configuration in map(Configuration.from_index, range(0, N_CONFIGURATIONS, 997)):
        if configuration not in restriction:
            with pytest.raises(InvalidValueError, match="is not in Subspace"):
                dehb_values(configuration, encoding, restriction)
            continue
        config = SpaceConfiguration(space, values=dehb_values(configuration, encoding, restriction))
        vector = population.configspace_to_vector(config)
        assert dehb_configuration(population.vector_to_configspace(vector), encoding) == configuration


def test_other_processes_are_refused() -> None:
    objective = DehbObjective(BENCH)
    with pytest.raises(TrajectoryError, match="n_workers=1"):
        pickle.dumps(objective)
    with pytest.raises(TrajectoryError, match="n_workers=1"):
        objective.raise_first_error()


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in (
        {"seed": 1},
        {"charging": "free"},
        {"encoding": "binary"},
        {"ladder": [0.5, 12]},
        {"restriction": None},
    ):
        with pytest.raises(InvalidValueError):
            DehbObjective(BENCH, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="not geometric"):
        dehb_budgets([1, 2, 12])
    with pytest.raises(InvalidValueError, match="budget_s"):
        run_dehb(BENCH, None)
    with pytest.raises(InvalidValueError, match="n_evaluations 0"):
        run_dehb(BENCH, 0)
    with pytest.raises(InvalidValueError, match="budget"):
        run_dehb(BENCH, 1, budget_s=0)
    objective = DehbObjective(BENCH, [4, 12], restriction=Subspace(lr=0.1))
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        objective(dehb_values(Configuration.from_index(0)), 12)
    with pytest.raises(InvalidValueError, match="below the smallest"):
        objective(dehb_values(Configuration("0|10|210", lr=0.1, batch_size=16)), 1.0)


def test_the_examples_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    run_examples("docs/dehb.md", tmp_path)
