"""Gaussian-process regression on a grid, every cell with every setting of hyperparameters, under noise with outliers.

The covariance is a sum of products of one over cells and one over hyperparameters (:class:`KernelSum`). So gradients by
lengths need sums over classes, not over pairs of records; the expected function is known on the whole grid from two
matrix products a term; and functions are drawn from the posterior exactly, by Matheron's rule.

Noise follows Student's t, whose scale's logarithm is linear in given features. It is fitted by expectation
maximisation: a record that is far off its neighbours counts as one with more noise.

Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2, 4 and 5; Saatçi, Scalable
Inference for Structured Gaussian Process Models (2011), for products on grids; Lange, Little and Taylor (JASA 1989) for
the t distribution by EM; Wilson et al., Pathwise Conditioning of Gaussian Processes (JMLR 2021), for Matheron's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, lapack, solve_triangular
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

_JITTER: Final = 1e-8
_SQRT3: Final = float(np.sqrt(3.0))
_CELL_LENGTH_PRIOR: Final = (float(np.log(3.0)), 0.75)
_HYPER_LENGTH_PRIOR: Final = (float(np.log(1.5)), 0.75)
"""Mean and standard deviation of a log length; features are standardised."""
_AMPLITUDE_WIDTH: Final = 1.0
_NOISE_PRIOR: Final = (-6.0, 1.0)
_NOISE_SLOPE_WIDTH: Final = 0.7
_BOUNDS: Final = (-14.0, 8.0)
_MOST_SEARCHED: Final = 1_400
"""The search for parameters works on this many records: those of some classes, whole, since a class's own term can only
be told from noise where a class has several."""
_SEARCH_STEPS: Final = (30, 15, 15)
_EM_ROUNDS: Final = 2


@dataclass(frozen=True)
class Grid:
    """Standardised features of the cells (n_cells, …) and of the settings of hyperparameters (n_settings, …).

    A row is ``cell * n_settings + setting``.
    """

    cells: Float
    settings: Float

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.cells) * len(self.settings)

    def split(self, rows: Integer) -> tuple[Integer, Integer]:
        """Cell and setting of each row."""
        cell, setting = np.divmod(rows, len(self.settings))
        return cell, setting


@dataclass(frozen=True)
class Term:
    """A product of a Matérn 3/2 covariance over cells and one over hyperparameters, by column numbers of a grid.

    Attributes:
        cell: columns; none of them is the same for every cell, and None is each cell's own.
        hyper: columns; none of them is the same for every setting.
        amplitude: prior median of its variance, as a part of the targets'.
        rough: Matérn 1/2 over hyperparameters.
    """

    cell: tuple[int, ...] | None
    hyper: tuple[int, ...]
    amplitude: float
    rough: bool = False

    @property
    def n_parameters(self) -> int:
        """A log amplitude and the log lengths."""
        return 1 + len(self.cell or ()) + len(self.hyper)


@dataclass(frozen=True, eq=False)
class _Factor:
    """One side of a term at given lengths: covariance, its derivative's factor, scaled features (None: no lengths)."""

    covariance: Float
    slope: Float | None
    scaled: Float | None


@dataclass(frozen=True, eq=False)
class _Product:
    amplitude: float
    cell: _Factor
    hyper: _Factor


@dataclass(frozen=True)
class KernelSum:
    """Terms of a covariance, and how many features the noise's logarithm is linear in."""

    terms: tuple[Term, ...]
    n_noise: int

    def first_guess(self) -> Float:
        """The prior's means: log amplitude and lengths (cell, then hyperparameters) of a term; noise level, slopes."""
        return self._prior()[0]

    def _prior(self) -> tuple[Float, Float]:
        means, widths = [], []
        for term in self.terms:
            n_cell, n_hyper = len(term.cell or ()), len(term.hyper)
            means += [np.log(term.amplitude), *[_CELL_LENGTH_PRIOR[0]] * n_cell, *[_HYPER_LENGTH_PRIOR[0]] * n_hyper]
            widths += [_AMPLITUDE_WIDTH, *[_CELL_LENGTH_PRIOR[1]] * n_cell, *[_HYPER_LENGTH_PRIOR[1]] * n_hyper]
        means += [_NOISE_PRIOR[0], *[0.0] * self.n_noise]
        widths += [_NOISE_PRIOR[1], *[_NOISE_SLOPE_WIDTH] * self.n_noise]
        return np.array(means), np.array(widths)

    def negative_log_prior(self, parameters: Float) -> tuple[float, Float]:
        """Normal priors, and their gradient."""
        means, widths = self._prior()
        standard = (parameters - means) / widths
        return 0.5 * float((standard**2).sum()), standard / widths

    def products(self, grid: Grid, parameters: Float) -> list[_Product]:
        """The covariances of each term over the grid's cells and settings."""
        products, start = [], 0
        for term in self.terms:
            middle = start + 1 + len(term.cell or ())
            end = start + term.n_parameters
            cell = _factor(grid.cells, term.cell, parameters[start + 1 : middle], rough=False)
            hyper = _factor(grid.settings, term.hyper, parameters[middle:end], rough=term.rough)
            products.append(_Product(float(np.exp(parameters[start])), cell, hyper))
            start = end
        return products

    def noise_variance(self, features: Float, parameters: Float) -> Float:
        """Squared scale of the noise at rows with these features (n, n_noise)."""
        level_and_slopes = parameters[len(parameters) - 1 - self.n_noise :]
        return np.asarray(np.exp(level_and_slopes[0] + features @ level_and_slopes[1:]))


