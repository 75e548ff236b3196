"""The protocol: what is an optimizer, and what one looks like."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.ask_tell import EndsAfter, Optimizer, Suggestion, checked_optimizer
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bracket_search import Hyperband
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from tests.core_fixtures import mini_benchmark


@pytest.mark.parametrize("wrong", [object(), None, 3, "random_search", RandomSearch, Optimizer])
def test_what_is_no_optimizer_is_named(wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"optimizer .* has no methods ask and tell; make_optimizer"):
        simulate(wrong, mini_benchmark(), budget_s=10)
    search = RandomSearch(0)
    assert checked_optimizer(search) is search


def test_an_optimizer_shows_the_call_that_made_it() -> None:
    assert repr(RandomSearch(3)) == "RandomSearch(3)"
    assert repr(RegularizedEvolution(3, population_size=20)) == "RegularizedEvolution(3, population_size=20)"
    assert repr(Hyperband(0, ladder=[4, 12])) == "Hyperband(0, ladder=[4, 12])"
    assert repr(Bohb((4, 12), seed=1)) == "Bohb((4, 12), seed=1)"


def test_a_token_is_nobodys_business() -> None:
    one, other = (Suggestion(Configuration.from_index(0), token=token) for token in (1, 2))
    assert one == other
    assert "token" not in repr(one)
    with pytest.raises(AttributeError):
        one.epoch = 3  # type: ignore[misc]


def test_what_ends_after_some_proposals_has_finished_when_all_are_told() -> None:
    class Waiting(RandomSearch):
        """Has to wait once, which is no proposal."""

        waited = False

        def ask(self) -> Suggestion | None:  # type: ignore[override]
            if not self.waited:
                self.waited = True
                return None
            return super().ask()

    ending = EndsAfter(Waiting(1), 2)
    first, second, third, fourth = (ending.ask() for _ in range(4))
    assert first is fourth is None
    assert [second, third] == [RandomSearch(1).ask(), _second(RandomSearch(1))]
    logger = simulate(EndsAfter(RandomSearch(0), 7), mini_benchmark(), budget_s=float("inf"), n_workers=3)
    assert len(logger) == 7


def _second(search: RandomSearch) -> Suggestion:
    search.ask()
    return search.ask()
