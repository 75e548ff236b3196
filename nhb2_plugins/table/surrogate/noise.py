"""How far records lie from what a process expects, found from records that were left out.

A process states how sure it is of its function and the scale of its noise. What unseen records are off by decides
how both must be corrected, and the noise's tails, by region: Student's t with a side for each sign.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

ENOUGH: Final = 60
"""Left-out records from which a region's noise is found; those of all regions are taken where it has fewer."""
_GRIDS: Final = {
    "certainty": np.linspace(0.1, 1.3, 25).tolist(),
    "shift": np.linspace(-0.6, 0.6, 25).tolist(),
    "factor_below": np.geomspace(0.25, 2.5, 41).tolist(),
    "degrees_below": [1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 30.0],
    "factor_above": np.geomspace(0.25, 2.5, 41).tolist(),
    "degrees_above": [1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 30.0],
}
_SWEEPS: Final = 4
_NODES: Final = np.linspace(-4.0, 4.0, 41)
_WEIGHTS: Final = stats.norm.pdf(_NODES) / stats.norm.pdf(_NODES).sum()
_RATIO_ANGLES: Final = np.linspace(0.0, 1.5, 31)
_BISECTIONS: Final = 60
_PARTS: Final = 2048
_ENDS: Final = (0.005, 0.998)
"""Quantiles of what records are off by, in scales of their noise, between which noise is drawn. What lies far below is
the model's error rather than a seed's luck, and would make the best cells of a table; what lies far above diverged."""


@dataclass(frozen=True)
class Noise:
    """The noise of one region.

    Attributes:
        certainty: factor of the function's stated deviation.
        shift: median of a record's distance from its expectation, in scales of the noise.
        factor_below: of the noise's stated scale, for records below that median.
        degrees_below: of freedom there.
        factor_above: the same above it.
        degrees_above: the same above it.
        lowest: scales of the noise that a record is below its expectation at most: tails end where records do.
        highest: the same above it.
    """

    certainty: float = 1.0
    shift: float = 0.0
    factor_below: float = 1.0
    degrees_below: float = 4.0
    factor_above: float = 1.0
    degrees_above: float = 4.0
    lowest: float = -6.0
    highest: float = 6.0

    def quantiles(self, levels: Float) -> Float:
        """Quantiles of the noise alone, of scale 1."""
        below = self.factor_below * stats.t.ppf(levels, self.degrees_below)
        above = self.factor_above * stats.t.ppf(levels, self.degrees_above)
        noise = self.shift + np.where(levels < 0.5, below, above)
        return np.asarray(np.clip(noise, self.lowest, self.highest))

    def total_quantiles(self, levels: Float, ratio: float) -> Float:
        """Quantiles of function and noise together, of noise of scale 1, where the deviation is ``ratio`` of it."""
        noise = self.quantiles((np.arange(_PARTS) + 0.5) / _PARTS)
        sums = (noise[:, np.newaxis] + self.certainty * ratio * _NODES).ravel()
        order = np.argsort(sums, kind="stable")
        weights = np.tile(_WEIGHTS / _PARTS, _PARTS)[order]
        return np.interp(levels, np.cumsum(weights) - weights / 2.0, sums[order])

    def likelihood(self, off: Float, deviation: Float, noise: Float) -> float:
        """Log likelihood of records that are ``off`` by so much, up to a constant."""
        function = self.certainty * deviation[:, np.newaxis] * _NODES
        nodes = (off[:, np.newaxis] - function) / noise[:, np.newaxis] - self.shift
        below = _density(nodes, self.factor_below, self.degrees_below)
        above = _density(nodes, self.factor_above, self.degrees_above)
        return float(np.log(np.where(nodes < 0.0, below, above) @ _WEIGHTS + 1e-300).sum())

    def limit(self, level: float, ratio: Float) -> Float:
        """Quantile of function and noise together, of noise of scale 1; ``ratio`` is the deviation over that scale."""
        ratios = np.tan(_RATIO_ANGLES)
        low = np.full(len(ratios), -1e4)
        high = -low
        shift = self.shift + self.certainty * ratios[:, np.newaxis] * _NODES
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            nodes = middle[:, np.newaxis] - shift
            below = stats.t.cdf(nodes / self.factor_below, self.degrees_below)
            above = stats.t.cdf(nodes / self.factor_above, self.degrees_above)
            is_below = np.where(nodes < 0.0, below, above) @ _WEIGHTS < level
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        unit = np.interp(np.arctan(ratio), _RATIO_ANGLES, (low + high) / 2.0 / np.hypot(1.0, ratios))
        return np.asarray(unit * np.hypot(1.0, ratio))


