"""Facades of SMAC as the tests make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smac import (
    BlackBoxFacade,
    HyperparameterOptimizationFacade,
    RandomFacade,
    Scenario,
)
from smac.facade.abstract_facade import AbstractFacade

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacTarget,
    quick_model,
    smac_budgets,
)
from nhb2_plugins.encoding import to_values
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.space import Configuration

CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)


VALUES = to_values(CONFIGURATION)


ONE_EPOCH_FACADES = (HyperparameterOptimizationFacade, RandomFacade, BlackBoxFacade)


LADDERS = {
    "12-200": FidelityLadder([12, 200]),
    "1-12": FidelityLadder.hyperband(1, 12, 3),
}


def make_scenario(directory: Path, n_trials: int = 12, encoding: Any = "ordinal", **arguments: Any) -> Scenario:
    scenario = {"deterministic": True, "seed": 3, **arguments}
    return Scenario(configuration_space(encoding), output_directory=directory, n_trials=n_trials, **scenario)


def make_facade(
    facade: type[AbstractFacade], scenario: Scenario, target: SmacTarget, *callbacks: Any, **parts: Any
) -> AbstractFacade:
    parts = {"model": quick_model(facade, scenario), **parts}
    return facade(scenario, target, callbacks=list(callbacks), overwrite=True, logging_level=False, **parts)


def make_ladder_facade(
    facade: Any, directory: Path, target: SmacTarget, ladder: FidelityLadder, eta: float | None = None
) -> AbstractFacade:
    budgets = smac_budgets(ladder)
    limits = {"min_budget": budgets.min_budget, "max_budget": budgets.max_budget}
    scenario = make_scenario(directory, n_trials=28, **limits)
    intensifier = facade.get_intensifier(scenario, eta=budgets.eta if eta is None else eta)
    return make_facade(facade, scenario, target, SmacReport(target), intensifier=intensifier)
