"""The suite of adapters fails where an adapter breaks its promise: each broken one, the test that says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing import Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder
from tests.testing.broken import assert_each_fails_its_test

pytest_plugins = "pytester"


class Sound:
    """A framework that is a loop over random search."""

    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        recorder = Recorder(problem, logger=logger)
        records = [recorder.evaluate(each) for each in configurations]
        return [Seen(100 - record.accuracy_pct, describe(record)) for record in records]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        recorder, search, n_trials = Recorder(bench, logger=logger), RandomSearch(seed), 0
        while n_trials < (n or 10_000) and logger.clock_s < budget_s:
            self.run(lambda: recorder.evaluate(search.ask().configuration))
            n_trials += 1
        return n_trials

    def run(self, trial: Callable[[], object]) -> None:
        trial()


class SwallowsExceptions(Sound):
    def run(self, trial: Callable[[], object]) -> None:
        try:
            trial()
        except Exception:
            return


class WrapsExceptions(Sound):
    def run(self, trial: Callable[[], object]) -> None:
        try:
            trial()
        except Exception as error:
            raise RuntimeError("a trial failed") from error


class RecordsTwice(Sound):
    def run(self, trial: Callable[[], object]) -> None:
        trial()
        trial()


class IgnoresTheBudget(Sound):
    def search(self, *arguments: Any, **asked: Any) -> int:
        return super().search(*arguments, **{**asked, "budget_s": 1e5})


class IgnoresItsSeed(Sound):
    def search(self, *arguments: Any, **asked: Any) -> int:
        return super().search(*arguments, **{**asked, "seed": np.random.default_rng().integers(2**31).item()})


class IgnoresTheCharging(Sound):
    def evaluate(self, problem: Problem, *arguments: Any, **asked: Any) -> list[Seen]:
        return super().evaluate(replace(problem, charging="from_scratch"), *arguments, **asked)


class Maximises(Sound):
    def evaluate(self, *arguments: Any, **asked: Any) -> list[Seen]:
        return [Seen(100 - seen.value, seen.description) for seen in super().evaluate(*arguments, **asked)]


class TellsNumpy(Sound):
    def evaluate(self, *arguments: Any, **asked: Any) -> list[Seen]:
        return [Seen(np.float64(seen.value), seen.description) for seen in super().evaluate(*arguments, **asked)]


class SaysLess(Sound):
    def evaluate(self, *arguments: Any, **asked: Any) -> list[Seen]:
        return [Seen(seen.value, {"epoch": 12}) for seen in super().evaluate(*arguments, **asked)]


BROKEN = {
    SwallowsExceptions: "test_a_bug_in_the_benchmark_reaches_the_caller_as_itself",
    WrapsExceptions: "test_a_bug_in_the_benchmark_reaches_the_caller_as_itself",
    RecordsTwice: "test_a_search_records_each_evaluation_once",
    IgnoresTheBudget: "test_the_budget_is_kept_to_the_evaluation",
    IgnoresItsSeed: "test_a_seed_is_one_trajectory_in_every_process",
    IgnoresTheCharging: "test_an_evaluation_is_the_same_through_every_framework",
    Maximises: "test_an_evaluation_is_the_same_through_every_framework",
    TellsNumpy: "test_only_built_in_types_cross_the_border",
    SaysLess: "test_an_evaluation_is_the_same_through_every_framework",
}
"""With the test that must fail."""

HEAD = "from nhb2_plugins.testing import AdapterContract\nfrom tests.testing import test_adapters as broken\n"
SUITE = """
class Test{0}(AdapterContract):
    adapter = broken.{0}()
    EPOCHS = (12,)
    SEEDS = (None,)
"""


def test_every_broken_promise_fails_its_test_and_a_sound_adapter_none(pytester: pytest.Pytester) -> None:
    assert_each_fails_its_test(pytester, HEAD, SUITE, BROKEN)
