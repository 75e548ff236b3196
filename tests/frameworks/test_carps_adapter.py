"""The CARP-S adapter under CARP-S's own optimizers, tasks and Hydra configurations."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from carps.analysis.gather_data_utils import load_log
from carps.objective_functions.dummy_problem import DummyObjectiveFunction
from carps.optimizers.nevergrad import NevergradOptimizer
from carps.optimizers.random_search import RandomSearchOptimizer
from carps.utils.task import InputSpace, OptimizationResources, OutputSpace, Task, TaskMetadata
from carps.utils.trials import TrialInfo, TrialValue
from hydra.utils import instantiate
from omegaconf import OmegaConf

from nhb2_plugins.adapters.carps_adapter import (
    CARPS_CONFIGS,
    CarpsObjectiveFunction,
    carps_configuration,
    carps_metadata,
    carps_stop_at_budget,
    carps_task,
    carps_trial,
)
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.encoding import ENCODINGS, Encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.testing.adapters import A_LOT, AdapterContract, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records

pytestmark = pytest.mark.filterwarnings("ignore")  # CARP-S's own, of ConfigSpace's older names

BENCH = generated_benchmark()
CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)


def history(optimizer: RandomSearchOptimizer) -> list[tuple[TrialInfo, TrialValue]]:
    pairs: list[tuple[TrialInfo, TrialValue]] = optimizer.history
    return pairs


class CarpsCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        function = CarpsObjectiveFunction(problem, logger=logger)
        values = [function.evaluate(carps_trial(each, function)) for each in configurations]
        return [Seen(value.cost, value.additional_info) for value in values]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        task = carps_task(bench, logger=logger, n_trials=n or A_LOT, task_seed=seed)
        carps_stop_at_budget(RandomSearchOptimizer(task), budget_s).run()
        return int(task.objective_function.n_function_calls)


class TestContract(AdapterContract):
    adapters: ClassVar = {"carps": CarpsCase()}


@pytest.mark.parametrize("charging", CHARGING_POLICIES)
def test_times_are_the_charged_simulated_seconds(charging: Charging) -> None:
    function = CarpsObjectiveFunction(BENCH, charging=charging, ladder=[4, 12])
    values = [function.evaluate(carps_trial(CONFIGURATION, function, budget)) for budget in (4, 12, 12, None)]
    charged = [record.charged_cost_s for record in function.logger.records]
    assert [value.time for value in values] == [value.virtual_time for value in values] == charged
    assert {type(value.time) for value in values} == {float}
    assert [record.epoch for record in function.logger.records] == [4, 12, 12, 12]
    full = [BENCH.evaluate(CONFIGURATION, epoch).cost_s for epoch in (4, 12, 12, 12)]
    assert (charged == full) == (charging == "from_scratch")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("whole_cells", [False, True])
@pytest.mark.parametrize(
    "restriction", [Subspace(), Subspace(one_per_class=True), Subspace(lr=0.1, cellcode="0|10|210")]
)
def test_a_configuration_goes_there_and_back(encoding: Encoding, restriction: Subspace, whole_cells: bool) -> None:
    function = CarpsObjectiveFunction(
        BENCH, encoding=encoding, restriction=restriction, whole_cells=whole_cells, space_seed=0
    )
    for configuration in map(Configuration.from_index, range(0, N_CONFIGURATIONS, 997)):
        if configuration in restriction:
            assert carps_configuration(carps_trial(configuration, function), encoding) == configuration
        else:
            with pytest.raises(InvalidValueError, match="is not in Subspace"):
                carps_trial(configuration, function)
    for _ in range(10):
        trial = TrialInfo(function.configspace.sample_configuration())
        function.evaluate(trial)
        assert function.logger.records[-1].configuration == carps_configuration(trial, encoding)
        assert function.logger.records[-1].configuration in restriction


def test_the_optimizer_is_told_what_was_evaluated() -> None:
    optimizer = RandomSearchOptimizer(carps_task(BENCH, n_trials=15, task_seed=0))
    trial, value = optimizer.run()
    records = optimizer.task.objective_function.logger.records
    assert [carps_configuration(each) for each, _ in history(optimizer)] == [each.configuration for each in records]
    assert value.cost == min(record.error_pct for record in records)
    assert BENCH.evaluate(carps_configuration(trial)).error_pct == value.cost


def test_a_ladder_is_a_multi_fidelity_task() -> None:
    task = carps_task(BENCH, ladder=FidelityLadder([12, 200]), n_trials=3, task_seed=0)
    fidelities = task.input_space.fidelity_space
    assert (fidelities.is_multifidelity, fidelities.fidelity_type) == (True, "epochs")
    assert (fidelities.min_fidelity, fidelities.max_fidelity) == (12, 200)
    function = task.objective_function
    for budget in (12, 22.3, 199.99999999999997, 200):
        function.evaluate(carps_trial(CONFIGURATION, function, budget))
    records = function.logger.records
    assert [record.epoch for record in records] == [12, 12, 200, 200]
    assert [record.budget for record in records] == [12, 22.3, 200, 200]
    RandomSearchOptimizer(task, expects_fidelities=True).run()
    assert [record.epoch for record in function.logger.records[4:]] == [200] * 3


def test_several_objectives_are_a_list() -> None:
    task = carps_task(BENCH, objectives=("error_pct", "macs_live"), n_trials=30, task_seed=0)
    assert (task.output_space.n_objectives, task.output_space.objectives) == (2, ("error_pct", "macs_live"))
    optimizer = RandomSearchOptimizer(task, expects_multiple_objectives=True)
    front = [tuple(value.cost) for _, value in optimizer.run()]
    assert len(front) >= 2
    assert all(type(cost) is float for costs in front for cost in costs)
    assert all(not (other[0] <= each[0] and other[1] <= each[1]) for each in front for other in front if other != each)


def test_another_optimizer_of_carps_runs_in_a_part_of_the_space() -> None:
    part = Subspace(batch_size=64)
    task = carps_task(BENCH, encoding="categorical", restriction=part, n_trials=20, task_seed=0)
    settings = OmegaConf.create({"optimizer_name": "OnePlusOne", "seed": 0})
    NevergradOptimizer(task, nevergrad_cfg=settings, optimizer_cfg=None).run()
    records = task.objective_function.logger.records
    assert len(records) == 20
    assert all(record.configuration in part for record in records)


def test_a_time_budget_is_of_simulated_seconds() -> None:
    task = carps_task(BENCH, budget_s=6_000, task_seed=0)
    assert task.optimization_resources.time_budget == 100  # minutes
    RandomSearchOptimizer(task).run()
    *before, last = task.objective_function.logger.records
    assert before
    assert last.start_s < 6_000
    # CARP-S takes the real time of the run from the budget; this run takes nowhere near a minute.
    assert all(record.end_s < 6_000 for record in before)
    assert last.end_s > 5_940


def test_a_task_says_what_it_is() -> None:
    task = carps_task(BENCH, n_trials=5, task_seed=3)
    assert task.name == f"NAS-HPO-Bench-II/{BENCH.provenance.key}/epoch-12"
    assert task.seed == 3
    assert task.metadata.domain == "NAS"
    assert task.metadata.has_virtual_time
    assert task.metadata.dimensions == 8
    assert (task.metadata.search_space_n_categoricals, task.metadata.search_space_n_ordinals) == (6, 2)
    assert carps_metadata(open_benchmark()).objective_function_approximation == "surrogate"
    one_per_class = carps_task(BENCH, restriction=Subspace(one_per_class=True), ladder=[1, 4], n_trials=1)
    assert one_per_class.metadata.search_space_has_forbiddens
    assert one_per_class.name.endswith("/epoch-4/one_per_class=True")
    assert carps_task(BENCH, objectives=("cost_s",), n_trials=1).name.endswith("/epoch-12/cost_s")


def test_the_smallest_error_is_the_oracle_s() -> None:
    configuration, accuracy_pct = BENCH.oracle(4, seed="mean")
    assert CarpsObjectiveFunction(BENCH, epoch=4, seed="mean").f_min == 100 - accuracy_pct
    assert CarpsObjectiveFunction(BENCH, ladder=[1, 4], seed="mean").f_min == 100 - accuracy_pct
    assert CarpsObjectiveFunction(BENCH, restriction=Subspace(lr=configuration.lr)).f_min is None
    assert CarpsObjectiveFunction(BENCH, objectives=("cost_s",)).f_min is None


def test_plain_yaml_makes_the_objective_function_and_the_task(bench_on_disk: Benchmark) -> None:
    yaml = """
    function:
      _target_: nhb2_plugins.adapters.carps_adapter.CarpsObjectiveFunction
      ladder: [1, 4, 12]
      charging: continued
      seed: mean
      objectives: [error_pct, cost_s]
      restriction:
        _target_: nhb2_plugins.subspace.Subspace
        lr: 0.1
    task:
      _target_: nhb2_plugins.adapters.carps_adapter.carps_task
      epoch: 200
      n_trials: 4
      task_seed: 1
    """
    settings = OmegaConf.create(yaml)
    function, task = instantiate(settings.function), instantiate(settings.task)
    value = function.evaluate(carps_trial(CONFIGURATION, function, 4))
    observation = bench_on_disk.evaluate(CONFIGURATION, 4, seed="mean")
    assert value.cost == [observation.error_pct, observation.cost_s]
    RandomSearchOptimizer(task).run()
    assert {record.epoch for record in task.objective_function.logger.records} == {200}


@pytest.mark.parametrize(
    ("name", "overrides", "epochs"),
    [
        ("blackbox", ["+optimizer/randomsearch=config"], {12}),
        ("multiobjective", ["+optimizer/randomsearch=config"], {12}),
        ("blackbox", ["+optimizer/nevergrad=DE"], {12}),
        ("multifidelity", ["+optimizer/smac20=multifidelity"], {1, 4, 12}),
        (
            "ladder_12_200",
            ["+optimizer/smac20=multifidelity", "optimizer.smac_cfg.smac_kwargs.intensifier.eta=16.666666666666668"],
            {12, 200},
        ),
    ],
)
def test_carps_runs_the_shipped_tasks(name: str, overrides: list[str], epochs: set[int], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "carps.run", "--config-dir", str(CARPS_CONFIGS), f"+task/NHB2={name}", *overrides]
    command += ["seed=1", "task.optimization_resources.n_trials=8", f"outdir={tmp_path / 'run'}"]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "NHB2_DATA": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    records = read_records(tmp_path / "run" / "trajectory.jsonl")
    assert {record.epoch for record in records} == epochs
    if name != "multiobjective":  # which CARP-S's reader of logs takes apart
        log = load_log(tmp_path / "run")
        assert log["trial_value__cost"].tolist() == [record.error_pct for record in records]
        assert log["time"].to_numpy() == pytest.approx([record.end_s for record in records], rel=1e-9)
    bench = open_benchmark()
    for record in records:
        assert record.error_pct == bench.evaluate(record.configuration, record.epoch).error_pct


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in (
        {"epoch": 13},
        {"seed": 1},
        {"charging": "free"},
        {"encoding": "binary"},
        {"objectives": ["speed"]},
        {"ladder": [0.5]},
        {"restriction": "lr=0.1"},
    ):
        with pytest.raises(InvalidValueError):
            CarpsObjectiveFunction(BENCH, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="n_trials, budget_s"):
        carps_task(BENCH)
    with pytest.raises(InvalidValueError, match="n_trials 0"):
        carps_task(BENCH, n_trials=0)
    with pytest.raises(InvalidValueError, match="budget"):
        carps_task(BENCH, budget_s=0)
    with pytest.raises(InvalidValueError, match="budget"):
        carps_stop_at_budget(RandomSearchOptimizer(carps_task(BENCH, n_trials=1)), -1)


def test_trials_that_cannot_be_served_are_refused() -> None:
    function = CarpsObjectiveFunction(BENCH)
    trial = carps_trial(CONFIGURATION, function)
    with pytest.raises(InvalidValueError, match="no ladder"):
        function.evaluate(TrialInfo(trial.config, budget=4))
    with pytest.raises(InvalidValueError, match="no instances"):
        function.evaluate(TrialInfo(trial.config, instance=0))
    with pytest.raises(InvalidValueError, match="below the smallest"):
        CarpsObjectiveFunction(BENCH, ladder=[4, 12]).evaluate(TrialInfo(trial.config, budget=1.0))
    assert not function.logger.records
    assert function.evaluate(TrialInfo(trial.config, seed=7)).additional_info["seed"] == BENCH.seeds[0]


def test_an_objective_function_stays_where_its_records_are() -> None:
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TrajectoryError, match="this CarpsObjectiveFunction cannot be copied"):
            copied(carps_task(BENCH, n_trials=1))


@pytest.mark.parametrize("restriction", [Subspace(lr=0.1), Subspace(one_per_class=True)])
def test_a_configuration_outside_the_part_of_the_space_is_refused(restriction: Subspace) -> None:
    function = CarpsObjectiveFunction(BENCH, restriction=restriction)
    outside = next(each for each in map(Configuration.from_index, range(N_CONFIGURATIONS)) if each not in restriction)
    with pytest.raises(ValueError, match=r"not allowed|violates forbidden clause"):  # ConfigSpace's
        function.evaluate(carps_trial(outside, CarpsObjectiveFunction(BENCH)))
    assert not function.logger.records


def test_only_this_module_s_tasks_have_a_simulated_clock() -> None:
    dummy = DummyObjectiveFunction(return_value=1.0)
    task = Task(
        "dummy",
        dummy,
        InputSpace(dummy.configspace),
        OutputSpace(),
        OptimizationResources(n_trials=1),
        TaskMetadata(),
    )
    with pytest.raises(InvalidValueError, match="DummyObjectiveFunction has no simulated clock"):
        carps_stop_at_budget(RandomSearchOptimizer(task), 1)
