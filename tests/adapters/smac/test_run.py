"""Trials are records: whose seeds they are, on which table, in which process."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from smac import (
    HyperparameterOptimizationFacade,
    RandomFacade,
)
from smac.facade.abstract_facade import AbstractFacade
from smac.runhistory import StatusType

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacStopAtBudget,
    quick_model,
    smac_target,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import to_configuration
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.table.writer import write_table
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.adapters.smac.facades import (
    ONE_EPOCH_FACADES,
    VALUES,
    make_facade,
    make_scenario,
)
from tests.core_fixtures import mini_benchmark, mini_columns, mini_provenance, mini_table


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
