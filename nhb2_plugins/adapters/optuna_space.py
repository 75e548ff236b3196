"""The joint space as Optuna distributions, in two encodings; from an Optuna trial to a configuration and back.

- ``categorical``: eight categoricals with the values themselves. The default: nothing to translate in a dashboard.
- ``integer``: learning rate and batch size as their ranks, ``IntDistribution(0, 7)`` and ``IntDistribution(0, 5)``.
  Optuna has no ordinals, and no distribution with both a logarithm and a step; both grids are powers of two, so a step
  of one rank *is* a step on the logarithmic axis. Samplers then know that neighbouring values resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import BaseTrial

from nhb2_plugins.encoding import Encoding, checked_encoding, to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import BATCH_SIZES, EDGE_NAMES, LEARNING_RATES, OPERATIONS, Configuration

OPTUNA_ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "integer")


def optuna_search_space(encoding: Encoding = "categorical") -> dict[str, BaseDistribution]:
    """The space as Optuna distributions by hyperparameter name; fit for ``study.ask(fixed_distributions=...)``.

    Args:
        encoding: see the module's docstring.

    Raises:
        InvalidValueError: an encoding that Optuna cannot express.
    """
    encoding = checked_encoding(encoding, OPTUNA_ENCODINGS)
    space: dict[str, BaseDistribution] = {name: CategoricalDistribution(OPERATIONS) for name in EDGE_NAMES}
    if encoding == "integer":
        space["lr"] = IntDistribution(0, len(LEARNING_RATES) - 1)
        space["batch_size"] = IntDistribution(0, len(BATCH_SIZES) - 1)
    else:
        space["lr"] = CategoricalDistribution(LEARNING_RATES)
        space["batch_size"] = CategoricalDistribution(BATCH_SIZES)
    return space


def suggest_configuration(trial: BaseTrial, encoding: Encoding = "categorical") -> Configuration:
    """Let a trial suggest all eight hyperparameters.

    Raises:
        InvalidValueError: an encoding that Optuna cannot express.
    """
    encoding = checked_encoding(encoding, OPTUNA_ENCODINGS)
    values: dict[str, object] = {name: trial.suggest_categorical(name, OPERATIONS) for name in EDGE_NAMES}
    if encoding == "integer":
        values["lr"] = trial.suggest_int("lr", 0, len(LEARNING_RATES) - 1)
        values["batch_size"] = trial.suggest_int("batch_size", 0, len(BATCH_SIZES) - 1)
    else:
        values["lr"] = trial.suggest_categorical("lr", LEARNING_RATES)
        values["batch_size"] = trial.suggest_categorical("batch_size", BATCH_SIZES)
    return to_configuration(values, encoding)


def configuration_of(trial: BaseTrial) -> Configuration:
    """The configuration of a trial (``study.best_trial``, a ``FrozenTrial``, a running trial), whatever its encoding.

    The trial's own distributions say which encoding it has.

    Raises:
        InvalidValueError: the trial does not carry the eight hyperparameters of this space.
    """
    ranks = isinstance(trial.distributions.get("lr"), IntDistribution)
    return to_configuration(trial.params, "integer" if ranks else "categorical")


def enqueue(
    study: Study,
    configurations: Configuration | Iterable[Configuration],
    encoding: Encoding = "categorical",
    *,
    skip_if_exists: bool = False,
) -> None:
    """Let a study evaluate given configurations next, in order.

    Args:
        study: the study.
        configurations: one or several.
        encoding: the encoding that the objective suggests with.
        skip_if_exists: leave out those that the study holds already.

    Raises:
        InvalidValueError: an encoding that Optuna cannot express, or something that is not a configuration.
    """
    encoding = checked_encoding(encoding, OPTUNA_ENCODINGS)
    each_one = [configurations] if isinstance(configurations, Configuration) else list(configurations)
    for each in each_one:
        if not isinstance(each, Configuration):
            raise InvalidValueError(f"{each!r} is not a Configuration")
        study.enqueue_trial(dict(to_values(each, encoding)), skip_if_exists=skip_if_exists)
