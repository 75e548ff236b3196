"""What a search may minimise beside the error: names that stand for the same number in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.trajectory.record import TrialRecord

OBJECTIVES: Final[Mapping[str, Callable[[TrialRecord], float]]] = {
    "error_pct": lambda record: record.error_pct,
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


def objective_values(record: TrialRecord, names: Sequence[str]) -> tuple[float, ...]:
    """The values of the named objectives for one evaluation, in order."""
    return tuple(OBJECTIVES[name](record) for name in names)
