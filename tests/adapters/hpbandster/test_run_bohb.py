"""``run_bohb`` in both engines, and its result against hpbandster's own."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hpbandster.core.base_iteration import Datum as HpbandsterDatum
from hpbandster.core.base_iteration import WarmStartIteration
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result, json_result_logger, logged_results_to_HBS_result
from hpbandster.optimizers.config_generators.bohb import BOHB as BohbGenerator  # noqa: N811

from nhb2_plugins.adapters.bohb_adapter import BohbResult, BohbWorker, run_bohb
from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.encoding import to_configuration
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.extras import install_command
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.adapters.hpbandster.leftovers import Leftovers
from tests.core_fixtures import mini_benchmark, mini_table

ENGINES = ["in_process", "nameserver"]
BENCH = mini_benchmark()


def runs_of(result: Any) -> list[tuple[Any, ...]]:
    return [(run.config_id, run.budget, run.loss, run.info) for run in result.get_all_runs()]


@pytest.fixture
def leftovers() -> Leftovers:
    return Leftovers()


class BrokenBenchmark(Benchmark):
    """Fails at the tenth evaluation."""

    n_evaluations = 0

    def evaluate(self, *arguments: Any, **keywords: Any) -> Observation:
        self.n_evaluations += 1
        if self.n_evaluations == 10:
            raise ZeroDivisionError("planted")
        return super().evaluate(*arguments, **keywords)


@pytest.mark.parametrize("engine", ENGINES)
def test_results_and_records_are_the_benchmarks(engine: str) -> None:
    logger = TrajectoryLogger()
    result = run_bohb(BENCH, 4, seed=1, engine=engine, logger=logger)
    configs = result.get_id2config_mapping()
    assert Counter(run.budget for run in result.get_all_runs()) == {12: 32, 200: 6}
    for run in result.get_all_runs():
        configuration = to_configuration(configs[run.config_id]["config"])
        observation = BENCH.evaluate(configuration, int(run.budget))
        assert run.loss == observation.error_pct
        assert run.info["cost_s"] == observation.cost_s
        assert (run.info["split"], run.info["cost_is_estimated"]) == (observation.split, run.budget == 200)
        assert all(type(value) in (float, int, str, bool) for value in run.info.values())
    assert len(logger) == 38
    assert Counter(record.budget for record in logger.records) == {12: 32, 200: 6}
    losses = sorted(run.loss for run in result.get_all_runs())
    assert sorted(record.error_pct for record in logger.records) == losses


@pytest.mark.parametrize("settings", [{}, {"encoding": "integer", "num_samples": 8, "random_fraction": 0.1}])
def test_both_engines_run_the_same_search(settings: dict[str, Any], leftovers: Leftovers) -> None:
    in_process = run_bohb(BENCH, 6, seed=3, **settings)
    nameserver = run_bohb(BENCH, 6, seed=3, engine="nameserver", **settings)
    assert isinstance(nameserver, Result)
    assert runs_of(in_process) == runs_of(nameserver)
    assert in_process.get_id2config_mapping() == nameserver.get_id2config_mapping()
    flags = [entry["config_info"]["model_based_pick"] for entry in nameserver.get_id2config_mapping().values()]
    assert sum(flags) > 10
    assert leftovers.new() == set()


@pytest.mark.parametrize(
    ("part", "whole_cells"),
    [
        (Subspace(lr=0.1), None),
        (Subspace(lr=0.1, cellcode="0|10|210"), None),
        (Subspace(one_per_class=True), None),
        (Subspace(batch_size=64), True),
    ],
)
def test_both_engines_keep_to_a_part_of_the_space(part: Subspace, whole_cells: bool | None) -> None:
    arguments = {"n_iterations": 6, "seed": 3, "restriction": part, "whole_cells": whole_cells}
    in_process = run_bohb(BENCH, **arguments)
    nameserver = run_bohb(BENCH, engine="nameserver", **arguments)
    assert runs_of(in_process) == runs_of(nameserver)
    configs = in_process.get_id2config_mapping()
    assert configs == nameserver.get_id2config_mapping()
    assert all(to_configuration(each["config"]) in part for each in configs.values())
    assert sum(each["config_info"]["model_based_pick"] for each in configs.values()) > 5


@pytest.mark.parametrize("engine", ENGINES)
def test_edges_that_cannot_keep_the_part_are_refused(engine: str) -> None:
    with pytest.raises(InvalidValueError, match="one_per_class needs whole_cells=True"):
        run_bohb(BENCH, 1, engine=engine, restriction=Subspace(one_per_class=True), whole_cells=False)


def test_a_worker_has_the_space_of_its_part_and_serves_nothing_else() -> None:
    worker = BohbWorker(bench=BENCH, run_id="none", restriction=Subspace(lr=0.1, one_per_class=True))
    space = worker.get_configspace(5)
    assert space.meta == configuration_space(restriction=Subspace(lr=0.1, one_per_class=True), whole_cells=True).meta
    inside = dict(space.sample_configuration())
    assert worker.compute((0, 0, 0), inside, 12.0) is not None
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        worker.compute((0, 0, 1), {**inside, "lr": 0.2}, 12.0)
    assert worker.error is not None


def fresh(result: Any) -> list[tuple[Any, ...]]:
    return [run for run in runs_of(result) if run[0][0] >= 0]


@pytest.fixture(scope="module")
def earlier() -> tuple[BohbResult, Result]:
    """The same run from both engines."""
    arguments = {"n_iterations": 4, "seed": 1, "ladder": FidelityLadder.hyperband(1, 12, eta=3)}
    return run_bohb(BENCH, **arguments), run_bohb(BENCH, engine="nameserver", **arguments)


def test_a_warm_start_is_the_same_in_both_engines_from_either_result(earlier: tuple[BohbResult, Result]) -> None:
    arguments = {"n_iterations": 2, "seed": 2, "ladder": FidelityLadder.hyperband(1, 12, eta=3), "random_fraction": 0}
    logger = TrajectoryLogger()
    first = run_bohb(BENCH, previous_result=earlier[0], logger=logger, **arguments)
    assert fresh(first) != runs_of(run_bohb(BENCH, **arguments))
    assert len(logger) == len(fresh(first)) == 17
    for engine in ENGINES:
        for previous in earlier:
            result = run_bohb(BENCH, engine=engine, previous_result=previous, **arguments)
            assert runs_of(result) == runs_of(first)
            assert result.get_id2config_mapping() == first.get_id2config_mapping()
            ended = [run.time_stamps["finished"] for run in result.get_all_runs() if run.config_id[0] < 0]
            assert len(ended) == len(earlier[0].get_all_runs())
            assert max(ended) == pytest.approx(0.0, abs=1e-3)
    flags = [each["config_info"]["model_based_pick"] for i, each in first.get_id2config_mapping().items() if i[0] == 0]
    assert sum(flags) == 9  # a cold start has no model here


def test_a_warm_start_from_a_directory_of_hpbandsters_result_logger(
    earlier: tuple[BohbResult, Result], tmp_path: Path
) -> None:
    write_log(earlier[0], tmp_path)
    arguments = {"n_iterations": 2, "seed": 2, "ladder": FidelityLadder.hyperband(1, 12, eta=3)}
    expected = runs_of(run_bohb(BENCH, previous_result=earlier[0], **arguments))
    for engine in ENGINES:
        assert runs_of(run_bohb(BENCH, engine=engine, previous_result=tmp_path, **arguments)) == expected


def write_log(result: BohbResult, directory: Path, crashed: tuple[int, ...] = ()) -> None:
    """Let hpbandster's own result logger write a result."""
    log = json_result_logger(str(directory), overwrite=True)
    for number, run in enumerate(sorted(result.get_all_runs(), key=lambda run: run.time_stamps["finished"])):
        entry = result.get_id2config_mapping()[run.config_id]
        log.new_config(run.config_id, entry["config"], entry["config_info"])
        job = Job(run.config_id, config=entry["config"], budget=run.budget)
        job.timestamps = {event: time_s + 1e6 for event, time_s in run.time_stamps.items()}
        job.result = None if number in crashed else {"loss": run.loss, "info": run.info}
        job.exception = "Traceback" if number in crashed else None
        log(job)


