"""What every adapter keeps, whatever its framework: one suite, joined in ``adapter_cases.py``."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import pytest

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder
from tests.contract.adapter_cases import CASES
from tests.core_fixtures import mini_table
from tests.support.fresh_process import output_of
from tests.support.generated_benchmark import FailingBenchmark, PlantedError, generated_benchmark

CONFIGURATIONS = [Configuration.from_index(index) for index in (14_050, 7, 196_607, 14_050, 100_000, 7)]
N = 24
adapters = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="session")
def bench() -> Benchmark:
    return generated_benchmark()


def what_counts(record: TrialRecord) -> dict[str, Any]:
    """A record without its wall-clock field."""
    return {name: value for name, value in record.to_dict().items() if name != "overhead_s"}


def digest(name: str) -> str:
    """Of everything that a search of an adapter recorded."""
    logger = TrajectoryLogger()
    CASES[name].search(generated_benchmark(), logger, seed=5, n=N)
    return hashlib.sha256(json.dumps([what_counts(record) for record in logger.records]).encode()).hexdigest()


def print_digests() -> None:
    """What a fresh process does."""
    sys.stdout.write(json.dumps({name: digest(name) for name in CASES}))


@adapters
@pytest.mark.parametrize("epoch", [1, 4, 12, 200])
@pytest.mark.parametrize("seed", [None, 555, "mean"])
@pytest.mark.parametrize("charging", CHARGING_POLICIES)
def test_an_evaluation_is_the_same_through_every_framework(
    bench: Benchmark, name: str, epoch: int, seed: Seed | None, charging: Charging
) -> None:
    logger = TrajectoryLogger()
    seen = CASES[name].evaluate(bench, CONFIGURATIONS, epoch=epoch, seed=seed, charging=charging, logger=logger)
    recorder = Recorder(bench, charging=charging)
    expected = [recorder.evaluate(each, epoch, seed=seed) for each in CONFIGURATIONS]
    assert [what_counts(record) for record in logger.records] == [what_counts(record) for record in expected]
    assert [each.value for each in seen] == [100 - record.accuracy_pct for record in expected]
    for each, record in zip(seen, expected, strict=True):
        common = describe(record).items() & each.description.items()
        assert {"cost_s", "charged_cost_s", "cost_is_estimated", "epoch", "split", "seed", "table"} <= {
            key for key, _ in common
        }


@adapters
def test_only_built_in_types_cross_the_border(bench: Benchmark, name: str) -> None:
    logger = TrajectoryLogger()
    seen = CASES[name].evaluate(bench, CONFIGURATIONS, epoch=12, seed=None, charging="from_scratch", logger=logger)
    for each in seen:
        assert type(each.value) is float
        assert all(type(value) in (float, int, bool, str) for value in each.description.values())
    for record in logger.records:
        assert all(type(value) in (float, int, str) for value in record.to_dict().values())


@adapters
def test_a_search_records_each_evaluation_once(bench: Benchmark, name: str) -> None:
    logger = TrajectoryLogger()
    n_counted = CASES[name].search(bench, logger, seed=1, n=N)
    records = logger.records
    assert len(records) == n_counted == N
    assert [record.trial for record in records] == list(range(N))
    for record in records:
        observation = bench.evaluate(record.configuration, record.epoch)
        answered = (record.accuracy_pct, record.cost_s, record.split, record.seed)
        assert answered == (observation.accuracy_pct, observation.cost_s, observation.split, observation.seed)
        assert record.charged_cost_s == record.cost_s
        assert record.end_s == record.start_s + record.charged_cost_s
    assert logger.charged_cost_s == pytest.approx(records[-1].end_s)


@adapters
def test_the_budget_is_kept_to_the_evaluation(bench: Benchmark, name: str) -> None:
    logger = TrajectoryLogger()
    CASES[name].search(bench, logger, seed=1, budget_s=6_000)
    *before, last = logger.records
    assert before
    assert all(record.end_s < 6_000 for record in before)
    assert last.start_s < 6_000 <= last.end_s


@adapters
@pytest.mark.parametrize("n_good", [0, 5])
def test_a_bug_in_the_benchmark_reaches_the_caller_as_itself(name: str, n_good: int) -> None:
    bench = FailingBenchmark(mini_table(), n_good)
    logger = TrajectoryLogger()
    with pytest.raises(PlantedError) as caught:
        CASES[name].search(bench, logger, seed=1, n=N)
    assert caught.value is bench.planted
    assert len(logger) == n_good


@pytest.fixture(scope="session")
def digests_elsewhere() -> list[dict[str, str]]:
    """What three fresh processes, each with its own hash seed, get of every adapter."""
    code = "from tests.contract.test_adapters import print_digests; print_digests()"
    return [json.loads(output_of(code, hash_seed=hash_seed).splitlines()[-1]) for hash_seed in (1, 2, 3)]


@adapters
def test_a_seed_is_one_trajectory_in_every_process(digests_elsewhere: list[dict[str, str]], name: str) -> None:
    assert [digests[name] for digests in digests_elsewhere] == [digest(name)] * 3
