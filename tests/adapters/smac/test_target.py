from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from smac import (
    BlackBoxFacade,
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
    Scenario,
)
from smac.facade.abstract_facade import AbstractFacade
from smac.multi_objective.parego import ParEGO
from smac.runhistory import StatusType, TrialValue

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacStopAtBudget,
    SmacTarget,
    quick_model,
    smac_budgets,
    smac_target,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import ENCODINGS, to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.table.writer import write_table
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.core_fixtures import mini_benchmark, mini_columns, mini_provenance, mini_table

CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)
VALUES = to_values(CONFIGURATION)
ONE_EPOCH_FACADES = (HyperparameterOptimizationFacade, RandomFacade, BlackBoxFacade)
LADDERS = {
    "12-200": FidelityLadder([12, 200]),
    "1-12": FidelityLadder.hyperband(1, 12, 3),
}


def make_scenario(directory: Path, n_trials: int = 12, encoding: Any = "ordinal", **arguments: Any) -> Scenario:
    scenario = {"deterministic": True, "seed": 3, **arguments}
    return Scenario(configuration_space(encoding), output_directory=directory, n_trials=n_trials, **scenario)


def make_facade(
    facade: type[AbstractFacade], scenario: Scenario, target: SmacTarget, *callbacks: Any, **parts: Any
) -> AbstractFacade:
    parts = {"model": quick_model(facade, scenario), **parts}
    return facade(scenario, target, callbacks=list(callbacks), overwrite=True, logging_level=False, **parts)


def make_ladder_facade(
    facade: Any, directory: Path, target: SmacTarget, ladder: FidelityLadder, eta: float | None = None
) -> AbstractFacade:
    budgets = smac_budgets(ladder)
    limits = {"min_budget": budgets.min_budget, "max_budget": budgets.max_budget}
    scenario = make_scenario(directory, n_trials=28, **limits)
    intensifier = facade.get_intensifier(scenario, eta=budgets.eta if eta is None else eta)
    return make_facade(facade, scenario, target, SmacReport(target), intensifier=intensifier)


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
        ({"seed": 333}, "seed 333"),
        ({"charging": "gratis"}, "'gratis'"),
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


# -- the table's seeds


@pytest.mark.parametrize("facade", ONE_EPOCH_FACADES)
def test_every_trial_is_one_record(bench: Benchmark, tmp_path: Path, facade: Any) -> None:
    target = smac_target(bench)
    smac = make_facade(facade, make_scenario(tmp_path), target, SmacReport(target))
    incumbent = smac.optimize()
    records = target.run.logger.records
    assert len(records) == len(smac.runhistory) == 12
    for (key, value), record in zip(smac.runhistory.items(), records, strict=True):
        assert to_configuration(smac.runhistory.get_config(key.config_id)) == record.configuration
        assert value.status == StatusType.SUCCESS
        assert value.cost == record.error_pct
        assert value.additional_info == describe(record)
        assert record.seed == bench.seeds[0]
    assert to_configuration(incumbent) == min(records, key=lambda record: record.error_pct).configuration
    assert json.loads((smac.scenario.output_directory / "runhistory.json").read_text())


@pytest.mark.parametrize("scenario_seed", [0, 1, 7])
def test_a_deterministic_scenario_sees_the_first_seed(bench: Benchmark, tmp_path: Path, scenario_seed: int) -> None:
    target = smac_target(bench)
    scenario = make_scenario(tmp_path, n_trials=4, seed=scenario_seed)
    make_facade(RandomFacade, scenario, target, SmacReport(target)).optimize()
    assert {record.seed for record in target.run.logger.records} == {222}


def test_several_seeds_of_smac_are_different_seeds_of_the_table(bench: Benchmark, tmp_path: Path) -> None:
    target = smac_target(bench)
    scenario = make_scenario(tmp_path, n_trials=30, deterministic=False)
    make_facade(RandomFacade, scenario, target, SmacReport(target)).optimize()
    seeds = defaultdict(list)
    for record in target.run.logger.records:
        seeds[record.configuration].append(record.seed)
    assert all(len(set(each)) == len(each) for each in seeds.values())
    assert max(map(len, seeds.values())) == 3


def test_seeds_stand_for_the_tables_in_order_of_appearance(bench: Benchmark) -> None:
    target = smac_target(bench)
    for smac_seed in (0, 987_654, np.int64(31), 987_654, 555, 4_000, 5_000, 0):
        target(VALUES, seed=smac_seed)
    assert [record.seed for record in target.run.logger.records] == [222, 222, 555, 222, 555, 888, 222, 222]