def test_a_log_is_read_as_hpbandster_reads_it(earlier: tuple[BohbResult, Result], tmp_path: Path) -> None:
    write_log(earlier[0], tmp_path, crashed=(3, 20))
    ours, theirs = BohbResult.read_log(tmp_path), logged_results_to_HBS_result(str(tmp_path))
    names = ("config_id", "budget", "loss", "info", "time_stamps", "error_logs")
    for only_largest in (False, True):
        pairs = [each.get_all_runs(only_largest_budget=only_largest) for each in (ours, theirs)]
        our_runs, their_runs = (
            sorted([[run[name] for name in names] for run in runs], key=lambda run: run[:2]) for runs in pairs
        )
        assert our_runs == their_runs
    assert ours.HB_config == theirs.HB_config
    assert ours.get_id2config_mapping() == theirs.get_id2config_mapping()
    assert ours.get_incumbent_id() == theirs.get_incumbent_id()
    assert ours.get_learning_curves() == theirs.get_learning_curves()
    assert ours.get_incumbent_trajectory() == theirs.get_incumbent_trajectory()
    assert len(ours.get_pandas_dataframe()[1]) == len(theirs.get_pandas_dataframe()[1]) == len(ours.get_all_runs()) - 2
    space = configuration_space()
    assert len(ours.get_fANOVA_data(space)[1]) == len(ours.get_all_runs()) - 2
    assert sorted(ours.get_fANOVA_data(space, failed_loss=100.0)[1])[-2:] == [100.0, 100.0]


