from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.cells import Cell
from nhb2_plugins.charging import CHARGING_POLICIES, Bill, Charger, checked_charging
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.record import TrialRecord
from tests.core_fixtures import N_ROWS, mini_benchmark

CONFIGURATION = Configuration("0|10|210", 0.1, 256)


def _bench_with_uneven_times() -> Benchmark:
    generator = np.random.default_rng(0)
    times = {f"{split}_time": generator.lognormal(1, 1, (12, 2, N_ROWS)) for split in ("train", "valid", "test")}
    train, valid, test = (each.sum(axis=0) for each in times.values())
    return mini_benchmark(**times, total_train_time=train, total_trainval_time=train + valid, total_test_time=test)


BENCH = _bench_with_uneven_times()

Evaluation = tuple[Configuration, int, Any, Any]
evaluations = st.tuples(
    st.sampled_from([Configuration.from_index(index) for index in (0, 1, 100_000)]),
    st.sampled_from(FIDELITIES),
    st.sampled_from([None, "test"]),
    st.sampled_from([None, 222, 555, "mean"]),
)
searches = st.lists(evaluations, max_size=30)


def charges(search: Sequence[Evaluation], policy: str, bench: Benchmark = BENCH) -> list[float]:
    """What one evaluation after the other is charged."""
    charger, now_s, charged = Charger(bench, policy), 0.0, []
    for each in search:
        bill = charger.bill(each[0], bench.evaluate(*each), now_s)
        assert bill.end_s == now_s + bill.charged_s  # nothing else runs that it could wait for
        now_s = bill.end_s
        charged.append(bill.charged_s)
    return charged


def observed(search: Sequence[Evaluation]) -> list[tuple[Configuration, Observation]]:
    return [(each[0], BENCH.evaluate(*each)) for each in search]


def test_continuing_3_to_9_to_12_epochs_bills_exactly_12() -> None:
    """By eye: row 0 of the mini table takes 12 s an epoch, and half a second more in the total at 12."""
    bench, first = mini_benchmark(), Configuration("0|00|000", 0.003125, 16)
    search: list[Evaluation] = [(first, epoch, None, None) for epoch in (3, 9, 12)]
    assert charges(search, "continued", bench) == [36, 72, 36.5]
    assert charges(search, "from_scratch", bench) == [36, 108, 144.5]
    assert sum(charges(search, "continued", bench)) == bench.evaluate(first).cost_s


def test_repeats_and_earlier_epochs_of_a_continued_run_are_free() -> None:
    search: list[Evaluation] = [(CONFIGURATION, epoch, None, None) for epoch in (9, 3, 9, 1, 12, 12)]
    bills = charges(search, "continued")
    assert bills[0] > 0
    assert bills[4] > 0
    assert [bills[i] for i in (1, 2, 3, 5)] == [0, 0, 0, 0]


@pytest.mark.parametrize("policy", ["continued", "cached"])
def test_two_cellcodes_of_one_class_are_two_configurations(policy: str) -> None:
    """They share a row of the table, and what one paid for is not free for the other."""
    same = [Configuration(cellcode, 0.1, 256) for cellcode in ("0|00|012", "0|01|002")]
    assert len({Cell(each.cellcode).isomorphism_class for each in same}) == 1
    bills = charges([(each, 12, None, None) for each in (*same, *same)], policy)
    assert bills[0] == bills[1] > 0
    assert bills[2:] == [0, 0]


def test_200_epochs_is_another_run_and_always_paid_in_full() -> None:
    search: list[Evaluation] = [(CONFIGURATION, epoch, None, None) for epoch in (12, 200, 200, 12)]
    at_12, at_200 = (BENCH.evaluate(CONFIGURATION, epoch).cost_s for epoch in (12, 200))
    assert charges(search, "continued") == [at_12, at_200, at_200, 0]
    assert charges(search, "cached") == [at_12, at_200, 0, 0]
    assert charges(search, "from_scratch") == [at_12, at_200, at_200, at_12]


@given(searches)
def test_from_scratch_pays_every_evaluation_whole(search: list[Evaluation]) -> None:
    assert charges(search, "from_scratch") == [observation.cost_s for _, observation in observed(search)]


@given(searches)
def test_cached_pays_each_different_evaluation_once(search: list[Evaluation]) -> None:
    """No seed and the first seed are the same evaluation; another seed, split or epoch is another."""
    seen = set()
    for (configuration, observation), bill in zip(observed(search), charges(search, "cached"), strict=True):
        identity = (configuration, observation.epoch, observation.split, observation.seed)
        assert bill == (0 if identity in seen else observation.cost_s)
        seen.add(identity)


@given(searches)
def test_continued_pays_every_run_up_to_its_longest_epoch(search: list[Evaluation]) -> None:
    longest: dict[tuple[object, ...], float] = defaultdict(float)
    in_full = 0.0
    for configuration, observation in observed(search):
        if observation.epoch == 200:
            in_full += observation.cost_s
        else:
            run = (configuration, observation.split, observation.seed)
            longest[run] = max(longest[run], observation.cost_s)
    bills = charges(search, "continued")
    assert sum(bills) == pytest.approx(in_full + sum(longest.values()), rel=1e-9)
    assert all(bill >= 0 for bill in bills)


