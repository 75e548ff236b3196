"""Pictures as values: what is cut off of a curve, and what an axis is called."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis.model import BaselineCurve
from nhb2_plugins.analysis.pictures import REGRET, TIME, Axis, Curve, Strip, baseline_of, curve_from

STEPS = Curve("a", 0, *np.array([[1.0, 2.0, 4.0], [9.0, 5.0, 3.0], [8.0, 4.0, 2.0], [10.0, 6.0, 4.0]]))


def columns(curve: Curve) -> list[list[float]]:
    return [each.tolist() for each in (curve.x, curve.y, curve.low, curve.high)]


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (0.5, [[1, 2, 4], [9, 5, 3], [8, 4, 2], [10, 6, 4]]),
        (1, [[1, 2, 4], [9, 5, 3], [8, 4, 2], [10, 6, 4]]),
        (1.5, [[1.5, 2, 4], [9, 5, 3], [8, 4, 2], [10, 6, 4]]),
        (2, [[2, 4], [5, 3], [4, 2], [6, 4]]),
        (3, [[3, 4], [5, 3], [4, 2], [6, 4]]),
        (9, [[9], [3], [2], [4]]),
    ],
)
def test_a_step_has_at_its_new_beginning_the_value_of_before(begin: float, expected: list[list[float]]) -> None:
    assert columns(curve_from(STEPS, begin)) == expected


def test_a_line_has_there_what_lies_between_and_a_curve_without_interval_none() -> None:
    smooth = curve_from(Curve("a", None, STEPS.x, STEPS.y, smooth=True), 3.0)
    assert columns(smooth) == [[3, 4], [4, 3], [], []]
    assert (smooth.name, smooth.position, smooth.smooth) == ("a", None, True)


def test_random_search_is_a_curve_without_an_optimizer() -> None:
    x = np.array([1.0, 2.0])
    reached = BaselineCurve("random search, exact", x, x + 3, x + 2, x + 1, x + 4)
    mean, median = baseline_of(reached, "mean"), baseline_of(reached, "median", smooth=True)
    assert columns(mean) == [[1, 2], [4, 5], [], []]
    assert columns(median) == [[1, 2], [3, 4], [], []]
    assert (mean.name, mean.position, mean.smooth, median.smooth) == ("random search, exact", None, False, True)


def test_an_axis_is_called_by_its_quantity_and_unit_where_there_is_little_room() -> None:
    assert (TIME.short, REGRET.short, Axis("share of runs", "share").short) == (
        "simulated time (h)",
        "regret (pp)",
        "share",
    )
    assert TIME.scale == 3600
    usual = Axis("n", "n")
    assert (usual.log, usual.whole, usual.scale) == (True, False, 1.0)


def test_a_strip_is_of_as_many_runs_as_it_has_values() -> None:
    assert Strip("a", 0, ((1, 2.0), (3, 4.0))).n_runs == 2
