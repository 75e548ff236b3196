"""Gaussian-process regression with a sum of Matérn kernels and noise that depends on the input.

scikit-learn's ``GaussianProcessRegressor`` needs an (n, n, features) gradient for a kernel with a length per feature
and knows one noise level; with a few hundred records that costs minutes a fit. Here the gradient of every length comes
from matrix products, which makes it a matter of seconds, and the noise's logarithm is linear in chosen features.

Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2, 4 and 5; heteroscedastic
noise after Goldberg, Williams and Bishop (NIPS 1997), with a log-linear model in place of a second process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

Float = NDArray[np.float64]

_JITTER = 1e-8
_SQRT3 = float(np.sqrt(3.0))
_LENGTH_PRIOR = (float(np.log(3.0)), 1.5)  # mean and standard deviation of a log length, features standardised
_AMPLITUDE_PRIOR = (float(np.log(0.5)), 2.0)
_FIRST_LOG_NOISE = -2.0
_BOUNDS = (-12.0, 8.0)


@dataclass(frozen=True)
class KernelSum:
    """Which features each Matérn 3/2 term sees, and which ones the noise's logarithm depends on (column numbers)."""

    terms: tuple[tuple[int, ...], ...]
    noise: tuple[int, ...]

    @property
    def n_parameters(self) -> int:
        """An amplitude and the lengths of each term, the noise's level and slopes."""
        return sum(1 + len(term) for term in self.terms) + 1 + len(self.noise)

    def first_guess(self) -> Float:
        """Where the search for parameters starts."""
        guess = [value for term in self.terms for value in (_AMPLITUDE_PRIOR[0], *(_LENGTH_PRIOR[0],) * len(term))]
        return np.array([*guess, _FIRST_LOG_NOISE, *(0.0,) * len(self.noise)])

    def split(self, parameters: Float) -> tuple[list[tuple[float, Float]], Float]:
        """(log amplitude, log lengths) of each term; the noise's level and slopes."""
        terms, start = [], 0
        for term in self.terms:
            terms.append((float(parameters[start]), parameters[start + 1 : start + 1 + len(term)]))
            start += 1 + len(term)
        return terms, parameters[start:]

    def noise_variance(self, x: Float, parameters: Float) -> Float:
        """Variance of the noise at each row of ``x``."""
        level_and_slopes = self.split(parameters)[1]
        return np.asarray(np.exp(level_and_slopes[0] + x[:, self.noise] @ level_and_slopes[1:]))

    def covariance(self, x: Float, z: Float, parameters: Float) -> Float:
        """Covariance without noise, (len(x), len(z))."""
        total = np.zeros((len(x), len(z)))
        for term, (log_amplitude, log_lengths) in zip(self.terms, self.split(parameters)[0], strict=True):
            scale = np.exp(-log_lengths)
            total += _matern(x[:, term] * scale, z[:, term] * scale, log_amplitude)[0]
        return total

    def variance(self, parameters: Float) -> float:
        """Prior variance of the function at any input."""
        return float(sum(np.exp(log_amplitude) for log_amplitude, _ in self.split(parameters)[0]))


def _matern(x: Float, z: Float, log_amplitude: float) -> tuple[Float, Float]:
    """The Matérn 3/2 covariance and the factor of its derivative by a squared scaled distance."""
    squared = (x * x).sum(1)[:, None] + (z * z).sum(1)[None, :] - 2.0 * (x @ z.T)
    distance = np.sqrt(np.maximum(squared, 1e-12))
    decay = np.exp(log_amplitude - _SQRT3 * distance)
    return (1.0 + _SQRT3 * distance) * decay, 3.0 * decay


