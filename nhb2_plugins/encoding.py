"""How a framework sees the eight hyperparameters: as named values, or with learning rate and batch size as ranks.

- ``categorical``: every hyperparameter by its own values, without order.
- ``ordinal``: the same values; learning rate and batch size keep their order (for frameworks that know ordinals).
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.

Operations have no order and are named in all three. This module knows no framework; the adapters build theirs on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar, get_args

from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.space import BATCH_SIZES, HYPERPARAMETER_NAMES, LEARNING_RATES, Configuration

Encoding = Literal["categorical", "ordinal", "integer"]
ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
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


def to_configuration(values: Mapping[str, Any], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a framework's values, whether a framework's own mapping or a plain one.

    Args:
        values: values by hyperparameter name; numpy scalars are welcome.
        encoding: the encoding of the space that the values come from.

    Raises:
        InvalidValueError: an unknown encoding, a missing or unknown hyperparameter, or a value outside the space.
    """
    checked_encoding(encoding)
    decoded = dict(values)
    if encoding == "integer" and all(name in decoded for name in HYPERPARAMETER_NAMES):
        decoded["lr"] = _of_rank(LEARNING_RATES, decoded["lr"], "lr")
        decoded["batch_size"] = _of_rank(BATCH_SIZES, decoded["batch_size"], "batch_size")
    return Configuration.from_hyperparameters(decoded)


def to_values(configuration: Configuration, encoding: Encoding = "categorical") -> dict[str, str | float | int]:
    """A configuration's values under an encoding, as built-in types.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    checked_encoding(encoding)
    values = configuration.to_hyperparameters()
    if encoding == "integer":
        values["lr"] = LEARNING_RATES.index(configuration.lr)
        values["batch_size"] = BATCH_SIZES.index(configuration.batch_size)
    return values


def _of_rank(grid: tuple[_T, ...], rank: Any, name: str) -> _T:
    if rank not in range(len(grid)):
        raise InvalidValueError(describe_choices(rank, range(len(grid)), what=f"rank of {name}"))
    return grid[int(rank)]
