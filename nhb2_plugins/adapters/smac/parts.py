"""SMAC's own components with two properties that its facades' defaults lack: reproducible, and quick to build.

Both keep SMAC's method and settings. Pass them to any facade, or to none:

    SomeFacade(scenario, target,
               acquisition_maximizer=reproducible_maximizer(SomeFacade, scenario),
               model=quick_model(SomeFacade, scenario))
"""

from __future__ import annotations

from typing import Any, Final

from ConfigSpace import Configuration
from smac import Scenario
from smac.acquisition.maximizer import AbstractAcquisitionMaximizer, LocalAndSortedRandomSearch
from smac.facade.abstract_facade import AbstractFacade
from smac.model.abstract_model import AbstractModel
from smac.model.random_forest.random_forest import RandomForest

from nhb2_plugins.arguments import checked_kind
from nhb2_plugins.errors import InvalidValueError

_MAX_LEAF_NODES: Final = 4096


def reproducible_maximizer(facade: type[AbstractFacade], scenario: Scenario) -> AbstractAcquisitionMaximizer:
    """The facade's default acquisition maximizer, whose local search starts from its points in a fixed order.

    SMAC keeps those points in a set of configurations, which hash by their text: their order, and with it every later
    proposal, depends on ``PYTHONHASHSEED`` and differs from one process to the next.

    Args:
        facade: the facade's class.
        scenario: the scenario.

    Raises:
        InvalidValueError: not a facade's class, or not a scenario.
    """
    _check(facade, scenario)
    maximizer = facade.get_acquisition_maximizer(scenario)
    if isinstance(maximizer, LocalAndSortedRandomSearch):
        local_search: Any = maximizer._local_search
        unordered = local_search._get_init_points_from_previous_configs

        def ordered(*args: Any, **kwargs: Any) -> list[Configuration]:
            return sorted(unordered(*args, **kwargs), key=lambda each: tuple(each.get_array().tolist()))

        local_search._get_init_points_from_previous_configs = ordered
    return maximizer


def quick_model(facade: type[AbstractFacade], scenario: Scenario) -> AbstractModel:
    """The facade's default model; a random forest grows the same trees with less effort.

    SMAC lets a tree have 2**20 leaves, for which scikit-learn sets aside two million nodes a tree (0.16 s), and it
    starts threads for ten trees of some ten rows. The trees that grow are the same with room for as many leaves as
    there can be trials, and without threads.

    Args:
        facade: the facade's class.
        scenario: the scenario; its ``n_trials`` bounds the number of leaves.

    Raises:
        InvalidValueError: not a facade's class, or not a scenario.
    """
    _check(facade, scenario)
    model = facade.get_model(scenario)
    if isinstance(model, RandomForest):
        options: dict[str, Any] = model._rf_opts
        options["max_leaf_nodes"] = min(options["max_leaf_nodes"], max(_MAX_LEAF_NODES, 2 * scenario.n_trials))
        options["n_jobs"] = 1
    return model


def _check(facade: type[AbstractFacade], scenario: Scenario) -> None:
    if not (isinstance(facade, type) and issubclass(facade, AbstractFacade)):
        raise InvalidValueError(f"facade {facade!r:.80} is not a class of SMAC's facades, as MultiFidelityFacade is")
    checked_kind("scenario", scenario, Scenario)
