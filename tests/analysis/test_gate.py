"""A gate's verdicts: right in simulation, by hand, and refused where nothing can be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nhb2_plugins.analysis.gate import gate, judge, side_of, summary_markdown
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.errors import CampaignError, InvalidValueError
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.trajectory.run_file import FrontPoint
from tests.analysis.pools import drawn, pool
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with

TEN = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
WIGGLE = np.array([0.1, -0.1] * 5)


@pytest.mark.parametrize(
    ("change", "verdict", "status"),
    [(-1.0, "improved", 0), (0.0, "equivalent", 0), (0.3, "equivalent", 0), (0.7, "worse", 1), (1.0, "worse", 1)],
)
def test_a_change_beyond_the_margin_is_told_from_one_within(change: float, verdict: str, status: int) -> None:
    outcome = judge(TEN, TEN + change + WIGGLE, margin=0.5)
    assert (outcome.verdict, outcome.exit_status, outcome.n_seeds) == (verdict, status, 10)
    # Student's t of nine degrees of freedom, 2.262; the deviation of ±0.1 is 0.1054.
    assert (outcome.change, outcome.high - outcome.change) == pytest.approx(
        (change, 2.262157 * 0.105409 / 10**0.5), rel=1e-5
    )
    assert outcome.seeds_needed is None


def test_what_is_spread_too_much_is_not_decided() -> None:
    outcome = judge(TEN, TEN + np.array([3.0, -3.0] * 5), margin=0.5)
    assert (outcome.verdict, outcome.exit_status) == ("not decided", 2)
    assert outcome.seeds_needed == int(np.ceil((1.5 * 2.262157 * 3.162278 / 0.5) ** 2))
    few = judge(TEN[:9], TEN[:9] + 5 + WIGGLE[:9], margin=0.5)
    assert few.verdict == "not decided"


@pytest.mark.parametrize("optimizer", ["regularized_evolution", "optuna"])
@pytest.mark.parametrize("n_seeds", [10, 30, 50])
def test_wrong_verdicts_are_rare(optimizer: str, n_seeds: int) -> None:
    """No change is called worse in about 2.5 %, and a change of the margin equivalent in at most 5 %."""
    n_gates = 1500
    old, new = drawn(optimizer, n_seeds, n_gates).T, drawn(optimizer, n_seeds, n_gates, seed=1).T
    unchanged = [judge(a, b, 0.5).verdict for a, b in zip(old, new, strict=True)]
    assert np.mean([verdict == "worse" for verdict in unchanged]) <= 0.035
    changed = [judge(a, b + 0.5, 0.5).verdict for a, b in zip(old, new, strict=True)]
    assert np.mean([verdict == "equivalent" for verdict in changed]) <= 0.05


def test_what_is_worse_is_found() -> None:
    old, new = drawn("optuna", 50, 200).T, drawn("random_search", 50, 200).T
    assert pool("random_search").mean() - pool("optuna").mean() > 1.3
    assert np.mean([judge(a, b, 0.5).verdict == "worse" for a, b in zip(old, new, strict=True)]) > 0.99


@pytest.mark.parametrize(
    ("old", "new", "margin", "message"),
    [
        (TEN, TEN[:9], 0.5, "the same seeds"),
        (np.array([]), np.array([]), 0.5, "the same seeds"),
        (TEN, np.where(TEN > 9, np.inf, TEN), 0.5, "no result"),
        (TEN, TEN, 0.0, "margin 0.0"),
    ],
)
def test_what_cannot_be_compared_is_refused(old: np.ndarray, new: np.ndarray, margin: float, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        judge(old, new, margin)


def test_sides_are_paired_by_the_seeds_that_both_have() -> None:
    old, new = campaign_of({"tpe": [*TEN.tolist(), 50.0]}), campaign_of({"tpe": (TEN + WIGGLE).tolist()})
    sides = side_of(old, "", "old"), side_of(new, "tpe", "new")
    outcome = gate(*sides, margin=0.5)
    assert (outcome.n_seeds, outcome.old_mean) == (10, pytest.approx(5.5))  # the eleventh seed has no counterpart
    text = summary_markdown(outcome, *sides)
    assert text.startswith(
        "### Gate: **equivalent**\n\nOver 10 paired seeds, the change makes no difference that matters"
    )
    assert text.splitlines()[2:10] == [
        "Over 10 paired seeds, the change makes no difference that matters (margin 0.5 percentage points).",
        "",
        "| | mean regret | change | interval |",
        "| --- | ---: | ---: | ---: |",
        "| old | 5.50 | | |",
        "| new (tpe) | 5.50 | +0.00 | [-0.08, +0.08] |",
        "",
        text.splitlines()[9],
    ]
    assert "The versions of all packages recorded are the same." in text


def test_every_condition_that_differs_is_told() -> None:
    changed = {
        "budget_s": 50.0,
        "n_workers": 4,
        "charging": "cached",
        "crossing": "count",
        "measure_epoch": 200,
        "overhead": "measured",
        "problem": Subspace(lr=0.1),
        "objectives": ("error_pct", "cost_s"),
        "reference_point": (50.0, 40.0),
        "max_evaluations": 20,
        "epoch": 4,
        "table_seed": 555,
    }
    front = (FrontPoint("0|00|000", 0.1, 256, (10.0, 1.0)),)
    table = {**TABLE, "seeds": [222, 555]}
    before = campaign_of({"a": [1.0]}, table=table)
    after = campaign_of({"a": [1.0]}, table=table, front=front, **changed)
    with pytest.raises(CampaignError) as refused:
        gate(side_of(before, "", "old"), side_of(after, "", "new"), 0.5)
    assert str(refused.value).removeprefix("old and new were not run alike (seed 0): ") == (
        "budget_s 100.0 and 50.0, n_workers 1 and 4, charging 'from_scratch' and 'cached', "
        "crossing 'drop' and 'count', measure_epoch 12 and 200, overhead 'none' and 'measured', "
        f"problem {Subspace()!r} and {Subspace(lr=0.1)!r}, "
        "objectives ('error_pct',) and ('error_pct', 'cost_s'), reference_point () and (50.0, 40.0), "
        "max_evaluations None and 20, epochs (12,) and (4,), training_seed 222 and 555"
    )


def test_sides_that_were_not_run_alike_are_refused() -> None:
    two = campaign_of({"a": [1.0], "b": [2.0]})
    with pytest.raises(CampaignError, match=r"old holds runs of 2 optimizers, .* name it, old::LABEL, of 'a', 'b'"):
        side_of(two, "", "old")
    longer = CampaignResults((optimizer_with("a", [1.0], budget_s=50.0),))
    with pytest.raises(CampaignError, match=r"not run alike \(seed 0\): budget_s 100.0 and 50.0"):
        gate(side_of(two, "a", "old"), side_of(longer, "", "new"), 0.5)
    elsewhere = CampaignResults((optimizer_with("a", [1.0], budget_s=50.0, table={**TABLE, "digest": "f" * 16}),))
    told = r"table .*\(01234567\) and .*\(ffffffff\), budget_s 100.0 and 50.0$"
    with pytest.raises(CampaignError, match=told):
        gate(side_of(two, "a", "old"), side_of(elsewhere, "", "new"), 0.5)


@pytest.mark.parametrize(
    ("header", "message"),
    [({"max_evaluations": 20}, "max_evaluations None and 20"), ({"problem": Subspace(lr=0.1)}, "problem")],
)
def test_what_else_a_run_is_kept_to_is_compared(header: dict[str, Any], message: str) -> None:
    kept = CampaignResults((optimizer_with("a", TEN.tolist(), **header),))
    with pytest.raises(CampaignError, match=message):
        gate(side_of(campaign_of({"a": TEN.tolist()}), "", "old"), side_of(kept, "", "new"), 0.5)


def over_draws(n_draws: int, seeds: range) -> CampaignResults:
    """Runs whose seed s is on draw s mod K."""
    tables = [{**TABLE, "digest": f"{draw:016}", "draw": [draw, 27]} for draw in range(n_draws)]
    runs = [make_run([(10, 80.0 + seed % 3)], seed=seed, table=tables[seed % n_draws]) for seed in seeds]
    return CampaignResults((optimizer_of("a", *runs),))


def test_pairs_on_different_draws_are_refused_although_the_first_share_one() -> None:
    nine, three = side_of(over_draws(9, range(12)), "", "nine"), side_of(over_draws(3, range(12)), "", "three")
    with pytest.raises(CampaignError, match=r"nine and three were not run alike \(seed 3\): table .*draw 3.*draw 0"):
        gate(nine, three, 0.5)


def test_sides_that_begin_with_different_draws_are_paired_by_seed() -> None:
    sides = side_of(over_draws(9, range(12)), "", "old"), side_of(over_draws(9, range(1, 20)), "", "new")
    outcome = gate(*sides, margin=0.5)
    assert (outcome.verdict, outcome.n_seeds) == ("equivalent", 11)
    text = summary_markdown(outcome, *sides)
    assert "(margin 0.5 percentage points). All pairs are equal, run for run.\n" in text
    assert "embedded table, 9 of its 27 draws. " in text


def test_versions_that_changed_are_named() -> None:
    old, new = (
        CampaignResults((optimizer_with("a", TEN.tolist(), versions={"optuna": version}),)) for version in ("4", "5")
    )
    sides = side_of(old, "", "old"), side_of(new, "", "new")
    assert "Versions: optuna 4 → 5." in summary_markdown(gate(*sides, margin=0.5), *sides)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            {},
            "Regret in validation error after 12 epochs, in percentage points, 95% interval of the mean difference. ",
        ),
        (
            {
                "objectives": ("error_pct", "cost_s"),
                "front": (FrontPoint("0|00|000", 0.1, 256, (10.0, 1.0)),),
                "max_evaluations": 20,
                "problem": Subspace(lr=0.1),
            },
            "Regret in hypervolume of error_pct and cost_s, in percentage points, 95% interval of the mean difference. "
            "100 simulated seconds, 1 simulated worker, charged from_scratch; at most 20 evaluations; space restricted "
            "to lr 0.1; embedded table (01234567). ",
        ),
    ],
)
def test_a_summary_says_what_is_measured_and_under_which_conditions(header: dict[str, Any], said: str) -> None:
    sides = [side_of(campaign_of({"a": TEN.tolist()}, **header), "", name) for name in ("old", "new")]
    text = summary_markdown(judge(TEN, TEN, 0.5), *sides)
    assert text.splitlines()[9].startswith(said)
