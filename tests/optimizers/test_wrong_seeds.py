"""Every optimizer refuses what is no seed of a search, and no part of the space, in the same words."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import OPTIMIZERS, check_takes, make_optimizer


def make(algorithm: str, **arguments: Any) -> None:
    ladder = FidelityLadder([4, 12]) if OPTIMIZERS[algorithm].ladder == "always" else None
    settings = {"sampler": "random"} if algorithm == "optuna" else {}
    make_optimizer(algorithm, ladder=ladder, settings=settings, **{"seed": 0, **arguments})


@pytest.mark.parametrize("algorithm", OPTIMIZERS)
@pytest.mark.parametrize("seed", ["a", -1, 2**32, 1.5, True, None])
def test_a_seed_is_an_integer_that_every_generator_takes(algorithm: str, seed: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"seed .* is not an integer in 0\.\.4294967295"):
        make(algorithm, seed=seed)


@pytest.mark.parametrize("algorithm", OPTIMIZERS)
@pytest.mark.parametrize("restriction", [None, "x", {}])
def test_a_restriction_is_a_part_of_the_space(algorithm: str, restriction: Any) -> None:
    check_takes(algorithm, "restriction")
    with pytest.raises(InvalidValueError, match="is not a Subspace"):
        make(algorithm, restriction=restriction)
