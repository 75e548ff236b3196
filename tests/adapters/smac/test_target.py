from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from smac import (
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
    Scenario,
)
from smac.multi_objective.parego import ParEGO
from smac.runhistory import StatusType, TrialValue

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacStopAtBudget,
    smac_target,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import ENCODINGS, to_configuration
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.adapters.smac.facades import (
    CONFIGURATION,
    LADDERS,
    VALUES,
    make_facade,
    make_ladder_facade,
    make_scenario,
)
from tests.core_fixtures import mini_table

# -- what SMAC sees


def test_the_signature_is_what_the_facades_ask_for(bench: Benchmark) -> None:
    def names(**arguments: Any) -> list[str]:
        target = smac_target(bench, **arguments)
        assert inspect.isfunction(target)
        return list(inspect.signature(target).parameters)

    assert names() == ["config", "seed"]
    assert names(ladder=[12, 200]) == ["config", "seed", "budget"]
    assert names(instances=True) == ["config", "instance", "seed"]


@pytest.mark.parametrize("epoch", [1, 7, 12, 200])
@pytest.mark.parametrize("seed", [None, 555, "mean"])
def test_a_call_gets_the_benchmarks_answer(bench: Benchmark, epoch: int, seed: Any) -> None:
    target = smac_target(bench, epoch=epoch, seed=seed)
    cost, information = target(VALUES, seed=0)
    expected = bench.evaluate(CONFIGURATION, epoch, seed=seed)
    assert cost == expected.error_pct
    assert type(cost) is float
    assert information == describe(target.run.logger.records[0])
    assert information["cost_s"] == information["charged_cost_s"] == expected.cost_s
    assert (information["epoch"], information["seed"]) == (epoch, 222 if seed is None else seed)
    assert all(type(each) in (float, int, bool, str) for each in information.values())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_of_the_space_is_understood(bench: Benchmark, encoding: Any) -> None:
    space = configuration_space(encoding, seed=1)
    target = smac_target(bench)
    for config in space.sample_configuration(20):
        target(config, seed=0)
        assert target.run.logger.records[-1].configuration == to_configuration(config, encoding)