def _factor(features: Float, columns: tuple[int, ...] | None, log_lengths: Float, *, rough: bool) -> _Factor:
    n = len(features)
    if not columns:
        return _Factor(np.eye(n) if columns is None else np.ones((n, n)), None, None)
    scaled = features[:, columns] * np.exp(-log_lengths)
    squares = (scaled * scaled).sum(1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * (scaled @ scaled.T), 1e-12))
    if rough:
        decay = np.exp(-distance)
        return _Factor(decay, decay / distance, scaled)
    decay = np.exp(-_SQRT3 * distance)
    return _Factor((1.0 + _SQRT3 * distance) * decay, 3.0 * decay, scaled)


def _covariance(products: Sequence[_Product], grid: Grid, rows: Integer, others: Integer) -> Float:
    cell, setting = grid.split(rows)
    other_cell, other_setting = grid.split(others)
    total = np.zeros((len(rows), len(others)))
    for product in products:
        part = product.cell.covariance[cell][:, other_cell]
        part *= product.hyper.covariance[setting][:, other_setting]
        part *= product.amplitude
        total += part
    return total


def _negative_log_posterior(
    parameters: Float, kernel: KernelSum, grid: Grid, rows: Integer, y: Float, noise_features: Float, extra: Float
) -> tuple[float, Float]:
    """Of ascending rows and targets whose noise has ``extra`` times the variance of its scale; and its gradient."""
    products = kernel.products(grid, parameters)
    noise = kernel.noise_variance(noise_features, parameters) * extra
    cell, setting = grid.split(rows)
    sides = [_among(product, cell, setting) for product in products]
    covariance = np.zeros((len(rows), len(rows)))
    for by_cell, by_setting in sides:
        covariance += by_cell * by_setting
    covariance[np.diag_indices(len(y))] += noise + _JITTER
    try:
        lower = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return 1e10, np.zeros_like(parameters)
    weights = cho_solve((lower, True), y)
    value = 0.5 * float(y @ weights) + float(np.log(np.diag(lower)).sum())
    sensitivity = 0.5 * (_inverse(lower) - np.outer(weights, weights))
    gradient = []
    for product, (by_cell, by_setting) in zip(products, sides, strict=True):
        gradient += _by_term(product, cell, setting, sensitivity * by_setting, sensitivity * by_cell)
    by_noise = np.diag(sensitivity) * noise
    gradient += [float(by_noise.sum()), *(noise_features.T @ by_noise)]
    prior_value, prior_gradient = kernel.negative_log_prior(parameters)
    return value + prior_value, np.array(gradient) + prior_gradient


def _inverse(lower: Float) -> Float:
    inverse, _ = lapack.dpotri(lower, lower=1)
    inverse = np.tril(inverse)
    return np.asarray(inverse + np.tril(inverse, -1).T)


def _among(product: _Product, cell: Integer, setting: Integer) -> tuple[Float, Float]:
    """A term's covariance over cells, with its amplitude, and over settings, between all pairs of records."""
    by_cell = product.amplitude * product.cell.covariance[np.ix_(cell, cell)]
    return by_cell, product.hyper.covariance[np.ix_(setting, setting)]


def _by_term(
    product: _Product, cell: Integer, setting: Integer, over_cells: Float, over_settings: Float
) -> list[float]:
    """Derivatives by a term's log amplitude and log lengths, from pairs of records summed over cells or settings.

    Args:
        product: the term.
        cell: of each record, ascending.
        setting: of each record.
        over_cells: what a term's covariance over cells is to be multiplied by, and summed, for its amplitude.
        over_settings: the same of its covariance over settings.
    """
    cells, starts = np.unique(cell, return_index=True)
    by_cell = np.add.reduceat(np.add.reduceat(over_cells, starts, axis=0), starts, axis=1) * product.amplitude
    among = np.ix_(cells, cells)
    gradient = [float((by_cell * product.cell.covariance[among]).sum())]
    if product.cell.scaled is not None and product.cell.slope is not None:
        gradient += _by_log_lengths(by_cell * product.cell.slope[among], product.cell.scaled[cells])
    if product.hyper.scaled is not None and product.hyper.slope is not None:
        is_setting = np.zeros((len(cell), len(product.hyper.covariance)))
        is_setting[np.arange(len(cell)), setting] = 1.0
        by_setting = is_setting.T @ (over_settings @ is_setting)
        gradient += _by_log_lengths(by_setting * product.hyper.slope, product.hyper.scaled)
    return gradient


