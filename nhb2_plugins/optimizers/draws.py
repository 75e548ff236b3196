"""Draws and moves that optimizers share, in the reference's order, so that a seed gives the reference's sequence.

Within a part of the space (:class:`nhb2_plugins.subspace.Subspace`) draws are uniform over what is left, and a move
changes what may change. Where one cellcode stands for each isomorphism class, a changed cell is replaced by its class's
own: a move then leads to another class, and may change several edges of the code.
"""

from __future__ import annotations

import random

from nhb2_plugins.cells import Cell
from nhb2_plugins.space import EDGES, HYPERPARAMETER_NAMES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace


def draw_configuration(generator: random.Random, part: Subspace = WHOLE_SPACE) -> Configuration:
    """A uniform configuration of a part: cell, then learning rate, then batch size, each by ``random.choice``."""
    cellcode = generator.choice(part.cellcodes)
    lr = generator.choice(part.learning_rates)
    return Configuration(cellcode, lr, generator.choice(part.batch_sizes))


def mutate_one_coordinate(
    configuration: Configuration,
    generator: random.Random,
    *,
    n_coordinates: int = len(N_CHOICES),
    part: Subspace = WHOLE_SPACE,
) -> Configuration:
    """Change exactly one coordinate to a different value, both drawn uniformly by ``random.choice``.

    Args:
        configuration: the parent, in the part.
        generator: what draws.
        n_coordinates: how many coordinates, from the first, may change: 8, or 6 for the edges alone.
        part: what the child belongs to (see the module). At least one of the coordinates must be free in it.
    """
    coordinates = [each for each in range(n_coordinates) if other_choices(configuration, each, part)]
    coordinate = generator.choice(coordinates)
    return moved(configuration, coordinate, generator.choice(other_choices(configuration, coordinate, part)), part)


def other_choices(configuration: Configuration, coordinate: int, part: Subspace = WHOLE_SPACE) -> list[int]:
    """The choices of a coordinate, ascending, that lead to another configuration of the part."""
    own = configuration.choices[coordinate]
    if _is_fixed(coordinate, part):
        return []
    others = [choice for choice in range(N_CHOICES[coordinate]) if choice != own]
    if part.one_per_class and coordinate < len(EDGES):
        others = [choice for choice in others if moved(configuration, coordinate, choice, part) != configuration]
    return others


def moved(configuration: Configuration, coordinate: int, choice: int, part: Subspace = WHOLE_SPACE) -> Configuration:
    """The configuration with one coordinate changed, taken to the part's own cellcode of its class."""
    choices = configuration.choices
    return settled(Configuration.from_choices((*choices[:coordinate], choice, *choices[coordinate + 1 :])), part)


def settled(configuration: Configuration, part: Subspace) -> Configuration:
    """The configuration; with one cellcode per class, the one of its class."""
    if not part.one_per_class:
        return configuration
    return Configuration(Cell(configuration.cellcode).canonical_code, configuration.lr, configuration.batch_size)


def _is_fixed(coordinate: int, part: Subspace) -> bool:
    if coordinate < len(EDGES):
        return part.cellcode is not None
    return getattr(part, HYPERPARAMETER_NAMES[coordinate]) is not None
