"""NAS-HPO-Bench-II for SMAC: the public face of :mod:`nhb2_plugins.adapters.smac`."""

from __future__ import annotations

from nhb2_plugins.adapters.smac.ladder import SmacBudgets, smac_budgets
from nhb2_plugins.adapters.smac.optimizer import FACADES, SmacOptimizer
from nhb2_plugins.adapters.smac.parts import quick_model, reproducible_maximizer
from nhb2_plugins.adapters.smac.target import SmacReport, SmacStopAtBudget, SmacTarget, smac_target

__all__ = [
    "FACADES",
    "SmacBudgets",
    "SmacOptimizer",
    "SmacReport",
    "SmacStopAtBudget",
    "SmacTarget",
    "quick_model",
    "reproducible_maximizer",
    "smac_budgets",
    "smac_target",
]
