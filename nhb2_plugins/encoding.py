"""How a framework sees the eight hyperparameters: as named values, as ranks, or as numbers from 0 to 1.

- ``categorical``: every hyperparameter by its own values, without order.
- ``ordinal``: the same values; learning rate and batch size keep their order (for frameworks that know ordinals).
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.
- ``digits``: all eight as integers, for frameworks that know no names: the edges' digits of a cellcode, 0..3, and the
  two ranks.
- ``unit``: all eight as numbers from 0 to 1, for whatever searches a box. A hyperparameter of n values cuts [0, 1] into
  n equal cells: x stands for value ⌊n·x⌋, and 1 for the last. A value's own number is the mid-point of its cell,
  (k + ½)/n.

Operations have no order and are named in the first three; in the others neighbouring digits resemble each other to
whoever takes them for numbers. Values of ``digits`` and ``unit`` may also come as eight numbers in the order of
:data:`~nhb2_plugins.space.HYPERPARAMETER_NAMES`. This module knows no framework; the adapters build theirs on it.

Where a framework has neither forbidden clauses nor another way to leave cells out, the six edges may stand as one
hyperparameter, :data:`CELL_NAME`, whose values are cellcodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args

from nhb2_plugins.arguments import checked_choice, is_number
from nhb2_plugins.errors import InvalidValueError
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

NamedEncoding = Literal["categorical", "ordinal", "integer"]
NumericEncoding = Literal["digits", "unit"]
Encoding = NamedEncoding | NumericEncoding
ENCODINGS: Final[tuple[NamedEncoding, ...]] = get_args(NamedEncoding)
"""Those in which operations are named: what a framework expresses unless its adapter says otherwise."""
NUMERIC_ENCODINGS: Final[tuple[NumericEncoding, ...]] = get_args(NumericEncoding)
"""Those with a number for each of the eight."""
ALL_ENCODINGS: Final[tuple[Encoding, ...]] = (*ENCODINGS, *NUMERIC_ENCODINGS)
CELL_NAME: Final = "cell"
"""The hyperparameter that stands for all six edges where cells are chosen whole."""
_T = TypeVar("_T")
_GRIDS: Final[Mapping[str, tuple[Any, ...]]] = MappingProxyType(
    {**dict.fromkeys(EDGE_NAMES, OPERATIONS), "lr": LEARNING_RATES, "batch_size": BATCH_SIZES}
)
_NUMBERED: Final[Mapping[Encoding, tuple[str, ...]]] = MappingProxyType(
    {
        "categorical": (),
        "ordinal": (),
        "integer": ("lr", "batch_size"),
        "digits": HYPERPARAMETER_NAMES,
        "unit": HYPERPARAMETER_NAMES,
    }
)
"""The hyperparameters that stand as numbers."""


def checked_encoding(encoding: str, allowed: tuple[Encoding, ...] = ALL_ENCODINGS) -> Encoding:
    """The encoding.

    Raises:
        InvalidValueError: not one of the allowed.
    """
    return checked_choice("encoding", encoding, allowed)


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
        InvalidValueError: an unknown encoding, no part of the space, or one that leaves cells out under a numeric
            encoding, which has a number for each edge and nothing for a cell.
    """
    part, encoding = checked_restriction(restriction), checked_encoding(encoding)
    whole = part.needs_whole_cells if whole_cells is None else whole_cells
    if whole or part.needs_whole_cells:
        _refuse_numeric(encoding)
    return _choices(encoding, part, whole)


def choices(encoding: Encoding = "categorical", restriction: Subspace = WHOLE_SPACE) -> dict[str, list[Any]]:
    """The values that each hyperparameter may take, in order: lists of built-in types, for any framework's own space.

    >>> choices()["op_01"]
    ['conv3x3', 'avgpool3x3', 'skip', 'zero']
    >>> choices("unit")["op_01"]
    [0.125, 0.375, 0.625, 0.875]

    Args:
        encoding: how the values are written (:mod:`nhb2_plugins.encoding`).
        restriction: the part of the space. A fixed hyperparameter has one value; with ``one_per_class``, ``cell``
            stands for the six edges.

    Raises:
        InvalidValueError: as :func:`hyperparameter_choices`.
    """
    return {name: list(values) for name, values in hyperparameter_choices(encoding, restriction).items()}


@lru_cache(maxsize=64)
def _choices(encoding: Encoding, restriction: Subspace, whole_cells: bool) -> Choices:
    values: dict[str, tuple[Any, ...]] = {}
    if whole_cells:
        values[CELL_NAME] = restriction.cellcodes
    elif restriction.cellcode is not None:
        values.update(zip(EDGE_NAMES, ((name,) for name in _operations(restriction.cellcode)), strict=True))
    else:
        values.update(dict.fromkeys(EDGE_NAMES, OPERATIONS))
    values |= {"lr": restriction.learning_rates, "batch_size": restriction.batch_sizes}
    for name in _NUMBERED[encoding]:
        values[name] = tuple(_number(encoding, name, value) for value in values[name])
    return MappingProxyType(values)


