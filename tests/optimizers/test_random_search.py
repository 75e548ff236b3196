"""Random search, against Python's own draws."""

from __future__ import annotations

import random

from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration


def test_random_search_draws_as_pythons_random_does() -> None:
    optimizer = RandomSearch(7)
    random.seed(7)
    for _ in range(50):
        expected = (random.choice(CELLCODES), random.choice(LEARNING_RATES), random.choice(BATCH_SIZES))
        assert optimizer.ask().configuration == Configuration(*expected)
