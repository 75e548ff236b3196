"""SMAC behind the ask/tell protocol, through its facades' own ``ask`` and ``tell``."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ConfigSpace import ConfigurationSpace
from smac import (
    BlackBoxFacade,
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
    Scenario,
)
from smac.facade.abstract_facade import AbstractFacade
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.multi_objective.parego import ParEGO
from smac.runhistory import TrialInfo, TrialValue

from nhb2_plugins.adapters.smac.ladder import SmacBudgets, smac_budgets
from nhb2_plugins.adapters.smac.parts import quick_model, reproducible_maximizer
from nhb2_plugins.adapters.smac.target import SMAC
from nhb2_plugins.arguments import check_no_flags_for_numbers, checked_choice, checked_count, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion, told_values
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.encoding import Encoding, checked_encoding, to_configuration
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, FidelityLadder, checked_epoch
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

FACADES: Final[dict[str, type[AbstractFacade]]] = {
    "hpo": HyperparameterOptimizationFacade,
    "blackbox": BlackBoxFacade,
    "random": RandomFacade,
    "multi_fidelity": MultiFidelityFacade,
    "hyperband": HyperbandFacade,
}
MULTI_FIDELITY_FACADES: Final = ("multi_fidelity", "hyperband")


class SmacOptimizer(ShowsArguments):
    """A SMAC facade that minimises the error, or several objectives; reproducible for a seed, in any process.

    Several suggestions may be open at once. SMAC learns an evaluation's simulated cost as its ``TrialValue.time``. The
    scenario is deterministic: SMAC asks for one seed alone, and every configuration is evaluated once (once a rung).

    Attributes:
        facade: SMAC's facade, for whatever it offers.
    """

    def __init__(
        self,
        seed: int,
        facade: str | None = None,
        *,
        n_trials: int = 100,
        epoch: int = SCHEDULE_EPOCHS,
        ladder: FidelityLadder | Iterable[float] | None = None,
        encoding: Encoding = "ordinal",
        retrain_after: int | None = None,
        n_initial: int | None = None,
        restriction: Subspace = WHOLE_SPACE,
        whole_cells: bool = False,
        objectives: Sequence[str] = (ERROR_PCT,),
        **settings: Any,
    ) -> None:
        """Set up the facade. Everything not named here is SMAC's own default.

        Args:
            seed: the scenario's seed.
            facade: one of :data:`FACADES`; None for ``multi_fidelity`` where a ladder is given, and else ``hpo``.
            n_trials: how many trials SMAC plans for: its initial design takes at most a quarter of them. It does not
                end the search; the budget of whoever asks does.
            epoch: the fidelity to search at, for the facades without a ladder.
            ladder: budgets in epochs, for ``multi_fidelity`` and ``hyperband``, which need one.
            encoding: of learning rate and batch size; ``ordinal`` keeps their order.
            retrain_after: how many configurations come of one model; None for SMAC's own number, 8 (1 in
                ``blackbox``).
            n_initial: size of the initial design (``hpo``, ``blackbox``, ``multi_fidelity``); None for SMAC's own.
            restriction: the part of the space; by default all of it.
            whole_cells: one categorical, ``cell``, in the place of the six edges.
            objectives: what is minimised; several by ParEGO, in the facades without a ladder.
            settings: further arguments of SMAC's ``Scenario``.

        Raises:
            InvalidValueError: an unknown facade, encoding, epoch or setting; a truth value where the scenario takes a
                number; a ladder that is missing, not wanted, or not one that SMAC can run.
        """
        if facade is None:
            facade = "hpo" if ladder is None else "multi_fidelity"
        checked_choice("facade", facade, FACADES)
        self._objectives = checked_search_objectives(objectives)
        if len(self._objectives) > 1 and facade in MULTI_FIDELITY_FACADES:
            raise InvalidValueError(f"facade {facade!r} minimises one objective here, not {list(self._objectives)}")
        self._epoch = checked_epoch(epoch)
        self._encoding: Encoding = checked_encoding(encoding, SMAC.encodings)
        self._budgets = _budgets_of(facade, ladder)
        self._n_configurations = checked_restriction(restriction).size
        self._asked: set[Configuration] = set()
        self._n_running = 0
        several = {"objectives": list(self._objectives)} if len(self._objectives) > 1 else {}
        space = configuration_space(encoding, restriction=restriction, whole_cells=whole_cells)
        check_no_flags_for_numbers(Scenario, settings)
        scenario = {
            "seed": checked_search_seed(seed),
            "n_trials": checked_count("n_trials", n_trials),
            "deterministic": True,
            **several,
            **settings,
        }
        _silence()
        # A facade writes its scenario when it is made; nothing is written after that (tell: save=False).
        with tempfile.TemporaryDirectory(prefix="nhb2-smac-") as directory:
            made = _make_scenario(space, directory, scenario, self._budgets)
            self.facade = _make_facade(FACADES[facade], made, self._budgets, retrain_after, n_initial)

    def ask(self) -> Suggestion | None:
        """SMAC's next trial; None once it finds no configuration that it has not tried.

        Also None while all there is has been asked for and some of it still runs: as long as SMAC has no result at all,
        it would look for another configuration for ever.
        """
        if self._n_running and len(self._asked) == self._n_configurations:
            return None
        try:
            trial = self.facade.ask()
        except (StopIteration, ConfigurationSpaceExhaustedException):
            return None
        configuration = to_configuration(trial.config, self._encoding)
        self._asked.add(configuration)
        self._n_running += 1
        if self._budgets is None or trial.budget is None:
            return Suggestion(configuration, self._epoch, token=trial)
        return Suggestion(configuration, *self._budgets.ladder.served(trial.budget), token=trial)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Give SMAC the objectives' values of a suggestion and its simulated cost."""
        trial: TrialInfo = suggestion.token
        self._n_running -= 1
        costs = list(told_values(self._objectives, suggestion, observation))
        cost = costs[0] if len(costs) == 1 else costs
        self.facade.tell(trial, TrialValue(cost=cost, time=observation.cost_s), save=False)


