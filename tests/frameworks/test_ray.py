"""The Ray Tune adapter on a small Ray of this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import psutil
import pytest
import ray
from ray import cloudpickle, tune
from ray.tune.error import TuneError
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.basic_variant import BasicVariantGenerator

from nhb2_plugins.adapters.description import DESCRIPTION
from nhb2_plugins.adapters.ray_adapter import (
    METRIC,
    RAY_ENCODINGS,
    TIME_ATTRIBUTE,
    RayTune,
    ray_configuration,
    ray_param_space,
    ray_values,
)
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.testing.adapters import A_LOT, AdapterContract, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.core_fixtures import mini_table


def start_ray() -> None:
    """One CPU, no dashboard."""
    if not ray.is_initialized():
        ray.init(
            num_cpus=1,
            include_dashboard=False,
            object_store_memory=80_000_000,
            log_to_driver=False,
            logging_level="ERROR",
        )


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    start_ray()
    yield
    ray.shutdown()
    left = [process for process in psutil.Process().children(recursive=True) if "ray" in process.name()]
    assert not psutil.wait_procs(left, timeout=30)[1]


@contextmanager
def tuner_of(
    run: RayTune, *, n: int, stop: Any = None, fail_fast: Any = "raise", **config: Any
) -> Iterator[tune.Tuner]:
    with tempfile.TemporaryDirectory() as directory:
        yield tune.Tuner(
            run.trainable,
            param_space=run.param_space,
            tune_config=tune.TuneConfig(
                metric=METRIC, mode="min", num_samples=n, max_concurrent_trials=1, reuse_actors=True, **config
            ),
            run_config=tune.RunConfig(
                storage_path=directory,
                callbacks=[run.callback],
                stop=stop,
                failure_config=tune.FailureConfig(fail_fast=fail_fast),
                verbose=0,
            ),
        )


class RayCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        start_ray()
        run = RayTune(problem, logger=logger, report=False)
        searcher = BasicVariantGenerator(points_to_evaluate=[ray_values(each) for each in configurations])
        with tuner_of(run, n=len(configurations), search_alg=searcher) as tuner:
            results = tuner.fit()
        metrics = [result.metrics for result in results]
        return [Seen(each[METRIC], {name: each[name] for name in DESCRIPTION}) for each in metrics]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        start_ray()
        run = RayTune(bench, logger=logger, report=False)
        searcher = BasicVariantGenerator(random_state=seed)
        stop = run.stop_at_budget(budget_s)
        with tuner_of(run, n=n or A_LOT, search_alg=searcher, stop=stop, fail_fast=True) as tuner:
            try:
                return len(tuner.fit())
            finally:
                run.raise_first_error()  # Ray's own exception is a text, or a RayTaskError around the trial's


class TestContract(AdapterContract):
    adapters: ClassVar = {"ray": RayCase()}
    # Ray needs a second for each of these runs.
    EPOCHS: ClassVar = (4, 200)
    SEEDS: ClassVar = (None, "mean")
    IN_ONE_PROCESS: ClassVar = False

    @staticmethod
    def make_bench() -> Benchmark:
        return open_benchmark()  # a table on disk is opened where it is, and one in memory sent to every trial


@pytest.mark.parametrize("encoding", RAY_ENCODINGS)
@pytest.mark.parametrize(
    "restriction", [Subspace(), Subspace(one_per_class=True), Subspace(lr=0.1, cellcode="0|10|210")]
)
def test_a_configuration_goes_there_and_back(encoding: Encoding, restriction: Subspace) -> None:
    space = ray_param_space(encoding, restriction)
    for configuration in map(Configuration.from_index, range(0, N_CONFIGURATIONS, 997)):
        if configuration in restriction:
            values = ray_values(configuration, encoding, restriction)
            assert list(values) == list(space)
            assert all(space[name].is_valid(value) for name, value in values.items())
            assert ray_configuration(values, encoding) == configuration
    for _ in range(50):
        drawn = {name: domain.sample() for name, domain in space.items()}
        assert ray_configuration(drawn, encoding) in restriction


def test_asha_stops_trials_which_pay_for_the_epochs_they_trained() -> None:
    bench = open_benchmark()
    run = RayTune(bench)
    scheduler = ASHAScheduler(time_attr=TIME_ATTRIBUTE, max_t=12, grace_period=1, reduction_factor=3)
    searcher = BasicVariantGenerator(random_state=0)
    with tuner_of(run, n=20, scheduler=scheduler, search_alg=searcher) as tuner:
        results = tuner.fit()
    records = run.logger.records
    assert len(records) == len(results) == 20
    assert {record.status for record in records} == {"complete", "pruned"}
    by_configuration = {ray_configuration(result.config): result.metrics for result in results}
    for record in records:
        metrics = by_configuration[record.configuration]
        assert record.charged_cost_s == bench.evaluate(record.configuration, record.epoch).cost_s
        assert (metrics["epoch"], metrics["error_pct"]) == (record.epoch, record.error_pct)
        assert (metrics["charged_cost_s"], metrics["table"]) == (record.charged_cost_s, record.table)
        assert record.status == ("complete" if record.epoch == 12 else "pruned")
    assert results.get_best_result().metrics[METRIC] == min(record.error_pct for record in records)


@pytest.mark.parametrize("fail_fast", [False, True])
def test_an_error_that_ray_keeps_can_be_raised(fail_fast: bool) -> None:
    run = RayTune(FailingBenchmark(mini_table(), 0))
    with tuner_of(run, n=2, fail_fast=fail_fast) as tuner, pytest.raises(TuneError):
        tuner.fit()
    with pytest.raises(PlantedError, match="planted after 0"):
        run.raise_first_error()


def test_a_point_that_is_no_rank_is_refused() -> None:
    run = RayTune(open_benchmark(), encoding="integer")
    point = {**ray_values(Configuration.from_index(7), "integer"), "lr": 0.4}
    searcher = BasicVariantGenerator(points_to_evaluate=[point])
    with tuner_of(run, n=1, search_alg=searcher, fail_fast=True) as tuner, pytest.raises(TuneError):
        tuner.fit()
    with pytest.raises(InvalidValueError, match=r"rank of lr 0\.4 is not one of 0"):
        run.raise_first_error()
    assert len(run.logger) == 0


def test_a_run_stays_where_its_records_are() -> None:
    run = RayTune(open_benchmark())
    for held in (run, run.callback._run):
        with pytest.raises(TrajectoryError, match="Make one where the Tuner is made"):
            cloudpickle.dumps(held)
    with pytest.raises(TrajectoryError, match="has lost its records"):
        cloudpickle.loads(cloudpickle.dumps(run.callback)).on_trial_error(trial=None)
    assert cloudpickle.loads(cloudpickle.dumps(run.stop_at_budget(1))).stop_all() is False


def test_a_search_in_a_part_of_the_space() -> None:
    part = Subspace(lr=0.1, one_per_class=True)
    run = RayTune(open_benchmark(), encoding="integer", restriction=part, report=False)
    with tuner_of(run, n=5) as tuner:
        tuner.fit()
    assert len(run.logger) == 5
    assert all(record.configuration in part for record in run.logger.records)


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in ({"epoch": 13}, {"seed": 1}, {"charging": "free"}, {"encoding": "ordinal"}, {"restriction": None}):
        with pytest.raises(InvalidValueError):
            RayTune(open_benchmark(), **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        ray_values(Configuration.from_index(0), restriction=Subspace(lr=0.1))
