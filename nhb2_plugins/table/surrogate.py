"""Fit a surrogate to records of the benchmark: expected value *and* spread of accuracy and cost for every row.

This is not the surrogate of the benchmark's authors, which predicts 200 epochs and is not published: this one is fitted
to whatever records of the 12-epoch table one has, and fills the rest of that table.

Errors and costs are modelled on a log scale by Gaussian processes over features of what a cell computes
(:mod:`nhb2_plugins.table.features`), with one row per isomorphism class, learning rate and batch size.
``docs/surrogate.md`` compares families and feature sets and states the cross-validated figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import N_CONFIGURATIONS, N_HYPERPARAMETERS
from nhb2_plugins.table.features import HYPERPARAMETER_FEATURES, FeatureMatrix, row_features
from nhb2_plugins.table.surrogate_gp import GaussianProcess, KernelSum, fit_gaussian_process
from nhb2_plugins.table.surrogate_records import Records

if TYPE_CHECKING:
    from nhb2_plugins.table.store import Table
    from nhb2_plugins.table.synthesis import TableModel

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

CHANCE_ERROR_PCT: Final = 90.0
MINIMUM_RECORDS: Final = 20
NORMAL_95: Final = 1.6448536269514722
"""The 95 % quantile of the normal distribution: a central 90 % interval is the mean ± this many deviations."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a surrogate says of some rows, arrays of one shape.

    Attributes:
        value: expected value on the scale of the records (percent or seconds): the median of the predictive
            distribution.
        log_deviation: standard deviation of the logarithm of the *expected* value: what more records would reduce.
        log_noise: standard deviation of the logarithm of a record around it: seeds, and whatever the features miss.
    """

    value: Float
    log_deviation: Float
    log_noise: Float

    def interval(self, z: float = NORMAL_95) -> tuple[Float, Float]:
        """Lower and upper end of the interval that a new record falls into (90 % by default)."""
        factor = np.exp(z * np.hypot(self.log_deviation, self.log_noise))
        return self.value / factor, self.value * factor


@dataclass(frozen=True, eq=False)
class LogModel:
    """A Gaussian process for the logarithm of one quantity, over standardised features."""

    features: tuple[str, ...]
    process: GaussianProcess
    centre: Float
    scale: Float

    def predict(self, rows: Integer) -> Prediction:
        """Predictions for rows ``class * 48 + lr_rank * 6 + batch_size_rank``."""
        matrix = row_features()
        x = (matrix.values[rows][:, matrix.columns(self.features)] - self.centre) / self.scale
        mean, deviation, noise = self.process.predict(x)
        return Prediction(np.exp(mean), deviation, noise)


@dataclass(frozen=True)
class Structure:
    """The features of a model and how its kernel uses them, by name."""

    terms: tuple[tuple[str, ...], ...]
    noise: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Every feature that is used, each once."""
        return tuple(dict.fromkeys(name for names in (*self.terms, self.noise) for name in names))

    def kernel(self) -> KernelSum:
        """The same by position in :attr:`features`."""
        position = {name: i for i, name in enumerate(self.features)}
        return KernelSum(
            tuple(tuple(position[name] for name in term) for term in self.terms),
            tuple(position[name] for name in self.noise),
        )


def _edges() -> tuple[str, ...]:
    return tuple(name for name in row_features().names if name.startswith("edge "))


def error_structure() -> Structure:
    """The kernel of the validation error: cell and hyperparameters together, the cell alone, hyperparameters alone."""
    cell = (
        "log NAS-Bench-201 error, CIFAR-10",
        "log NAS-Bench-201 time",
        "live convolutions",
        "live pools",
        "depth",
        "direct skips",
        *_edges(),
    )
    return Structure(
        terms=((*cell, *HYPERPARAMETER_FEATURES), cell, HYPERPARAMETER_FEATURES), noise=HYPERPARAMETER_FEATURES
    )


def cost_structure() -> Structure:
    """The kernel of the cost: what the trained cell executes, dead edges included, and the batch size."""
    cell = (
        "log NAS-Bench-201 time",
        "live convolutions",
        "live pools",
        "live skips",
        "dead conv3x3",
        "dead avgpool3x3",
        "dead skip",
        "zeros",
        "depth",
    )
    return Structure(terms=((*cell, "batch_size"), cell, ("batch_size", "lr")), noise=("batch_size",))