def _by_log_lengths(by_distance: Float, inputs: Float) -> list[float]:
    """Sum over pairs of a symmetric weight times the squared difference of each (scaled) input."""
    squares = (inputs**2 * by_distance.sum(1)[:, None]).sum(0)
    products = np.einsum("ij,ij->j", inputs, by_distance @ inputs)
    return list(2.0 * squares - 2.0 * products)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What the rest of the records say of each record that was left out, arrays (n,) in the targets' units.

    Attributes:
        mean: expected value of the function.
        deviation: its standard deviation.
        noise: scale of the noise there.
    """

    mean: Float
    deviation: Float
    noise: Float


@dataclass(frozen=True, eq=False)
class GridProcess:
    """A process, given its records: everything it returns is in the units of the targets it was fitted to.

    Attributes:
        grid: the features.
        kernel: the covariance's structure.
        parameters: as :meth:`KernelSum.first_guess` orders them.
        rows: rows of the records, ascending; one may occur more than once.
        y: their targets, centred and scaled.
        extra: how many times the variance of its noise's scale a record has: large for outliers, (n,).
        noise_features: of every row of the grid, (n_rows, n_noise).
        centre: mean of the targets.
        scale: their standard deviation.
        degrees: of freedom of the noise.
    """

    grid: Grid
    kernel: KernelSum
    parameters: Float
    rows: Integer
    y: Float
    extra: Float
    noise_features: Float
    centre: float
    scale: float
    degrees: float

    @cached_property
    def _products(self) -> list[_Product]:
        return self.kernel.products(self.grid, self.parameters)

    @cached_property
    def _noise(self) -> Float:
        return self.kernel.noise_variance(self.noise_features, self.parameters)

    @cached_property
    def _lower(self) -> Float:
        covariance = _covariance(self._products, self.grid, self.rows, self.rows)
        covariance[np.diag_indices(len(self.y))] += self._noise[self.rows] * self.extra + _JITTER
        with threadpool_limits(limits=1):  # the order of a sum, and with it the last bit, depends on the threads
            return np.asarray(cholesky(covariance, lower=True, overwrite_a=True, check_finite=False))

    def _solve(self, right: Float) -> Float:
        with threadpool_limits(limits=1):
            return np.asarray(cho_solve((self._lower, True), right))

    @cached_property
    def _inverse(self) -> Float:
        with threadpool_limits(limits=1):
            return _inverse(self._lower)

    def _spread_out(self, weights: Float) -> Float:
        """The covariance of every row with the records, times weights (n,): (n_rows,)."""
        on_grid = np.zeros((len(self.grid.cells), len(self.grid.settings)))
        np.add.at(on_grid, self.grid.split(self.rows), weights)
        with threadpool_limits(limits=1):
            parts = [p.amplitude * (p.cell.covariance @ on_grid @ p.hyper.covariance) for p in self._products]
        return np.asarray(np.sum(parts, axis=0)).ravel()

    @cached_property
    def mean(self) -> Float:
        """Expected value of the function at every row of the grid, (n_rows,)."""
        return np.asarray(self.centre + self.scale * self._spread_out(self._solve(self.y)))

    @cached_property
    def noise(self) -> Float:
        """Scale of the noise at every row of the grid, (n_rows,)."""
        return np.asarray(self.scale * np.sqrt(self._noise))

    def deviation(self, rows: Integer, block: int = 4096) -> Float:
        """Standard deviation of the function at rows, (n,)."""
        prior = sum(product.amplitude for product in self._products)
        deviations = np.empty(len(rows))
        with threadpool_limits(limits=1):
            for start in range(0, len(rows), block):
                part = slice(start, start + block)
                cross = _covariance(self._products, self.grid, self.rows, rows[part])
                explained = solve_triangular(self._lower, cross, lower=True, check_finite=False)
                deviations[part] = np.sqrt(np.maximum(prior - (explained**2).sum(0), _JITTER))
        return np.asarray(self.scale * deviations)

    def draw(self, generator: np.random.Generator) -> Float:
        """A function drawn from the posterior, at every row of the grid, (n_rows,).

        Matheron's rule: a function drawn from the prior, and what the records say of its difference from the truth.
        """
        parts = []
        with threadpool_limits(limits=1):
            for root_cell, root_hyper in self._roots:
                normal = generator.standard_normal((len(self.grid.cells), len(self.grid.settings)))
                parts.append(root_cell @ normal @ root_hyper.T)
        prior = np.sum(parts, axis=0).ravel()
        noise = np.sqrt(self._noise[self.rows] * self.extra) * generator.standard_normal(len(self.rows))
        correction = self._spread_out(self._solve(self.y - prior[self.rows] - noise))
        return np.asarray(self.centre + self.scale * (prior + correction))

    @cached_property
    def _roots(self) -> list[tuple[Float, Float]]:
        with threadpool_limits(limits=1):
            return [
                (np.sqrt(p.amplitude) * _root(p.cell.covariance), _root(p.hyper.covariance)) for p in self._products
            ]

    def leave_out(self, groups: Integer | None = None) -> LeftOut:
        """Each record without itself, or without all records of its group, with the same parameters.

        Args:
            groups: numbers of the groups, (n,); every record alone without it.
        """
        inverse, weights, own = self._inverse, self._solve(self.y), self._noise[self.rows] * self.extra
        means, variances = np.empty_like(self.y), np.empty_like(self.y)
        for member in _members(np.arange(len(self.y)) if groups is None else groups):
            block = np.linalg.inv(inverse[np.ix_(member, member)])
            means[member] = self.y[member] - block @ weights[member]
            variances[member] = np.diag(block)
        return LeftOut(
            self.centre + self.scale * means,
            self.scale * np.sqrt(np.maximum(variances - own, _JITTER)),
            self.scale * np.sqrt(self._noise[self.rows]),
        )

    def with_outliers_weighed(self) -> GridProcess:
        """A step of expectation maximisation: every record's noise by how far off it is."""
        scale = self._noise[self.rows]
        own = scale * self.extra
        residual = own * self._solve(self.y)
        variance = own - own**2 * np.diag(self._inverse)
        extra = (self.degrees + (residual**2 + variance) / scale) / (self.degrees + 1.0)
        return replace(self, extra=extra)


