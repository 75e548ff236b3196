"""Parts of the space: every optimizer that can be asked for by name keeps to them, or says why it cannot."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers import registry
from nhb2_plugins.optimizers.draws import mutate_one_coordinate, other_choices
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.local_search import neighbours
from nhb2_plugins.optimizers.registry import (
    OPTIMIZERS,
    Registration,
    check_restriction,
    make_optimizer,
)
from nhb2_plugins.optimizers.reinforce import Reinforce
from nhb2_plugins.space import EDGES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.testing.optimizers import PARTS

CELL = "0|10|210"
CLASSES = Subspace(one_per_class=True)
LADDER = FidelityLadder.hyperband(1, 12, eta=3)


class EverywhereOnly:
    """An optimizer that knows no parts."""

    def __init__(self, seed: int, *, epoch: int = 12, **settings: Any) -> None:
        del seed, epoch, settings


def test_an_optimizer_that_knows_no_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**OPTIMIZERS, "everywhere": Registration(f"{__name__}:EverywhereOnly")}
    monkeypatch.setattr(registry, "OPTIMIZERS", known)
    assert isinstance(make_optimizer("everywhere", seed=0), EverywhereOnly)
    with pytest.raises(InvalidValueError, match="'everywhere' has no parameter 'restriction'"):
        make_optimizer("everywhere", seed=0, restriction=CLASSES)
    with pytest.raises(InvalidValueError, match="'everywhere' has no parameter 'restriction'"):
        check_restriction("everywhere")
    check_restriction("random_search")


def test_a_restriction_is_no_setting() -> None:
    with pytest.raises(InvalidValueError, match="setting of smac 'restriction'"):
        make_optimizer("smac", seed=0, settings={"restriction": CLASSES})


@pytest.mark.parametrize("part", [WHOLE_SPACE, *PARTS.values()], ids=["all", *PARTS])
def test_neighbours_are_the_part_reached_by_one_change(part: Subspace) -> None:
    generator = random.Random(0)
    for _ in range(20):
        here = Configuration(
            *(generator.choice(each) for each in (part.cellcodes, part.learning_rates, part.batch_sizes))
        )
        around = neighbours(here, part)
        assert len(set(around)) == len(around)
        assert all(each in part and each != here for each in around)
        if not part.one_per_class:
            free = [n for n, fixed in zip(N_CHOICES, fixed_coordinates(part), strict=True) if not fixed]
            assert len(around) == sum(free) - len(free)
        children = {mutate_one_coordinate(here, generator, part=part) for _ in range(600)}
        assert children <= set(around)


def fixed_coordinates(part: Subspace) -> list[bool]:
    return [part.cellcode is not None] * len(EDGES) + [part.lr is not None, part.batch_size is not None]


def test_every_class_can_be_left_by_one_edge_and_every_class_is_reached() -> None:
    reached, waiting = set(), [CLASSES.cellcodes[0]]
    part = Subspace(one_per_class=True, lr=0.1, batch_size=64)
    while waiting:
        code = waiting.pop()
        if code in reached:
            continue
        reached.add(code)
        here = Configuration(code, 0.1, 64)
        assert any(other_choices(here, edge, part) for edge in range(len(EDGES)))
        waiting += [each.cellcode for each in neighbours(here, part)]
    assert reached == set(CLASSES.cellcodes)


def test_evolution_refuses_what_it_cannot_mutate() -> None:
    with pytest.raises(InvalidValueError, match="nothing to mutate"):
        RegularizedEvolution(0, restriction=Subspace(cellcode=CELL, lr=0.1, batch_size=64))
    with pytest.raises(InvalidValueError, match="nothing to mutate"):
        RegularizedEvolution(0, hyperparameters=(0.1, 64), restriction=Subspace(cellcode=CELL))
    with pytest.raises(InvalidValueError, match="is not in"):
        RegularizedEvolution(0, hyperparameters=(0.1, 64), restriction=Subspace(lr=0.2))


def test_reinforce_learns_of_what_it_drew_and_proposes_the_class() -> None:
    optimizer = Reinforce(0, restriction=CLASSES)
    suggestions = [optimizer.ask() for _ in range(50)]
    moved = next(each for each in suggestions if each.token != each.configuration)
    observation = Observation(50.0, 100.0, 12, "valid", 222)
    optimizer.tell(moved, observation)
    before = optimizer.logits.copy()
    optimizer.tell(moved, Observation(90.0, 100.0, 12, "valid", 222))
    np.testing.assert_array_equal(np.sign(optimizer.logits - before), np.sign(optimizer.score(moved.token)))


def test_bohb_refuses_edges_that_cannot_keep_one_cell_per_class() -> None:
    with pytest.raises(InvalidValueError, match="whole_cells=True"):
        make_optimizer("bohb", seed=0, ladder=LADDER, settings={"whole_cells": False}, restriction=CLASSES)
    with pytest.raises(InvalidValueError, match="has no meaning"):
        make_optimizer("bohb", seed=0, ladder=LADDER, settings={"whole_cells": True, "cellcode": CELL})
    with pytest.raises(InvalidValueError, match="is not in"):
        make_optimizer(
            "bohb", seed=0, ladder=LADDER, settings={"cellcode": CELL}, restriction=Subspace(cellcode="0|00|000")
        )
