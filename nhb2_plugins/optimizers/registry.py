"""Names of optimizers, and how each is made; nothing is imported before it is asked for.

An installed package adds its own optimizers as entry points of the group ``nhb2_plugins.optimizers``: the name is the
algorithm's, the value ``module:class``. The class is called with ``seed=``; with ``ladder=`` (where it has such a
parameter and the campaign names a ladder) or ``epoch=``, or both where it has both; with ``restriction=`` where the
campaign restricts the space, and with ``objectives=`` where it minimises several (both refused where it has no such
parameter); and with its settings. It follows
:class:`nhb2_plugins.ask_tell.Optimizer`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal, NamedTuple

from nhb2_plugins.ask_tell import Optimizer
from nhb2_plugins.errors import InvalidValueError, MissingExtraError, describe_choices
from nhb2_plugins.extras import install_command
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.optimizers.own_process import ending_of
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace

ENTRY_POINT_GROUP: Final = "nhb2_plugins.optimizers"
_OWN_ARGUMENTS: Final = frozenset({"seed", "epoch", "ladder", "settings", "restriction", "objectives"})
"""What :func:`make_optimizer` gives itself: no settings."""


LadderUse = Literal["never", "always", "optional"]


@dataclass(frozen=True)
class Registration:
    """How an optimizer is made.

    Attributes:
        target: ``module:class``; the class is called with ``seed=``, with ``ladder=`` or ``epoch=``, and its settings.
        ladder: whether it chooses among the fidelities of a ladder: ``never`` (it searches at one epoch), ``always``,
            or ``optional``.
        settings: ``module:class`` of a dataclass that takes the settings it has a field for; the optimizer gets it as
            ``settings=``.
        ending_setting: the setting with which it ends by itself, without a budget.
        extra: the extra of this distribution that installs what it needs.
        distribution: the distribution whose version decides its numbers, where it is not this one.
    """

    target: str
    ladder: LadderUse = "never"
    settings: str | None = None
    ending_setting: str | None = None
    extra: str | None = None
    distribution: str | None = None


OPTIMIZERS: Final[Mapping[str, Registration]] = {
    "random_search": Registration("nhb2_plugins.optimizers.random_search:RandomSearch"),
    "regularized_evolution": Registration("nhb2_plugins.optimizers.evolution:RegularizedEvolution"),
    "reinforce": Registration("nhb2_plugins.optimizers.reinforce:Reinforce"),
    "rs_then_rea": Registration("nhb2_plugins.optimizers.two_stage:RandomSearchThenEvolution"),
    "bohb_then_rea": Registration(
        "nhb2_plugins.optimizers.bohb_then_evolution:BohbThenEvolution",
        ladder="optional",
        settings="nhb2_plugins.optimizers.bohb_model:BohbSettings",
    ),
    "local_search": Registration("nhb2_plugins.optimizers.local_search:LocalSearch"),
    "asha": Registration("nhb2_plugins.optimizers.asha:Asha", ladder="always"),
    "successive_halving": Registration(
        "nhb2_plugins.optimizers.bracket_search:RepeatedHalving", ladder="always", ending_setting="n_iterations"
    ),
    "hyperband": Registration(
        "nhb2_plugins.optimizers.bracket_search:Hyperband", ladder="always", ending_setting="n_iterations"
    ),
    "bohb": Registration(
        "nhb2_plugins.optimizers.bohb:Bohb",
        ladder="always",
        settings="nhb2_plugins.optimizers.bohb_model:BohbSettings",
        ending_setting="n_iterations",
    ),
    "sh_emoa": Registration(
        "nhb2_plugins.optimizers.sh_emoa:ShEmoa", ladder="always", ending_setting="n_evaluations", extra="pareto"
    ),
    "optuna": Registration(
        "nhb2_plugins.adapters.optuna.optimizer:OptunaOptimizer", extra="optuna", distribution="optuna"
    ),
    "smac": Registration(
        "nhb2_plugins.adapters.smac.optimizer:SmacOptimizer", ladder="optional", extra="smac", distribution="smac"
    ),
}
"""The optimizers of this package."""


def algorithms() -> list[str]:
    """Every name that can be asked for: this package's, then those of installed packages."""
    return [*OPTIMIZERS, *sorted(_foreign_entry_points())]


