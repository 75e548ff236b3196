"""SH-EMOA: who goes, how many children a rung has, and that all climb."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.optimizers.sh_emoa import ShEmoa, worst_of
from nhb2_plugins.simulation import simulate
from nhb2_plugins.testing import generated_benchmark
from tests.core_fixtures import needs

pytestmark = needs("moocore")
LADDER = FidelityLadder([3, 6, 12])


def test_the_worst_is_of_the_last_front_and_contributes_least() -> None:
    points = np.array([[1.0, 5], [2, 2], [5, 1], [6, 6]])
    assert worst_of(points, (7, 7)) == 3  # alone on its front
    # Up to (7, 7): (1, 5) adds 1·2, (2, 2) adds 3·3, (5, 1) adds 2·1; of equals the first goes.
    assert worst_of(points[:3], (7, 7)) == 0
    assert worst_of(points[:3], (9, 7)) == 0  # 1·2 against 4·1
    assert worst_of(points[:3], (7, 9)) == 2  # 1·4 against 2·1


@pytest.mark.parametrize("n_workers", [1, 4])
def test_rungs_have_half_as_many_children_as_the_one_below(n_workers: int) -> None:
    """31 children in 8 + 4·… : ceil(31 / 7) = 5 at the top, 10 and 20 below; members are evaluated at each rung."""
    optimizer = ShEmoa(0, ladder=LADDER, n_evaluations=37, population_size=6)
    logger = simulate(optimizer, generated_benchmark(), budget_s=float("inf"), n_workers=n_workers)
    assert Counter(record.epoch for record in logger.records) == {3: 6 + 20, 6: 6 + 10, 12: 6 + 5}
    epochs = [record.epoch for record in sorted(logger.records, key=lambda each: (each.start_s, each.trial))]
    assert epochs == sorted(epochs)
    climbed = [record.configuration for record in logger.records if record.epoch == 6][:6]
    assert set(climbed) <= {record.configuration for record in logger.records if record.epoch == 3}


def test_it_finds_more_of_the_front_than_its_founders() -> None:
    from nhb2_plugins.exact import FrontQuality, exact_front

    bench = open_benchmark()
    quality = FrontQuality.of(exact_front(bench).values)
    regrets = []
    for n_evaluations in (10, 200):
        optimizer = make_optimizer(
            "sh_emoa", seed=1, ladder=FidelityLadder([12]), settings={"n_evaluations": n_evaluations}
        )
        records = simulate(optimizer, bench, budget_s=float("inf")).records
        assert len(records) == n_evaluations
        regrets.append(quality.regret_pp([[each.error_pct, each.cost_s] for each in records]))
    assert regrets[1] < regrets[0] / 2


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="n_evaluations 5 are fewer than the 10 members"):
        ShEmoa(0, ladder=LADDER, n_evaluations=5)
    with pytest.raises(InvalidValueError, match="eta 1 is not a finite number above 1"):
        ShEmoa(0, ladder=LADDER, eta=1)
    with pytest.raises(InvalidValueError, match="are not two or three"):
        ShEmoa(0, ladder=LADDER, objectives=("error_pct",))
