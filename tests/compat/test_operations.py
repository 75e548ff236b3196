"""One operation of a cell, read and replaced."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.compat.operations import get_ith_op, set_ith_op
from nhb2_plugins.errors import InvalidValueError


def test_each_edge_has_its_own_digit() -> None:
    assert [get_ith_op("3|01|213", edge) for edge in range(6)] == [3, 0, 1, 2, 1, 3]
    assert [set_ith_op("3|33|333", edge, 0) for edge in range(6)] == [
        *("0|33|333", "3|03|333", "3|30|333", "3|33|033", "3|33|303", "3|33|330"),
    ]
    assert set_ith_op("0|12|312", 3, 1) == "0|12|112"


@pytest.mark.parametrize(
    ("cellcode", "edge", "operation", "message"),
    [
        ("0|12|31", 0, 0, "0|12|31"),
        ("0|12|312", 6, 0, "edge 6 is not one of"),
        ("0|12|312", -1, 0, "edge -1 is not one of"),
        ("0|12|312", 0, 4, r"4|12|312"),
    ],
)
def test_what_is_no_cell_no_edge_or_no_operation_is_named(
    cellcode: str, edge: Any, operation: Any, message: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        set_ith_op(cellcode, edge, operation)
    assert message in str(refused.value)
    if operation < 4:
        with pytest.raises(InvalidValueError) as refused:
            get_ith_op(cellcode, edge)
        assert message in str(refused.value)
