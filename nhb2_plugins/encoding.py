"""How a framework sees the eight hyperparameters: as named values, or with learning rate and batch size as ranks.

- ``categorical``: every hyperparameter by its own values, without order.
- ``ordinal``: the same values; learning rate and batch size keep their order (for frameworks that know ordinals).
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.

Operations have no order and are named in all three. This module knows no framework; the adapters build theirs on it.

Where a framework has neither forbidden clauses nor another way to leave cells out, the six edges may stand as one
hyperparameter, :data:`CELL_NAME`, whose values are cellcodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args

from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.fidelity import is_number
from nhb2_plugins.space import (
    BATCH_SIZES,
    EDGE_NAMES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    OPERATIONS,
    Configuration,
    cellcode_digits,
)
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

Encoding = Literal["categorical", "ordinal", "integer"]
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
CELL_NAME: Final = "cell"
"""The hyperparameter that stands for all six edges where cells are chosen whole."""
_T = TypeVar("_T")


def checked_encoding(encoding: str, allowed: tuple[Encoding, ...] = ENCODINGS) -> Encoding:
    """The encoding.

    Raises:
        InvalidValueError: not one of the allowed.
    """
    for each in allowed:
        if encoding == each:
            return each
    raise InvalidValueError(describe_choices(encoding, allowed, what="encoding"))


Choices = Mapping[str, tuple[str, ...] | tuple[float, ...] | tuple[int, ...]]
"""The values of each hyperparameter, in order."""


def hyperparameter_choices(
    encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE, *, whole_cells: bool | None = None
) -> Choices:
    """The values that each hyperparameter may take under an encoding, in order: what every space is made of.

    Args:
        encoding: see the module's docstring.
        restriction: the part of the space. A fixed hyperparameter has one value.
        whole_cells: put :data:`CELL_NAME` in the place of the six edges; None does so where the restriction needs it.
            Edges alone cannot say ``one_per_class``: whoever builds on them forbids the other cells.

    Raises:
        InvalidValueError: an unknown encoding, or no part of the space.
    """
    part = checked_restriction(restriction)
    return _choices(checked_encoding(encoding), part, part.needs_whole_cells if whole_cells is None else whole_cells)


@lru_cache(maxsize=64)
def _choices(encoding: Encoding, restriction: Subspace, whole_cells: bool) -> Choices:
    choices: dict[str, tuple[str, ...] | tuple[float, ...] | tuple[int, ...]] = {}
    if whole_cells:
        choices[CELL_NAME] = restriction.cellcodes
    elif restriction.cellcode is not None:
        choices.update(zip(EDGE_NAMES, ((name,) for name in _operations(restriction.cellcode)), strict=True))
    else:
        choices.update(dict.fromkeys(EDGE_NAMES, OPERATIONS))
    rates, sizes = restriction.learning_rates, restriction.batch_sizes
    ranked = encoding == "integer"
    choices["lr"] = tuple(map(LEARNING_RATES.index, rates)) if ranked else rates
    choices["batch_size"] = tuple(map(BATCH_SIZES.index, sizes)) if ranked else sizes
    return MappingProxyType(choices)


def to_configuration(values: Mapping[str, Any], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a framework's values, whether a framework's own mapping or a plain one.

    Args:
        values: values by hyperparameter name; numpy scalars are welcome. :data:`CELL_NAME` may stand for the edges.
        encoding: the encoding of the space that the values come from.

    Raises:
        InvalidValueError: an unknown encoding, not a mapping, a missing or unknown hyperparameter, or a value outside
            the space.
    """
    return decoded(values, checked_encoding(encoding))


def decoded(values: Mapping[str, Any], encoding: Encoding) -> Configuration:
    """:func:`to_configuration` under an encoding that was checked before."""
    try:
        named = dict(values)
    except (TypeError, ValueError):
        raise InvalidValueError(f"values {values!r:.80} are not a mapping of hyperparameters to values") from None
    if CELL_NAME in named and not any(name in named for name in EDGE_NAMES):
        named.update(zip(EDGE_NAMES, _operations(named.pop(CELL_NAME)), strict=True))
    if encoding == "integer" and all(name in named for name in HYPERPARAMETER_NAMES):
        named["lr"] = _of_rank(LEARNING_RATES, named["lr"], "lr")
        named["batch_size"] = _of_rank(BATCH_SIZES, named["batch_size"], "batch_size")
    return Configuration.from_hyperparameters(named)


def to_values(
    configuration: Configuration, encoding: Encoding = "categorical", *, whole_cells: bool = False
) -> dict[str, str | float | int]:
    """A configuration's values under an encoding, as built-in types.

    Args:
        configuration: the configuration.
        encoding: see the module's docstring.
        whole_cells: put :data:`CELL_NAME` in the place of the six edges.

    Raises:
        InvalidValueError: an unknown encoding, or not a configuration.
    """
    checked_encoding(encoding)
    if not isinstance(configuration, Configuration):
        raise InvalidValueError(f"{configuration!r:.80} is not a Configuration")
    values = configuration.to_hyperparameters()
    if whole_cells:
        values = {CELL_NAME: configuration.cellcode, "lr": configuration.lr, "batch_size": configuration.batch_size}
    if encoding == "integer":
        values["lr"] = LEARNING_RATES.index(configuration.lr)
        values["batch_size"] = BATCH_SIZES.index(configuration.batch_size)
    return values


def to_values_in(
    restriction: Subspace, configuration: Configuration, encoding: Encoding = "categorical"
) -> dict[str, str | float | int]:
    """The values of a configuration in a part of the space, with its cell whole where the part needs that.

    Raises:
        InvalidValueError: as :func:`to_values`, or the configuration is not in the part.
    """
    part = checked_restriction(restriction)
    values = to_values(configuration, encoding, whole_cells=part.needs_whole_cells)
    part.checked(configuration)
    return values


def _operations(cellcode: str) -> tuple[str, ...]:
    return tuple(OPERATIONS[digit] for digit in cellcode_digits(cellcode))


def _of_rank(grid: tuple[_T, ...], rank: Any, name: str) -> _T:
    # A truth value equals 0 or 1, and an array has no truth value.
    if not is_number(rank) or rank not in range(len(grid)):
        raise InvalidValueError(describe_choices(rank, range(len(grid)), what=f"rank of {name}"))
    return grid[int(rank)]
