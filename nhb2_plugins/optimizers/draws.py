"""Draws that several optimizers share, in the reference's order, so that a seed gives the reference's sequence."""

from __future__ import annotations

import random

from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_CHOICES, Configuration


def draw_configuration(generator: random.Random) -> Configuration:
    """A uniform configuration: cell, then learning rate, then batch size, each by ``random.choice``."""
    cellcode = generator.choice(CELLCODES)
    lr = generator.choice(LEARNING_RATES)
    return Configuration(cellcode, lr, generator.choice(BATCH_SIZES))


def mutate_one_coordinate(
    configuration: Configuration, generator: random.Random, *, n_coordinates: int = len(N_CHOICES)
) -> Configuration:
    """Change exactly one coordinate to a different value, both drawn uniformly by ``random.choice``.

    Args:
        configuration: the parent.
        generator: what draws.
        n_coordinates: how many coordinates, from the first, may change: 8, or 6 for the edges alone.
    """
    choices = list(configuration.choices)
    coordinate = generator.choice(range(n_coordinates))
    others = [choice for choice in range(N_CHOICES[coordinate]) if choice != choices[coordinate]]
    choices[coordinate] = generator.choice(others)
    return Configuration.from_choices(tuple(choices))
