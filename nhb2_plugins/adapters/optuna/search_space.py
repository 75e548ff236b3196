"""The joint space as Optuna distributions, in four encodings; from an Optuna trial to a configuration and back.

- ``categorical``: eight categoricals with the values themselves. The default: nothing to translate in a dashboard.
- ``integer``: learning rate and batch size as their ranks, ``IntDistribution(0, 7)`` and ``IntDistribution(0, 5)``.
  Optuna has no ordinals, and no distribution with both a logarithm and a step; both grids are powers of two, so a step
  of one rank *is* a step on the logarithmic axis. Samplers then know that neighbouring values resemble each other.
- ``digits``: operations as integers too, for samplers that refuse categoricals.
- ``unit``: eight floats from 0 to 1, for samplers that refuse integers as well.

A part of the space (:class:`nhb2_plugins.subspace.Subspace`): a fixed value is a distribution of one value. Optuna has
no forbidden clauses, and the cellcodes that stand for their isomorphism classes are no product of six distributions; so
with ``one_per_class`` the six edges become one categorical, ``cell``, over the 1,011 canonical cellcodes. Samplers then
see no edges, only names of cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import BaseTrial

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.arguments import checked_kind
from nhb2_plugins.encoding import Encoding, decoded, numbered, to_configuration
from nhb2_plugins.space import EDGE_NAMES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace

OPTUNA_ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "integer", "digits", "unit")
OPTUNA: Final = Framework(
    name="Optuna",
    encodings=OPTUNA_ENCODINGS,
    encoding="categorical",
    has_fidelities=True,
    has_several_objectives=True,
)


def optuna_search_space(
    encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE
) -> dict[str, BaseDistribution]:
    """The space as Optuna distributions by hyperparameter name; fit for ``study.ask(fixed_distributions=...)``.

    Args:
        encoding: see the module's docstring.
        restriction: the part of the space; by default all of it. With ``one_per_class``, ``cell`` stands for the edges.

    Raises:
        InvalidValueError: an encoding that Optuna cannot express, or not a restriction.
    """
    return {
        name: _distribution(name, values, encoding) for name, values in OPTUNA.choices(encoding, restriction).items()
    }


def _distribution(name: str, values: Sequence[Any], encoding: Encoding) -> BaseDistribution:
    if name not in numbered(encoding):
        return CategoricalDistribution(values)
    if encoding != "unit":
        return IntDistribution(values[0], values[-1])
    return FloatDistribution(0.0, 1.0) if len(values) > 1 else FloatDistribution(values[0], values[0])


def suggest_configuration(
    trial: BaseTrial, encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE
) -> Configuration:
    """Let a trial suggest all hyperparameters.

    Args:
        trial: a running trial, or a ``FixedTrial``.
        encoding: see the module's docstring.
        restriction: as :func:`optuna_search_space`.

    Raises:
        InvalidValueError: not a trial, an encoding that Optuna cannot express, not a restriction, or a fixed value (of
            ``enqueue_trial``, a ``FixedTrial`` or a ``PartialFixedSampler``) that is no rank.
    """
    checked_kind("trial", trial, BaseTrial)  # type: ignore[type-abstract]
    return suggest(trial, encoding, optuna_search_space(encoding, restriction))


def suggest(trial: BaseTrial, encoding: Encoding, space: Mapping[str, BaseDistribution]) -> Configuration:
    """:func:`suggest_configuration` out of an :func:`optuna_search_space`, which was checked when it was made."""
    values = {name: _suggested(trial, name, each) for name, each in space.items()}
    if ranked := numbered(encoding):
        # suggest_int cuts a learning rate that somebody has fixed down to rank 0: what was fixed is in the parameters.
        given = trial.params
        values |= {name: given[name] for name in ranked if name in given}
    return decoded(values, encoding)


def _suggested(trial: BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high)
    return trial.suggest_float(name, distribution.low, distribution.high)  # type: ignore[attr-defined]


def configuration_of(trial: BaseTrial) -> Configuration:
    """The configuration of a trial (``study.best_trial``, a ``FrozenTrial``, a running trial), whatever its encoding.

    The trial's own distributions say which encoding it has.

    Raises:
        InvalidValueError: not a trial, or one that does not carry the eight hyperparameters of this space.
    """
    checked_kind("trial", trial, BaseTrial)  # type: ignore[type-abstract]
    return to_configuration(trial.params, _encoding_of(trial))


def _encoding_of(trial: BaseTrial) -> Encoding:
    distributions = trial.distributions
    if isinstance(distributions.get("lr"), FloatDistribution):
        return "unit"
    if isinstance(distributions.get(EDGE_NAMES[0]), IntDistribution):
        return "digits"
    return "integer" if isinstance(distributions.get("lr"), IntDistribution) else "categorical"


def enqueue(
    study: Study,
    configurations: Configuration | Iterable[Configuration],
    encoding: Encoding = "categorical",
    *,
    restriction: Subspace = WHOLE_SPACE,
    skip_if_exists: bool = False,
) -> None:
    """Let a study evaluate given configurations next, in order.

    Args:
        study: the study.
        configurations: one or several.
        encoding: the encoding that the objective suggests with.
        restriction: the part of the space that the objective suggests from. (Optuna itself would replace a value that
            is outside by a drawn one.)
        skip_if_exists: leave out those that the study holds already.

    Raises:
        InvalidValueError: not a study, an encoding that Optuna cannot express, something that is not a configuration,
            or a configuration outside the restriction. Nothing has been enqueued then.
    """
    checked_kind("study", study, Study)
    each_one = list(configurations) if isinstance(configurations, Iterable) else [configurations]
    for values in [OPTUNA.values(each, encoding, restriction) for each in each_one]:
        study.enqueue_trial(dict(values), skip_if_exists=skip_if_exists)
