from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.pareto import EXPENSES, RANDOM_DRAWS, expenses, front_indices, front_summary, pareto_front
from nhb2_plugins.landscape.view import View
from tests.core_fixtures import mini_benchmark, needs
from tests.landscape.tables import coarse_benchmark


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_the_front_is_what_no_point_dominates(points: list[tuple[int, int]]) -> None:
    front = front_indices(np.array([p[0] for p in points], float), np.array([p[1] for p in points], float)).tolist()
    undominated = {(e, c) for e, c in points if not any(a <= e and b <= c and (a, b) != (e, c) for a, b in points)}
    assert sorted(points[i] for i in front) == sorted(undominated)
    assert all(points.index(points[i]) == i for i in front)  # of equals the first
    assert [points[i][1] for i in front] == sorted(points[i][1] for i in front)


@needs("pandas")
@pytest.mark.parametrize("expense", EXPENSES)
def test_fronts_of_a_table(expense: str) -> None:
    bench = coarse_benchmark()
    view = View.of(bench)
    frame = pareto_front(bench, expense=expense)  # type: ignore[arg-type]
    price = expenses(view, expense)  # type: ignore[arg-type]
    for row in frame.to_dict("records"):
        as_good = (view.error_pct <= row["error_pct"]) & (price <= row[expense])
        assert as_good.sum() == row["n_configurations"]  # nothing but equals is as good in both
        assert as_good[row["index"]]
    assert frame["regret_pct"].tolist()[-1] == 0
    assert frame.attrs["table"] == bench.provenance.label


@needs("pandas")
def test_the_mini_tables_front_by_hand() -> None:
    # Every row costs more and is better than the one before.
    frame = pareto_front(mini_benchmark())
    assert len(frame) == 96
    assert frame["n_configurations"].tolist() == [1024] * 48 + [3072] * 48
    # Without a convolution 73,610 parameters are enough for the best row.
    smallest = pareto_front(mini_benchmark(), expense="params_live")
    assert smallest["params_live"].tolist() == [73_610]
    assert Cell(smallest["cellcode"][0]).params_live == 73_610


@needs("pandas")
@needs("moocore")
def test_what_a_search_for_a_front_is_measured_by() -> None:
    bench = mini_benchmark()
    cost, parameters, _ = front_summary(bench).to_dict("records")
    assert RANDOM_DRAWS == (50, 100, 200, 350)
    assert (cost["objectives"], cost["points"]) == ("error_pct + cost_s", 96)
    # The nadir is the error of the first row and the cost of the last one; every row is 0.001 better, 144 s dearer.
    view = View.of(bench)
    assert cost["reference"] == f"{view.error_pct.max():.10g}, {view.cost_s.max():.10g}"
    assert cost["hypervolume"] == pytest.approx(sum(range(95)) * 0.001 * 144)
    assert 0 < cost["random_50_pct"] < cost["random_350_pct"] < 100
    # A front of one point has nothing below its nadir.
    assert (parameters["objectives"], parameters["points"], parameters["hypervolume"]) == (
        "error_pct + params_live",
        1,
        0,
    )
    assert np.isnan(parameters["random_50_pct"])


def test_an_unknown_expense_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="expense 'params' is not one of"):
        expenses(View.of(mini_benchmark()), "params")  # type: ignore[arg-type]