_OPTUNA_SAMPLERS: Final = ("tpe", "random", "gp", "cmaes", "nsgaii", "nsgaiii")  # known without loading Optuna


def registration(algorithm: str) -> Registration:
    """The registration of a name.

    Raises:
        InvalidValueError: no optimizer has this name.
        MissingExtraError: an installed package registers it and cannot be imported.
    """
    if algorithm in OPTIMIZERS:
        return OPTIMIZERS[algorithm]
    foreign = _foreign_entry_points()
    if algorithm not in foreign:
        known = describe_choices(algorithm, algorithms(), what="algorithm")
        of_optuna = algorithm in _OPTUNA_SAMPLERS
        hint = f"; it is a sampler of Optuna: algorithm optuna with settings {{sampler: {algorithm}}}"
        raise InvalidValueError(known + hint if of_optuna else known)
    entry = foreign[algorithm]
    module = entry.value.partition(":")[0]
    importing = "import importlib; importlib.import_module(sys.argv[1])"
    if module not in sys.modules and (ending := ending_of(importing, module)):
        raise MissingExtraError(f"algorithm {algorithm!r} cannot be imported ({ending})")
    made = _load(algorithm, entry.value, None)
    distribution = entry.dist.name if entry.dist else None
    return Registration(entry.value, _ladder_use(made), distribution=distribution)


class Description(NamedTuple):
    """An optimizer in a line.

    Attributes:
        summary: what it is, the first sentence of its class's docstring.
        ladder: as :class:`Registration`.
        settings: names of its settings, in order; ``…`` where it passes on what its framework takes.
    """

    summary: str
    ladder: LadderUse
    settings: tuple[str, ...]


def describe(algorithm: str) -> Description:
    """An optimizer in a line, read off its class.

    Raises:
        InvalidValueError: no optimizer has this name.
        MissingExtraError: its framework is not installed.
    """
    entry = registration(algorithm)
    made = _load(algorithm, entry.target, entry.extra)
    parameters = inspect.signature(made).parameters
    names = [name for name, each in parameters.items() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    settings = [name for name in names if name not in _OWN_ARGUMENTS]
    if entry.settings:
        settings += [each.name for each in fields(_load(algorithm, entry.settings, entry.extra))]
    if len(names) < len(parameters):
        settings.append("…")
    summary = (inspect.getdoc(made) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return Description(summary, entry.ladder, tuple(settings))


def _ladder_use(made: Any) -> LadderUse:
    parameter = inspect.signature(made).parameters.get("ladder")
    if parameter is None:
        return "never"
    return "always" if parameter.default is inspect.Parameter.empty else "optional"


def _foreign_entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP) if entry.name not in OPTIMIZERS}


