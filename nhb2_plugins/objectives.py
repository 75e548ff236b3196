"""What a search may minimise beside the error: names that stand for the same number in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError, describe_choices

if TYPE_CHECKING:
    from nhb2_plugins.trajectory.record import TrialRecord

ERROR_PCT: Final = "error_pct"
"""What every framework minimises where nothing else is asked for."""
OBJECTIVES: Final[Mapping[str, Callable[[TrialRecord], float]]] = {
    ERROR_PCT: lambda record: record.error_pct,
    "cost_s": lambda record: record.cost_s,
    "params_total": lambda record: float(Cell(record.cellcode).params_total),
    "params_live": lambda record: float(Cell(record.cellcode).params_live),
    "macs_live": lambda record: float(Cell(record.cellcode).macs_live),
}
"""All to be minimised: error in percent, cost from scratch in seconds, parameters (of all edges, of live edges), and
multiply–accumulates of the live edges. All are Python floats."""


def checked_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The names.

    Raises:
        InvalidValueError: no name, one that is unknown, or one twice.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        names = (names,)
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or name not in OBJECTIVES:
            raise InvalidValueError(describe_choices(name, OBJECTIVES, what="objective"))
    if not names or len(set(names)) != len(names):
        raise InvalidValueError(f"objectives {list(names)!r} must be one or more different names of {list(OBJECTIVES)}")
    return names
