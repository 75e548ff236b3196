"""Hypervolume, IGD+ and epsilon, against what can be worked out by hand and cell by cell."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import FrontQuality
from nhb2_plugins.exact.quality import moocore
from tests.core_fixtures import needs

pytestmark = needs("moocore")
FRONT = [[0.0, 2.0], [1.0, 1.0], [3.0, 0.0]]


def by_cells(points: Any, reference: Any) -> float:
    """Hypervolume as the sum of the grid's cells whose lower corner some point dominates."""
    lines = [
        np.unique([*column[column < top], top]) for column, top in zip(np.transpose(points), reference, strict=True)
    ]
    total = 0.0
    for cell in product(*(range(len(each) - 1) for each in lines)):
        corner = [line[at] for line, at in zip(lines, cell, strict=True)]
        if (np.asarray(points) <= corner).all(axis=1).any():
            total += float(np.prod([line[at + 1] - line[at] for line, at in zip(lines, cell, strict=True)]))
    return total


def test_hypervolume_of_a_thousand_sets_is_the_sum_of_cells_and_moocores() -> None:
    rng = np.random.default_rng(0)
    for number in range(1000):
        n_objectives = 2 + number % 2
        points = rng.integers(0, 12, (rng.integers(1, 12), n_objectives)) + rng.choice([0.0, 0.25])
        reference = rng.integers(6, 14, n_objectives).astype(float)
        quality = FrontQuality(np.zeros((1, n_objectives)), reference)
        assert quality.hypervolume(points) == pytest.approx(by_cells(points, reference), rel=1e-12, abs=1e-12)
        assert quality.hypervolume(points) == moocore().hypervolume(points, ref=reference)


def test_the_reference_is_the_nadir_or_the_users_own() -> None:
    quality = FrontQuality.of([*FRONT, [2.0, 2.0]])
    assert quality.reference.tolist() == [3, 2]
    assert quality.front.tolist() == FRONT  # without the dominated one, which would move no nadir
    assert quality.front_hypervolume == 2  # of the middle point alone
    assert quality.hypervolume_pct([[1.5, 1.0]]) == pytest.approx(75)
    assert quality.regret_pp([[1.5, 1.0]]) == pytest.approx(25)
    assert quality.regret_pp(FRONT) == 0
    assert quality.regret_pp([[5.0, 5.0]]) == 100


def test_own_reference_by_hand() -> None:
    # Up to (4, 3): [0, 4]×[2, 3], [1, 4]×[1, 2], [3, 4]×[0, 1].
    assert FrontQuality.of(FRONT, (4, 3)).front_hypervolume == 4 + 3 + 1


def test_igd_plus_and_epsilon_are_of_scaled_objectives() -> None:
    quality = FrontQuality.of(FRONT)  # scaled: (0, 1), (1/3, 1/2), (1, 0)
    points = [[1.0, 1.0]]
    # To (0, 1) the point is worse by 1/3 in the first, to (1, 0) by 1/2 in the second.
    assert quality.igd_plus(points) == pytest.approx((1 / 3 + 0 + 1 / 2) / 3)
    assert quality.epsilon(points) == pytest.approx(1 / 2)
    assert quality.igd_plus(FRONT) == 0
    assert quality.epsilon(FRONT) == 0
    assert quality.epsilon([[-3.0, -2.0]]) == pytest.approx(-1)


def test_the_regret_of_a_growing_set_never_rises() -> None:
    quality = FrontQuality.of(FRONT, (4, 3))
    regrets = list(quality.of_growing([[3, 2], [2, 2], [1, 1], [3, 3], [0, 2], [3, 0]], quality.regret_pp))
    assert regrets == pytest.approx([100 * (1 - n / 8) for n in (1, 2, 6, 6, 7, 8)])
    assert regrets[-1] == 0


@pytest.mark.parametrize(
    ("front", "reference", "message"),
    [
        ([], None, "is not one or more points"),
        ([[1.0, float("nan")]], None, "is not one or more points"),
        ([1.0, 2.0], None, "is not one or more points"),
        ([["a", "b"]], None, "is not one or more points"),
        (FRONT, (1.0,), "reference point .* is not 2 finite numbers"),
        (FRONT, (1.0, 10**400), "reference point .* is not 2 finite numbers"),
        (FRONT, ("a", "b"), "reference point .* is not 2 finite numbers"),
        (FRONT, (1.0, float("inf")), "reference point .* is not 2 finite numbers"),
        ([[1.0, 2.0]], None, "no point of the front lies below the nadir"),
        (FRONT, (0.0, 0.0), "no point of the front lies below the reference point"),
    ],
)
def test_what_measures_nothing_is_refused(front: Any, reference: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        FrontQuality.of(front, reference)