def test_crashed_runs_are_bad_ones_to_a_warm_start(earlier: tuple[BohbResult, Result], tmp_path: Path) -> None:
    write_log(earlier[0], tmp_path, crashed=(3, 20))
    with pytest.raises(TypeError):  # what hpbandster's own warm start makes of them
        WarmStartIteration(logged_results_to_HBS_result(str(tmp_path)), BohbGenerator(configuration_space()))
    arguments = {"n_iterations": 2, "seed": 2, "ladder": FidelityLadder.hyperband(1, 12, eta=3)}
    first = run_bohb(BENCH, previous_result=tmp_path, **arguments)
    assert fresh(first) == fresh(run_bohb(BENCH, previous_result=tmp_path, engine="nameserver", **arguments))
    assert sum(run.loss is None for run in first.get_all_runs()) == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "cannot read .*configs.json"),
        ({"configs.json": "[[0, 0, 0]", "results.json": ""}, "configs.json:1: not JSON"),
        ({"configs.json": '{"a": 1}', "results.json": ""}, "configs.json:1: not a line of hpbandster's result logger"),
        ({"configs.json": "", "results.json": ""}, "holds no run"),
        ({"configs.json": "", "results.json": "[[0, 0, 0], 12.0, {}, null, null]"}, "is not in configs.json"),
    ],
)
def test_a_damaged_log_is_named(files: dict[str, str], message: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(TrajectoryError, match=message):
        run_bohb(BENCH, 1, previous_result=str(tmp_path))


def test_an_earlier_run_of_another_encoding_or_part_is_refused(earlier: tuple[BohbResult, Result]) -> None:
    with pytest.raises(InvalidValueError, match="rank of lr"):
        run_bohb(BENCH, 1, previous_result=earlier[0], encoding="integer")
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        run_bohb(BENCH, 1, previous_result=earlier[0], restriction=Subspace(lr=0.1))
    with pytest.raises(InvalidValueError, match="holds no run"):
        run_bohb(BENCH, 1, previous_result=BohbResult({}, {}))


def test_ladder_budgets_reach_the_nameserver_exactly() -> None:
    ladder = FidelityLadder([3, 7, 12])  # not geometric: hpbandster could not ask for it
    result = run_bohb(BENCH, 3, ladder=ladder, engine="nameserver")
    assert result.HB_config["budgets"] == [3.0, 7.0, 12.0]
    assert runs_of(result) == runs_of(run_bohb(BENCH, 3, ladder=ladder))


def test_several_nameserver_workers_lose_and_double_nothing(leftovers: Leftovers) -> None:
    logger = TrajectoryLogger()
    result = run_bohb(BENCH, 6, engine="nameserver", n_workers=3, logger=logger)
    runs = result.get_all_runs()
    assert len(runs) == len(logger) == 57
    assert all(run.loss is not None for run in runs)
    assert leftovers.new() == set()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_bug_in_the_benchmark_reaches_the_caller_as_itself(engine: str, n_workers: int, leftovers: Leftovers) -> None:
    bench = BrokenBenchmark(mini_table())
    with pytest.raises(ZeroDivisionError, match="planted"):
        run_bohb(bench, 6, engine=engine, n_workers=n_workers)
    assert leftovers.new() == set()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_workers", [1, 3])
def test_no_evaluation_starts_after_the_budget(engine: str, n_workers: int) -> None:
    logger = TrajectoryLogger()
    result = run_bohb(BENCH, None, budget_s=400_000.0, engine=engine, n_workers=n_workers, logger=logger)
    assert max(record.start_s for record in logger.records) < 400_000.0
    assert logger.clock_s >= 400_000.0
    assert sum(run.loss is not None for run in result.get_all_runs()) == len(logger)


def test_the_budget_ends_both_engines_at_the_same_evaluation() -> None:
    results = [run_bohb(BENCH, 9, seed=2, budget_s=150_000.0, engine=engine) for engine in ENGINES]
    assert runs_of(results[0]) == runs_of(results[1])
    assert len(runs_of(results[0])) < len(runs_of(run_bohb(BENCH, 9, seed=2)))


def test_simulated_workers_end_earlier() -> None:
    ends = []
    for n_workers in (1, 4):
        logger = TrajectoryLogger()
        run_bohb(BENCH, 6, n_workers=n_workers, logger=logger)
        ends.append(logger.clock_s)
    assert ends[1] < ends[0] / 2


def test_the_charging_policy_and_the_tables_seed_are_passed_on() -> None:
    for engine in ENGINES:
        logger = TrajectoryLogger()
        run_bohb(BENCH, 3, ladder=[4, 12], charging="continued", table_seed=555, engine=engine, logger=logger)  # type: ignore[arg-type]
        continued = [record for record in logger.records if record.charged_cost_s < record.cost_s]
        assert continued
        assert {record.seed for record in logger.records} == {555}


@pytest.fixture(scope="module")
def searched() -> BohbResult:
    result = run_bohb(BENCH, 6, ladder=FidelityLadder.hyperband(1, 12, eta=3), seed=4, n_workers=3)
    assert isinstance(result, BohbResult)
    return result


@pytest.fixture
def hpbandsters(searched: BohbResult) -> Result:
    """hpbandster's own result, holding the same data."""
    data = {
        config_id: HpbandsterDatum(
            dict(datum.config), dict(datum.config_info), datum.results, datum.time_stamps, datum.exceptions
        )
        for config_id, datum in searched.data.items()
    }
    return Result([data], dict(searched.HB_config))


def test_reading_methods_answer_as_hpbandsters(searched: BohbResult, hpbandsters: Result) -> None:
    def fields(runs: Any) -> list[Any]:
        names = ("config_id", "budget", "loss", "info", "time_stamps", "error_logs")
        return [[run[name] for name in names] for run in runs]

    assert fields(searched.get_all_runs()) == fields(hpbandsters.get_all_runs())
    assert fields(searched.get_all_runs(True)) == fields(hpbandsters.get_all_runs(only_largest_budget=True))
    assert searched.get_id2config_mapping() == hpbandsters.get_id2config_mapping()
    assert searched.get_incumbent_id() == hpbandsters.get_incumbent_id()
    assert searched.num_iterations() == hpbandsters.num_iterations() == 6
    assert searched.get_learning_curves() == hpbandsters.get_learning_curves()
    assert searched.get_learning_curves(len, [(0, 0, 0)]) == hpbandsters.get_learning_curves(len, [(0, 0, 0)])
    for bigger_is_better in (True, False):
        for non_decreasing in (True, False):
            arguments = (True, bigger_is_better, non_decreasing)
            ours = searched.get_incumbent_trajectory(*arguments)
            assert ours == hpbandsters.get_incumbent_trajectory(*arguments)
            assert len(ours["losses"]) > 1


def test_frames_and_arrays_are_hpbandsters(searched: BohbResult, hpbandsters: Result) -> None:
    for budgets in (None, [12.0]):
        configs, losses = searched.get_pandas_dataframe(budgets)
        their_configs, their_losses = hpbandsters.get_pandas_dataframe(budgets)
        if budgets is None:  # hpbandster writes a configuration's last budget into all of its rows
            their_configs["budget"] = [run.budget for run in searched.get_all_runs()]
        pd.testing.assert_frame_equal(configs, their_configs)
        pd.testing.assert_frame_equal(losses, their_losses)
        space, their_space = configuration_space(), configuration_space()
        x, y, our_space = searched.get_fANOVA_data(space, budgets)
        with pytest.warns(DeprecationWarning, match="Please use"):
            their_x, their_y, _ = hpbandsters.get_fANOVA_data(their_space, budgets)
        np.testing.assert_allclose(x, their_x, rtol=1e-13)  # ConfigSpace rounds hpbandster's budgets
        np.testing.assert_array_equal(y, their_y)
        assert ("budget" in our_space) == (budgets is None)
        assert "budget" not in space


def test_where_hpbandsters_result_fails(searched: BohbResult, hpbandsters: Result) -> None:
    with pytest.raises(NameError):
        hpbandsters.get_incumbent_trajectory(all_budgets=False)
    trajectory = searched.get_incumbent_trajectory(all_budgets=False)
    assert set(trajectory["budgets"]) == {12.0}
    assert trajectory["losses"] == sorted(trajectory["losses"], reverse=True)


def test_nothing_at_the_largest_budget_is_no_incumbent() -> None:
    result = run_bohb(BENCH, 1, budget_s=1.0)
    assert len(result.get_all_runs()) == 1
    assert result.get_incumbent_id() is None
    assert result[(0, 0, 0)].config == result.get_id2config_mapping()[(0, 0, 0)]["config"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "pyro"}, "engine 'pyro' is not one of 'in_process', 'nameserver'"),
        ({"n_iterations": None}, "n_iterations None needs a budget_s"),
        ({"n_workers": 0}, "n_workers 0 is not an integer of at least 1"),
        ({"n_workers": 1.5}, r"n_workers 1\.5 is not an integer of at least 1"),
        ({"n_workers": "2"}, "n_workers '2' is not an integer of at least 1"),
        ({"n_workers": True}, "n_workers True is not an integer of at least 1"),
        ({"budget_s": -1.0}, "budget_s -1.0 is not a positive number"),
        ({"ladder": [12, 5]}, "do not ascend"),
        ({"eta": 3}, "BOHB setting 'eta' is not one of"),
        ({"random_fracton": 0}, r"did you mean 'random_fraction'\?"),
        ({"engine": "nameserver", "bandwidth": "clipped"}, "bandwidth 'clipped' needs engine='in_process'"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str, leftovers: Leftovers) -> None:
    with pytest.raises(InvalidValueError, match=message):
        run_bohb(BENCH, **{"n_iterations": 1, **arguments})
    assert leftovers.new() == set()


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_in_process_engine_does_not_import_hpbandster() -> None:
    code = """
import sys
from nhb2_plugins.adapters.bohb_adapter import run_bohb
from tests.adapters.hpbandster.leftovers import Leftovers
from tests.core_fixtures import mini_benchmark
print(len(run_bohb(mini_benchmark(), 2).get_all_runs()))
print([name for name in sys.modules if name.split(".")[0] in ("hpbandster", "Pyro4", "statsmodels", "pandas")])
"""
    assert in_a_fresh_process(code) == "19\n[]"


def test_without_hpbandster_the_rest_says_what_to_install() -> None:
    code = """
import sys
sys.modules["hpbandster"] = None  # as if it were not installed
from nhb2_plugins.adapters import bohb_adapter
from nhb2_plugins.errors import MissingExtraError
from tests.adapters.hpbandster.leftovers import Leftovers
from tests.core_fixtures import mini_benchmark
bohb_adapter.run_bohb(mini_benchmark(), 1)
for use in (lambda: bohb_adapter.BohbWorker, lambda: bohb_adapter.run_bohb(mini_benchmark(), 1, engine="nameserver")):
    try:
        use()
    except MissingExtraError as error:
        print(error)
"""
    lines = in_a_fresh_process(code).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("BohbWorker needs hpbandster")
    assert all(install_command("bohb") in line for line in lines)


def test_unknown_names_of_the_module_are_unknown() -> None:
    from nhb2_plugins.adapters import bohb_adapter

    with pytest.raises(AttributeError, match="no attribute 'BohbWorkers'"):
        bohb_adapter.BohbWorkers  # noqa: B018
