"""What a search may minimise beside the error: names that stand for the same number in every framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from nhb2_plugins.arguments import checked_choice, is_several
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError


class Evaluated(Protocol):
    """What an objective is read from: a record, or an :class:`Evaluation`."""

    @property
    def cellcode(self) -> str:
        """The configuration's cell."""
        ...

    @property
    def error_pct(self) -> float:
        """What the search saw, in percent."""
        ...

    @property
    def cost_s(self) -> float:
        """Cost from scratch, in seconds."""
        ...


class Evaluation(NamedTuple):
    """A cell, and what came of it: error in percent, cost from scratch in seconds."""

    cellcode: str
    error_pct: float
    cost_s: float


ERROR_PCT: Final = "error_pct"
"""What every framework minimises where nothing else is asked for."""
COST_S: Final = "cost_s"
OBJECTIVES: Final[Mapping[str, Callable[[Evaluated], float]]] = {
    ERROR_PCT: lambda evaluated: evaluated.error_pct,
    COST_S: lambda evaluated: evaluated.cost_s,
    "params_total": lambda evaluated: float(Cell(evaluated.cellcode).params_total),
    "params_live": lambda evaluated: float(Cell(evaluated.cellcode).params_live),
    "macs_live": lambda evaluated: float(Cell(evaluated.cellcode).macs_live),
}
"""All to be minimised: error in percent, cost from scratch in seconds, parameters (of all edges, of live edges), and
multiply–accumulates of the live edges. All are Python floats."""
MOST_OBJECTIVES: Final = 3
"""That a front is measured in: what is exact in two or three dimensions is not in more."""


def checked_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The names.

    Raises:
        InvalidValueError: no name, one that is unknown, or one twice.
    """
    given = names if is_several(names) else (names,)
    checked = tuple(checked_choice("objective", name, OBJECTIVES) for name in given)
    if not checked or len(set(checked)) != len(checked):
        raise InvalidValueError(f"objectives {list(checked)} must be one or more different names of {list(OBJECTIVES)}")
    return checked


def checked_front_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The names of two or three objectives, between which there is a front.

    Raises:
        InvalidValueError: another number of them, or as :func:`checked_objectives`.
    """
    checked = checked_objectives(names)
    if not 2 <= len(checked) <= MOST_OBJECTIVES:
        raise InvalidValueError(f"objectives {list(checked)!r} are not two or three, between which there is a front")
    return checked


def checked_search_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The names of what a campaign searches for: the error alone, or two or three objectives.

    Raises:
        InvalidValueError: another one alone, more than three, or as :func:`checked_objectives`.
    """
    checked = checked_objectives(names)
    if len(checked) == 1 and checked != (ERROR_PCT,):
        raise InvalidValueError(
            f"objectives {list(checked)!r}: alone only {ERROR_PCT!r} is searched for; name two or three of "
            f"{list(OBJECTIVES)}"
        )
    return checked if len(checked) == 1 else checked_front_objectives(checked)


def objective_values(names: Sequence[str], evaluated: Evaluated) -> tuple[float, ...]:
    """The values of objectives, in order; Python floats, to be minimised."""
    return tuple(OBJECTIVES[name](evaluated) for name in names)
