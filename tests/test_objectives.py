"""What a name of an objective stands for, in numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nhb2_plugins.cells import MACS_PER_CONV_EDGE, PARAMS_PER_CONV_EDGE, STEM_AND_HEAD_PARAMS
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.objectives import OBJECTIVES, checked_objectives
from nhb2_plugins.testing.sinks import RECORD


def test_each_name_stands_for_its_number() -> None:
    """Two convolutions, of which one leads nowhere."""
    record = replace(RECORD, cellcode="0|30|233", accuracy_pct=93.25, cost_s=12.5)
    assert {name: number(record) for name, number in OBJECTIVES.items()} == {
        "error_pct": 6.75,
        "cost_s": 12.5,
        "params_total": STEM_AND_HEAD_PARAMS + 2 * PARAMS_PER_CONV_EDGE,
        "params_live": STEM_AND_HEAD_PARAMS,
        "macs_live": 0,
    }
    live = replace(RECORD, cellcode="3|33|033")
    assert OBJECTIVES["macs_live"](live) == MACS_PER_CONV_EDGE
    assert OBJECTIVES["params_live"](live) == STEM_AND_HEAD_PARAMS + PARAMS_PER_CONV_EDGE
    assert {type(number(record)) for number in OBJECTIVES.values()} == {float}


def test_names_keep_their_order() -> None:
    assert checked_objectives(["cost_s", "error_pct"]) == ("cost_s", "error_pct")
    assert checked_objectives(name for name in ("macs_live",)) == ("macs_live",)  # type: ignore[arg-type]
    assert checked_objectives("cost_s") == ("cost_s",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("error", r"objective 'error' is not one of 'error_pct', .*\(did you mean 'error_pct'\?\)"),
        (["cost_s", 3], "objective 3 is not one of"),
        (None, "objective None is not one of"),
        ([], r"objectives \[\] must be one or more different names of \['error_pct'"),
        (["cost_s", "cost_s"], r"objectives \['cost_s', 'cost_s'\] must be one or more different names"),
    ],
)
def test_others_are_named(names: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        checked_objectives(names)
