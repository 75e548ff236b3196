"""Brackets and successive halving, against hand-worked counts and hpbandster's own formula where that is right."""

from __future__ import annotations

import math
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES, FidelityLadder
from nhb2_plugins.optimizers.hyperband import Bracket, SuccessiveHalving, hyperband_brackets

LADDERS = st.lists(st.sampled_from(FIDELITIES), min_size=1, max_size=5, unique=True).map(sorted)


def counts(ladder: FidelityLadder) -> list[tuple[int, ...]]:
    return [bracket.n_configurations for bracket in hyperband_brackets(ladder)]


def hpbandster_formula(min_budget: float, max_budget: float, eta: float) -> tuple[list[float], list[list[int]]]:
    """The arithmetic of hpbandster 0.7.4 (``BOHB.__init__`` and ``get_next_iteration``)."""
    n_rungs = -int(np.log(min_budget / max_budget) / np.log(eta)) + 1
    budgets = max_budget * np.power(eta, -np.linspace(n_rungs - 1, 0, n_rungs))
    brackets = []
    for s in range(n_rungs - 1, -1, -1):
        n0 = int(np.floor(n_rungs / (s + 1)) * eta**s)
        brackets.append([max(int(n0 * (eta ** (-i))), 1) for i in range(s + 1)])
    return budgets.tolist(), brackets


@pytest.mark.parametrize(
    ("ladder", "expected"),
    [
        (FidelityLadder([12, 200]), [(16, 1), (2,)]),
        (FidelityLadder.hyperband(1, 12, eta=3), [(9, 3, 1), (3, 1), (3,)]),
        (FidelityLadder([1, 2, 4, 8]), [(8, 4, 2, 1), (4, 2, 1), (4, 2), (4,)]),
        (FidelityLadder([12]), [(1,)]),
        (FidelityLadder([1, 4, 12]), [(12, 3, 1), (3, 1), (3,)]),  # not geometric
    ],
)
def test_counts_by_hand(ladder: FidelityLadder, expected: list[tuple[int, ...]]) -> None:
    assert counts(ladder) == expected


def test_two_rung_ladders_agree_with_hpbandster_wherever_it_keeps_both_rungs() -> None:
    for top in (12, 200):
        for low in range(1, top):
            if low not in FIDELITIES:
                continue
            budgets, brackets = hpbandster_formula(low, top, top / low)
            if len(budgets) == 2:
                assert [list(each) for each in counts(FidelityLadder([low, top]))] == brackets
            else:  # which ladders lose a rung depends on numpy's logarithm
                assert len(counts(FidelityLadder([low, top]))) == 2


@pytest.mark.parametrize(("eta", "n_rungs"), [(2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (4, 2), (6, 2)])
def test_geometric_ladders_agree_with_hpbandster(eta: int, n_rungs: int) -> None:
    ladder = FidelityLadder(12 * eta ** -(n_rungs - 1.0 - k) for k in range(n_rungs))
    _, brackets = hpbandster_formula(ladder.budgets[0] * (1 - 1e-9), 12, eta)
    assert [list(each) for each in counts(ladder)] == brackets


@given(LADDERS)
def test_brackets_of_any_ladder(epochs: list[int]) -> None:
    brackets = hyperband_brackets(FidelityLadder(epochs))
    assert [bracket.budgets for bracket in brackets] == [tuple(epochs[i:]) for i in range(len(epochs))]
    for bracket in brackets:
        n = bracket.n_configurations
        assert all(later <= earlier for earlier, later in pairwise(n))
        assert n[-1] >= 1


def test_a_bracket_keeps_the_best() -> None:
    halving = SuccessiveHalving(0, Bracket((1.0, 4.0, 12.0), (4, 2, 1)), iter([5, 3, 9, 1]).__next__)
    seen = []
    while (run := halving.next_run()) is not None:
        seen.append((run.proposal, run.budget))
        halving.register(run.config_id, float(run.proposal))
    assert seen == [(5, 1), (3, 1), (9, 1), (1, 1), (3, 4), (1, 4), (1, 12)]
    assert halving.is_finished


def test_a_rung_waits_for_its_results() -> None:
    halving = SuccessiveHalving(0, Bracket((1.0, 12.0), (2, 1)), count().__next__)
    first, second = halving.next_run(), halving.next_run()
    assert first is not None
    assert second is not None
    assert halving.next_run() is None
    halving.register(second.config_id, 1.0)
    assert halving.next_run() is None
    assert not halving.is_finished
    halving.register(first.config_id, 0.5)
    promoted = halving.next_run()
    assert promoted is not None
    assert (promoted.config_id, promoted.budget) == (first.config_id, 12.0)


def test_a_crashed_configuration_leaves_its_slot_to_a_fresh_one() -> None:
    halving = SuccessiveHalving(3, Bracket((1.0, 12.0), (2, 1)), count().__next__)
    for _ in range(2):
        run = halving.next_run()
        assert run is not None
        halving.register(run.config_id, math.inf)
    fresh = halving.next_run()
    assert fresh is not None
    assert (fresh.config_id, fresh.proposal, fresh.budget) == ((3, 1, 0), 2, 12.0)


def test_only_running_configurations_register() -> None:
    halving = SuccessiveHalving(0, Bracket((1.0, 12.0), (2, 1)), count().__next__)
    run = halving.next_run()
    assert run is not None
    with pytest.raises(InvalidValueError, match=r"\(0, 0, 7\) of bracket 0 is not running"):
        halving.register((0, 0, 7), 1.0)
    halving.register(run.config_id, 1.0)
    with pytest.raises(InvalidValueError, match="not running"):
        halving.register(run.config_id, 1.0)