def _root(covariance: Float) -> Float:
    return np.asarray(cholesky(covariance + 1e-8 * np.eye(len(covariance)), lower=True))


def _members(groups: Integer) -> list[Integer]:
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    return np.split(order, starts[1:])


def fit_grid_process(
    grid: Grid,
    kernel: KernelSum,
    rows: Integer,
    values: Float,
    noise_features: Callable[[Float | None], Float],
    *,
    degrees: float,
) -> GridProcess:
    """Fit to targets ``values`` (n,) at ``rows`` (n,); deterministic, whatever the number of threads.

    Args:
        grid: the features.
        kernel: the covariance's structure.
        rows: rows of the records; one may occur more than once.
        values: their targets.
        noise_features: from the expected function at every row (None before it is known) to what the noise depends
            on, (n_rows, n_noise).
        degrees: of freedom of the noise.
    """
    order = np.argsort(rows, kind="stable")
    centre, scale = float(values.mean()), float(values.std()) or 1.0
    process = GridProcess(
        grid,
        kernel,
        kernel.first_guess(),
        rows[order],
        (values[order] - centre) / scale,
        np.ones(len(rows)),
        noise_features(None),
        centre,
        scale,
        degrees,
    )
    searched = _whole_cells(grid.split(process.rows)[0])
    for steps in _SEARCH_STEPS:
        process = replace(process, parameters=_search(process, searched, steps))
        for _ in range(_EM_ROUNDS):
            process = process.with_outliers_weighed()
        process = replace(process, noise_features=noise_features(process.mean))
    return process


def _whole_cells(cell: Integer) -> NDArray[np.bool_]:
    """Records of so many cells, drawn once, that they are no more than the search can bear."""
    order = np.random.Generator(np.random.Philox(key=0)).permutation(cell.max() + 1)
    totals = np.cumsum(np.bincount(cell, minlength=len(order))[order])
    return np.isin(cell, order[totals <= max(_MOST_SEARCHED, totals[0])])


def _search(process: GridProcess, searched: NDArray[np.bool_], steps: int) -> Float:
    """Parameters of the posterior's mode on some records; the grid has their cells alone, which is quicker."""
    rows = process.rows[searched]
    cell, setting = process.grid.split(rows)
    cells, cell = np.unique(cell, return_inverse=True)
    grid = Grid(process.grid.cells[cells], process.grid.settings)
    features = process.noise_features[rows]
    at = cell * len(grid.settings) + setting
    with threadpool_limits(limits=1):
        found = minimize(
            _negative_log_posterior,
            process.parameters,
            args=(process.kernel, grid, at, process.y[searched], features, process.extra[searched]),
            jac=True,
            method="L-BFGS-B",
            bounds=[_BOUNDS] * len(process.parameters),
            options={"maxiter": steps},
        )
    return np.asarray(found.x)
