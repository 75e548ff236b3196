"""The doctor's checks of a ladder, held against the formulas of SMAC and hpbandster."""

from __future__ import annotations

import inspect
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.doctor.ladder import check_ladder, hpbandster_ladder, smac_ladder
from nhb2_plugins.errors import InvalidValueError
from tests.core_fixtures import needs

PAIRS = [*((low, 12) for low in range(1, 12)), *((low, 200) for low in range(1, 200))]


@needs("smac")
@pytest.mark.parametrize("eta", [None, 2, 3, 4, 16, 17])
def test_smacs_formula_is_smacs(eta: float | None) -> None:
    from smac.intensifier.hyperband_utils import determine_HB

    for low, high in PAIRS:
        factor = high / low if eta is None else eta
        theirs = determine_HB(float(low), float(high), factor)["budgets_in_stage"][0]  # type: ignore[arg-type]
        assert smac_ladder(float(low), float(high), factor) == tuple(theirs)


@needs("hpbandster")
@pytest.mark.parametrize("eta", [None, 2, 3, 4, 16, 17])
def test_hpbandsters_formula_is_hpbandsters(eta: float | None) -> None:
    from hpbandster.optimizers import bohb

    # An instance of BOHB starts threads that look for a nameserver: its two statements are run by themselves.
    source = inspect.getsource(bohb.BOHB.__init__)
    statements = [line.strip() for line in source.splitlines() if re.match(r"\s*self\.(max_SH_iter|budgets) *=", line)]
    assert len(statements) == 2
    for low, high in PAIRS:
        factor = high / low if eta is None else eta
        names = {"self": SimpleNamespace(), "np": np, "eta": factor, "min_budget": low, "max_budget": high}
        exec("\n".join(statements), names)
        assert hpbandster_ladder(float(low), float(high), factor) == tuple(names["self"].budgets)  # type: ignore[attr-defined]


def test_ladders_of_the_documentation() -> None:
    for budgets, eta in (([12, 200], None), ([1, 12], 3.0), ([12, 200], 16.0), ([1, 3, 9], None)):
        assert {check.status for check in check_ladder(budgets, eta)} == {"ok"}, (budgets, eta)
    (check, *_) = check_ladder([1, 12], 3.0)
    assert check.text == "rungs 1.333 (epoch 1), 4, 12"
    assert check_ladder([12, 200], 16.0)[0].text == "rungs 12.5 (epoch 12), 200"


def test_rung_that_float_error_loses_is_a_problem() -> None:
    lost = [low for low, high in PAIRS if len(hpbandster_ladder(low, high, high / low)) == 1]
    assert lost
    for low, high in PAIRS:
        framework = next(check for check in check_ladder([low, high]) if check.name == "hpbandster's rungs")
        assert (framework.status == "problem") == (len(hpbandster_ladder(low, high, high / low)) == 1)
        if framework.status == "problem":
            assert f"runs {high}, not {low}" in framework.text
            assert "run_bohb takes the ladder" in framework.text


def test_budget_just_below_an_epoch_is_a_warning() -> None:
    low, high = next((low, high) for low, high in PAIRS if low - 1 < hpbandster_ladder(low, high, high / low)[0] < low)
    check = next(check for check in check_ladder([low, high]) if check.name == "hpbandster's rungs")
    assert check.status == "warning"
    assert "int(budget) would lose an epoch" in check.text


@pytest.mark.parametrize(
    ("budgets", "eta", "text"),
    [
        ([12, 200], 17.0, "there is one rung, 200"),
        ([12, 200], 3.0, "which do not ascend strictly"),
        ([0.1, 12], 3.0, "below the smallest fidelity 1"),
        ([1e-311, 12], 3.0, "must exceed 1, and 0 < min_epoch"),
        ([12, 1], None, "do not ascend"),
        ([float("nan"), 12], None, "not a finite number"),
        ([1, 12], 1.0000001, "rungs"),
        ([1, 3, 9], 2.0, "not 1, 3, 9"),
    ],
)
def test_ladders_that_are_not_what_one_thinks(budgets: list[float], eta: float | None, text: str) -> None:
    problems = [check for check in check_ladder(budgets, eta) if check.status == "problem"]
    assert any(text in check.text for check in problems), problems


def test_ladder_that_no_framework_has() -> None:
    rungs, frameworks = check_ladder([1, 2, 12])
    assert rungs.status == "ok"
    assert frameworks.status == "warning"
    assert "hpbandster" in frameworks.text


@pytest.mark.parametrize(("budgets", "eta"), [([12], None), ([], None), ([1, 12], 1.0), ([1, 12], float("nan"))])
def test_what_is_no_ladder_at_all(budgets: list[float], eta: float | None) -> None:
    with pytest.raises(InvalidValueError):
        check_ladder(budgets, eta)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=2, max_size=4),
    st.none() | st.floats(min_value=1, exclude_min=True),
)
def test_any_numbers_get_an_answer(budgets: list[float], eta: float | None) -> None:
    assert check_ladder(budgets, eta)


@given(st.integers(1, 11), st.sampled_from([12, 200]), st.floats(min_value=1.05, max_value=300))
def test_sound_ladders_are_run_as_said(low: int, high: int, eta: float) -> None:
    checks = check_ladder([low, high], eta)
    if {check.status for check in checks} == {"ok"}:
        assert smac_ladder(low, high, eta) == hpbandster_ladder(low, high, eta)
