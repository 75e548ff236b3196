"""A part of the joint space: a fixed cell, learning rate or batch size, or one cellcode of each isomorphism class.

A :class:`Subspace` is the one definition that every framework's search space is built from. Isomorphic cells share one
row of the table, so ``one_per_class`` loses no result: 1,011 × 48 = 48,528 configurations stand for all 196,608.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.arguments import checked_kind
from nhb2_plugins.cells import Cell, canonical_codes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS, Configuration, cell_index


@dataclass(frozen=True, slots=True, kw_only=True)
class Subspace:
    """Which configurations a search may propose. Nothing given: all of them.

    Attributes:
        cellcode: the only cell, or None for every cell.
        lr: the only learning rate, or None for all eight.
        batch_size: the only batch size, or None for all six.
        one_per_class: only the canonical cellcode of each isomorphism class.

    >>> Subspace(lr=0.1, one_per_class=True).size
    6066
    >>> Configuration("0|10|210", lr=0.2, batch_size=16) in Subspace(cellcode="0|10|210", lr=0.1)
    False

    Raises:
        InvalidValueError: a fixed value is not in the space, or ``one_per_class`` beside a cellcode that is not
            its class's canonical one.
    """

    cellcode: str | None = None
    lr: float | None = None
    batch_size: int | None = None
    one_per_class: bool = False

    def __post_init__(self) -> None:
        given = Configuration(
            CELLCODES[0] if self.cellcode is None else self.cellcode,
            LEARNING_RATES[0] if self.lr is None else self.lr,
            BATCH_SIZES[0] if self.batch_size is None else self.batch_size,
        )
        # Grid values, so that a numpy scalar never reaches a framework or a file.
        for name in ("cellcode", "lr", "batch_size"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, getattr(given, name))
        if self.cellcode is not None and self.one_per_class and not _is_canonical(self.cellcode):
            raise InvalidValueError(
                f"cellcode {self.cellcode!r} is not the one of its isomorphism class; "
                f"with one_per_class it is {Cell(self.cellcode).canonical_code!r}"
            )

    @property
    def cellcodes(self) -> tuple[str, ...]:
        """The cellcodes that are left, in index order."""
        if self.cellcode is not None:
            return (self.cellcode,)
        return canonical_codes() if self.one_per_class else CELLCODES

    @property
    def needs_whole_cells(self) -> bool:
        """Whether the cells that are left are no product of choices of the six edges.

        A search space without forbidden clauses then has one categorical, ``cell``, in the place of the edges.
        """
        return self.one_per_class and self.cellcode is None

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The learning rates that are left, ascending."""
        return LEARNING_RATES if self.lr is None else (self.lr,)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch sizes that are left, ascending."""
        return BATCH_SIZES if self.batch_size is None else (self.batch_size,)

    @property
    def size(self) -> int:
        """Number of configurations that are left."""
        return len(self.cellcodes) * len(self.learning_rates) * len(self.batch_sizes)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Indices of the configurations that are left, ascending, shape (size,)."""
        cells = np.array([cell_index(code) for code in self.cellcodes])
        rates = np.array([LEARNING_RATES.index(lr) for lr in self.learning_rates])
        sizes = np.array([BATCH_SIZES.index(size) for size in self.batch_sizes])
        of_cell = (rates[:, None] * len(BATCH_SIZES) + sizes).ravel()
        indices: NDArray[np.int64] = (cells[:, None] * N_HYPERPARAMETERS + of_cell).ravel()
        return indices

    def restricted(self, other: Subspace) -> Subspace:
        """What is left of both.

        Raises:
            InvalidValueError: they fix one value differently, so that nothing is left.
        """
        fixed = {}
        for name in ("cellcode", "lr", "batch_size"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if None not in (ours, theirs) and ours != theirs:
                raise InvalidValueError(f"{name} cannot be both {ours!r} and {theirs!r}")
            fixed[name] = theirs if ours is None else ours
        return Subspace(**fixed, one_per_class=self.one_per_class or other.one_per_class)

    def __contains__(self, configuration: object) -> bool:
        return (
            isinstance(configuration, Configuration)
            and self.cellcode in (None, configuration.cellcode)
            and self.lr in (None, configuration.lr)
            and self.batch_size in (None, configuration.batch_size)
            and (not self.one_per_class or _is_canonical(configuration.cellcode))
        )

    def checked(self, configuration: Configuration) -> Configuration:
        """The configuration.

        Raises:
            InvalidValueError: it is none, or not in this part of the space.
        """
        if not isinstance(configuration, Configuration):
            raise InvalidValueError(f"{configuration!r:.80} is not a Configuration")
        if configuration not in self:
            raise InvalidValueError(f"{configuration} is not in {self}")
        return configuration

    def to_dict(self) -> dict[str, str | float | int | bool]:
        """What is restricted, as built-in types that fit in JSON and YAML; empty where nothing is."""
        fixed = {"cellcode": self.cellcode, "lr": self.lr, "batch_size": self.batch_size}
        restricted: dict[str, str | float | int | bool] = {k: v for k, v in fixed.items() if v is not None}
        if self.one_per_class:
            restricted["one_per_class"] = True
        return restricted


WHOLE_SPACE = Subspace()
"""No restriction."""


def checked_restriction(restriction: object) -> Subspace:
    """The part of the space.

    Raises:
        InvalidValueError: something else than a :class:`Subspace`.
    """
    return checked_kind("restriction", restriction, Subspace, "for example Subspace(lr=0.1); Subspace() is all of it")


def _is_canonical(cellcode: str) -> bool:
    return Cell(cellcode).canonical_code == cellcode
