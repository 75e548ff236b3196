"""A user's prior belief, of a stated quality: one configuration out of a band of the table's own error quantiles.

Methods that take a prior (PriorBand, πBO, BOHB's and SMAC's like) are compared under good and bad ones. Elsewhere
priors are the best, middle and worst of a random sample; the table is whole here, so that a prior's rank is exact.

Source: mf-prior-bench, whose good, medium and bad priors are drawn so; Mallik et al., "PriorBand", NeurIPS 2023
(arXiv:2306.12370), which compares under them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, cast

import numpy as np

from nhb2_plugins.arguments import checked_choice, checked_search_seed, is_number
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.metric import error_pct
from nhb2_plugins.problem import Problem, ProblemArguments, SeedlessArguments, as_problem
from nhb2_plugins.shown import as_html
from nhb2_plugins.space import Configuration

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Quality = Literal["good", "medium", "bad", "adversarial"]
BANDS: Final[Mapping[Quality, tuple[float, float]]] = MappingProxyType(
    {"good": (0.0, 0.01), "medium": (0.45, 0.55), "bad": (0.9, 0.99), "adversarial": (0.99, 1.0)}
)
"""Quantiles of the error, from and to, that a prior of each quality is drawn from: 0 is the best configuration, 1 the
worst."""


@dataclass(frozen=True)
class Prior:
    """What a user believes to be good, and how far it is.

    Attributes:
        quality: ``good``, ``medium``, ``bad`` or ``adversarial``.
        configuration: the believed optimum.
        error_pct: its error at the problem's fidelity, in percent.
        quantile: its position among the problem's configurations by that error, 0 for the best, below 1; equal errors
            stand in index order.
        problem: what is searched.
    """

    quality: Quality
    configuration: Configuration
    error_pct: float
    quantile: float
    problem: Problem = field(repr=False)

    _repr_html_ = as_html

    @property
    def values(self) -> dict[str, Any]:
        """The believed optimum by hyperparameter name, in the problem's encoding: a default or first configuration."""
        return self.problem.values(self.configuration)

    def weights(self, confidence: float = 0.5) -> dict[str, list[float]]:
        """The prior as probabilities of each hyperparameter's values, in the order of ``problem.choices``.

        Args:
            confidence: the probability of the believed value, from 0 to 1; the others share the rest evenly.

        Raises:
            InvalidValueError: the confidence is none.
        """
        if not is_number(confidence) or not 0 < confidence < 1:
            raise InvalidValueError(f"confidence {confidence!r} is not between 0 and 1")
        believed = self.values
        return {name: _weights(values, believed[name], confidence) for name, values in self.problem.choices.items()}

    def configuration_space(self, confidence: float = 0.5, *, seed: int | None = None) -> ConfigurationSpace:
        """The problem's space with the prior in it, as ConfigSpace and SMAC take one.

        Categorical hyperparameters have :meth:`weights`, from which ConfigSpace draws and which SMAC's
        ``PriorAcquisitionFunction`` reads; all have the believed value as their default, from which SMAC's
        ``DefaultInitialDesign`` starts. Ordinals and numbers have no weights in ConfigSpace: the encoding
        ``categorical``, which is also that of a problem without one, says the most.

        Args:
            confidence: as :meth:`weights`.
            seed: of the space's own generator.

        Raises:
            InvalidValueError: as :meth:`weights`, or a seed that is none.
        """
        from nhb2_plugins.search_space import believed_configuration_space  # ConfigSpace takes over a second to import

        problem, weights = self.problem, self.weights(confidence)
        return believed_configuration_space(
            problem.settled_encoding, self.values, weights, seed=seed, restriction=problem.restriction
        )


def prior(
    quality: Quality,
    bench: Benchmark | Problem | None = None,
    *,
    seed: int = 0,
    **arguments: Unpack[SeedlessArguments],
) -> Prior:
    """A prior of a stated quality.

    The configurations of the problem's part of the space are put in order of their validation error at its fidelity
    (of the expected test error at 200 epochs), equal ones by index. Those whose position, as a fraction of all, lies in
    the quality's band (:data:`BANDS`) are equally likely.

    >>> found = prior("good", seed=1)
    >>> found.quantile < 0.01, found.configuration == prior("good", seed=1).configuration
    (True, True)

    Args:
        quality: ``good`` (the best hundredth), ``medium`` (the middle tenth), ``bad`` (from 0.90 to 0.99) or
            ``adversarial`` (the worst hundredth).
        bench: the problem, or a benchmark and a problem's keywords; None opens the default one.
        seed: draws the configuration, 0 … 2³² − 1. (The table's seed is a problem's.)
        **arguments: a problem's keywords, beside a benchmark.

    Raises:
        InvalidValueError: an unknown quality, a seed that is none, a part of the space so small that no configuration
            is in the band, or as :class:`~nhb2_plugins.problem.Problem`.
    """
    checked_choice("quality of a prior", quality, BANDS)
    problem = as_problem(open_benchmark() if bench is None else bench, cast(ProblemArguments, arguments))
    indices = problem.restriction.indices
    accuracy, _ = problem.bench.evaluate_many(indices, problem.epoch, seed=problem.seed)
    order = np.argsort(-accuracy, kind="stable")
    first, last = (math.ceil(quantile * len(order)) for quantile in BANDS[quality])
    if first == last:
        raise InvalidValueError(f"no configuration of {problem.restriction} is in the band {BANDS[quality]}")
    position = int(np.random.default_rng(checked_search_seed(seed)).integers(first, last))
    chosen = order[position]
    configuration = Configuration.from_index(indices[chosen])
    return Prior(quality, configuration, error_pct(float(accuracy[chosen])), position / len(order), problem)


def _weights(values: Sequence[Any], believed: Any, confidence: float) -> list[float]:
    if len(values) == 1:
        return [1.0]
    others = (1 - confidence) / (len(values) - 1)
    return [float(confidence if value == believed else others) for value in values]
