"""Names beside the ends of curves."""

from __future__ import annotations

import pytest

from nhb2_plugins.analysis.labels import spread


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([10.0, 30.0, 50.0], [10.0, 30.0, 50.0]),  # room for all
        ([50.0, 10.0], [50.0, 10.0]),  # in the order given
        ([20.0, 22.0], [20.0, 30.0]),  # the lower one gives way downwards
        ([1.0, 2.0], [5.0, 15.0]),  # from the upper edge on
        ([55.0, 59.0], [45.0, 55.0]),  # and back from the lower one
        ([52.0, 20.0, 58.0], [45.0, 20.0, 55.0]),
    ],
)
def test_labels_stand_as_near_as_there_is_room_to_where_they_are_wanted(
    wanted: list[float], places: list[float]
) -> None:
    assert spread(wanted, [10.0] * len(wanted), 0.0, 60.0) == places


def test_a_label_of_two_lines_takes_its_own_room() -> None:
    assert spread([10.0, 12.0, 59.0], [10.0, 20.0, 10.0], 0.0, 60.0) == [10.0, 25.0, 55.0]
    assert spread([58.0, 59.0], [10.0, 20.0], 0.0, 60.0) == [35.0, 50.0]


def test_where_there_is_no_room_the_first_ones_leave_the_drawing() -> None:
    assert spread([0.0, 0.0, 0.0], [30.0] * 3, 0.0, 60.0) == [-15.0, 15.0, 45.0]
