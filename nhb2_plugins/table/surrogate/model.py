"""Gaussian processes of the logarithm of one quantity, error or cost, over every row of a table.

They work on features of what a cell computes (:mod:`nhb2_plugins.table.surrogate.features`), with one row per
isomorphism class, learning rate and batch size: row ``class * 48 + lr_rank * 6 + batch_size_rank``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import Cell, canonical_codes
from nhb2_plugins.metric import CHANCE_ERROR_PCT
from nhb2_plugins.space import N_HYPERPARAMETERS, OPERATIONS
from nhb2_plugins.table.surrogate.features import (
    HYPERPARAMETER_FEATURES,
    JOB_FEATURES,
    NAS_BENCH_201_FEATURES,
    PATH_FEATURES,
    class_features,
    row_features,
    setting_features,
)
from nhb2_plugins.table.surrogate.gaussian_process import Grid, GridProcess, KernelSum, Term, fit_grid_process
from nhb2_plugins.table.surrogate.noise import NoiseRegions, NoiseShape, find_noise_shape
from nhb2_plugins.table.surrogate.signal_features import SIGNAL_FEATURES

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

ERROR_REGIONS_PCT: Final = (18.0, 25.0, 50.0)
"""Regions of the validation error that figures are given for."""
_ERROR_NOISE: Final = NoiseRegions(values=(*ERROR_REGIONS_PCT, 65.0))
"""Where its noise is corrected separately: above 65 % most networks have diverged, or nearly."""
_COST_NOISE: Final = NoiseRegions(values=(98.0,), deviations=(0.02, 0.03, 0.045))
"""Below 98 s lies the cheapest fifth of the records. The smaller the deviation of the log cost, the more other records
tell of the same job."""

_STRANGERS: Final = 30.0


@dataclass(frozen=True)
class LogScale:
    """log v − log(1 − v/ceiling): a logarithm that knows an upper end."""

    ceiling: float = float("inf")

    def forward(self, values: Float) -> Float:
        """From a quantity to what is modelled."""
        return np.asarray(np.log(values) - np.log1p(-np.minimum(values / self.ceiling, 0.995)))

    def inverse(self, modelled: Float) -> Float:
        """From what is modelled to the quantity."""
        value = np.exp(modelled)
        return np.asarray(value / (1.0 + value / self.ceiling))

    def by_log(self, values: Float) -> Float:
        """How much the quantity's logarithm changes with what is modelled."""
        return np.asarray(1.0 - values / self.ceiling)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a surrogate says of some rows, arrays of one shape.

    Attributes:
        modelled: expected value of what is modelled.
        deviation: its standard deviation: what more records would reduce.
        noise: scale of a record around it: seeds, and whatever the features miss.
        certain: where the value is known: no path leads to the output.
        structure: of the model.
        shape: of the noise.
    """

    modelled: Float
    deviation: Float
    noise: Float
    certain: NDArray[np.bool_]
    structure: Structure
    shape: NoiseShape

    @property
    def scale(self) -> LogScale:
        """From what is modelled to the quantity."""
        return self.structure.scale

    @cached_property
    def value(self) -> Float:
        """Expected value on the records' scale (percent or seconds): the median of the predictive distribution."""
        return np.where(self.certain, CHANCE_ERROR_PCT, self._of(self.modelled))

    @property
    def log_deviation(self) -> Float:
        """Standard deviation of the logarithm of the expected value."""
        return np.where(self.certain, 0.0, self.deviation * self.scale.by_log(self.value))

    @property
    def log_noise(self) -> Float:
        """Scale of the logarithm of a record around it."""
        return np.where(self.certain, 0.0, self.noise * self.scale.by_log(self.value))

    def interval(self, coverage: float = 0.9) -> tuple[Float, Float]:
        """Lower and upper end of the interval that a new record falls into with a probability."""
        region = self.structure.regions.of(self.value, self.deviation)
        low, high = (
            self._of(self.modelled + self.shape.limit(quantile, region, self.deviation, self.noise))
            for quantile in (0.5 - coverage / 2.0, 0.5 + coverage / 2.0)
        )
        return np.where(self.certain, self.value, low), np.where(self.certain, self.value, high)

    def take(self, chosen: NDArray[np.bool_]) -> Prediction:
        """The same of some rows."""
        parts = (self.modelled[chosen], self.deviation[chosen], self.noise[chosen], self.certain[chosen])
        return Prediction(*parts, self.structure, self.shape)

    def _of(self, modelled: Float) -> Float:
        """The quantity; an error is at most chance."""
        most = CHANCE_ERROR_PCT if np.isfinite(self.scale.ceiling) else np.inf
        return np.asarray(np.minimum(self.scale.inverse(modelled), most))


