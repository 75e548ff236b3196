"""What every adapter keeps, whatever its framework: one suite, joined by a subclass with cases of its own."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import pytest

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder
from tests.core_fixtures import mini_table
from tests.support.fresh_process import output_of
from tests.support.generated_benchmark import FailingBenchmark, PlantedError, generated_benchmark

CONFIGURATIONS = [Configuration.from_index(index) for index in (14_050, 7, 196_607, 14_050, 100_000, 7)]
N = 24
A_LOT = 10_000
BUDGET_S = 6_000
DESCRIBED = {"cost_s", "charged_cost_s", "cost_is_estimated", "epoch", "split", "seed", "table"}
"""What a framework is told of every evaluation, at least."""


class Seen(NamedTuple):
    """What the framework was told about one evaluation: the number it minimises, and what it keeps beside it.

    A framework that keeps nothing beside it has no description.
    """

    value: float
    description: dict[str, Any] | None


class AdapterCase(Protocol):
    """One adapter, driven through its framework."""

    def evaluate(
        self,
        bench: Benchmark,
        configurations: Sequence[Configuration],
        *,
        epoch: int,
        seed: Seed | None,
        charging: Charging,
        logger: TrajectoryLogger,
    ) -> list[Seen]:
        """Evaluate given configurations in order, in one run."""
        ...

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        """Let the framework search until ``n`` evaluations or the budget; returns how many trials it counts."""
        ...


def what_counts(record: TrialRecord) -> dict[str, Any]:
    """A record without its wall-clock field."""
    return {name: value for name, value in record.to_dict().items() if name != "overhead_s"}


class AdapterContract:
    """The suite: a subclass named ``Test…`` gives :attr:`CASES`, and every test runs for each of them."""

    CASES: ClassVar[Mapping[str, AdapterCase]] = {}
    EPOCHS: ClassVar[Sequence[int]] = (1, 4, 12, 200)
    SEEDS: ClassVar[Sequence[Seed | None]] = (None, 555, "mean")
    IN_ONE_PROCESS: ClassVar[bool] = True
    """Whether the framework evaluates where it is called; from elsewhere it can bring but a copy of an exception."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for argument, values in {"name": self.CASES, "epoch": self.EPOCHS, "seed": self.SEEDS}.items():
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, values)

    @staticmethod
    def make_bench() -> Benchmark:
        return generated_benchmark()

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls) -> Benchmark:
        return cls.make_bench()

    @classmethod
    def digest(cls, name: str) -> str:
        """Of everything that a search of an adapter recorded."""
        logger = TrajectoryLogger()
        cls.CASES[name].search(cls.make_bench(), logger, seed=5, n=N)
        return hashlib.sha256(json.dumps([what_counts(record) for record in logger.records]).encode()).hexdigest()

    @classmethod
    def print_digests(cls) -> None:
        """What a fresh process does."""
        sys.stdout.write("\n" + json.dumps({name: cls.digest(name) for name in cls.CASES}) + "\n")

    @pytest.fixture(scope="class")
    @classmethod
    def digests_elsewhere(cls) -> list[dict[str, str]]:
        """What three fresh processes, each with its own hash seed, get of every adapter."""
        code = f"from {cls.__module__} import {cls.__name__}; {cls.__name__}.print_digests()"
        return [json.loads(output_of(code, hash_seed=hash_seed).splitlines()[-1]) for hash_seed in (1, 2, 3)]

    @pytest.mark.parametrize("charging", CHARGING_POLICIES)
    def test_an_evaluation_is_the_same_through_every_framework(
        self, bench: Benchmark, name: str, epoch: int, seed: Seed | None, charging: Charging
    ) -> None:
        logger = TrajectoryLogger()
        case = self.CASES[name]
        seen = case.evaluate(bench, CONFIGURATIONS, epoch=epoch, seed=seed, charging=charging, logger=logger)
        recorder = Recorder(bench, charging=charging)
        expected = [recorder.evaluate(each, epoch, seed=seed) for each in CONFIGURATIONS]
        assert [what_counts(record) for record in logger.records] == [what_counts(record) for record in expected]
        assert [each.value for each in seen] == [100 - record.accuracy_pct for record in expected]
        for each, record in zip(seen, expected, strict=True):
            if each.description is None:
                continue
            common = describe(record).items() & each.description.items()
            assert {key for key, _ in common} >= DESCRIBED

    def test_only_built_in_types_cross_the_border(self, bench: Benchmark, name: str) -> None:
        logger = TrajectoryLogger()
        case = self.CASES[name]
        seen = case.evaluate(bench, CONFIGURATIONS, epoch=12, seed=None, charging="from_scratch", logger=logger)
        for each in seen:
            assert type(each.value) is float
            assert all(type(value) in (float, int, bool, str) for value in (each.description or {}).values())
        for record in logger.records:
            assert all(type(value) in (float, int, str) for value in record.to_dict().values())

    def test_a_search_records_each_evaluation_once(self, bench: Benchmark, name: str) -> None:
        logger = TrajectoryLogger()
        n_counted = self.CASES[name].search(bench, logger, seed=1, n=N)
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

    def test_the_budget_is_kept_to_the_evaluation(self, bench: Benchmark, name: str) -> None:
        logger = TrajectoryLogger()
        self.CASES[name].search(bench, logger, seed=1, budget_s=BUDGET_S)
        *before, last = logger.records
        assert before
        assert all(record.end_s < BUDGET_S for record in before)
        assert last.start_s < BUDGET_S <= last.end_s

    @pytest.mark.parametrize("n_good", [0, 5])
    def test_a_bug_in_the_benchmark_reaches_the_caller_as_itself(self, name: str, n_good: int) -> None:
        bench = FailingBenchmark(mini_table(), n_good)
        logger = TrajectoryLogger()
        with pytest.raises(PlantedError) as caught:
            self.CASES[name].search(bench, logger, seed=1, n=N)
        assert (caught.value is bench.planted) or (not self.IN_ONE_PROCESS and caught.value.args == bench.planted.args)
        assert len(logger) == n_good

    def test_a_seed_is_one_trajectory_in_every_process(
        self, digests_elsewhere: list[dict[str, str]], name: str
    ) -> None:
        assert [digests[name] for digests in digests_elsewhere] == [self.digest(name)] * 3