def make_optimizer(
    algorithm: str,
    *,
    seed: int,
    epoch: int = 12,
    ladder: FidelityLadder | None = None,
    settings: Mapping[str, Any] | None = None,
    restriction: Subspace = WHOLE_SPACE,
    objectives: Sequence[str] = (ERROR_PCT,),
) -> Optimizer:
    """Make an optimizer by its name.

    Args:
        algorithm: one of :func:`algorithms`.
        seed: the run's seed.
        epoch: the fidelity searched at, for optimizers without a ladder, and of a stage that has none.
        ladder: the fidelities, for optimizers with one.
        settings: keyword arguments of the optimizer.
        restriction: the part of the space that it may propose from; by default all of it.
        objectives: what it minimises; by default the error.

    Raises:
        InvalidValueError: an unknown name or setting, a ladder missing or not wanted, a setting out of range, a
            restriction that the optimizer does not take or that leaves it nothing to search, objectives that it does
            not take.
        MissingExtraError: the optimizer's framework is not installed.
    """
    entry = registration(algorithm)
    check_ladder(algorithm, has_ladder=ladder is not None)
    make = _load(algorithm, entry.target, entry.extra)
    fidelity: dict[str, Any] = {} if ladder is None else {"ladder": ladder}
    if ladder is None or "epoch" in inspect.signature(make).parameters:
        fidelity["epoch"] = epoch
    arguments = _arguments(algorithm, entry, make, settings or {})
    if restriction != WHOLE_SPACE:
        _check_takes(algorithm, make, "restriction")
        arguments["restriction"] = restriction
    if checked_search_objectives(objectives) != (ERROR_PCT,):
        _check_takes(algorithm, make, "objectives")
        arguments["objectives"] = tuple(objectives)
    optimizer: Optimizer = make(seed=seed, **fidelity, **arguments)
    return optimizer


def check_takes(algorithm: str, parameter: Literal["restriction", "objectives"]) -> None:
    """Refuse an optimizer that cannot keep to a part of the space, or that minimises the error alone.

    Raises:
        InvalidValueError: an unknown name, or an optimizer without that parameter.
        MissingExtraError: the optimizer's framework is not installed.
    """
    entry = registration(algorithm)
    _check_takes(algorithm, _load(algorithm, entry.target, entry.extra), parameter)


def _check_takes(algorithm: str, make: Any, parameter: str) -> None:
    if parameter not in inspect.signature(make).parameters:
        raise InvalidValueError(f"algorithm {algorithm!r} has no parameter {parameter!r}: it {_WITHOUT[parameter]}")


_WITHOUT: Final = {"restriction": "searches the whole space", "objectives": "minimises the error alone"}


def check_ladder(algorithm: str, *, has_ladder: bool) -> None:
    """Refuse a ladder that is missing or not wanted.

    Raises:
        InvalidValueError: an unknown name, no ladder where one is needed, or one where none is taken.
    """
    use = registration(algorithm).ladder
    if use == "always" and not has_ladder:
        raise InvalidValueError(f"algorithm {algorithm!r} needs a ladder, for example [12, 200]")
    if use == "never" and has_ladder:
        raise InvalidValueError(f"algorithm {algorithm!r} searches at one epoch and takes no ladder")


def _arguments(algorithm: str, entry: Registration, make: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as keyword arguments, those of the settings dataclass gathered in one."""
    parameters = inspect.signature(make).parameters
    taken = parameters.keys() - _OWN_ARGUMENTS
    grouped = _load(algorithm, entry.settings, entry.extra) if entry.settings else None
    names = {each.name for each in fields(grouped)} if grouped else set()
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    for name in settings:
        if name in _OWN_ARGUMENTS or (name not in taken | names and not takes_any):
            raise InvalidValueError(describe_choices(name, sorted(taken | names), what=f"setting of {algorithm}"))
    arguments = {name: value for name, value in settings.items() if name not in names}
    if grouped and names & settings.keys():
        arguments["settings"] = grouped(**{name: settings[name] for name in names & settings.keys()})
    return arguments


def close_optimizer(optimizer: Optimizer) -> None:
    """Release what an optimizer holds (files, a process), where it holds anything."""
    close = getattr(optimizer, "close", None)
    if close is not None:
        close()


def _load(algorithm: str, target: str, extra: str | None) -> Any:
    module, _, name = target.partition(":")
    try:
        return getattr(import_module(module), name)
    except MissingExtraError:
        raise
    except (Exception, SystemExit) as error:  # whatever a foreign module raises while it is imported, also to end us
        hint = f": {install_command(extra)}" if extra else ""
        raise MissingExtraError(f"algorithm {algorithm!r} cannot be imported ({error}){hint}") from error
