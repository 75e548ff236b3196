"""What the reference keeps in ``nashpobench2api.utils``: one operation of a cell."""

from __future__ import annotations

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.space import parse_cellcode


def get_ith_op(cellcode: str, i: int) -> int:
    """The operation digit of an edge, 0..5.

    Raises:
        InvalidValueError: not a cellcode, or not an edge.
    """
    return int(parse_cellcode(cellcode)[_place(i)])


def set_ith_op(cellcode: str, i: int, new_op: int) -> str:
    """The cellcode with another operation digit, 0..3, on an edge, 0..5.

    Raises:
        InvalidValueError: not a cellcode, not an edge, or not an operation.
    """
    place = _place(i)
    known = parse_cellcode(cellcode)
    return parse_cellcode(f"{known[:place]}{new_op}{known[place + 1 :]}")


def _place(edge: int) -> int:
    checked_choice("edge", edge, range(6))
    return edge + (edge >= 1) + (edge >= 3)
