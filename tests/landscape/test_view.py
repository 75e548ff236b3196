"""What an analysis looks at."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.landscape.view import View
from nhb2_plugins.landscape.walk import WalkAutocorrelation
from nhb2_plugins.space import Configuration
from tests.core_fixtures import mini_benchmark, needs


@pytest.mark.parametrize(
    ("where", "measure"),
    [
        ((12, None, None), "validation error after 12 epochs, seed 222"),
        ((1, "test", "mean"), "test error after 1 epoch, mean over seeds"),
        ((200, None, None), "expected test error after 200 epochs"),
    ],
)
def test_a_view_says_what_it_is_of(where: tuple[int, str | None, None], measure: str) -> None:
    view = View.of(mini_benchmark(), *where)
    assert view.measure == measure
    assert (
        view.cost_measure
        == {
            12: "seconds of training and validation over 12 epochs, seed 222",
            1: "seconds of training, validation and test over 1 epoch, mean over seeds",
            200: "estimated seconds of training and validation over 200 epochs, seed 222",
        }[where[0]]
    )


def test_costs_and_errors_are_of_what_was_asked_for() -> None:
    bench = mini_benchmark()
    view = View.of(bench, 7, "test", 555)
    for index in (0, 50_000, 196_607):
        seen = bench.evaluate(Configuration.from_index(index), 7, "test", 555)
        assert (view.error_pct[index], view.cost_s[index]) == pytest.approx((seen.error_pct, seen.cost_s))
        assert view.row_cost_s[bench.rows[index]] == view.cost_s[index]
    usual = View.of(bench)
    assert (usual.epoch, usual.split, usual.seed) == (12, "valid", 222)


@needs("pandas")
def test_a_frame_names_the_table_and_what_was_measured() -> None:
    view = View.of(mini_benchmark())
    answer = WalkAutocorrelation(np.ones(2), {}, table=view.table, measure=view.measure)
    for frame in (view.frame({"a": [1]}), answer.frame({"a": [1]})):
        assert frame.to_dict("list") == {"a": [1]}
        assert frame.attrs == {"table": view.table, "measure": "validation error after 12 epochs, seed 222"}


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="frames need pandas"):
        View.of(mini_benchmark()).frame({"a": [1]})