def _density(z: Float, factor: float, degrees: float) -> Float:
    constant = gammaln((degrees + 1.0) / 2.0) - gammaln(degrees / 2.0) - 0.5 * np.log(degrees * np.pi)
    z = z / factor
    return np.asarray(np.exp(constant - (degrees + 1.0) / 2.0 * np.log1p(z * z / degrees)) / factor)


@dataclass(frozen=True)
class NoiseRegions:
    """Where noise is found separately: between edges of the expected value, and of the function's stated deviation.

    Attributes:
        values: edges of the expected value, ascending.
        deviations: edges of the deviation, ascending.
    """

    values: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()

    def __len__(self) -> int:
        """How many there are."""
        return (len(self.values) + 1) * (len(self.deviations) + 1)

    def of(self, value: Float, deviation: Float) -> Integer:
        """The region of each, (n,): by value first, and within that by deviation; an edge belongs to the upper one."""
        by_value, by_deviation = (
            np.searchsorted(np.array(edges), numbers, side="right")
            for edges, numbers in ((self.values, value), (self.deviations, deviation))
        )
        return np.asarray(by_value * (len(self.deviations) + 1) + by_deviation, dtype=np.int64)


@dataclass(frozen=True)
class NoiseShape:
    """The noise of each region, by its number."""

    regions: tuple[Noise, ...]

    def certainty(self, region: Integer) -> Float:
        """Factor of the function's stated deviation in each region."""
        return np.array([noise.certainty for noise in self.regions])[region]

    def limit(self, quantile: float, region: Integer, deviation: Float, noise: Float) -> Float:
        """By how much a record is off its expectation at most, with a probability.

        Args:
            quantile: that probability.
            region: of each record.
            deviation: of the function, as the process states it.
            noise: its scale, as the process states it.
        """
        limits = np.empty(len(region))
        for number, here in enumerate(self.regions):
            chosen = region == number
            limits[chosen] = noise[chosen] * here.limit(quantile, deviation[chosen] / noise[chosen])
        return limits

    def sample(self, region: Integer, generator: np.random.Generator) -> Float:
        """Noise of scale 1 in each region."""
        levels = generator.uniform(size=len(region))
        samples = [noise.quantiles(levels) for noise in self.regions]
        return np.asarray(np.array(samples)[region, np.arange(len(region))])


def find_noise_shape(
    n_regions: int, region: Integer, off: Float, deviation: Float, noise: Float, *, degrees: float
) -> NoiseShape:
    """The shape by maximum likelihood over left-out records, arrays (n,).

    Args:
        n_regions: how many there are.
        region: of each record.
        off: record minus expectation.
        deviation: of the function.
        noise: its scale, as the process states it.
        degrees: of freedom where there are too few records.
    """
    first = Noise(degrees_below=degrees, degrees_above=degrees)
    found = []
    for number in range(n_regions):
        here = region == number
        chosen = here if here.sum() >= ENOUGH else np.ones_like(here)
        found.append(_find(first, off[chosen], deviation[chosen], noise[chosen]) if chosen.sum() >= ENOUGH else first)
    return NoiseShape(tuple(found))


def _find(noise: Noise, off: Float, deviation: Float, scale: Float) -> Noise:
    """The best value of one number after the other."""
    lowest, highest = np.quantile(off / scale, _ENDS)
    noise = replace(noise, lowest=min(float(lowest), -2.0), highest=max(float(highest), 2.0))
    for _ in range(_SWEEPS):
        for name, grid in _GRIDS.items():
            candidates = [replace(noise, **{name: value}) for value in grid]
            noise = max(candidates, key=lambda candidate: candidate.likelihood(off, deviation, scale))
    return noise
