"""Whether a ladder of budgets has the rungs that one thinks, in hpbandster's formula and in SMAC's.

Both compute the number of rungs from float logarithms, which can lose one, and the budgets from float powers, which can
miss a whole number of epochs. The formulas are written out here, so that neither framework has to be installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nhb2_plugins.doctor import Check, Status
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES, FidelityLadder, is_same_budget

_MAX_RUNGS: Final = 1000
_FRAMEWORKS: Final = ("hpbandster", "SMAC")
_REMEDIES: Final = {
    "hpbandster": "run_bohb takes the ladder itself, hpbandster_budgets() gives arguments that keep every rung",
    "SMAC": "smac_budgets() gives settings that keep every rung",
}


def hpbandster_ladder(min_budget: float, max_budget: float, eta: float) -> tuple[float, ...]:
    """The budgets that hpbandster 0.7.4 runs (its ``HyperBand`` and ``BOHB``), in its float arithmetic."""
    n_rungs = -int(np.log(min_budget / max_budget) / np.log(eta)) + 1
    return _powers(max_budget, eta, n_rungs)


def smac_ladder(min_budget: float, max_budget: float, eta: float) -> tuple[float, ...]:
    """The budgets that SMAC 2 runs (its ``Hyperband`` and multi-fidelity facade), in its float arithmetic."""
    n_rungs = int(np.floor(np.log(max_budget / min_budget) / np.log(eta))) + 1
    return _powers(max_budget, eta, n_rungs)


def _powers(max_budget: float, eta: float, n_rungs: int) -> tuple[float, ...]:
    if n_rungs > _MAX_RUNGS:
        raise InvalidValueError(f"eta {eta!r} makes {n_rungs} rungs; there are {len(FIDELITIES)} fidelities")
    budgets = max_budget * np.power(eta, -np.linspace(n_rungs - 1, 0, n_rungs))
    return tuple(float(budget) for budget in budgets)


def check_ladder(budgets: Sequence[float], eta: float | None = None) -> list[Check]:
    """Check a ladder.

    Args:
        budgets: in epochs, ascending, at least two. With ``eta`` and two budgets they are the bounds of a Hyperband;
            otherwise they are the rungs.
        eta: the factor between rungs, or None for the one that the rungs have.

    Raises:
        InvalidValueError: fewer than two budgets, or an ``eta`` that does not exceed 1.
    """
    name = f"ladder {', '.join(_number(budget) for budget in budgets)}" + ("" if eta is None else f", eta {eta:g}")
    if len(budgets) < 2:
        raise InvalidValueError(f"a ladder needs at least two budgets, for example 12,200; got {list(budgets)}")
    if eta is not None and not eta > 1:
        raise InvalidValueError(f"eta {eta!r} does not exceed 1")
    try:
        bounds_only = eta is not None and len(budgets) == 2
        ladder = FidelityLadder.hyperband(*budgets, eta=eta) if bounds_only else FidelityLadder(budgets)  # type: ignore[misc, arg-type]
    except InvalidValueError as error:
        return [Check(name, "problem", str(error))]
    checks = [_check_rungs(name, ladder, budgets[0])]
    try:
        factor = ladder.eta if eta is None else eta
    except InvalidValueError:
        text = (
            f"budgets {_rungs(ladder.budgets)} are not geometric: neither hpbandster nor SMAC has them, run_bohb does"
        )
        return [*checks, Check(name, "warning", text)]
    return [*checks, *(_check_framework(framework, ladder, budgets, factor) for framework in _FRAMEWORKS)]


def _check_rungs(name: str, ladder: FidelityLadder, smallest: float) -> Check:
    if len(ladder.budgets) == 1:
        text = f"there is one rung, {_rungs(ladder.budgets)}: nothing is ever run with fewer epochs"
        return Check(name, "problem", text)
    if ladder.rungs[0] > smallest and not is_same_budget(ladder.rungs[0], smallest):
        text = f"rungs {_rungs(ladder.budgets)}; {_number(smallest)} itself is never run"
        return Check(name, "warning", text)
    return Check(name, "ok", f"rungs {_rungs(ladder.budgets)}")


def _check_framework(framework: str, ladder: FidelityLadder, budgets: Sequence[float], eta: float) -> Check:
    name = f"{framework}'s rungs"
    formula = hpbandster_ladder if framework == "hpbandster" else smac_ladder
    try:
        run = formula(float(budgets[0]), float(budgets[-1]), eta)
    except InvalidValueError as error:
        return Check(name, "problem", str(error))
    status: Status = "ok"
    text = f"min_budget {_number(budgets[0])}, max_budget {_number(budgets[-1])}, eta {eta!r}: runs {_rungs(run)}"
    wanted = ladder.budgets
    if len(run) != len(wanted) or not all(map(is_same_budget, run, wanted)):
        return Check(name, "problem", f"{text}, not {_rungs(wanted)}; {_REMEDIES[framework]}")
    if any(ran < whole == round(whole) for ran, whole in zip(run, wanted, strict=True)):
        status = "warning"
        text += f" as {list(run)}: the adapters here snap them, int(budget) would lose an epoch"
    return Check(name, status, text)


def _rungs(budgets: Sequence[float]) -> str:
    """Budgets, and the epoch that answers each one that is no fidelity."""
    return ", ".join(_rung(budget) for budget in budgets)


def _rung(budget: float) -> str:
    answering = [epoch for epoch in FIDELITIES if epoch <= budget or is_same_budget(epoch, budget)]
    if not answering:
        return f"{_number(budget)} (below 1 epoch)"
    return _number(budget) if is_same_budget(budget, answering[-1]) else f"{_number(budget)} (epoch {answering[-1]})"


def _number(budget: float) -> str:
    return f"{budget:.4g}"