@pytest.mark.parametrize("part", [Subspace(lr=0.1), Subspace(lr=0.003125, batch_size=16), Subspace(one_per_class=True)])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_part_of_the_space_is_understood_in_every_encoding(bench: Benchmark, encoding: Any, part: Subspace) -> None:
    target = smac_target(bench)
    space = configuration_space(encoding, seed=1, restriction=part)
    for _ in range(5):
        config = space.sample_configuration()
        target(config, seed=0)
        assert target.run.logger.records[-1].configuration == to_configuration(config, encoding)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epoch": 13}, "epoch 13"),
        ({"objectives": ("accuracy",)}, "objective 'accuracy'"),
        ({"instances": True, "ladder": [12, 200]}, "neither a ladder"),
        ({"instances": True, "seed": 222}, "nor a seed"),
        ({"ladder": [0.5, 12]}, "budget 0.5"),
    ],
)
def test_bad_arguments_are_refused_when_the_target_is_made(
    bench: Benchmark, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        smac_target(bench, **arguments)


@pytest.mark.parametrize("facade", [MultiFidelityFacade, HyperbandFacade])
@pytest.mark.parametrize("ladder", LADDERS.values(), ids=LADDERS)
def test_rungs_are_evaluated_at_their_fidelity(
    bench: Benchmark, tmp_path: Path, facade: Any, ladder: FidelityLadder
) -> None:
    target = smac_target(bench, ladder, charging="continued")
    smac = make_ladder_facade(facade, tmp_path, target, ladder)
    smac.optimize()
    records = target.run.logger.records
    assert {(record.budget, record.epoch) for record in records} == set(zip(ladder.budgets, ladder.rungs, strict=True))
    assert len(records) == len(smac.runhistory)
    for value, record in zip(smac.runhistory.values(), records, strict=True):
        assert value.cost == bench.evaluate(record.configuration, record.epoch).error_pct
    continued = [record for record in records if record.charged_cost_s < record.cost_s]
    assert bool(continued) == (ladder.rungs[-1] == 12)


def test_budgets_that_share_a_rung_are_refused(bench: Benchmark, tmp_path: Path) -> None:
    target = smac_target(bench, [12, 200])
    with pytest.raises(InvalidValueError, match=r"budgets 22.2\d* and 66.6\d*.* epoch 12: .*smac_budgets"):
        make_ladder_facade(HyperbandFacade, tmp_path, target, LADDERS["12-200"], eta=3).optimize()


# -- budget, objectives


def test_the_evaluation_that_crosses_the_budget_is_the_last(bench: Benchmark, tmp_path: Path) -> None:
    for by_target in (True, False):
        logger = TrajectoryLogger()
        target = smac_target(bench, logger=logger)
        stop = SmacStopAtBudget(4_000, target if by_target else logger)
        scenario = make_scenario(tmp_path, n_trials=1_000)
        make_facade(RandomFacade, scenario, target, SmacReport(target), stop).optimize()
        *before, last = logger.records
        assert all(record.end_s < 4_000 for record in before)
        assert last.start_s < 4_000 <= last.end_s


@pytest.mark.parametrize("budget_s", [0, -1.0, float("nan"), "20000"])
def test_a_budget_is_a_positive_number(budget_s: Any) -> None:
    with pytest.raises(InvalidValueError, match="budget_s"):
        SmacStopAtBudget(budget_s, TrajectoryLogger())


def test_several_objectives_reach_smac(bench: Benchmark, tmp_path: Path) -> None:
    names = ["cost_s", "error_pct", "params_live"]
    target = smac_target(bench, objectives=names)
    scenario = make_scenario(tmp_path, objectives=names[::-1])
    facade = HyperparameterOptimizationFacade
    smac = make_facade(facade, scenario, target, SmacReport(target), multi_objective_algorithm=ParEGO(scenario))
    assert smac.optimize()
    for value, record in zip(smac.runhistory.values(), target.run.logger.records, strict=True):
        assert value.cost[1:] == [record.error_pct, record.cost_s]  # type: ignore[index]


def test_a_crash_that_is_not_the_targets_is_not_silent(bench: Benchmark, tmp_path: Path) -> None:
    target = smac_target(bench, objectives=["error_pct", "cost_s"])
    scenario = make_scenario(tmp_path, objectives=["error_pct", "price"])
    smac = make_facade(HyperparameterOptimizationFacade, scenario, target, SmacReport(target))
    with pytest.raises(InvalidValueError, match="Objective price was not found"):
        smac.optimize()


@pytest.mark.parametrize("additional_info", [None, {}, {"error": "the machine burnt down"}])
def test_a_crash_that_a_caller_tells_of_is_his_own(bench: Benchmark, tmp_path: Path, additional_info: Any) -> None:
    target = smac_target(bench)
    smac = make_facade(RandomFacade, make_scenario(tmp_path), target, SmacReport(target))
    info = smac.ask()
    smac.tell(info, TrialValue(cost=100.0, status=StatusType.CRASHED, additional_info=additional_info), save=False)
    answer = smac.ask()
    cost, told = target(answer.config, answer.seed or 0)
    smac.tell(answer, TrialValue(cost=cost, additional_info=told), save=False)  # type: ignore[arg-type]
    assert [value.status for value in smac.runhistory.values()] == [StatusType.CRASHED, StatusType.SUCCESS]
    assert target.run.error is None
    assert [record.configuration for record in target.run.logger.records] == [to_configuration(answer.config)]


def test_a_search_ends_with_its_part_of_the_space(
    bench: Benchmark, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = Subspace(cellcode="0|10|210", lr=0.1)
    target = smac_target(bench, restriction=part)
    space = configuration_space("ordinal", restriction=part)
    scenario = Scenario(space, output_directory=tmp_path, n_trials=20, deterministic=True, seed=0)
    smac = make_facade(RandomFacade, scenario, target, SmacReport(target))
    best = to_configuration(smac.optimize())  # type: ignore[arg-type]
    records = target.run.logger.records
    assert {record.configuration.index for record in records} == set(part.indices.tolist())
    assert len(records) == part.size == 6
    assert best == min(records, key=lambda record: record.error_pct).configuration
    assert "found no configuration that it has not tried" in caplog.text


# -- errors


@pytest.mark.parametrize("n_good", [0, 5])
def test_an_error_ends_the_run_with_itself(tmp_path: Path, n_good: int) -> None:
    bench = FailingBenchmark(mini_table(), n_good)
    target = smac_target(bench)
    smac = make_facade(HyperparameterOptimizationFacade, make_scenario(tmp_path), target, SmacReport(target))
    with pytest.raises(PlantedError) as caught:
        smac.optimize()
    assert caught.value is bench.planted
    assert len(target.run.logger) == n_good


def test_when_every_trial_crashes_the_first_error_is_still_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = FailingBenchmark(mini_table())
    target = smac_target(bench)
    smac = make_facade(HyperparameterOptimizationFacade, make_scenario(tmp_path), target)
    with pytest.raises(ValueError, match="NaN"):
        smac.optimize()  # without the report, SMAC's own end
    with pytest.raises(PlantedError):
        target.run.raise_first_error()
    assert "planted after 0 evaluations" in caplog.text
