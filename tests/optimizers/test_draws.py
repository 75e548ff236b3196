"""Draws and moves that optimizers share."""

from __future__ import annotations

import random

import pytest

from nhb2_plugins.optimizers.draws import draw_configuration, mutate_one_coordinate, other_choices
from nhb2_plugins.optimizers.local_search import neighbours
from nhb2_plugins.space import EDGES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.testing.optimizers import PARTS
from tests.optimizers.moves import distance

CLASSES = Subspace(one_per_class=True)


def fixed_coordinates(part: Subspace) -> list[bool]:
    return [part.cellcode is not None] * len(EDGES) + [part.lr is not None, part.batch_size is not None]


def test_a_mutation_changes_exactly_one_coordinate() -> None:
    generator = random.Random(0)
    parent = draw_configuration(generator)
    changed = set()
    for _ in range(2000):
        child = mutate_one_coordinate(parent, generator)
        assert distance(parent, child) == 1
        changed |= {i for i, (x, y) in enumerate(zip(parent.choices, child.choices, strict=True)) if x != y}
    assert changed == set(range(8))


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
