from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.objectives import objective_values
from nhb2_plugins.trajectory.incumbent import improvements_in_order, incumbent_changes
from nhb2_plugins.trajectory.record import TrialRecord
from tests.trajectory.conftest import FIELDS

RECORD = TrialRecord(**FIELDS)


def record(trial: int, end_s: float, accuracy_pct: float, epoch: int = 12) -> TrialRecord:
    split = "test" if epoch == 200 else "valid"
    values = {"end_s": float(end_s), "accuracy_pct": float(accuracy_pct), "epoch": epoch, "split": split}
    return replace(RECORD, trial=trial, start_s=0.0, **values)


@st.composite
def runs(draw: st.DrawFn) -> list[TrialRecord]:
    """Records in any order, with ties in time and in accuracy, and some of 200 epochs."""
    rows = draw(
        st.lists(st.tuples(st.integers(0, 8), st.sampled_from([10.0, 50.0, 50.5, 90.0]), st.sampled_from([1, 12, 200])))
    )
    made = [record(trial, float(end), accuracy, epoch) for trial, (end, accuracy, epoch) in enumerate(rows)]
    return draw(st.permutations(made))


def test_by_eye() -> None:
    records = [record(0, 10, 50), record(1, 5, 40), record(2, 20, 50), record(3, 20, 60), record(4, 30, 55)]
    assert [(time_s, best.trial) for time_s, best in incumbent_changes(records)] == [(5, 1), (10, 0), (20, 3)]
    assert incumbent_changes([]) == []


def test_a_200_epoch_value_outranks_the_schedule_and_never_the_other_way_round() -> None:
    records = [record(0, 1, 70), record(1, 2, 60, epoch=200), record(2, 3, 99), record(3, 4, 61, epoch=200)]
    assert [best.trial for _, best in incumbent_changes(records)] == [0, 1, 3]


@given(runs(), st.floats(-1, 10))
def test_the_incumbent_at_a_time_is_the_best_of_what_has_ended_by_then(run: list[TrialRecord], time_s: float) -> None:
    """Right-continuous: a result counts from the very second it ended, and the earliest of equals stays."""
    changes = incumbent_changes(run)
    position = bisect_right([change.time_s for change in changes], time_s)
    ended = [each for each in run if each.end_s <= time_s]
    if not ended:
        assert position == 0, "undefined before the first result"
        return
    best = max(ended, key=lambda each: (each.epoch == 200, each.accuracy_pct, -each.end_s, -each.trial))
    assert changes[position - 1].record == best


@given(runs())
def test_changes_ascend_in_time_and_improve_strictly(run: list[TrialRecord]) -> None:
    changes = incumbent_changes(run)
    ranks = [(change.record.epoch == 200, change.record.accuracy_pct) for change in changes]
    assert ranks == sorted(set(ranks))
    assert [change.time_s for change in changes] == sorted(change.time_s for change in changes)
    assert all(change.time_s == change.record.end_s for change in changes)
    assert changes == incumbent_changes(run[::-1]), "the order of logging does not matter"


COSTS = ("error_pct", "cost_s")


def costing(trial: int, end_s: float, accuracy_pct: float, cost_s: float, epoch: int = 12) -> TrialRecord:
    return replace(record(trial, end_s, accuracy_pct, epoch), cost_s=float(cost_s))


def test_an_archive_by_eye() -> None:
    """Better in one objective is enough to enter; equal in both, or worse, is not, nor is another fidelity."""
    run = [
        costing(0, 1, 50, 100),
        costing(1, 2, 40, 100),
        costing(2, 3, 40, 90),
        costing(3, 4, 50, 100),
        costing(4, 5, 99, 5, epoch=4),
        costing(5, 6, 60, 80),
        costing(6, 7, 50, 90),
    ]
    assert [each.trial for each in improvements_in_order(run, COSTS)] == [0, 2, 5]
    assert [each.trial for each in improvements_in_order(run, ("error_pct",))] == [0, 4]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_what_enters_an_archive_is_what_none_before_equals_or_beats(pairs: list[tuple[int, int]]) -> None:
    run = [costing(number, number, 90.0 - error, float(cost)) for number, (error, cost) in enumerate(pairs)]
    entered = {each.trial for each in improvements_in_order(run, COSTS)}
    values = [objective_values(COSTS, each) for each in run]
    for number, (error, cost) in enumerate(values):
        assert (number in entered) == (not any(a <= error and b <= cost for a, b in values[:number]))
