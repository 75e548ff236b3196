"""The suite of optimizers fails where an optimizer breaks its promise: each broken one, the test that says so."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from tests.testing.broken import assert_each_fails_its_test

pytest_plugins = "pytester"


class Sound(RandomSearch):
    pass


class NoSuggestion(Sound):
    def ask(self) -> Any:
        return super().ask().configuration


class IgnoresItsEpoch(Sound):
    def ask(self) -> Suggestion:
        return Suggestion(super().ask().configuration, 12)


class SnapsUp(Sound):
    def ask(self) -> Suggestion:
        return Suggestion(super().ask().configuration, self._epoch, budget=0.5)


class IgnoresItsSeed(Sound):
    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        super().__init__(7, epoch=epoch, restriction=restriction)


class DrawsFromTheProcess(Sound):
    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        super().__init__(seed, epoch=epoch, restriction=restriction)
        random.seed(seed)
        self._random = random  # type: ignore[assignment]


class SeedsNumpy(Sound):
    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        np.random.seed(0)  # noqa: NPY002


class DependsOnTheHashSeed(Sound):
    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        super().__init__(hash(f"seed {seed}") % 2**32, epoch=epoch, restriction=restriction)


class WaitsForNothing(Sound):
    def ask(self) -> Any:
        self._asked = getattr(self, "_asked", 0) + 1
        return None if self._asked == 5 else super().ask()


class DividesByTheSpread(Sound):
    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        super().__init__(seed, epoch=epoch, restriction=restriction)
        self._errors: list[float] = []

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        self._errors.append(observation.error_pct)
        if len(self._errors) > 10:
            1 / (max(self._errors) - min(self._errors))


class LeavesItsPart(Sound):
    def __init__(self, seed: int, *, epoch: int = 12, restriction: Subspace = WHOLE_SPACE) -> None:
        super().__init__(seed, epoch=epoch)


class ClosesOnce(Sound):
    is_closed = False

    def close(self) -> None:
        assert not self.is_closed
        self.is_closed = True


BROKEN = {
    NoSuggestion: "test_it_asks_for_what_the_table_answers",
    IgnoresItsEpoch: "test_it_searches_at_the_fidelity_that_it_is_given",
    SnapsUp: "test_it_asks_for_what_the_table_answers",
    IgnoresItsSeed: "test_another_seed_is_another_search",
    DrawsFromTheProcess: "test_two_searches_share_nothing",
    SeedsNumpy: "test_two_searches_share_nothing",
    DependsOnTheHashSeed: "test_a_seed_is_one_trajectory_in_every_process",
    WaitsForNothing: "test_it_goes_on_until_the_budget_is_spent_or_it_has_finished",
    DividesByTheSpread: "test_a_table_without_differences_is_no_obstacle",
    LeavesItsPart: "test_it_keeps_to_a_part_of_the_space",
    ClosesOnce: "test_it_asks_for_what_the_table_answers",
}
"""With the test that must fail."""

HEAD = "from nhb2_plugins.testing import OptimizerContract\nfrom tests.testing import test_optimizers as broken\n"
SUITE = """
class Test{0}(OptimizerContract):
    optimizer = broken.{0}
    N = 12
"""


def test_every_broken_promise_fails_its_test_and_a_sound_optimizer_none(pytester: pytest.Pytester) -> None:
    assert_each_fails_its_test(pytester, HEAD, SUITE, BROKEN)
