"""How BOHB proposes a configuration: at random, or from the ratio of two densities fitted to the results so far.

Given the same results under the same random states this proposes what ``get_config`` of hpbandster 0.7.4 proposes.
Source: Falkner et al., "BOHB", ICML 2018. See NOTICE for hpbandster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from ConfigSpace import ConfigurationSpace, UniformIntegerHyperparameter

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.encoding import Encoding, to_configuration
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.optimizers.bohb_density import (
    BANDWIDTHS,
    Bandwidth,
    CandidateSampler,
    Floats,
    KernelDensity,
    best_candidate,
    fit_density,
    set_back,
)
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CHOICES, OPERATIONS, Configuration, cellcode_digits

BOHB_ENCODINGS: Final[tuple[Encoding, ...]] = ("categorical", "integer")
"""Encodings BOHB can model: it has no kernel for ordinals."""


@dataclass(frozen=True)
class BohbSettings:
    """BOHB's options, under hpbandster's names and with its defaults; the last two are ours.

    Attributes:
        min_points_in_model: results on a budget before it gets a model; None is the least, 9.
        top_n_percent: the share of results that counts as good, 1..99.
        num_samples: candidates drawn for one proposal.
        random_fraction: probability of a random proposal although a model stands, 0..1.
        bandwidth_factor: widens the kernel of numeric columns when candidates are drawn.
        min_bandwidth: lower bound of all bandwidths.
        encoding: ``categorical`` (hpbandster's only way to see this space unless it is recoded) or ``integer``:
            learning rate and batch size as ranks under a numeric kernel.
        bandwidth: ``normal_reference`` (hpbandster's) or ``clipped``
            (see :func:`~nhb2_plugins.optimizers.bohb_density.fit_density`).

    Raises:
        InvalidValueError: a value outside these ranges.
    """

    min_points_in_model: int | None = None
    top_n_percent: int = 15
    num_samples: int = 64
    random_fraction: float = 1 / 3
    bandwidth_factor: float = 3
    min_bandwidth: float = 1e-3
    encoding: Encoding = "categorical"
    bandwidth: Bandwidth = "normal_reference"

    def __post_init__(self) -> None:
        if self.encoding not in BOHB_ENCODINGS:
            raise InvalidValueError(describe_choices(self.encoding, BOHB_ENCODINGS, what="BOHB's encoding"))
        if self.bandwidth not in BANDWIDTHS:
            raise InvalidValueError(describe_choices(self.bandwidth, BANDWIDTHS, what="bandwidth"))
        _check_range("top_n_percent", self.top_n_percent, 1, 99)
        _check_range("num_samples", self.num_samples, 1, math.inf)
        _check_range("random_fraction", self.random_fraction, 0, 1)
        _check_range("bandwidth_factor", self.bandwidth_factor, 1e-12, math.inf)
        _check_range("min_bandwidth", self.min_bandwidth, 1e-12, math.inf)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration, and whether it is the model's own vector (False: drawn at random)."""

    configuration: Configuration
    model_based: bool


@dataclass(frozen=True)
class _Model:
    good: KernelDensity
    bad: KernelDensity
    sampler: CandidateSampler


class BohbModel:
    """Learns losses per budget, and proposes configurations.

    Two generators, as in hpbandster: ``RandomState(seed)`` for the coin and the candidates (hpbandster: numpy's global
    state after ``numpy.random.seed(seed)``), and the ConfigurationSpace's own, seeded alike, for random proposals.

    Args:
        settings: the options; None for the defaults.
        seed: seeds both generators.
        space_seed: seeds the ConfigurationSpace's, where it is not ``seed``.
        cellcode: search learning rate and batch size on this cell alone; None searches the cell too.

    Attributes:
        settings: the options.
        generator: the generator of the coin and the candidates.
        space: the ConfigurationSpace that draws random proposals.
        n_points_in_model: ``min_points_in_model``, raised to the least that a density needs (columns + 1).

    Raises:
        InvalidValueError: not a cellcode.
    """

    def __init__(
        self,
        settings: BohbSettings | None = None,
        *,
        seed: int = 0,
        space_seed: int | None = None,
        cellcode: str | None = None,
    ) -> None:
        self.settings = settings or BohbSettings()
        self.generator = np.random.RandomState(seed)
        self._coding = _Coding(self.settings.encoding, cellcode)
        self.space = self._coding.space
        self.space.seed(seed if space_seed is None else space_seed)
        self.n_points_in_model = max(self.settings.min_points_in_model or 0, len(self.space) + 1)
        self._vectors: dict[float, list[Floats]] = {}
        self._losses: dict[float, list[float]] = {}
        self._models: dict[float, _Model] = {}

    @property
    def has_model(self) -> bool:
        """Whether any budget has a model yet."""
        return bool(self._models)

    def propose(self) -> Proposal:
        """A configuration: random without a model and with probability ``random_fraction``, else the model's.

        When no candidate has a usable density, a random configuration is returned, and recorded as such.
        """
        if not self._models or self.generator.random_sample() < self.settings.random_fraction:
            return self._random()
        vector = self._best_vector(self._models[max(self._models)])
        if vector is None:
            self._random()  # hpbandster draws twice here: its first draw fails to convert
            return self._random()
        return Proposal(self._coding.configuration(vector), model_based=True)

    def learn(self, configuration: Configuration, budget: float, loss: float) -> None:
        """Take in a result, and refit the budget's model when it has enough of them.

        Args:
            configuration: what was evaluated.
            budget: what it was asked for at.
            loss: to be minimised; anything that is not finite counts as infinitely bad.
        """
        losses = self._losses.setdefault(budget, [])
        vectors = self._vectors.setdefault(budget, [])
        if self._models and max(self._models) > budget:
            return
        vectors.append(self._coding.vector(configuration))
        losses.append(loss if math.isfinite(loss) else math.inf)
        if len(losses) >= self.n_points_in_model:
            self._fit(budget)

    def _fit(self, budget: float) -> None:
        n, n_least = len(self._losses[budget]), self.n_points_in_model
        n_good = max(n_least, self.settings.top_n_percent * n // 100)
        n_bad = max(n_least, (100 - self.settings.top_n_percent) * n // 100)
        # numpy's default sort, as in hpbandster: it decides on which side of the split equal losses fall.
        order = np.argsort(np.array(self._losses[budget]))
        data = np.array(self._vectors[budget])[order]
        good, bad = data[:n_good], data[n_good : n_good + n_bad]
        if len(bad) <= bad.shape[1]:
            return
        density = self._density(good)
        sampler = CandidateSampler(
            density, bandwidth_factor=self.settings.bandwidth_factor, min_bandwidth=self.settings.min_bandwidth
        )
        self._models[budget] = _Model(density, self._density(bad), sampler)

    def _density(self, data: Floats) -> KernelDensity:
        return fit_density(
            data,
            self._coding.n_choices,
            min_bandwidth=self.settings.min_bandwidth,
            bandwidth=self.settings.bandwidth,
        )

    def _random(self) -> Proposal:
        return Proposal(self._coding.configuration_of_sample(self.space.sample_configuration()), model_based=False)

    def _best_vector(self, model: _Model) -> Floats | None:
        draws, state = model.sampler.draw(self.settings.num_samples, self.generator)
        position, n_seen = best_candidate(model.good.densities(draws.vectors), model.bad.densities(draws.vectors))
        set_back(self.generator, state, draws.n_words[n_seen - 1])
        return None if position is None else draws.vectors[position]


class _Coding:
    """Configurations as the model's vectors and back.

    A column stands where ConfigSpace puts its hyperparameter (it sorts them), because candidates are drawn column by
    column.
    """

    def __init__(self, encoding: Encoding, cellcode: str | None) -> None:
        self._encoding = encoding
        self._fixed_digits = () if cellcode is None else cellcode_digits(cellcode)
        names = HYPERPARAMETER_NAMES[len(self._fixed_digits) :]
        whole = configuration_space(encoding)
        self.space = space = ConfigurationSpace(name=whole.name)
        space.add([whole[name] for name in names])  # ConfigSpace before 1.2 takes no list above
        choices = dict(zip(names, N_CHOICES[len(self._fixed_digits) :], strict=True))
        self._order = [names.index(name) for name in space]
        self._column_of = [list(space).index(name) for name in names]
        numeric = [name for name in space if isinstance(space[name], UniformIntegerHyperparameter)]
        self.n_choices = tuple(0 if name in numeric else choices[name] for name in space)
        # Where each choice lies on its column: its own number, or a place in [0, 1].
        self._places = [
            [float(space[name].to_vector(rank)) for rank in range(n)] if name in numeric else list(map(float, range(n)))
            for name, n in choices.items()
        ]
        self._scales = [choices[name] - 1 if name in numeric else 1 for name in names]

    def vector(self, configuration: Configuration) -> Floats:
        free = configuration.choices[len(self._fixed_digits) :]
        values = [places[choice] for places, choice in zip(self._places, free, strict=True)]
        return np.array([values[i] for i in self._order])

    def configuration(self, vector: Floats) -> Configuration:
        values = vector.tolist()
        free = (round(values[j] * scale) for j, scale in zip(self._column_of, self._scales, strict=True))
        return Configuration.from_choices((*self._fixed_digits, *free))

    def configuration_of_sample(self, sample: Mapping[str, Any]) -> Configuration:
        fixed = {name: OPERATIONS[digit] for name, digit in zip(HYPERPARAMETER_NAMES, self._fixed_digits, strict=False)}
        return to_configuration({**fixed, **sample}, self._encoding)


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InvalidValueError(f"{name} {value!r} is not between {least:g} and {most:g}")
