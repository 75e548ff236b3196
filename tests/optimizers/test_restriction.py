"""Parts of the space: every optimizer that can be asked for by name keeps to them, or says why it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.registry import (
    make_optimizer,
)
from nhb2_plugins.optimizers.reinforce import Reinforce
from nhb2_plugins.subspace import Subspace

CELL = "0|10|210"
CLASSES = Subspace(one_per_class=True)
LADDER = FidelityLadder.hyperband(1, 12, eta=3)


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
