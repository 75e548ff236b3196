"""What every adapter keeps, whatever its framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import pytest

from nhb2_plugins.adapters.description import DESCRIPTION, describe
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing.benchmarks import FailingBenchmark, PlantedError, generated_benchmark
from nhb2_plugins.testing.digests import ReproducibleSearches, what_counts
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import Recorder

CONFIGURATIONS = [Configuration.from_index(index) for index in (14_050, 7, 196_607, 14_050, 100_000, 7)]
N = 24
A_LOT = 10_000
BUDGET_S = 6_000
DESCRIBED = frozenset(DESCRIPTION) - {"simulated_end_s"}
"""What a framework is told of every evaluation, at least. (The simulated end may be a clock of its own.)"""


class Seen(NamedTuple):
    """What the framework was told about one evaluation: the number it minimises, and what it keeps beside it.

    A framework that keeps nothing beside it has no description.
    """

    value: float
    description: dict[str, Any] | None


class AdapterCase(Protocol):
    """One adapter, driven through its framework."""

    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        """Evaluate given configurations in order, in one run, at the problem's epoch.

        An adapter for ladders makes one of it: ``replace(problem, ladder=[problem.epoch])``.
        """
        ...

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        """Let the framework search until ``n`` evaluations or the budget; returns how many trials it counts."""
        ...


class AdapterContract(ReproducibleSearches):
    """The suite: a subclass named ``Test…`` gives :attr:`adapter`, or several :attr:`adapters` by name."""

    adapter: ClassVar[AdapterCase]
    adapters: ClassVar[Mapping[str, AdapterCase]] = {}
    EPOCHS: ClassVar[Sequence[int]] = (1, 4, 12, 200)
    SEEDS: ClassVar[Sequence[Seed | None]] = (None, 555, "mean")
    IN_ONE_PROCESS: ClassVar[bool] = True
    """Whether the framework evaluates where it is called; from elsewhere it can bring but a copy of an exception."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test runs for each adapter."""
        for argument, values in {"name": self.search_names(), "epoch": self.EPOCHS, "seed": self.SEEDS}.items():
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, values)

    @classmethod
    def cases(cls) -> Mapping[str, AdapterCase]:
        """The adapters under the suite, by name."""
        return cls.adapters or {type(cls.adapter).__name__: cls.adapter}

    @classmethod
    def search_names(cls) -> Sequence[str]:
        """Of the adapters under the suite."""
        return list(cls.cases())

    @classmethod
    def recorded(cls, name: str, seed: int) -> Sequence[TrialRecord]:
        """What a short search through the adapter records."""
        logger = TrajectoryLogger()
        cls.cases()[name].search(cls.make_bench(), logger, seed=seed, n=N)
        return logger.records

    @staticmethod
    def make_bench() -> Benchmark:
        """The benchmark of all tests but those of a failing one."""
        return generated_benchmark()

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls) -> Benchmark:
        """One benchmark for the whole suite: lookups are pure."""
        return cls.make_bench()

    @pytest.mark.parametrize("charging", CHARGING_POLICIES)
    def test_an_evaluation_is_the_same_through_every_framework(
        self, bench: Benchmark, name: str, epoch: int, seed: Seed | None, charging: Charging
    ) -> None:
        """Configuration, epoch, split, seed, value, costs and table do not depend on who asks."""
        logger = TrajectoryLogger()
        case = self.cases()[name]
        seen = case.evaluate(Problem(bench, epoch, seed=seed, charging=charging), CONFIGURATIONS, logger=logger)
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
        """No scalar of numpy reaches a framework or a file."""
        logger = TrajectoryLogger()
        case = self.cases()[name]
        seen = case.evaluate(Problem(bench), CONFIGURATIONS, logger=logger)
        for each in seen:
            assert type(each.value) is float
            assert all(type(value) in (float, int, bool, str) for value in (each.description or {}).values())
        for record in logger.records:
            assert all(type(value) in (float, int, str) for value in record.to_dict().values())

    def test_a_search_records_each_evaluation_once(self, bench: Benchmark, name: str) -> None:
        """The framework counts as many trials as there are records, and each says what the table says."""
        logger = TrajectoryLogger()
        n_counted = self.cases()[name].search(bench, logger, seed=1, n=N)
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
        """Only the last evaluation ends after the budget."""
        logger = TrajectoryLogger()
        self.cases()[name].search(bench, logger, seed=1, budget_s=BUDGET_S)
        *before, last = logger.records
        assert before
        assert all(record.end_s < BUDGET_S for record in before)
        assert last.start_s < BUDGET_S <= last.end_s

    @pytest.mark.parametrize("n_good", [0, 5])
    def test_a_bug_in_the_benchmark_reaches_the_caller_as_itself(self, name: str, n_good: int) -> None:
        """Whatever the framework does with exceptions."""
        bench = FailingBenchmark(self.make_bench().table, n_good)
        logger = TrajectoryLogger()
        with pytest.raises(PlantedError) as caught:
            self.cases()[name].search(bench, logger, seed=1, n=N)
        assert (caught.value is bench.planted) or (not self.IN_ONE_PROCESS and caught.value.args == bench.planted.args)
        assert len(logger) == n_good