@dataclass(frozen=True)
class StructureTerm:
    """As :class:`nhb2_plugins.table.surrogate.gaussian_process.Term`, by the features' names."""

    cell: tuple[str, ...] | None
    hyper: tuple[str, ...]
    amplitude: float
    rough: bool = False


@dataclass(frozen=True)
class Structure:
    """How one quantity is modelled.

    Attributes:
        terms: of the covariance.
        noise: features that the noise's logarithm is linear in.
        degrees: of freedom of the noise.
        scale: what is modelled.
        levels: knots of the quantity's expected value that the noise's logarithm bends at; none of them, and the noise
            does not depend on it.
        regions: in which the noise's shape is found separately.
    """

    terms: tuple[StructureTerm, ...]
    noise: tuple[str, ...]
    degrees: float
    scale: LogScale = LogScale()
    levels: tuple[float, ...] = ()
    regions: NoiseRegions = field(default_factory=NoiseRegions)

    def kernel(self) -> KernelSum:
        """The covariance, by the columns of :func:`grid`."""
        cells, settings = class_features(), setting_features()
        terms = tuple(
            Term(
                None if term.cell is None else cells.columns(term.cell),
                settings.columns(term.hyper),
                term.amplitude,
                term.rough,
            )
            for term in self.terms
        )
        return KernelSum(terms, len(self.noise) + max(len(self.levels) - 1, 0))

    def noise_features(self, modelled: Float | None) -> Float:
        """Of every row, (n_rows, n): the named ones, and how far the expected value is between each two knots."""
        features = row_features()
        named = _standardised(features.values[:, features.columns(self.noise)])
        if len(self.levels) < 2:
            return named
        knots = np.log(self.levels)
        level = np.full(len(named), knots[0]) if modelled is None else np.log(self.scale.inverse(modelled))
        parts = [np.clip((level - low) / (high - low), 0.0, 1.0) for low, high in pairwise(knots)]
        return np.column_stack([named, *parts])


_TRAINED_COUNTS: Final = tuple(f"trained {operation}" for operation in OPERATIONS)
_LIVE: Final = ("live convolutions", "live pools")
ERROR_CELL_FEATURES: Final = (*NAS_BENCH_201_FEATURES, *SIGNAL_FEATURES, *_LIVE, *PATH_FEATURES)
"""What the same architecture reached in NAS-Bench-201, what the cell does to a signal, and what its paths hold."""


def error_structure(cell: tuple[str, ...] = ERROR_CELL_FEATURES) -> Structure:
    """Of the validation error: cell and hyperparameters together, each alone, and what is each class's own."""
    both = HYPERPARAMETER_FEATURES
    return Structure(
        terms=(
            StructureTerm(cell, both, 0.5),
            StructureTerm(cell, (), 0.1),
            StructureTerm((), both, 0.5),
            StructureTerm(None, both, 0.02),
            StructureTerm(None, (), 0.02),
        ),
        noise=("lr", "batch_size"),
        degrees=4.0,
        scale=LogScale(95.0),
        levels=(14.0, 18.0, 22.0, 30.0, 60.0, 88.0),
        regions=_ERROR_NOISE,
    )


def cost_structure() -> Structure:
    """Of the cost: the operations of the trained cell, dead ones included, and the batch size; then who ran beside it.

    The learning rate costs nothing by itself, but jobs of one learning rate and batch size ran at about the same time,
    and those of one class on one machine.
    """
    return Structure(
        terms=(
            StructureTerm(_TRAINED_COUNTS, ("batch_size",), 0.5),
            StructureTerm((), ("lr", "batch_size"), 0.05, rough=True),
            StructureTerm(None, (), 0.003),
            StructureTerm(None, JOB_FEATURES, 0.01, rough=True),
            StructureTerm(_TRAINED_COUNTS, ("lr", "batch_size"), 0.003, rough=True),
        ),
        noise=("lr", "batch_size"),
        degrees=3.0,
        regions=_COST_NOISE,
    )