def numbered(encoding: Encoding) -> tuple[str, ...]:
    """The hyperparameters that stand as numbers under an encoding that was checked before."""
    return _NUMBERED[encoding]


def to_configuration(values: Mapping[str, Any] | Iterable[float], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a framework's values, whether a framework's own mapping or a plain one.

    Args:
        values: values by hyperparameter name; numpy scalars are welcome. :data:`CELL_NAME` may stand for the edges.
            Under ``digits`` and ``unit`` also a vector of eight numbers, in order.
        encoding: the encoding of the space that the values come from.

    Raises:
        InvalidValueError: an unknown encoding, not a mapping, a missing or unknown hyperparameter, or a value outside
            the space.
    """
    return decoded(values, checked_encoding(encoding))


def decoded(values: Mapping[str, Any] | Iterable[float], encoding: Encoding) -> Configuration:
    """:func:`to_configuration` under an encoding that was checked before."""
    named = _by_name(values, encoding)
    if CELL_NAME in named and not any(name in named for name in EDGE_NAMES):
        named.update(zip(EDGE_NAMES, _operations(named.pop(CELL_NAME)), strict=True))
    if all(name in named for name in HYPERPARAMETER_NAMES):
        value_of = _of_unit if encoding == "unit" else _of_rank
        for name in _NUMBERED[encoding]:
            named[name] = value_of(_GRIDS[name], named[name], name)
    return Configuration.from_hyperparameters(named)


def _by_name(values: Mapping[str, Any] | Iterable[float], encoding: Encoding) -> dict[str, Any]:
    may_be_a_vector = encoding in NUMERIC_ENCODINGS
    try:
        if may_be_a_vector and not isinstance(values, Mapping):
            return dict(zip(HYPERPARAMETER_NAMES, values, strict=True))
        return dict(values)  # type: ignore[arg-type]  # what is none raises
    except (TypeError, ValueError):
        otherwise = f", nor {len(HYPERPARAMETER_NAMES)} numbers" if may_be_a_vector else ""
        message = f"values {values!r:.80} are not a mapping of hyperparameters to values{otherwise}"
        raise InvalidValueError(message) from None


def to_values(
    configuration: Configuration, encoding: Encoding = "categorical", *, whole_cells: bool = False
) -> dict[str, str | float | int]:
    """A configuration's values under an encoding, as built-in types.

    Args:
        configuration: the configuration.
        encoding: see the module's docstring.
        whole_cells: put :data:`CELL_NAME` in the place of the six edges.

    Raises:
        InvalidValueError: an unknown encoding, not a configuration, or a whole cell under a numeric encoding.
    """
    checked_encoding(encoding)
    if whole_cells:
        _refuse_numeric(encoding)
    if not isinstance(configuration, Configuration):
        raise InvalidValueError(f"{configuration!r:.80} is not a Configuration")
    values = configuration.to_hyperparameters()
    if whole_cells:
        values = {CELL_NAME: configuration.cellcode, "lr": configuration.lr, "batch_size": configuration.batch_size}
    for name in _NUMBERED[encoding]:
        values[name] = _number(encoding, name, values[name])
    return values


def _operations(cellcode: str) -> tuple[str, ...]:
    return tuple(OPERATIONS[digit] for digit in cellcode_digits(cellcode))


def _number(encoding: Encoding, name: str, value: Any) -> int | float:
    """A value's rank, or the mid-point of its cell."""
    rank = _GRIDS[name].index(value)
    return (rank + 0.5) / len(_GRIDS[name]) if encoding == "unit" else rank


def _refuse_numeric(encoding: Encoding) -> None:
    if encoding in NUMERIC_ENCODINGS:
        raise InvalidValueError(
            f"encoding {encoding!r} has a number for each edge and nothing for a whole cell (one_per_class needs it); "
            f"these have: {', '.join(ENCODINGS)}"
        )


def _of_rank(grid: tuple[_T, ...], rank: Any, name: str) -> _T:
    return grid[checked_choice(f"rank of {name}", rank, range(len(grid)))]


def _of_unit(grid: tuple[_T, ...], number: Any, name: str) -> _T:
    # A float's own type is asked for first: the general question takes ten times as long. NaN is on neither side.
    if not (type(number) is float or is_number(number)) or not 0 <= number <= 1:
        raise InvalidValueError(f"{name} {number!r:.80} is not a number in [0, 1]")
    return grid[min(int(number * len(grid)), len(grid) - 1)]
