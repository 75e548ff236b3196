"""How BOHB proposes a configuration: at random, or from the ratio of two densities fitted to the results so far.

Given the same results under the same random states this proposes what ``get_config`` of hpbandster 0.7.4 proposes.
Source: Falkner et al., "BOHB", ICML 2018. See NOTICE for hpbandster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Final

import numpy as np
from ConfigSpace import ConfigurationSpace, UniformIntegerHyperparameter

from nhb2_plugins.arguments import checked_choice, checked_flag, checked_kind, checked_search_seed
from nhb2_plugins.encoding import Encoding, hyperparameter_choices, to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError
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
from nhb2_plugins.optimizers.bracket_search import Proposal
from nhb2_plugins.optimizers.warm_start import EarlierConfiguration
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.space import EDGE_NAMES, OPERATIONS, Configuration, cellcode_digits
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

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
        checked_choice("BOHB's encoding", self.encoding, BOHB_ENCODINGS)
        checked_choice("bandwidth", self.bandwidth, BANDWIDTHS)
        if self.min_points_in_model is not None:
            _check_range("min_points_in_model", self.min_points_in_model, 0, math.inf, kind=Integral)
        _check_range("top_n_percent", self.top_n_percent, 1, 99, kind=Integral)
        _check_range("num_samples", self.num_samples, 1, math.inf, kind=Integral)
        _check_range("random_fraction", self.random_fraction, 0, 1)
        _check_range("bandwidth_factor", self.bandwidth_factor, 1e-12, math.inf)
        _check_range("min_bandwidth", self.min_bandwidth, 1e-12, math.inf)


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
        cellcode: search learning rate and batch size on this cell alone, with a model of these two; None searches the
            cell too.
        restriction: the part of the space; by default all of it.
        whole_cells: whether the model sees one categorical, ``cell``, in the place of the six edges; None for wherever
            one cellcode stands for its class, which edges cannot express and the model cannot forbid.

    Attributes:
        settings: the options.
        generator: the generator of the coin and the candidates.
        space: the ConfigurationSpace that draws random proposals.
        whole_cells: whether the model sees cells whole.
        n_points_in_model: ``min_points_in_model``, raised to the least that a density needs (columns + 1).

    Raises:
        InvalidValueError: not settings, a seed or a restriction; not a cellcode, or one outside the restriction;
            ``one_per_class`` without ``whole_cells``.
    """

    def __init__(
        self,
        settings: BohbSettings | None = None,
        *,
        seed: int = 0,
        space_seed: int | None = None,
        cellcode: str | None = None,
        restriction: Subspace = WHOLE_SPACE,
        whole_cells: bool | None = None,
    ) -> None:
        self.settings = BohbSettings() if settings is None else settings
        checked_kind("settings", self.settings, BohbSettings)
        self.generator = np.random.RandomState(checked_search_seed(seed))
        restriction = checked_restriction(restriction)
        self._part = restriction if cellcode is None else replace(restriction, cellcode=cellcode)
        if cellcode not in (None, *restriction.cellcodes):
            raise InvalidValueError(f"cell {cellcode!r} is not in {restriction}")
        self.whole_cells = checked_whole_cells(restriction, whole_cells, cellcode)
        self._coding = _Coding(self.settings.encoding, restriction, whole_cells=self.whole_cells, cellcode=cellcode)
        self.space = self._coding.space
        self.space.seed(checked_search_seed(seed if space_seed is None else space_seed))
        self.n_points_in_model = max(self.settings.min_points_in_model or 0, len(self.space) + 1)
        self._vectors: dict[float, list[Floats]] = {}
        self._losses: dict[float, list[float]] = {}
        self._models: dict[float, _Model] = {}

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

    def warm_start(self, earlier: Sequence[EarlierConfiguration]) -> None:
        """Take in the results of an earlier run; see :mod:`nhb2_plugins.optimizers.warm_start`.

        Raises:
            InvalidValueError: a configuration that the space or its encoding does not have.
        """
        for each in earlier:
            configuration = self._coding.configuration_of_sample(each.config)
            self._part.checked(configuration)
            for run in each.runs:
                self.learn(configuration, run.budget, run.loss, refits=each is earlier[-1])

    def learn(self, configuration: Configuration, budget: float, loss: float, *, refits: bool = True) -> None:
        """Take in a result, and refit the budget's model when it has enough of them.

        Args:
            configuration: what was evaluated.
            budget: what it was asked for at.
            loss: to be minimised; anything that is not finite counts as infinitely bad.
            refits: whether the model is refitted now; its next result makes up for it.
        """
        losses = self._losses.setdefault(budget, [])
        vectors = self._vectors.setdefault(budget, [])
        if self._models and max(self._models) > budget:
            return
        vectors.append(self._coding.vector(configuration))
        losses.append(loss if math.isfinite(loss) else math.inf)
        if refits and len(losses) >= self.n_points_in_model:
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
    column. A cellcode that is searched on alone has no columns; a value that the restriction fixes has a column of one
    choice, as it has in hpbandster.
    """

    def __init__(self, encoding: Encoding, part: Subspace, *, whole_cells: bool, cellcode: str | None) -> None:
        self._encoding = encoding
        self._whole_cells = whole_cells
        self._fixed: dict[str, Any] = {}
        if cellcode is not None:
            part = replace(part, cellcode=cellcode)
            self._fixed = {name: OPERATIONS[d] for name, d in zip(EDGE_NAMES, cellcode_digits(cellcode), strict=True)}
        whole = configuration_space(encoding, restriction=part, whole_cells=whole_cells)
        self.space = space = ConfigurationSpace(name=whole.name)
        space.add([whole[name] for name in whole if name not in self._fixed])  # before 1.2 it takes no list above
        choices = hyperparameter_choices(encoding, part, whole_cells=whole_cells)
        self._values = {name: choices[name] for name in space}
        numeric = {name for name in space if isinstance(space[name], UniformIntegerHyperparameter)}
        self.n_choices = tuple(0 if name in numeric else len(values) for name, values in self._values.items())
        # Where each value lies on its column: at its own number, or at a place in [0, 1].
        self._places: dict[str, dict[Any, float]] = {
            name: {value: float(space[name].to_vector(value)) if name in numeric else float(i) for i, value in pairs}
            for name, pairs in ((name, list(enumerate(values))) for name, values in self._values.items())
        }
        self._scales = [len(values) - 1 if name in numeric else 1 for name, values in self._values.items()]

    def vector(self, configuration: Configuration) -> Floats:
        values = to_values(configuration, self._encoding, whole_cells=self._whole_cells)
        return np.array([places[values[name]] for name, places in self._places.items()])

    def configuration(self, vector: Floats) -> Configuration:
        columns = zip(vector.tolist(), self._scales, self._values.items(), strict=True)
        return self.configuration_of_sample({name: values[round(x * scale)] for x, scale, (name, values) in columns})

    def configuration_of_sample(self, sample: Mapping[str, Any]) -> Configuration:
        return to_configuration({**self._fixed, **sample}, self._encoding)


def checked_whole_cells(part: Subspace, whole_cells: bool | None, cellcode: str | None = None) -> bool:
    """Whether BOHB's model sees cells whole: as said, or (None) where edges alone cannot keep the restriction.

    Raises:
        InvalidValueError: neither a truth value nor None; the restriction needs whole cells, or ``cellcode`` leaves no
            cell to choose.
    """
    needs = part.needs_whole_cells and cellcode is None
    if whole_cells is None:
        return needs
    if needs and not checked_flag("whole_cells", whole_cells):
        raise InvalidValueError("BOHB's model knows no forbidden clauses: one_per_class needs whole_cells=True")
    if checked_flag("whole_cells", whole_cells) and cellcode is not None:
        raise InvalidValueError(f"whole_cells=True has no meaning where cell {cellcode!r} alone is searched on")
    return whole_cells


def _check_range(name: str, value: float, least: float, most: float, *, kind: type = Real) -> None:
    if not isinstance(value, kind) or isinstance(value, bool) or math.isinf(value):
        what = "an integer" if kind is Integral else "a finite number"
        raise InvalidValueError(f"{name} {value!r:.80} is not {what}")
    if not least <= value <= most:
        raise InvalidValueError(f"{name} {value!r} is not between {least:g} and {most:g}")
