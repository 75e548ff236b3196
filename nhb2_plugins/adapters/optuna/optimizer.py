"""Optuna's samplers behind the ask/tell protocol, through Optuna's own ``study.ask`` and ``study.tell``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

import optuna
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import StudyDirection

from nhb2_plugins.adapters.optuna.quiet import quiet
from nhb2_plugins.adapters.optuna.search_space import configuration_of, optuna_search_space
from nhb2_plugins.arguments import check_no_flags_for_numbers, checked_choice, checked_search_seed
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion, told_values
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.encoding import NUMERIC_ENCODINGS, Encoding, hyperparameter_choices, numbered
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.extras import missing_extra
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, checked_epoch
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

SAMPLERS: Final[dict[str, type[BaseSampler]]] = {
    "tpe": TPESampler,
    "random": RandomSampler,
    "nsgaii": NSGAIISampler,
    "nsgaiii": NSGAIIISampler,
    "gp": GPSampler,
    "cmaes": CmaEsSampler,
}
"""Optuna's samplers by name.

``gp`` needs PyTorch (the extra ``gp``). ``cmaes`` models numbers alone: under ``integer`` learning rate and batch size,
while Optuna draws the edges at random; under ``digits`` and ``unit`` all eight.
"""

_NEEDED: Final = {"gp": ("torch", "gp"), "cmaes": ("cmaes", "optuna")}
_NUMBERS_ONLY: Final = frozenset({"cmaes"})
_OF_NUMBERS: Final[tuple[Encoding, ...]] = ("integer", *NUMERIC_ENCODINGS)
_ONE_OBJECTIVE: Final = frozenset({"cmaes"})


class OptunaOptimizer(ShowsArguments):
    """An Optuna sampler: a study in memory that minimises the error, or several objectives; reproducible for a seed, in
    any process.

    Several suggestions may be open at once; the sampler sees them as running trials.

    Attributes:
        study: the study, for whatever Optuna offers on it.
    """

    def __init__(
        self,
        seed: int,
        sampler: str = "tpe",
        *,
        epoch: int = SCHEDULE_EPOCHS,
        encoding: Encoding = "categorical",
        restriction: Subspace = WHOLE_SPACE,
        objectives: Sequence[str] = (ERROR_PCT,),
        **settings: Any,
    ) -> None:
        """Set up the study.

        Args:
            seed: seeds the sampler.
            sampler: one of :data:`SAMPLERS`, with Optuna's defaults.
            epoch: the fidelity to search at. 200 searches on an expected test accuracy.
            encoding: of learning rate and batch size (:mod:`nhb2_plugins.adapters.optuna.search_space`).
            restriction: the part of the space; by default all of it. With ``one_per_class`` the sampler sees
                whole cells.
            objectives: what is minimised; every sampler but ``cmaes`` takes several.
            settings: the sampler's own arguments, for example ``n_startup_trials=20``.

        Raises:
            InvalidValueError: an unknown sampler, setting, encoding, epoch or objective; a truth value where the
                sampler takes a number; ``cmaes`` without numbers to model or with several objectives.
            MissingExtraError: what the sampler needs is not installed.
        """
        checked_choice("sampler", sampler, SAMPLERS)
        _check_fits(sampler, encoding, checked_restriction(restriction))
        _check_installed(sampler)
        self._objectives = checked_search_objectives(objectives)
        if len(self._objectives) > 1 and sampler in _ONE_OBJECTIVE:
            raise InvalidValueError(f"sampler {sampler!r} minimises one objective, not {list(self._objectives)}")
        if sampler in _NUMBERS_ONLY:
            settings = {"warn_independent_sampling": False, **settings}
        check_no_flags_for_numbers(SAMPLERS[sampler], settings)
        self._epoch = checked_epoch(epoch)
        self._space = optuna_search_space(encoding, restriction)
        with quiet():
            try:
                made = SAMPLERS[sampler](seed=checked_search_seed(seed), **settings)  # type: ignore[call-arg]
            except TypeError as error:
                raise InvalidValueError(f"settings {settings!r} do not fit sampler {sampler!r}: {error}") from error
            directions = [StudyDirection.MINIMIZE] * len(self._objectives)
            self.study = optuna.create_study(sampler=made, study_name=f"{sampler}-{seed}", directions=directions)

    def ask(self) -> Suggestion:
        """The sampler's next configuration; Optuna never has to wait."""
        trial = self.study.ask(self._space)
        return Suggestion(configuration_of(trial), self._epoch, token=trial)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Give the study the objectives' values of a suggestion."""
        self.study.tell(suggestion.token, told_values(self._objectives, suggestion, observation))


def _check_fits(sampler: str, encoding: Encoding, part: Subspace) -> None:
    if sampler not in _NUMBERS_ONLY:
        return
    if encoding not in _OF_NUMBERS:
        raise InvalidValueError(
            f"sampler {sampler!r} models numbers alone: it needs encoding 'integer', not {encoding!r}; "
            "'digits' and 'unit' are of numbers too"
        )
    choices = hyperparameter_choices(encoding, part)
    if sum(len(choices[name]) > 1 for name in numbered(encoding)) < 2:
        raise InvalidValueError(f"sampler {sampler!r} needs two free numbers: neither lr nor batch_size may be fixed")


def _check_installed(sampler: str) -> None:
    module, extra = _NEEDED.get(sampler, ("optuna", "optuna"))
    if find_spec(module) is None:
        raise missing_extra(f"sampler {sampler!r} needs {module}", extra)
