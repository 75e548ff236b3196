"""Parts of the space: every optimizer that can be asked for by name keeps to them, or says why it cannot."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Suggestion
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
    close_optimizer,
    make_optimizer,
    registration,
)
from nhb2_plugins.optimizers.reinforce import Reinforce
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import EDGES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from tests.support.generated_benchmark import generated_benchmark

CELL = "0|10|210"
CLASSES = Subspace(one_per_class=True)
PARTS = {
    "lr": Subspace(lr=0.1),
    "lr-and-batch-size": Subspace(lr=0.1, batch_size=64),
    "cell": Subspace(cellcode=CELL),
    "classes": CLASSES,
    "classes-and-lr": Subspace(lr=0.05, one_per_class=True),
}
TWO_STAGES = ("rs_then_rea", "bohb_then_rea")
REFUSED = {("cell", name) for name in TWO_STAGES} | {("lr-and-batch-size", name) for name in TWO_STAGES}
FAST_FIRST_STAGE: dict[str, dict[str, Any]] = {
    "rs_then_rea": {"first_stage_s": 3000.0},
    "bohb_then_rea": {"n_iterations": 1},
    "optuna": {"n_startup_trials": 5},
    "smac": {"n_initial": 5},
}
LADDER = FidelityLadder.hyperband(1, 12, eta=3)


def make(algorithm: str, restriction: Subspace, seed: int = 1) -> Any:
    ladder = LADDER if registration(algorithm).ladder == "always" else None
    settings = FAST_FIRST_STAGE.get(algorithm)
    return make_optimizer(algorithm, seed=seed, ladder=ladder, settings=settings, restriction=restriction)


def run(algorithm: str, restriction: Subspace, n: int, n_workers: int = 2) -> list[Configuration]:
    optimizer = make(algorithm, restriction)
    asked: list[Configuration] = []

    class Spy:
        def ask(self) -> Suggestion | None:
            suggestion = optimizer.ask() if len(asked) < n else None
            if suggestion is not None:
                asked.append(suggestion.configuration)
            return suggestion

        def tell(self, suggestion: Suggestion, observation: Observation) -> None:
            optimizer.tell(suggestion, observation)

    simulate(Spy(), generated_benchmark(), budget_s=float("inf"), n_workers=n_workers)
    close_optimizer(optimizer)
    return asked


@pytest.mark.parametrize("algorithm", OPTIMIZERS)
@pytest.mark.parametrize("name", PARTS)
def test_only_configurations_of_the_part_are_proposed(algorithm: str, name: str) -> None:
    part = PARTS[name]
    if (name, algorithm) in REFUSED:
        with pytest.raises(InvalidValueError, match=r"leaves the (first|second) stage.*nothing to search"):
            make(algorithm, part)
        return
    n = 30 if algorithm == "smac" else 120
    asked = run(algorithm, part, n)
    assert len(asked) == n
    assert [each for each in asked if each not in part] == []
    assert len(set(asked)) > 10


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
