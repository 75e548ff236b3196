"""Names of optimizers, and how each is made; nothing is imported before it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, Final

from nhb2_plugins.ask_tell import Optimizer
from nhb2_plugins.errors import InvalidValueError, MissingExtraError, describe_choices
from nhb2_plugins.fidelity import FidelityLadder


@dataclass(frozen=True)
class Registration:
    """How an optimizer is made.

    Attributes:
        target: ``module:class``; the class is called with ``seed=``, with ``ladder=`` or ``epoch=``, and its settings.
        uses_ladder: whether it chooses among fidelities itself.
        settings: ``module:class`` of a dataclass that takes the settings it has a field for; the optimizer gets it as
            ``settings=``.
        ending_setting: the setting with which it ends by itself, without a budget.
        extra: the extra of this distribution that installs what it needs.
    """

    target: str
    uses_ladder: bool = False
    settings: str | None = None
    ending_setting: str | None = None
    extra: str | None = None


OPTIMIZERS: Final[Mapping[str, Registration]] = {
    "random_search": Registration("nhb2_plugins.optimizers.random_search:RandomSearch"),
    "regularized_evolution": Registration("nhb2_plugins.optimizers.evolution:RegularizedEvolution"),
    "reinforce": Registration("nhb2_plugins.optimizers.reinforce:Reinforce"),
    "rs_then_rea": Registration("nhb2_plugins.optimizers.two_stage:RandomSearchThenEvolution"),
    "local_search": Registration("nhb2_plugins.optimizers.local_search:LocalSearch"),
    "asha": Registration("nhb2_plugins.optimizers.asha:Asha", uses_ladder=True),
    "bohb": Registration(
        "nhb2_plugins.optimizers.bohb:Bohb",
        uses_ladder=True,
        settings="nhb2_plugins.optimizers.bohb_model:BohbSettings",
        ending_setting="n_iterations",
    ),
    "optuna": Registration("nhb2_plugins.optimizers.optuna_optimizer:OptunaOptimizer", extra="optuna"),
    "smac": Registration("nhb2_plugins.optimizers.smac_optimizer:SmacOptimizer", extra="smac"),
}


def registration(algorithm: str) -> Registration:
    """The registration of a name.

    Raises:
        InvalidValueError: no optimizer has this name.
    """
    if algorithm not in OPTIMIZERS:
        raise InvalidValueError(describe_choices(algorithm, OPTIMIZERS, what="algorithm"))
    return OPTIMIZERS[algorithm]


def make_optimizer(
    algorithm: str,
    *,
    seed: int,
    epoch: int = 12,
    ladder: FidelityLadder | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Optimizer:
    """Make an optimizer by its name.

    Args:
        algorithm: a name in :data:`OPTIMIZERS`.
        seed: the run's seed.
        epoch: the fidelity searched at, for optimizers without a ladder.
        ladder: the fidelities, for optimizers with one.
        settings: keyword arguments of the optimizer.

    Raises:
        InvalidValueError: an unknown name or setting, a ladder missing or not wanted, a setting out of range.
        MissingExtraError: the optimizer's framework is not installed.
    """
    entry = registration(algorithm)
    if entry.uses_ladder and ladder is None:
        raise InvalidValueError(f"algorithm {algorithm!r} needs a fidelity ladder")
    if not entry.uses_ladder and ladder is not None:
        raise InvalidValueError(f"algorithm {algorithm!r} searches at one epoch and takes no fidelity ladder")
    make = _load(algorithm, entry.target, entry.extra)
    fidelity: dict[str, Any] = {"ladder": ladder} if entry.uses_ladder else {"epoch": epoch}
    arguments = dict(settings or {})
    taken = inspect.signature(make).parameters.keys() - {"seed", "epoch", "ladder", "settings"}
    if entry.settings is not None:
        kind = _load(algorithm, entry.settings, entry.extra)
        names = {each.name for each in fields(kind)}
        taken |= names
        own = {name: arguments.pop(name) for name in names & arguments.keys()}
        fidelity["settings"] = kind(**own)
    for name in settings or {}:
        if name not in taken:
            raise InvalidValueError(describe_choices(name, sorted(taken), what=f"setting of {algorithm}"))
    optimizer: Optimizer = make(seed=seed, **fidelity, **arguments)
    return optimizer


def close_optimizer(optimizer: Optimizer) -> None:
    """Release what an optimizer holds (SMAC's keeps files), where it holds anything."""
    close = getattr(optimizer, "close", None)
    if close is not None:
        close()


def _load(algorithm: str, target: str, extra: str | None) -> Any:
    module, name = target.split(":")
    try:
        return getattr(import_module(module), name)
    except MissingExtraError:
        raise
    except ImportError as error:
        hint = f": pip install 'nhb2-plugins[{extra}]'" if extra else ""
        raise MissingExtraError(f"algorithm {algorithm!r} cannot be imported ({error}){hint}") from error
