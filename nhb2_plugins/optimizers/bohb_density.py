"""BOHB's density model: product kernels over mixed columns, candidates drawn from one, and the ratio of two.

Everything here reproduces, bit for bit on categorical columns, what hpbandster 0.7.4 computes with statsmodels'
``KDEMultivariate(bw="normal_reference")`` one candidate at a time, quirks included:

- bandwidths of category codes are not bounded, so ``1 - h`` can be negative and so can densities;
- a kernel counts the levels *seen in its data*: a column with a single value divides by zero, which makes densities
  infinite or NaN for any other value.

Two things make it fast. All candidates are evaluated at once, by looking kernel values up in a table per column; and
the random numbers of all candidates are read from one bulk draw of the generator, which is then set back to the place
where drawing one by one would have left it.

Source: Falkner et al., "BOHB", ICML 2018; Aitchison and Aitken, Biometrika 1976. See NOTICE for hpbandster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Bandwidth = Literal["normal_reference", "clipped"]
BANDWIDTHS: Final[tuple[Bandwidth, ...]] = ("normal_reference", "clipped")

CLIP_FRACTION: Final = 0.5
"""A clipped bandwidth stays below this fraction of (c - 1) / c, where a kernel over c choices becomes flat."""

_SMALLEST_DENSITY: Final = 1e-32
_NORMAL: Final = NormalDist()
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KernelDensity:
    """A product-kernel density over columns of which each is categorical or numeric.

    Attributes:
        data: (n, d) float64; a choice number in a categorical column, a value in [0, 1] in a numeric one.
        bandwidths: (d,) float64, positive.
        n_choices: for each column the number of its choices, 0 for a numeric one.
        tables: for each categorical column the kernel values, (choices, n); None for a numeric one.
    """

    data: Floats
    bandwidths: Floats
    n_choices: tuple[int, ...]
    tables: tuple[Floats | None, ...]

    def densities(self, vectors: Floats) -> Floats:
        """The density at each of m vectors, (m, d) → (m,). May be negative, infinite or NaN (see the module)."""
        # One column after the other and a row sum over contiguous memory: the order of operations in which
        # statsmodels evaluates a single point, hence the same bits.
        kernels = np.ones((len(vectors), len(self.data)))
        with np.errstate(invalid="ignore", over="ignore"):
            for j, table in enumerate(self.tables):
                column = vectors[:, j]
                kernels *= self._gaussian(j, column) if table is None else table[column.astype(np.intp)]
            densities: Floats = (kernels / self._numeric_volume()).sum(axis=1) / len(self.data)
        return densities

    def _gaussian(self, j: int, column: Floats) -> Floats:
        distances = self.data[None, :, j] - column[:, None]
        kernel: Floats = (1.0 / np.sqrt(2 * np.pi)) * np.exp(-(distances**2) / (self.bandwidths[j] ** 2 * 2.0))
        return kernel

    def _numeric_volume(self) -> float:
        return float(np.prod(self.bandwidths[[n == 0 for n in self.n_choices]]))


def fit_density(
    data: Floats, n_choices: tuple[int, ...], *, min_bandwidth: float, bandwidth: Bandwidth = "normal_reference"
) -> KernelDensity:
    """Fit a density to data.

    Args:
        data: (n, d) float64, C-contiguous.
        n_choices: for each column the number of its choices, 0 for a numeric one.
        min_bandwidth: lower bound of every bandwidth.
        bandwidth: ``normal_reference`` is statsmodels' rule; ``clipped`` bounds it on categorical columns, where it
            is too wide to mean anything, and counts all choices of a column instead of those seen.
    """
    n, d = data.shape
    widths = np.clip(1.06 * np.std(data, axis=0) * n ** (-1.0 / (4 + d)), min_bandwidth, None)
    levels = [len(np.unique(data[:, j])) for j in range(d)]
    if bandwidth == "clipped":
        widths = np.array([_clipped(h, c) for h, c in zip(widths.tolist(), n_choices, strict=True)])
        levels = list(n_choices)
    tables = tuple(
        _kernel_table(data[:, j], widths[j], n_choices[j], levels[j]) if n_choices[j] else None for j in range(d)
    )
    return KernelDensity(data, widths, n_choices, tables)


def _clipped(width: float, n_choices: int) -> float:
    return min(width, CLIP_FRACTION * (n_choices - 1) / n_choices) if n_choices else width


def _kernel_table(column: Floats, width: np.float64, n_choices: int, n_levels: int) -> Floats:
    """Aitchison–Aitken kernel of every choice (rows) against every datum (columns)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mismatch = np.float64(width) / np.float64(n_levels - 1)
    return np.where(np.arange(n_choices)[:, None] == column[None, :], 1 - width, mismatch)


@dataclass(frozen=True)
class Draws:
    """Candidates drawn from a density.

    Attributes:
        vectors: (m, d) float64.
        n_words: for each candidate, how many 32-bit words of the generator were used up to its end.
    """

    vectors: Floats
    n_words: tuple[int, ...]


