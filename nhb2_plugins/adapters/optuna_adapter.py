"""NAS-HPO-Bench-II for Optuna: the public face of :mod:`nhb2_plugins.adapters.optuna`."""

from __future__ import annotations

from nhb2_plugins.adapters.optuna.objective import USER_ATTRIBUTES, OptunaObjective, OptunaStopAtBudget
from nhb2_plugins.adapters.optuna.optimizer import SAMPLERS, OptunaOptimizer
from nhb2_plugins.adapters.optuna.records import study_from_records
from nhb2_plugins.adapters.optuna.search_space import (
    OPTUNA_ENCODINGS,
    configuration_of,
    enqueue,
    optuna_search_space,
    suggest_configuration,
)
from nhb2_plugins.subspace import Subspace

__all__ = [
    "OPTUNA_ENCODINGS",
    "SAMPLERS",
    "USER_ATTRIBUTES",
    "OptunaObjective",
    "OptunaOptimizer",
    "OptunaStopAtBudget",
    "Subspace",
    "configuration_of",
    "enqueue",
    "optuna_search_space",
    "study_from_records",
    "suggest_configuration",
]
