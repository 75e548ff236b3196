"""What a framework can express is declared once, and everything else is refused in the same words."""

from __future__ import annotations

from typing import Any, Final

import pytest

from nhb2_plugins.adapters.framework import DEFAULT_LADDER, Framework
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.problem import Problem
from tests.core_fixtures import mini_benchmark

BENCH: Final = mini_benchmark()
PLAIN: Final = Framework(name="Plain", encodings=("ordinal", "integer"), encoding="ordinal")
BUDGETS: Final = Framework(name="Budgets", default_ladder=DEFAULT_LADDER)
ALL: Final = Framework(name="All", has_fidelities=True, has_several_objectives=True)


def test_the_frameworks_own_encoding_is_settled_where_none_is_asked_for() -> None:
    assert PLAIN.problem(BENCH, {}).encoding == "ordinal"
    assert PLAIN.problem(Problem(BENCH), {}).encoding == "ordinal"
    assert PLAIN.problem(BENCH, {"encoding": "integer"}).encoding == "integer"
    assert ALL.problem(BENCH, {}).encoding is None
    problem = Problem(BENCH, encoding="integer")
    assert PLAIN.problem(problem, {}) is problem


def test_a_ladder_is_given_where_a_framework_asks_for_nothing_but_budgets() -> None:
    assert BUDGETS.problem(BENCH, {}).ladder == DEFAULT_LADDER
    assert BUDGETS.problem(BENCH, {}, ladder=[4, 12]).epoch == 12
    assert BUDGETS.problem(Problem(BENCH, ladder=[4, 12]), {}).epoch == 12
    assert ALL.problem(BENCH, {}).ladder is None
    assert ALL.problem(BENCH, {}, ladder=[4, 12]).epoch == 12


@pytest.mark.parametrize(
    ("framework", "given", "arguments", "message"),
    [
        (PLAIN, BENCH, {"encoding": "categorical"}, "encoding 'categorical' is not one of 'ordinal', 'integer'"),
        (PLAIN, Problem(BENCH, encoding="categorical"), {}, "encoding 'categorical' is not one of"),
        (PLAIN, Problem(BENCH, ladder=[12, 200]), {}, "Plain searches at one epoch here and takes no ladder"),
        (PLAIN, BENCH, {"objectives": ["error_pct", "cost_s"]}, r"Plain minimises one objective here, not \['error"),
        (BUDGETS, Problem(BENCH), {}, "Budgets needs a problem with a ladder"),
        (PLAIN, Problem(BENCH), {"seed": 222}, "seed beside a Problem"),
    ],
)
def test_what_it_cannot_express_is_refused(
    framework: Framework, given: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        framework.problem(given, arguments)  # type: ignore[arg-type]