@given(searches.flatmap(lambda search: st.tuples(st.just(search), st.permutations(search))))
def test_the_order_of_evaluations_does_not_change_the_totals(searches: tuple[list[Evaluation], ...]) -> None:
    for policy in CHARGING_POLICIES:
        one, other = (sum(charges(search, policy)) for search in searches)
        assert one == pytest.approx(other, rel=1e-9)


@given(searches)
def test_no_policy_charges_more_than_from_scratch(search: list[Evaluation]) -> None:
    full = charges(search, "from_scratch")
    for policy in ("continued", "cached"):
        assert all(bill <= whole for bill, whole in zip(charges(search, policy), full, strict=True))


def test_a_total_that_is_less_than_its_parts_never_makes_a_negative_bill() -> None:
    totals = np.full((2, N_ROWS), 1.0)
    shortened = mini_benchmark(total_trainval_time=totals)
    search: list[Evaluation] = [(CONFIGURATION, epoch, None, None) for epoch in (11, 12)]
    assert charges(search, "continued", shortened)[1] == 0


def test_two_chargers_share_nothing() -> None:
    search: list[Evaluation] = [(CONFIGURATION, 12, None, None)]
    for policy in CHARGING_POLICIES:
        assert charges(search, policy) == charges(search, policy)
        assert charges(search, policy)[0] > 0


@pytest.mark.parametrize("policy", ["from scratch", "", None, "Continued", ["cached"]])
def test_an_unknown_policy_is_named_with_the_allowed_ones(policy: Any) -> None:
    for refuse in (checked_charging, lambda name: Charger(BENCH, name)):
        with pytest.raises(InvalidValueError) as refusal:
            refuse(policy)
        message = f"charging policy {policy!r} is not one of 'from_scratch', 'continued', 'cached'"
        assert str(refusal.value).startswith(message)


def record_of(evaluation: Evaluation, bill: Bill, policy: Any) -> TrialRecord:
    configuration, observation = evaluation[0], BENCH.evaluate(*evaluation)
    return TrialRecord(
        run_id="run",
        trial=0,
        cellcode=configuration.cellcode,
        lr=configuration.lr,
        batch_size=configuration.batch_size,
        epoch=observation.epoch,
        budget=float(observation.epoch),
        split=observation.split,
        seed=observation.seed,
        accuracy_pct=observation.accuracy_pct,
        cost_s=observation.cost_s,
        charged_cost_s=bill.charged_s,
        charging=policy,
        start_s=0.0,
        end_s=bill.end_s,
        worker=0,
        status="complete",
        overhead_s=0.0,
        table=BENCH.provenance.key,
    )


# -- an evaluation that rests on another one, which is still running


def test_a_repeat_of_a_running_evaluation_is_told_when_that_one_ends() -> None:
    observation = BENCH.evaluate(CONFIGURATION)
    charger = Charger(BENCH, "cached")
    assert charger.bill(CONFIGURATION, observation, 10.0) == (observation.cost_s, 10.0 + observation.cost_s)
    assert charger.bill(CONFIGURATION, observation, 11.0) == (0.0, 10.0 + observation.cost_s)
    assert charger.bill(CONFIGURATION, observation, 1e6) == (0.0, 1e6)


def test_a_continuation_of_a_running_training_trains_on_from_its_end() -> None:
    """By eye: row 0 of the mini table takes 12 s an epoch, and half a second more in the total at 12."""
    bench, first = mini_benchmark(), Configuration("0|00|000", 0.003125, 16)
    charger = Charger(bench, "continued")
    bills = [
        charger.bill(first, bench.evaluate(first, epoch), start_s)
        for epoch, start_s in ((4, 0.0), (12, 1.0), (12, 2.0), (4, 3.0), (4, 50.0), (9, 60.0), (9, 200.0), (200, 4.0))
    ]
    assert bills[:-1] == [(48, 48), (96.5, 144.5), (0, 144.5), (0, 48), (0, 50), (0, 144.5), (0, 200)]
    cost_s = bench.evaluate(first, 200).cost_s  # another schedule: it rests on nothing
    assert bills[-1] == (cost_s, 4.0 + cost_s)


@given(st.lists(st.tuples(evaluations, st.floats(0, 1000)), max_size=20), st.sampled_from(CHARGING_POLICIES))
def test_a_run_that_is_remembered_is_billed_like_the_one_that_went_on(
    timed: list[tuple[Evaluation, float]], policy: Any
) -> None:
    unbroken, starts = Charger(BENCH, policy), sorted(start_s for _, start_s in timed)
    bills = [
        unbroken.bill(each[0], BENCH.evaluate(*each), start_s) for (each, _), start_s in zip(timed, starts, strict=True)
    ]
    for broken in range(len(timed)):
        resumed = Charger(BENCH, policy)
        for (each, _), bill in zip(timed[:broken], bills, strict=False):
            resumed.remember(record_of(each, bill, policy))
        each, start_s = timed[broken][0], starts[broken]
        assert resumed.bill(each[0], BENCH.evaluate(*each), start_s) == bills[broken]