def test_a_run_that_smac_continues_is_not_recorded_again_and_keeps_its_seeds(bench: Benchmark, tmp_path: Path) -> None:
    def run(*callbacks: Any) -> tuple[AbstractFacade, TrajectoryLogger]:
        target = smac_target(bench)
        scenario = make_scenario(tmp_path, n_trials=16, deterministic=False)
        model = quick_model(HyperparameterOptimizationFacade, scenario)
        callbacks = (SmacReport(target), *(make(target) for make in callbacks))
        smac = HyperparameterOptimizationFacade(
            scenario, target, callbacks=list(callbacks), model=model, logging_level=False
        )
        smac.optimize()
        return smac, target.run.logger

    _, before = run(lambda target: SmacStopAtBudget(900, target))
    smac, after = run()
    assert 0 < len(before) < len(before) + len(after) == len(smac.runhistory) == 16
    stood_for = {(key.seed, value.additional_info["seed"]) for key, value in smac.runhistory.items()}
    assert len(stood_for) == len(dict(stood_for)) == 3


def test_the_tables_seeds_can_be_instances(bench: Benchmark, tmp_path: Path) -> None:
    target = smac_target(bench, instances=True)
    names = [str(seed) for seed in bench.seeds]
    features = {name: [float(position)] for position, name in enumerate(names)}
    scenario = make_scenario(tmp_path, instances=names, instance_features=features)
    smac = make_facade(HyperparameterOptimizationFacade, scenario, target, SmacReport(target))
    smac.optimize()
    asked = [int(key.instance) for key in smac.runhistory]
    assert [record.seed for record in target.run.logger.records] == asked
    assert set(asked) == set(bench.seeds)
    with pytest.raises(InvalidValueError, match=r"instance '333' is not one of .*'222', '555', '888'"):
        target(VALUES, instance="333")


# -- ladders


def budgets_that_smac_runs(facade: Any, directory: Path, ladder: FidelityLadder) -> list[float]:
    budgets = smac_budgets(ladder)
    scenario = make_scenario(directory, min_budget=budgets.min_budget, max_budget=budgets.max_budget)
    intensifier: Any = facade.get_intensifier(scenario, eta=budgets.eta)
    smac = make_facade(facade, scenario, None, intensifier=intensifier)  # type: ignore[arg-type]
    smac.ask()
    run: list[float] = intensifier._budgets_in_stage[0]
    return run


@pytest.mark.parametrize("facade", [MultiFidelityFacade, HyperbandFacade])
@pytest.mark.parametrize("ladder", LADDERS.values(), ids=LADDERS)
def test_smac_runs_exactly_the_ladders_budgets(tmp_path: Path, facade: Any, ladder: FidelityLadder) -> None:
    assert budgets_that_smac_runs(facade, tmp_path, ladder) == pytest.approx(ladder.budgets, rel=1e-12)


@pytest.mark.parametrize("top", [12, 200])
def test_no_geometric_ladder_loses_a_rung(top: int) -> None:
    n_checked = 0
    for low in range(1, top):
        for n_rungs in range(2, 7):
            eta = (top / low) ** (1 / (n_rungs - 1))
            try:
                ladder = FidelityLadder(top * eta**-k for k in reversed(range(n_rungs)))
            except InvalidValueError:
                continue  # two budgets that one epoch would serve
            budgets = smac_budgets(ladder)
            assert budgets.ladder_budget(ladder.budgets[0] * (1 - 1e-12)) == ladder.budgets[0]
            n_checked += 1
    assert n_checked > 10


