from __future__ import annotations

import math
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES, FidelityLadder, checked_epoch, checked_split

TWO_RUNG_LADDERS = [(low, high) for high in (12, 200) for low in range(1, high)]
ladders = st.sets(st.sampled_from(FIDELITIES), min_size=1).map(lambda rungs: FidelityLadder(sorted(rungs)))


def test_every_epoch_is_itself_and_nothing_else_is_an_epoch() -> None:
    assert FIDELITIES == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200)
    for epoch in FIDELITIES:
        for written in (epoch, float(epoch), np.int64(epoch), np.float32(epoch)):
            assert checked_epoch(written) == epoch
            assert type(checked_epoch(written)) is int


@pytest.mark.parametrize(
    "epoch", [0, 13, -1, 199, 201, 3.5, "12", None, math.nan, math.inf, [12], np.array([1, 2]), True, np.True_]
)
def test_a_wrong_epoch_is_named_with_the_allowed_ones(epoch: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        checked_epoch(epoch)
    assert str(refusal.value) == f"epoch {epoch!r} is not one of 1..12 or 200"


def test_the_split_is_validation_within_the_schedule_and_test_at_200() -> None:
    assert [checked_split(None, epoch) for epoch in FIDELITIES] == ["valid"] * 12 + ["test"]
    for epoch in FIDELITIES[:-1]:
        assert [checked_split(split, epoch) for split in ("train", "valid", "test")] == ["train", "valid", "test"]
    assert checked_split("test", 200) == "test"
    for split in ("train", "valid"):
        with pytest.raises(InvalidValueError, match=f"split '{split}' does not exist at 200 epochs"):
            checked_split(split, 200)


@pytest.mark.parametrize("split", ["vaild", "", "TEST", 1, ["valid"]])
def test_a_wrong_split_is_named_with_the_allowed_ones(split: Any) -> None:
    for epoch in (12, 200):
        with pytest.raises(InvalidValueError) as refusal:
            checked_split(split, epoch)
        assert str(refusal.value).startswith(f"split {split!r} is not one of 'train', 'valid', 'test'")


@given(st.floats(1, 1e6))
def test_a_budget_snaps_to_the_largest_fidelity_at_or_below_it(budget: float) -> None:
    ladder = FidelityLadder(FIDELITIES)
    snapped = ladder.snap(budget)
    assert snapped in FIDELITIES
    assert snapped <= budget * (1 + 1e-9)
    assert all(epoch <= snapped or epoch > budget * (1 + 1e-9) for epoch in FIDELITIES)


@given(ladders, st.floats(0.01, 1e6))
def test_snapping_is_monotone_and_idempotent(ladder: FidelityLadder, budget: float) -> None:
    if budget < ladder.rungs[0] * (1 - 1e-8):
        with pytest.raises(InvalidValueError, match="is below the smallest fidelity"):
            ladder.snap(budget)
    elif budget >= ladder.rungs[0]:
        snapped = ladder.snap(budget)
        assert ladder.snap(snapped) == snapped == ladder.rungs[ladder.rung_of(budget)]
        assert ladder.snap(budget * 1.5) >= snapped


@pytest.mark.parametrize("epoch", FIDELITIES)
def test_float_error_of_a_billionth_is_forgiven_and_more_is_not(epoch: int) -> None:
    ladder = FidelityLadder(FIDELITIES)
    assert ladder.snap(epoch * (1 - 0.9e-9)) == epoch == ladder.snap(epoch * (1 + 1e-12))
    if epoch == 1:
        with pytest.raises(InvalidValueError, match="below the smallest fidelity 1"):
            ladder.snap(1 - 2e-9)
    else:
        assert ladder.snap(epoch * (1 - 2e-9)) < epoch


@pytest.mark.parametrize("budget", [math.nan, math.inf, -math.inf, "12", None, [12], 1j, True, np.True_])
def test_a_budget_that_is_no_number_of_epochs_is_named(budget: Any) -> None:
    for refuse in (FidelityLadder([12, 200]).snap, FidelityLadder([12, 200]).rung_of, lambda b: FidelityLadder([b])):
        with pytest.raises(InvalidValueError, match="is not a finite number of epochs") as refusal:
            refuse(budget)
        assert repr(budget) in str(refusal.value)


def test_budgets_that_make_no_ladder_are_refused() -> None:
    for budgets, message in (
        ([], "needs at least one budget"),
        ([200, 12], r"budgets \[200, 12\] snap to \[200, 12\], which do not ascend"),
        ([12, 12], "do not ascend strictly"),
        ([12, 13.7], r"budgets \[12, 13.7\] snap to \[12, 12\]"),
        ([0, 12], "budget 0 is below the smallest fidelity 1"),
        ([-3], "budget -3 is below the smallest fidelity 1"),
    ):
        with pytest.raises(InvalidValueError, match=message):
            FidelityLadder(budgets)


@pytest.mark.parametrize("budgets", [12, 12.0, None, "12", True, b"x", {12: 200}])
def test_what_is_no_list_of_budgets_is_named(budgets: Any) -> None:
    with pytest.raises(
        InvalidValueError, match=r"are not several numbers of epochs, for example \[12, 200\]"
    ) as refusal:
        FidelityLadder(budgets)
    assert f"budgets {budgets!r} " in str(refusal.value)


def test_the_ladder_of_the_multi_fidelity_study() -> None:
    ladder = FidelityLadder([12, 200])
    assert ladder.eta == 200 / 12
    assert ladder.snap(13.7) == 12
    assert (ladder.snap(200), ladder.snap(1e9), ladder.rung_of(199.9)) == (200, 200, 0)
    with pytest.raises(
        InvalidValueError, match=r"budget 11.9 is below the smallest fidelity 12 \(rungs: \[12, 200\]\)"
    ):
        ladder.snap(11.9)


def test_a_ladder_is_a_frozen_value() -> None:
    ladder = FidelityLadder(np.array([12, 200]))
    assert ladder == FidelityLadder((12.0, 200)) == pickle.loads(pickle.dumps(ladder))
    assert len({ladder, FidelityLadder([12, 200])}) == 1
    assert {type(budget) for budget in ladder.budgets} == {int}
    with pytest.raises(AttributeError):
        ladder.budgets = (1, 2)  # type: ignore[misc]


def hpbandsters_budgets(low: float, high: float, eta: float) -> list[float]:
    """The arithmetic of ``hpbandster.optimizers.HyperBand``, which users run into."""
    n_rungs = -int(np.log(low / high) / np.log(eta)) + 1
    return (high * np.power(eta, -np.linspace(n_rungs - 1, 0, n_rungs))).tolist()


def test_hpbandsters_own_arithmetic_loses_rungs_and_undershoots() -> None:
    """What makes the helper necessary, as the documentation states it."""
    budgets = {(low, high): hpbandsters_budgets(low, high, high / low) for low, high in TWO_RUNG_LADDERS}
    assert len(TWO_RUNG_LADDERS) == 210
    assert sum(len(each) < 2 for each in budgets.values()) == 57
    assert sum(len(each) == 2 and each[0] < low for (low, _), each in budgets.items()) == 11
    assert budgets[12, 200] == [12, 200]


@pytest.mark.parametrize(("low", "high"), TWO_RUNG_LADDERS)
def test_hyperband_keeps_both_ends_of_every_two_rung_ladder(low: int, high: int) -> None:
    ladder = FidelityLadder.hyperband(low, high, eta=high / low)
    assert ladder.budgets == (low, high)
    assert ladder.rungs == (min(low, 12), high)
    assert ladder.eta == high / low


@pytest.mark.parametrize(("low", "high"), [(low, high) for low, high in TWO_RUNG_LADDERS if low < 12])
@pytest.mark.parametrize("n_steps", [2, 3, 4])
def test_hyperband_keeps_both_ends_when_eta_is_a_root(low: int, high: int, n_steps: int) -> None:
    """A plain logarithm loses the lowest rung of many of these."""
    eta = (high / low) ** (1 / n_steps)
    budgets = [high * eta**-k for k in reversed(range(n_steps + 1))]
    rungs = [max(epoch for epoch in FIDELITIES if epoch <= budget * (1 + 1e-9)) for budget in budgets]
    if len(set(rungs)) < len(rungs):
        with pytest.raises(InvalidValueError, match=r"do not ascend strictly|there are 13 fidelities"):
            FidelityLadder.hyperband(low, high, eta)
    else:
        assert FidelityLadder.hyperband(low, high, eta).rungs == tuple(rungs)
        assert FidelityLadder.hyperband(low, high, eta).budgets[0] == low


@pytest.mark.parametrize(
    ("low", "high", "eta", "rungs"),
    [
        (1, 12, 3, (1, 4, 12)),
        (1, 12, 12, (1, 12)),
        (1, 8, 2, (1, 2, 4, 8)),
        (1, 9, 3, (1, 3, 9)),
        (12, 12, 3, (12,)),
        (3, 12, 2, (3, 6, 12)),
        (12, 200, 16, (12, 200)),
        (12, 200, 17, (200,)),
    ],
)
def test_hyperband_ladders_by_hand(low: float, high: float, eta: float, rungs: tuple[int, ...]) -> None:
    assert FidelityLadder.hyperband(low, high, eta).rungs == rungs


def test_hyperband_budgets_may_lie_between_fidelities() -> None:
    assert FidelityLadder.hyperband(1, 12).budgets == pytest.approx((4 / 3, 4, 12))
    assert FidelityLadder.hyperband(12, 200, eta=16).budgets == (12.5, 200)


@given(st.integers(1, 12), st.sampled_from(FIDELITIES), st.floats(1.5, 20))
def test_hyperband_is_geometric_and_within_its_range(low: int, high: int, eta: float) -> None:
    if low > high:
        low, high = high, low
    budgets = [high * eta**-k for k in range(40) if high * eta**-k >= low * (1 - 1e-12)][::-1]
    rungs = [max(epoch for epoch in FIDELITIES if epoch <= budget * (1 + 1e-9)) for budget in budgets]
    if len(set(rungs)) < len(rungs):
        with pytest.raises(InvalidValueError, match=r"do not ascend strictly|there are 13 fidelities"):
            FidelityLadder.hyperband(low, high, eta)
        return
    ladder = FidelityLadder.hyperband(low, high, eta)
    assert ladder.budgets == pytest.approx(budgets)
    assert ladder.rungs == tuple(rungs)
    if len(budgets) > 1:
        assert ladder.eta == pytest.approx(eta)


@given(st.integers(2, 5), st.integers(1, 12))
def test_a_rung_at_the_minimum_is_never_lost(eta: int, low: int) -> None:
    for n_rungs in range(1, 4):
        high = low * eta ** (n_rungs - 1)
        if high <= 12:
            assert FidelityLadder.hyperband(low, high, eta).budgets == tuple(low * eta**k for k in range(n_rungs))


@pytest.mark.parametrize(
    ("low", "high", "eta"),
    [
        (1, 12, 1),
        (1, 12, 0.5),
        (1, 12, -3),
        (1, 12, math.nan),
        (1, 12, math.inf),
        (0, 12, 3),
        (-1, 12, 3),
        (12, 1, 3),
        (1, math.inf, 3),
        (math.inf, math.inf, 3),
        (math.nan, 12, 3),
        (1, 12, "3"),
        (None, 12, 3),
        (True, 12, 3),
        (1, 12, True),
    ],
)
def test_hyperband_refuses_what_is_no_ladder(low: Any, high: Any, eta: Any) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        FidelityLadder.hyperband(low, high, eta)
    assert str(refusal.value) == f"eta {eta!r} must exceed 1, and 0 < min_epoch {low!r} <= max_epoch {high!r}"


def test_hyperband_refuses_more_rungs_than_fidelities_at_once() -> None:
    with pytest.raises(InvalidValueError, match=r"eta 1.0000000001 makes \d+ rungs from 1 to 12; there are 13"):
        FidelityLadder.hyperband(1, 12, eta=1.0000000001)
    with pytest.raises(InvalidValueError, match=r"budget 0\.0.* is below the smallest fidelity 1"):
        FidelityLadder.hyperband(0.01, 12)


def test_only_geometric_ladders_have_an_eta() -> None:
    assert FidelityLadder([1, 2, 4, 8]).eta == 2
    for budgets in ([12], [1, 4, 12], [1, 2, 3]):
        with pytest.raises(InvalidValueError, match="are not geometric, so they have no eta"):
            _ = FidelityLadder(budgets).eta


@given(ladders)
def test_an_eta_rebuilds_its_ladder(ladder: FidelityLadder) -> None:
    ratios = [later / earlier for earlier, later in pairwise(ladder.budgets)]
    if ratios and max(ratios) == pytest.approx(min(ratios), rel=1e-9):
        rebuilt = FidelityLadder.hyperband(ladder.budgets[0], ladder.budgets[-1], ladder.eta)
        assert rebuilt.rungs == ladder.rungs
