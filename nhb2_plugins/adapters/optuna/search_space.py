"""The joint space as Optuna distributions, in two encodings; from an Optuna trial to a configuration and back.

- ``categorical``: eight categoricals with the values themselves. The default: nothing to translate in a dashboard.
- ``integer``: learning rate and batch size as their ranks, ``IntDistribution(0, 7)`` and ``IntDistribution(0, 5)``.
  Optuna has no ordinals, and no distribution with both a logarithm and a step; both grids are powers of two, so a step
  of one rank *is* a step on the logarithmic axis. Samplers then know that neighbouring values resemble each other.

A part of the space (:class:`nhb2_plugins.subspace.Subspace`): a fixed value is a distribution of one value. Optuna has
no forbidden clauses, and the cellcodes that stand for their isomorphism classes are no product of six distributions; so
with ``one_per_class`` the six edges become one categorical, ``cell``, over the 1,011 canonical cellcodes. Samplers then
see no edges, only names of cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import BaseTrial

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.arguments import check_kind
from nhb2_plugins.encoding import (
    Choices,
    Encoding,
    decoded,
    to_configuration,
)
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace

OPTUNA_ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "integer")
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
    choices, ranked = OPTUNA.choices(encoding, restriction), _ranked(encoding)
    return {
        name: IntDistribution(values[0], values[-1])  # type: ignore[arg-type]
        if name in ranked
        else CategoricalDistribution(values)
        for name, values in choices.items()
    }


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
    check_kind("trial", trial, BaseTrial)
    return _suggest(trial, encoding, OPTUNA.choices(encoding, restriction))


def suggest(trial: BaseTrial, problem: Problem) -> Configuration:
    """:func:`suggest_configuration` for a problem, which was checked when it was made."""
    return _suggest(trial, problem.settled_encoding, problem.choices)


def _suggest(trial: BaseTrial, encoding: Encoding, space: Choices) -> Configuration:
    ranked = _ranked(encoding)
    values = {
        name: trial.suggest_int(name, choices[0], choices[-1])  # type: ignore[arg-type]
        if name in ranked
        else trial.suggest_categorical(name, choices)
        for name, choices in space.items()
    }
    if ranked:
        # suggest_int cuts a learning rate that somebody has fixed down to rank 0: what was fixed is in the parameters.
        given = trial.params
        values |= {name: given[name] for name in ranked if name in given}
    return decoded(values, encoding)


def _ranked(encoding: Encoding) -> tuple[str, ...]:
    return ("lr", "batch_size") if encoding == "integer" else ()


def configuration_of(trial: BaseTrial) -> Configuration:
    """The configuration of a trial (``study.best_trial``, a ``FrozenTrial``, a running trial), whatever its encoding.

    The trial's own distributions say which encoding it has.

    Raises:
        InvalidValueError: not a trial, or one that does not carry the eight hyperparameters of this space.
    """
    check_kind("trial", trial, BaseTrial)
    ranks = isinstance(trial.distributions.get("lr"), IntDistribution)
    return to_configuration(trial.params, "integer" if ranks else "categorical")


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
    check_kind("study", study, Study)
    each_one = list(configurations) if isinstance(configurations, Iterable) else [configurations]
    for values in [OPTUNA.values(each, encoding, restriction) for each in each_one]:
        study.enqueue_trial(dict(values), skip_if_exists=skip_if_exists)
