"""An assertion that a change harms nothing: it passes, it fails, and it says what it saw."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.testing import assert_not_worse


def other_random_search(seed: int) -> RandomSearch:
    return RandomSearch(seed + 1000)


def test_a_better_optimizer_and_the_same_one_pass() -> None:
    outcome = assert_not_worse(new=RegularizedEvolution, old=RandomSearch, n_seeds=60, budget_s=60_000, margin=0.4)
    assert outcome.verdict == "improved"
    assert assert_not_worse(new=RandomSearch, old=RandomSearch, n_seeds=10).verdict == "equivalent"


def test_a_worse_one_fails_and_says_by_how_much() -> None:
    with pytest.raises(AssertionError, match=r"^worse: mean regret [0-9.]+ before and [0-9.]+ after, a change of \+"):
        assert_not_worse(new=RandomSearch, old=RegularizedEvolution, n_seeds=60, budget_s=60_000, margin=0.4)


def test_what_is_not_decided_fails_unless_that_is_allowed() -> None:
    with pytest.raises(AssertionError, match=r"not decided: .* seeds would decide it"):
        assert_not_worse(new=other_random_search, old=RandomSearch, n_seeds=12, margin=0.3)
    outcome = assert_not_worse(new=other_random_search, old=RandomSearch, n_seeds=12, margin=0.3, allow_undecided=True)
    assert outcome.verdict == "not decided"


@pytest.mark.parametrize("n_seeds", [2.5, 0, -1, "10", True, None])
def test_a_number_of_seeds_that_is_none_is_named(n_seeds: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^n_seeds .* is not an integer in 1\.\.4294967295$"):
        assert_not_worse(new=RandomSearch, old=RandomSearch, n_seeds=n_seeds)
