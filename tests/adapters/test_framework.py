"""What a framework can express is declared once, and everything else is refused in the same words."""

from __future__ import annotations

from typing import Any, Final

import pytest

from nhb2_plugins.adapters.framework import DEFAULT_LADDER, Framework
from nhb2_plugins.encoding import CELL_NAME, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import LEARNING_RATES, Configuration
from nhb2_plugins.subspace import Subspace
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


def test_values_in_a_part() -> None:
    configuration = Configuration("0|10|210", lr=0.1, batch_size=128)
    assert ALL.values(configuration, "categorical", Subspace(lr=0.1)) == to_values(configuration)
    canonical = Configuration(Subspace(one_per_class=True).cellcodes[7], lr=0.1, batch_size=128)
    found = ALL.values(canonical, "integer", Subspace(one_per_class=True))
    assert found == {CELL_NAME: canonical.cellcode, "lr": LEARNING_RATES.index(0.1), "batch_size": 3}
    with pytest.raises(InvalidValueError, match=r"lr=0\.05"):
        ALL.values(configuration, "categorical", Subspace(lr=0.05))
    with pytest.raises(InvalidValueError, match="encoding 'unit' is not one of"):
        ALL.values(configuration, "unit")