def fit_log_model(rows: Integer, values: Float, structure: Structure) -> LogModel:
    """Fit a process to the logarithm of values (n,) at rows (n,); a row may occur more than once."""
    matrix: FeatureMatrix = row_features()
    raw = matrix.values[rows][:, matrix.columns(structure.features)]
    centre = raw.mean(axis=0)
    deviation = raw.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    process = fit_gaussian_process((raw - centre) / scale, np.log(values), structure.kernel())
    return LogModel(structure.features, process, centre, scale)


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A fitted surrogate: see :func:`fit_surrogate`."""

    error: LogModel
    cost: LogModel
    n_records: int

    def predict_error(self, indices: Sequence[int] | Integer) -> Prediction:
        """Validation error in percent after 12 epochs of configurations, by their index in the space."""
        rows = rows_of(indices)
        prediction = self.error.predict(rows)
        disconnected = ~np.isin(rows // N_HYPERPARAMETERS, connected_classes())
        value = np.where(disconnected, CHANCE_ERROR_PCT, np.minimum(prediction.value, CHANCE_ERROR_PCT))
        return Prediction(
            value,
            np.where(disconnected, 0.0, prediction.log_deviation),
            np.where(disconnected, 0.0, prediction.log_noise),
        )

    def predict_cost(self, indices: Sequence[int] | Integer) -> Prediction:
        """Train + validation seconds of 12 epochs of configurations, by their index in the space."""
        return self.cost.predict(rows_of(indices))

    def to_model(self, *, created: str, seeds: tuple[int, ...] = (222, 555, 888), noise_seed: int = 0) -> TableModel:
        """The whole table as a compact model (:mod:`nhb2_plugins.table.synthesis`).

        Args:
            created: ISO date to record.
            seeds: the training seeds to name; their noise is synthetic.
            noise_seed: key of that noise.
        """
        from nhb2_plugins.table.surrogate_table import build_model

        return build_model(self, created=created, seeds=seeds, noise_seed=noise_seed)

    def to_table(self, directory: Path, *, created: str, source: str, overwrite: bool = False) -> Table:
        """Write a full table of kind ``surrogate``.

        Args:
            directory: where to; must not exist or be empty, unless ``overwrite``.
            created: ISO date to record.
            source: one line on the records, for the table's provenance.
            overwrite: replace a table that is there.

        Raises:
            TableError: the directory is in use or cannot be written.
        """
        from nhb2_plugins.table.surrogate_table import write_surrogate_table

        return write_surrogate_table(self, directory, created=created, source=source, overwrite=overwrite)


def connected_classes() -> Integer:
    """Numbers of the classes with a path from the input to the output (all but one)."""
    from nhb2_plugins.cells import Cell, canonical_codes

    return np.array([number for number, code in enumerate(canonical_codes()) if Cell(code).is_connected])


def rows_of(indices: Sequence[int] | Integer) -> Integer:
    """The table row of each configuration index.

    Raises:
        InvalidValueError: an index outside the space.
    """
    array = np.asarray(indices, dtype=np.int64)
    if array.size and not (array.min() >= 0 and array.max() < N_CONFIGURATIONS):
        raise InvalidValueError(f"indices {array.min()}..{array.max()} are not all in 0..{N_CONFIGURATIONS - 1}")
    cells, rest = np.divmod(array, N_HYPERPARAMETERS)
    return np.asarray(isomorphism_classes(), dtype=np.int64)[cells] * N_HYPERPARAMETERS + rest


def fit_surrogate(records: Records) -> Surrogate:
    """Fit a surrogate to records.

    The error and the cost are fitted to validation records after 12 epochs. Identical records of isomorphic cells
    count once; different ones (other seeds) are kept, and tell seed noise from the rest.

    Raises:
        InvalidValueError: fewer than 20 distinct records of connected cells after 12 epochs.
    """
    chosen = (records.epoch == SCHEDULE_EPOCHS) & (records.split == "valid")
    table = np.column_stack([rows_of(records.index[chosen]), records.error_pct[chosen], records.cost_s[chosen]])
    table = np.unique(table[np.isin(table[:, 0] // N_HYPERPARAMETERS, connected_classes())], axis=0)
    if len(table) < MINIMUM_RECORDS:
        raise InvalidValueError(
            f"{len(table)} distinct validation records after {SCHEDULE_EPOCHS} epochs of connected cells are too few: "
            f"at least {MINIMUM_RECORDS} are needed"
        )
    rows, errors, costs = table[:, 0].astype(np.int64), table[:, 1], table[:, 2]
    return Surrogate(
        error=fit_log_model(rows, errors, error_structure()),
        cost=fit_log_model(rows, costs, cost_structure()),
        n_records=len(table),
    )
