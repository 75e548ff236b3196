"""SMAC's budgets are the rungs of a ladder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from smac import (
    HyperbandFacade,
    MultiFidelityFacade,
)

from nhb2_plugins.adapters.smac_adapter import (
    smac_budgets,
)
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from tests.adapters.smac.facades import (
    LADDERS,
    make_facade,
    make_scenario,
)


def budgets_that_smac_runs(facade: Any, directory: Path, ladder: FidelityLadder) -> list[float]:
    budgets = smac_budgets(ladder)
    scenario = make_scenario(directory, min_budget=budgets.min_budget, max_budget=budgets.max_budget)
    intensifier: Any = facade.get_intensifier(scenario, eta=budgets.eta)
    smac = make_facade(facade, scenario, None, intensifier=intensifier)  # type: ignore[arg-type]
    smac.ask()
    run: list[float] = intensifier._budgets_in_stage[0]
    return run


@pytest.mark.parametrize("facade", [MultiFidelityFacade, HyperbandFacade])
@pytest.mark.parametrize("ladder", LADDERS.values(), ids=LADDERS)
def test_smac_runs_exactly_the_ladders_budgets(tmp_path: Path, facade: Any, ladder: FidelityLadder) -> None:
    assert budgets_that_smac_runs(facade, tmp_path, ladder) == pytest.approx(ladder.budgets, rel=1e-12)


@pytest.mark.parametrize("top", [12, 200])
def test_no_geometric_ladder_loses_a_rung(top: int) -> None:
    n_checked = 0
    for low in range(1, top):
        for n_rungs in range(2, 7):
            eta = (top / low) ** (1 / (n_rungs - 1))
            try:
                ladder = FidelityLadder(top * eta**-k for k in reversed(range(n_rungs)))
            except InvalidValueError:
                continue  # two budgets that one epoch would serve
            budgets = smac_budgets(ladder)
            assert budgets.ladder.served(ladder.budgets[0] * (1 - 1e-12)) == (ladder.rungs[0], ladder.budgets[0])
            n_checked += 1
    assert n_checked > 10


@pytest.mark.parametrize(
    ("ladder", "eta", "message"),
    [
        ([12, 200], 17, r"eta 17 would make SMAC run the budgets \[200.0\]"),
        ([12, 200], 3, r"\[22.2\d*, 66.6\d*, 200.0\]"),
        ([12, 200], 16, r"\[12.5, 200.0\]"),
        ([12, 200], 1, "eta 1 is not a finite number above 1"),
        ([1, 5, 12], None, "not geometric"),
        ([12], None, "not geometric"),
    ],
)
def test_settings_that_would_run_other_budgets_are_refused(ladder: Any, eta: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        smac_budgets(ladder, eta)