class CandidateSampler:
    """Draws BOHB's candidates around the data of a density: a datum at random, each column kept or redrawn.

    A categorical column is redrawn uniformly with probability ``bandwidth``; a numeric one is drawn from a normal
    truncated to [0, 1], widened by ``bandwidth_factor``.
    """

    def __init__(self, density: KernelDensity, *, bandwidth_factor: float, min_bandwidth: float) -> None:
        widths = [max(width, min_bandwidth) for width in density.bandwidths.tolist()]
        self._rows: list[list[float]] = density.data.tolist()
        self._columns = [
            (n, (1 << (n - 1).bit_length()) - 1, 1 - width) if n else (0, 0, bandwidth_factor * width)
            for n, width in zip(density.n_choices, widths, strict=True)
        ]

    def draw(self, n_candidates: int, generator: np.random.RandomState) -> tuple[Draws, dict[str, object]]:
        """Draw candidates; the generator is left *beyond* them.

        Returns:
            the candidates, and the generator's state before them: pass both to :func:`set_back`.
        """
        state: dict[str, object] = generator.get_state(legacy=False)
        n_words = n_candidates * (2 + 4 * len(self._columns))
        words = _words(generator, n_words)
        while True:
            try:
                return self._decode(words, n_candidates), state
            except IndexError:  # an improbable run of rejections: take more words
                words = np.concatenate([words, _words(generator, n_words)])

    def _decode(self, words: NDArray[np.uint32], n_candidates: int) -> Draws:
        # NumPy guarantees the stream of RandomState for good (NEP 19): a double takes two words (27 + 26 bits), a
        # bounded integer takes words, masked to its bits, until one is small enough.
        doubles = _doubles(words)
        integers: list[int] = words.tolist()
        vectors, ends, position = [], [], 0
        for _ in range(n_candidates):
            row, position = _bounded(integers, position, len(self._rows), (1 << (len(self._rows) - 1).bit_length()) - 1)
            vector = []
            for value, (n, mask, width) in zip(self._rows[row], self._columns, strict=True):
                uniform = doubles[position]
                position += 2
                if n == 0:
                    vector.append(truncated_normal(uniform, value, width))
                elif uniform < width or n == 1:  # one choice: NumPy draws nothing
                    vector.append(value)
                else:
                    while integers[position] & mask >= n:
                        position += 1
                    vector.append(integers[position] & mask)
                    position += 1
            vectors.append(vector)
            ends.append(position)
        return Draws(np.array(vectors, dtype=np.float64), tuple(ends))


def set_back(generator: np.random.RandomState, state: dict[str, object], n_words: int) -> None:
    """Put a generator where it stands ``n_words`` 32-bit words after a state."""
    generator.set_state(state)
    _words(generator, n_words)


def truncated_normal(uniform: float, mean: float, width: float) -> float:
    """The quantile of a normal around ``mean`` in [0, 1], truncated to [0, 1].

    Args:
        uniform: the probability, in [0, 1).
        mean: in [0, 1].
        width: standard deviation before truncation, positive.
    """
    below = _lower_tail(-mean / width)
    above = _lower_tail((mean - 1) / width)
    inside = 1 - below - above
    lower = below + uniform * inside
    # The smaller tail keeps its digits.
    if lower <= 0.5:
        quantile = _NORMAL.inv_cdf(lower) if lower > 0 else -math.inf
    else:
        upper = above + (1 - uniform) * inside
        quantile = -_NORMAL.inv_cdf(upper) if upper > 0 else math.inf
    return min(max(mean + width * quantile, 0.0), 1.0)


def best_candidate(good: Floats, bad: Floats) -> tuple[int | None, int]:
    """Which candidate BOHB proposes, given both densities at each, in order of drawing: (m,), (m,).

    The smallest ratio bad/good wins, the first of equals. The first candidate whose ratio is not finite although its
    good density is (the bad density knows no such category) ends the search and is proposed at once.

    Returns:
        its position, or None when no candidate has a finite ratio; and how many candidates were looked at.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        # As Python's max() treats NaN: a NaN bad density counts as the smallest, a NaN good one stays NaN.
        ratios = np.where(bad > _SMALLEST_DENSITY, bad, _SMALLEST_DENSITY) / np.where(
            good < _SMALLEST_DENSITY, _SMALLEST_DENSITY, good
        )
    finite = np.isfinite(ratios)
    ends = ~finite & np.isfinite(good)
    if ends.any():
        first = int(np.argmax(ends))
        return first, first + 1
    if not finite.any():
        return None, len(ratios)
    return int(np.argmin(np.where(finite, ratios, np.inf))), len(ratios)


def _lower_tail(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _words(generator: np.random.RandomState, n: int) -> NDArray[np.uint32]:
    return generator.randint(0, 1 << 32, size=n, dtype=np.uint32)


def _doubles(words: NDArray[np.uint32]) -> list[float]:
    doubles: list[float] = (((words[:-1] >> 5) * 67108864.0 + (words[1:] >> 6)) / 9007199254740992.0).tolist()
    return doubles


def _bounded(words: Sequence[int], position: int, n: int, mask: int) -> tuple[int, int]:
    while words[position] & mask >= n:
        position += 1
    return words[position] & mask, position + 1
