"""The joint space as a ConfigSpace definition, in three encodings, and the way back to a configuration.

- ``categorical``: every hyperparameter a categorical of its own values. BOHB's encoding (hpbandster refuses ordinals).
- ``ordinal``: learning rate and batch size keep their order. SMAC's encoding.
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.

Operations have no order and are categorical in all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    OrdinalHyperparameter,
    UniformIntegerHyperparameter,
)

from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.space import (
    BATCH_SIZES,
    EDGE_NAMES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    OPERATIONS,
    Configuration,
)

Encoding = Literal["categorical", "ordinal", "integer"]
_T = TypeVar("_T")
ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "ordinal", "integer")


def configuration_space(encoding: Encoding = "categorical", *, seed: int | None = None) -> ConfigurationSpace:
    """The 196,608 configurations as a ``ConfigSpace.ConfigurationSpace``.

    Args:
        encoding: see the module's docstring. It is stored in ``space.meta["encoding"]``.
        seed: seeds the space's own generator; None leaves it unseeded.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    if encoding not in ENCODINGS:
        raise InvalidValueError(describe_choices(encoding, ENCODINGS, what="encoding"))
    space = ConfigurationSpace(
        name="NAS-HPO-Bench-II", seed=seed, meta={"benchmark": "NAS-HPO-Bench-II", "encoding": encoding}
    )
    space.add([CategoricalHyperparameter(name, OPERATIONS) for name in EDGE_NAMES])
    space.add([_numeric(encoding, "lr", LEARNING_RATES), _numeric(encoding, "batch_size", BATCH_SIZES)])
    return space


def _numeric(
    encoding: Encoding, name: str, grid: tuple[float, ...] | tuple[int, ...]
) -> CategoricalHyperparameter | OrdinalHyperparameter | UniformIntegerHyperparameter:
    if encoding == "categorical":
        return CategoricalHyperparameter(name, grid)
    if encoding == "ordinal":
        return OrdinalHyperparameter(name, grid)
    return UniformIntegerHyperparameter(name, lower=0, upper=len(grid) - 1)


def to_configuration(values: Mapping[str, Any], encoding: Encoding = "categorical") -> Configuration:
    """The configuration of a framework's values, whether a ``ConfigSpace.Configuration`` or a plain mapping.

    Args:
        values: values by hyperparameter name; numpy scalars are welcome.
        encoding: the encoding of the space that the values come from.

    Raises:
        InvalidValueError: a missing or unknown hyperparameter, or a value outside the space.
    """
    decoded = dict(values)
    if encoding == "integer" and all(name in decoded for name in HYPERPARAMETER_NAMES):
        decoded["lr"] = _of_rank(LEARNING_RATES, decoded["lr"], "lr")
        decoded["batch_size"] = _of_rank(BATCH_SIZES, decoded["batch_size"], "batch_size")
    return Configuration.from_hyperparameters(decoded)


def to_values(configuration: Configuration, encoding: Encoding = "categorical") -> dict[str, str | float | int]:
    """A configuration's values under an encoding, as built-in types."""
    values = configuration.to_hyperparameters()
    if encoding == "integer":
        values["lr"] = LEARNING_RATES.index(configuration.lr)
        values["batch_size"] = BATCH_SIZES.index(configuration.batch_size)
    return values


def _of_rank(grid: tuple[_T, ...], rank: Any, name: str) -> _T:
    if rank not in range(len(grid)):
        raise InvalidValueError(describe_choices(rank, range(len(grid)), what=f"rank of {name}"))
    return grid[int(rank)]