@dataclass(frozen=True, eq=False)
class LogModel:
    """A process for one quantity, and the shape of its noise."""

    structure: Structure
    process: GridProcess
    shape: NoiseShape

    def predict(self, rows: Integer) -> Prediction:
        """Predictions for rows ``class * 48 + lr_rank * 6 + batch_size_rank``."""
        process = self.process
        return self._prediction(process.mean[rows], process.deviation(rows), process.noise[rows])

    def predict_left_out(self, groups: Integer | None = None) -> Prediction:
        """What the other records say of each record, in the order of ``process.rows``.

        Args:
            groups: numbers of groups that are left out together; each record alone without it.
        """
        left_out = self.process.leave_out(groups)
        return self._prediction(left_out.mean, left_out.deviation, left_out.noise)

    def draw(self, generator: np.random.Generator) -> Float:
        """What is modelled, at every row of a table, in a function drawn from the posterior."""
        mean = self.process.mean
        certainty = self.shape.certainty(self.row_regions)
        return np.asarray(mean + certainty * (self.process.draw(generator) - mean))

    @cached_property
    def row_deviations(self) -> Float:
        """Deviation of the modelled function at every row of a table."""
        return self.process.deviation(all_rows())

    @cached_property
    def row_regions(self) -> Integer:
        """The region of the noise at every row of a table."""
        regions = self.structure.regions
        # Deviations of every row take a minute: only where they decide.
        deviations = self.row_deviations if regions.deviations else np.zeros(len(self.expected_rows))
        return regions.of(self.expected_rows, deviations)

    @cached_property
    def expected_rows(self) -> Float:
        """Expected value at every row of a table."""
        return self.structure.scale.inverse(self.process.mean)

    @property
    def records(self) -> Float:
        """The records' values, in the order of ``process.rows``."""
        return self.structure.scale.inverse(self.process.centre + self.process.scale * self.process.y)

    def _prediction(self, mean: Float, deviation: Float, noise: Float) -> Prediction:
        certain = np.zeros(len(mean), dtype=bool)
        return Prediction(mean, deviation, noise, certain, self.structure, self.shape)


def fit_log_model(rows: Integer, values: Float, structure: Structure) -> LogModel:
    """Fit a process to values (n,) at rows (n,); a row may occur more than once."""
    process = fit_grid_process(
        grid(),
        structure.kernel(),
        rows,
        structure.scale.forward(values),
        structure.noise_features,
        degrees=structure.degrees,
    )
    left_out = process.leave_out()
    shape = find_noise_shape(
        len(structure.regions),
        structure.regions.of(structure.scale.inverse(left_out.mean), left_out.deviation),
        process.centre + process.scale * process.y - left_out.mean,
        left_out.deviation,
        left_out.noise,
        degrees=structure.degrees,
    )
    return LogModel(structure, process, shape)


def predict_row_errors(model: LogModel, rows: Integer) -> Prediction:
    """Predicted errors; at chance level, for certain, where no path leads to the output."""
    return replace(model.predict(rows), certain=~np.isin(rows // N_HYPERPARAMETERS, connected_classes()))


def expected_row_errors(model: LogModel) -> Float:
    """Expected error in percent of every row of a table; chance is the most, and what there is without a path."""
    connected = np.isin(all_rows() // N_HYPERPARAMETERS, connected_classes())
    return np.where(connected, np.minimum(model.expected_rows, CHANCE_ERROR_PCT), CHANCE_ERROR_PCT)


@lru_cache(maxsize=1)
def grid() -> Grid:
    """Standardised features of every class and setting; to jobs, different batch sizes are strangers."""
    settings = _standardised(setting_features().values)
    settings[:, setting_features().columns(JOB_FEATURES[-1:])] *= _STRANGERS
    return Grid(_standardised(class_features().values), settings)


def _standardised(values: Float) -> Float:
    deviation = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0))


def all_rows() -> Integer:
    """Every row of a table, in order."""
    return np.arange(len(row_features().values))


@lru_cache(maxsize=1)
def connected_classes() -> Integer:
    """Numbers of the classes with a path from the input to the output (all but one)."""
    return np.array([number for number, code in enumerate(canonical_codes()) if Cell(code).is_connected])
