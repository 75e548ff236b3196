"""Gaussian processes of the logarithm of one quantity, error or cost, over every row of a table.

They work on features of what a cell computes (:mod:`nhb2_plugins.table.surrogate.features`), with one row per
isomorphism class, learning rate and batch size: row ``class * 48 + lr_rank * 6 + batch_size_rank``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import Cell, canonical_codes
from nhb2_plugins.metric import CHANCE_ERROR_PCT
from nhb2_plugins.space import N_HYPERPARAMETERS, OPERATIONS
from nhb2_plugins.table.surrogate.features import HYPERPARAMETER_FEATURES, row_features
from nhb2_plugins.table.surrogate.gaussian_process import GaussianProcess, KernelSum, fit_gaussian_process
from nhb2_plugins.table.surrogate.signal_features import SIGNAL_FEATURES

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

BENT_ABOVE_PCT: Final = 70.0
NORMAL_75: Final = 0.6744897501960817
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
    """A Gaussian process for the logarithm of one quantity, over features ``(raw - centre) / scale``."""

    features: tuple[str, ...]
    process: GaussianProcess
    centre: Float
    scale: Float
    noise_factor: float = 1.0

    def predict(self, rows: Integer) -> Prediction:
        """Predictions for rows ``class * 48 + lr_rank * 6 + batch_size_rank``."""
        matrix = row_features()
        x = (matrix.values[rows][:, matrix.columns(self.features)] - self.centre) / self.scale
        mean, deviation, noise = self.process.predict(x)
        return Prediction(np.exp(mean), deviation, noise * self.noise_factor)


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


_NAS_BENCH_201: Final = tuple(
    f"log NAS-Bench-201 error, {dataset}" for dataset in ("CIFAR-10", "CIFAR-100", "ImageNet16")
)
_TRAINED_COUNTS: Final = tuple(f"trained {operation}" for operation in OPERATIONS)


def error_structure() -> Structure:
    """The kernel of the validation error: cell and hyperparameters together, the cell alone, hyperparameters alone.

    The cell is described by what the same architecture reached in NAS-Bench-201 and by what it does to a signal.
    """
    cell = (*_NAS_BENCH_201, *SIGNAL_FEATURES, "live convolutions", "live pools")
    return Structure(
        terms=((*cell, *HYPERPARAMETER_FEATURES), cell, HYPERPARAMETER_FEATURES),
        noise=(*HYPERPARAMETER_FEATURES, _NAS_BENCH_201[0]),
    )


def cost_structure() -> Structure:
    """The kernel of the cost: the operations of the trained cell, dead ones included, and the batch size.

    The learning rate costs nothing by itself, but jobs of one learning rate and batch size ran at about the same time.
    """
    return Structure(terms=((*_TRAINED_COUNTS, "batch_size"), ("lr", "batch_size")), noise=("lr", "batch_size"))


def fit_log_model(rows: Integer, values: Float, structure: Structure, *, outlier: float | None = None) -> LogModel:
    """Fit a process to the logarithm of values (n,) at rows (n,); a row may occur more than once.

    Args:
        rows: table rows.
        values: positive values.
        structure: features and kernel.
        outlier: leave out, and fit again without, what is more than this many standard deviations of the noise off;
            the noise is then widened until nine in ten of *all* records lie in their 90 % interval.
    """
    matrix = row_features()
    raw = matrix.values[rows][:, matrix.columns(structure.features)]
    centre, deviation = raw.mean(axis=0), raw.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    x, y = (raw - centre) / scale, np.log(values)
    process = fit_gaussian_process(x, y, structure.kernel())
    if outlier is None:
        return LogModel(structure.features, process, centre, scale)
    mean, _, noise = process.predict(x)
    surprise = np.abs(y - mean) / noise
    # Outliers inflate the fitted noise, so the yardstick is the middle of the surprises, not that noise alone.
    inliers = surprise < outlier * min(1.0, float(np.median(surprise)) / NORMAL_75)
    process = fit_gaussian_process(x[inliers], y[inliers], structure.kernel())
    return LogModel(structure.features, process, centre, scale, _noise_factor(process, x, y))


def _noise_factor(process: GaussianProcess, x: Float, y: Float) -> float:
    """What the noise must be multiplied by for nine in ten of all records, outliers too, to lie in their interval."""
    mean, _, noise = process.predict(x)
    return max(1.0, float(np.quantile(np.abs(y - mean) / noise, 0.9)) / NORMAL_95)


def predict_errors(model: LogModel, rows: Integer) -> Prediction:
    """Predicted errors in percent, bent towards chance level: a logarithm knows no upper end."""
    prediction = model.predict(rows)
    room = CHANCE_ERROR_PCT - BENT_ABOVE_PCT
    bent = CHANCE_ERROR_PCT - room * np.exp(-np.maximum(prediction.value - BENT_ABOVE_PCT, 0.0) / room)
    return replace(prediction, value=np.where(prediction.value > BENT_ABOVE_PCT, bent, prediction.value))


def predict_row_errors(model: LogModel, rows: Integer) -> Prediction:
    """As :func:`predict_errors`; at chance level, for certain, where no path leads to the output."""
    prediction = predict_errors(model, rows)
    connected = np.isin(rows // N_HYPERPARAMETERS, connected_classes())
    return Prediction(
        np.where(connected, prediction.value, CHANCE_ERROR_PCT),
        np.where(connected, prediction.log_deviation, 0.0),
        np.where(connected, prediction.log_noise, 0.0),
    )


def all_rows() -> Integer:
    """Every row of a table, in order."""
    return np.arange(len(row_features().values))


@lru_cache(maxsize=1)
def connected_classes() -> Integer:
    """Numbers of the classes with a path from the input to the output (all but one)."""
    return np.array([number for number, code in enumerate(canonical_codes()) if Cell(code).is_connected])