@pytest.mark.parametrize(
    ("ladder", "eta", "message"),
    [
        ([12, 200], 17, r"eta 17 would make SMAC run the budgets \[200.0\]"),
        ([12, 200], 3, r"\[22.2\d*, 66.6\d*, 200.0\]"),
        ([12, 200], 16, r"\[12.5, 200.0\]"),
        ([12, 200], 1, "eta 1 is not a finite number above 1"),
        ([1, 5, 12], None, "not geometric"),
        ([12], None, "not geometric"),
    ],
)
def test_settings_that_would_run_other_budgets_are_refused(ladder: Any, eta: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        smac_budgets(ladder, eta)


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


def test_a_run_on_another_table_is_not_continued(bench: Benchmark, tmp_path: Path) -> None:
    def run(on: Benchmark) -> TrajectoryLogger:
        target = smac_target(on)
        scenario = make_scenario(tmp_path, n_trials=8)
        callbacks = [SmacReport(target), SmacStopAtBudget(900, target)]
        RandomFacade(scenario, target, callbacks=callbacks, logging_level=False).optimize()
        return target.run.logger

    assert len(run(bench)) > 0
    with pytest.raises(TrajectoryError, match=f"continues a run on the table {bench.provenance.key}, .*overwrite=True"):
        run(mini_benchmark())


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


def test_trials_and_records_name_each_other(bench: Benchmark, tmp_path: Path) -> None:
    target = smac_target(bench, logger=TrajectoryLogger(run_id="linked"))
    smac = make_facade(RandomFacade, make_scenario(tmp_path, n_trials=5), target, SmacReport(target))
    target(VALUES)  # a call by hand: SMAC's numbers are not the records'
    smac.optimize()
    links = [
        (value.additional_info["run_id"], value.additional_info["record_trial"]) for value in smac.runhistory.values()
    ]
    assert links == [("linked", number) for number in range(1, 6)]
    for key, (_, number) in zip(smac.runhistory, links, strict=True):
        configuration = to_configuration(smac.runhistory.get_config(key.config_id))
        assert configuration == target.run.logger.records[number].configuration


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


# -- other processes


@pytest.fixture
def small_bench_on_disk(tmp_path: Path) -> Benchmark:
    return Benchmark(write_table(tmp_path / "table", mini_columns(), mini_provenance()))


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_worker_processes_lose_no_record(small_bench_on_disk: Benchmark, tmp_path: Path) -> None:
    target = smac_target(small_bench_on_disk)
    scenario = make_scenario(tmp_path, n_trials=16, n_workers=2)
    smac: Any = make_facade(RandomFacade, scenario, target, SmacReport(target))
    try:
        smac.optimize()
    finally:
        smac._runner.close()
    records = target.run.logger.records
    told = [value for value in smac.runhistory.values() if value.status == StatusType.SUCCESS]
    assert len(records) == len(told) >= 16
    assert sorted(value.additional_info["simulated_end_s"] for value in told) == [record.end_s for record in records]
    assert sorted(value.cost for value in told) == sorted(record.error_pct for record in records)


def test_worker_processes_hand_back_their_error(tmp_path: Path, two_workers: Client) -> None:
    target = smac_target(FailingBenchmark(mini_table()))
    smac = make_facade(RandomFacade, make_scenario(tmp_path), target, SmacReport(target), dask_client=two_workers)
    with pytest.raises(PlantedError, match="planted after 0"):
        smac.optimize()


def test_worker_processes_without_a_report_are_refused(
    small_bench_on_disk: Benchmark, tmp_path: Path, two_workers: Client
) -> None:
    target = smac_target(small_bench_on_disk)
    smac = make_facade(RandomFacade, make_scenario(tmp_path), target, dask_client=two_workers)
    with pytest.raises(TypeError) as caught:
        smac.optimize()
    assert isinstance(caught.value.__cause__, TrajectoryError)
    assert "SmacReport(target)" in str(caught.value.__cause__)


def test_validation_in_worker_processes_is_refused(
    small_bench_on_disk: Benchmark, tmp_path: Path, two_workers: Client
) -> None:
    target = smac_target(small_bench_on_disk)
    smac = make_facade(RandomFacade, make_scenario(tmp_path), target, SmacReport(target), dask_client=two_workers)
    best: Any = smac.optimize()
    n_records = len(target.run.logger)
    with pytest.raises(TypeError) as caught:
        smac.validate(best)
    assert isinstance(caught.value.__cause__, TrajectoryError)
    assert "validate with n_workers=1" in str(caught.value.__cause__)
    assert len(target.run.logger) == n_records


def test_several_seeds_in_worker_processes_are_refused(
    small_bench_on_disk: Benchmark, tmp_path: Path, two_workers: Client
) -> None:
    target = smac_target(small_bench_on_disk)
    scenario = make_scenario(tmp_path, n_trials=30, deterministic=False)
    smac = make_facade(RandomFacade, scenario, target, SmacReport(target), dask_client=two_workers)
    with pytest.raises(InvalidValueError, match="instances=True"):
        smac.optimize()


def test_a_time_limit_on_trials_loses_no_record(small_bench_on_disk: Benchmark, tmp_path: Path) -> None:
    target = smac_target(small_bench_on_disk)
    scenario = make_scenario(tmp_path, n_trials=2, trial_walltime_limit=60)
    smac = make_facade(RandomFacade, scenario, target, SmacReport(target))
    smac.optimize()
    assert len(target.run.logger) == len(smac.runhistory) == 2
