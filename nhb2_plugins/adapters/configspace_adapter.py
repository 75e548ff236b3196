"""The joint space as a ConfigSpace definition, in three encodings, and the way back to a configuration.

- ``categorical``: every hyperparameter a categorical of its own values. BOHB's encoding (hpbandster refuses ordinals).
- ``ordinal``: learning rate and batch size keep their order. SMAC's encoding.
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.

Operations have no order and are categorical in all three.
"""

from __future__ import annotations

from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    OrdinalHyperparameter,
    UniformIntegerHyperparameter,
)

from nhb2_plugins.encoding import ENCODINGS, Encoding, checked_encoding, to_configuration, to_values
from nhb2_plugins.space import BATCH_SIZES, EDGE_NAMES, LEARNING_RATES, OPERATIONS

__all__ = ["ENCODINGS", "Encoding", "configuration_space", "to_configuration", "to_values"]


def configuration_space(encoding: Encoding = "categorical", *, seed: int | None = None) -> ConfigurationSpace:
    """The 196,608 configurations as a ``ConfigSpace.ConfigurationSpace``.

    Args:
        encoding: see the module's docstring. It is stored in ``space.meta["encoding"]``.
        seed: seeds the space's own generator; None leaves it unseeded.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    encoding = checked_encoding(encoding)
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
