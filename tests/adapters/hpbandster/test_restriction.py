"""Parts of the space through hpbandster's own model, which knows no forbidden clauses."""

# ruff: noqa: NPY002 - hpbandster draws from numpy's global generator

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from ConfigSpace.exceptions import ForbiddenValueError
from hpbandster.optimizers.config_generators.bohb import BOHB as BohbGenerator  # noqa: N811

from nhb2_plugins.adapters.configspace_adapter import configuration_space, to_configuration
from nhb2_plugins.adapters.hpbandster.optimizers import HonestBohbGenerator
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.subspace import Subspace

CLASSES = Subspace(one_per_class=True)
FIXED = {"lr": Subspace(lr=0.1), "cell": Subspace(cellcode="0|10|210"), "both": Subspace(lr=0.1, cellcode="0|10|210")}
encodings = pytest.mark.parametrize("encoding", ["categorical", "integer"])
whole = pytest.mark.parametrize("whole_cells", [False, True])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("hpbandster")
    level, state = logger.level, np.random.get_state()
    logger.setLevel(logging.CRITICAL)
    np.random.seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
    logger.setLevel(level)
    np.random.set_state(state)


def assert_stays_inside(generator: Any, part: Subspace, encoding: Encoding, n: int = 60) -> int:
    """Let a generator propose ``n`` configurations and learn of each; returns how many its model picked."""
    n_model_based = 0
    for number in range(n):
        config, information = generator.get_config(12.0)
        configuration = to_configuration(dict(config), encoding)
        assert configuration in part
        n_model_based += information["model_based_pick"]
        loss = float(sum(configuration.choices) + number % 3)
        job = SimpleNamespace(kwargs={"config": dict(config), "budget": 12.0}, result={"loss": loss}, exception=None)
        generator.new_result(job)
    return n_model_based


def plain_generator(space: ConfigurationSpace) -> Any:
    return BohbGenerator(space, logger=logging.getLogger("hpbandster"))


@encodings
@whole
@pytest.mark.parametrize("part", FIXED.values(), ids=FIXED)
def test_a_fixed_value_is_kept_and_the_model_proposes(encoding: Encoding, whole_cells: bool, part: Subspace) -> None:
    space = configuration_space(encoding, seed=0, restriction=part, whole_cells=whole_cells)
    assert assert_stays_inside(plain_generator(space), part, encoding) > 0
    assert assert_stays_inside(HonestBohbGenerator(space), part, encoding) > 0


@encodings
def test_one_cell_per_class_is_kept_and_the_model_proposes_whole_cells(encoding: Encoding) -> None:
    space = configuration_space(encoding, seed=0, restriction=CLASSES, whole_cells=True)
    assert not space.forbidden_clauses
    assert space.meta["whole_cells"] is True
    assert len(space["cell"].choices) == 1011
    assert assert_stays_inside(HonestBohbGenerator(space), CLASSES, encoding) > 0


def test_with_edges_hpbandster_falls_back_to_random_and_ours_says_so() -> None:
    space = configuration_space(seed=0, restriction=CLASSES)
    n_kept = assert_stays_inside(plain_generator(space), CLASSES, "categorical")
    n_whole = assert_stays_inside(plain_generator(configuration_space(seed=0)), Subspace(), "categorical")
    assert n_kept < n_whole
    with pytest.raises(ForbiddenValueError):
        assert_stays_inside(HonestBohbGenerator(space), CLASSES, "categorical")