def _budgets_of(facade: str, ladder: FidelityLadder | Iterable[float] | None) -> SmacBudgets | None:
    if facade in MULTI_FIDELITY_FACADES:
        if ladder is None:
            raise InvalidValueError(f"facade {facade!r} needs a fidelity ladder, for example [12, 200]")
        return smac_budgets(ladder)
    if ladder is not None:
        raise InvalidValueError(f"facade {facade!r} searches at one epoch and takes no fidelity ladder")
    return None


def _make_scenario(
    space: ConfigurationSpace, directory: str, arguments: dict[str, Any], budgets: SmacBudgets | None
) -> Scenario:
    if budgets is not None:
        arguments = arguments | {"min_budget": budgets.min_budget, "max_budget": budgets.max_budget}
    try:
        return Scenario(space, output_directory=Path(directory), **arguments)
    except TypeError as error:
        raise InvalidValueError(f"settings {sorted(arguments)} do not fit SMAC's Scenario: {error}") from error


def _make_facade(
    facade: type[AbstractFacade],
    scenario: Scenario,
    budgets: SmacBudgets | None,
    retrain_after: int | None,
    n_initial: int | None,
) -> AbstractFacade:
    parts: dict[str, Any] = {
        "acquisition_maximizer": reproducible_maximizer(facade, scenario),
        "model": quick_model(facade, scenario),
    }
    if scenario.count_objectives() > 1:
        parts["multi_objective_algorithm"] = ParEGO(scenario)
    if budgets is not None:
        parts["intensifier"] = facade.get_intensifier(scenario, eta=budgets.eta)  # type: ignore[call-arg]
    if retrain_after is not None:
        n_of_model = checked_count("retrain_after", retrain_after)
        parts["config_selector"] = facade.get_config_selector(scenario, retrain_after=n_of_model)
    if n_initial is not None:
        n_configs = checked_count("n_initial", n_initial)
        parts["initial_design"] = facade.get_initial_design(scenario, n_configs=n_configs)  # type: ignore[call-arg]
    return facade(scenario, None, logging_level=False, overwrite=True, **parts)


def _silence() -> None:
    """Keep SMAC's notes off the console, unless the user has chosen a level for its logger."""
    logger = logging.getLogger("smac")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.ERROR)
