"""Attainment surfaces of a few archives, worked out by hand."""

from __future__ import annotations

import numpy as np

from nhb2_plugins.analysis.attainment import attainment_of
from tests.core_fixtures import needs

pytestmark = needs("moocore")
FRONT = np.array([[10.0, 30.0], [20.0, 20.0], [40.0, 10.0]])
ARCHIVES = [np.array([[40.0, 10.0], [20.0, 20.0], [25.0, 25.0]]), np.array([[30.0, 30.0]])]


def test_shares_of_two_archives() -> None:
    """One of two attains (40, 10) and (20, 20), both attain (30, 30); (25, 25) is dominated."""
    found = attainment_of(("error_pct", "cost_s"), {"a": ARCHIVES}, [FRONT], 40.0)
    (own,) = found.surfaces
    assert (found.y, found.x, own.name) == ("error_pct", "cost_s", "a")
    assert own.x.tolist() == [10, 20, 30, 40]
    assert own.median.tolist() == own.quarter.tolist() == [40, 20, 20, 20]
    assert np.isnan(own.three_quarters[:2]).all()
    assert own.three_quarters[2:].tolist() == [30, 30]


def test_a_quarter_half_and_three_quarters_of_a_hundred_archives() -> None:
    archives = [np.array([[float(i), 10.0]]) for i in range(1, 101)]
    (own,) = attainment_of(("y", "x"), {"a": archives}, [FRONT], 40.0).surfaces
    assert (own.x.tolist(), own.quarter.tolist()) == ([10, 40], [25, 25])
    assert (own.median.tolist(), own.three_quarters.tolist()) == ([50, 50], [75, 75])


def test_one_front_is_its_own_surface_and_of_several_a_share_attains() -> None:
    alone = attainment_of(("y", "x"), {"a": ARCHIVES}, [FRONT], 40.0).exact
    assert alone.x.tolist() == [10, 20, 30, 40]
    assert alone.median.tolist() == alone.quarter.tolist() == alone.three_quarters.tolist() == [40, 20, 10, 10]
    both = attainment_of(("y", "x"), {"a": ARCHIVES}, [FRONT, FRONT + np.array([5.0, 0.0])], 40.0).exact
    assert both.median.tolist() == [40, 20, 10, 10]
    assert both.three_quarters.tolist() == [45, 25, 15, 15]


def test_where_one_point_is_the_best_in_both_nothing_is_traded() -> None:
    assert attainment_of(("y", "x"), {"a": ARCHIVES}, [FRONT], 40.0).is_a_trade
    alone = attainment_of(("y", "x"), {"a": ARCHIVES}, [np.array([[5.0, 5.0], [9.0, 5.0]])], 40.0)
    assert alone.exact.x.tolist() == [5, 40]
    assert not alone.is_a_trade


def test_surfaces_run_to_the_end_or_to_the_last_corner_beyond() -> None:
    assert attainment_of(("y", "x"), {"a": ARCHIVES}, [FRONT], 35.0).surfaces[0].x[-1] == 35
    beyond = attainment_of(("y", "x"), {"a": ARCHIVES, "b": ARCHIVES[1:]}, [FRONT], 25.0)
    assert [each.x[-1] for each in (*beyond.surfaces, beyond.exact)] == [30, 30, 30]