def _negative_log_posterior(parameters: Float, kernel: KernelSum, x: Float, y: Float) -> tuple[float, Float]:
    terms, _ = kernel.split(parameters)
    scaled = [x[:, term] * np.exp(-lengths) for term, (_, lengths) in zip(kernel.terms, terms, strict=True)]
    parts = [_matern(part, part, amplitude) for part, (amplitude, _) in zip(scaled, terms, strict=True)]
    noise = kernel.noise_variance(x, parameters)
    covariance = np.sum([part[0] for part in parts], axis=0)
    covariance[np.diag_indices(len(y))] += noise + _JITTER
    try:
        lower = cholesky(covariance, lower=True)
    except LinAlgError:
        return 1e10, np.zeros_like(parameters)
    weights = cho_solve((lower, True), y)
    value = 0.5 * float(y @ weights) + float(np.log(np.diag(lower)).sum())
    # d value / d covariance, then the chain rule for each parameter.
    sensitivity = 0.5 * (cho_solve((lower, True), np.eye(len(y))) - np.outer(weights, weights))
    gradient: list[float] = []
    for (part, slope), inputs in zip(parts, scaled, strict=True):
        gradient.append(float((sensitivity * part).sum()))
        by_distance = sensitivity * slope
        gradient += list(
            2.0 * (inputs**2 * by_distance.sum(1)[:, None]).sum(0)
            - 2.0 * np.einsum("ij,ij->j", inputs, by_distance @ inputs)
        )
    by_noise = np.diag(sensitivity) * noise
    gradient += [float(by_noise.sum()), *(x[:, kernel.noise].T @ by_noise)]
    prior_value, prior_gradient = _log_prior(parameters, kernel)
    return value + prior_value, np.array(gradient) + prior_gradient


def _log_prior(parameters: Float, kernel: KernelSum) -> tuple[float, Float]:
    """Weak normal priors (negative logarithm): lengths near 3 standard deviations, noise slopes near 0."""
    means, widths = np.zeros_like(parameters), np.full_like(parameters, np.inf)
    start = 0
    for term in kernel.terms:
        means[start], widths[start] = _AMPLITUDE_PRIOR
        means[start + 1 : start + 1 + len(term)], widths[start + 1 : start + 1 + len(term)] = _LENGTH_PRIOR
        start += 1 + len(term)
    widths[start + 1 :] = 1.0
    standard = (parameters - means) / widths
    return 0.5 * float((standard**2).sum()), standard / widths


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A fitted process: predictions in the units of the target it was fitted to."""

    kernel: KernelSum
    parameters: Float
    x: Float
    centre: float
    scale: float
    _lower: Float
    _weights: Float

    def predict(self, z: Float, block: int = 4096) -> tuple[Float, Float, Float]:
        """Mean, standard deviation of the function, and standard deviation of the noise, each (len(z),)."""
        means, deviations = np.empty(len(z)), np.empty(len(z))
        for start in range(0, len(z), block):
            part = z[start : start + block]
            cross = self.kernel.covariance(part, self.x, self.parameters)
            means[start : start + block] = cross @ self._weights
            explained = solve_triangular(self._lower, cross.T, lower=True)
            variance = self.kernel.variance(self.parameters) - (explained**2).sum(0)
            deviations[start : start + block] = np.sqrt(np.maximum(variance, _JITTER))
        noise = np.sqrt(self.kernel.noise_variance(z, self.parameters))
        return self.centre + self.scale * means, self.scale * deviations, self.scale * noise


def fit_gaussian_process(
    x: Float,
    y: Float,
    kernel: KernelSum,
    *,
    parameters: Sequence[float] | Float | None = None,
    max_iterations: int = 150,
) -> GaussianProcess:
    """Fit to inputs ``x`` (n, features; standardised) and targets ``y`` (n,).

    Args:
        x: the inputs.
        y: the targets; centred and scaled here.
        kernel: the structure.
        parameters: where the search starts; the kernel's own first guess without it.
        max_iterations: of L-BFGS; 0 takes the parameters as they are.
    """
    centre, scale = float(y.mean()), float(y.std()) or 1.0
    standard = (y - centre) / scale
    start = kernel.first_guess() if parameters is None else np.asarray(parameters, dtype=np.float64)
    if max_iterations:
        start = minimize(
            _negative_log_posterior,
            start,
            args=(kernel, x, standard),
            jac=True,
            method="L-BFGS-B",
            bounds=[_BOUNDS] * len(start),
            options={"maxiter": max_iterations},
        ).x
    covariance = kernel.covariance(x, x, start)
    covariance[np.diag_indices(len(y))] += kernel.noise_variance(x, start) + _JITTER
    lower = cholesky(covariance, lower=True)
    return GaussianProcess(kernel, start, x, centre, scale, lower, cho_solve((lower, True), standard))
