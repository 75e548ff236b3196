"""REINFORCE: a policy of independent softmaxes, one per coordinate, trained by the score function.

Source: Williams, "Simple statistical gradient-following algorithms", Machine Learning 1992; settings as in
NAS-HPO-Bench-II's baseline (Hirose et al., ACML 2021). The gradient of a log-probability of a softmax is the chosen
one-hot vector minus the probabilities, so no autograd is needed.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.arguments import checked_search_seed, is_number
from nhb2_plugins.ask_tell import ShowsArguments, Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import checked_epoch
from nhb2_plugins.optimizers.draws import settled
from nhb2_plugins.space import EDGES, N_CHOICES, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

_Floats = NDArray[np.float64]
_INITIAL_SCALE: Final = 1e-3


class Adam:
    """Adam with its usual constants (Kingma and Ba, ICLR 2015); minimises.

    Args:
        learning_rate: step size.
        size: number of parameters.
    """

    BETAS: Final = (0.9, 0.999)
    EPSILON: Final = 1e-8

    def __init__(self, learning_rate: float, size: int) -> None:
        self._learning_rate = learning_rate
        self._mean = np.zeros(size)
        self._square = np.zeros(size)
        self._n_steps = 0

    def step(self, parameters: _Floats, gradient: _Floats) -> _Floats:
        """The parameters after one step against a gradient; both of shape (size,)."""
        first, second = self.BETAS
        self._n_steps += 1
        self._mean = first * self._mean + (1 - first) * gradient
        self._square = second * self._square + (1 - second) * gradient**2
        mean = self._mean / (1 - first**self._n_steps)
        square = self._square / (1 - second**self._n_steps)
        return parameters - self._learning_rate * mean / (np.sqrt(square) + self.EPSILON)


class MovingAverage:
    """An exponential moving average, corrected for its start at zero.

    Args:
        decay: weight of the past, in [0, 1).
    """

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._sum = 0.0
        self._n = 0

    def update(self, value: float) -> float:
        """The average including a new value."""
        self._n += 1
        self._sum = self._decay * self._sum + (1 - self._decay) * value
        return self._sum / (1 - self._decay**self._n)


class Reinforce(ShowsArguments):
    """REINFORCE: samples configurations from the policy; each result moves the policy's logits.

    The baseline takes the reward in *before* it is subtracted, as in the reference: the first gradient is zero.

    Args:
        seed: seeds the initial logits and the draws.
        epoch: the fidelity to search at.
        learning_rate: Adam's step size.
        baseline_decay: decay of the reward's moving average.
        restriction: the part of the space; by default all of it. Where one cellcode stands for each isomorphism class,
            which independent softmaxes cannot express, a drawn cell is evaluated as its class's own, and the policy
            learns of the cell drawn.

    Raises:
        InvalidValueError: a learning rate that is not positive, or a decay outside [0, 1).
    """

    def __init__(
        self,
        seed: int,
        *,
        epoch: int = 12,
        learning_rate: float = 0.01,
        baseline_decay: float = 0.9,
        restriction: Subspace = WHOLE_SPACE,
    ) -> None:
        if not is_number(learning_rate) or not 0 < learning_rate < math.inf:
            raise InvalidValueError(f"learning_rate {learning_rate!r:.80} is not a positive number")
        if not is_number(baseline_decay) or not 0 <= baseline_decay < 1:
            raise InvalidValueError(f"baseline_decay {baseline_decay!r} is not in [0, 1)")
        self._generator = np.random.default_rng(checked_search_seed(seed))
        self._epoch = checked_epoch(epoch)
        self._part = checked_restriction(restriction)
        self._allowed = _allowed_choices(self._part)
        self._offsets = np.concatenate([[0], np.cumsum([len(allowed) for allowed in self._allowed])])
        self.logits: _Floats = _INITIAL_SCALE * self._generator.standard_normal(int(self._offsets[-1]))
        self._adam = Adam(learning_rate, len(self.logits))
        self._baseline = MovingAverage(baseline_decay)

    def probabilities(self) -> list[_Floats]:
        """The policy: for each of the eight coordinates the probabilities of the choices that are left of it."""
        return [_softmax(self.logits[start:end]) for start, end in zip(self._offsets, self._offsets[1:], strict=False)]

    def ask(self) -> Suggestion:
        """A draw from the policy as it stands."""
        ranks = tuple(int(self._generator.choice(len(p), p=p)) for p in self.probabilities())
        drawn = Configuration.from_choices(
            tuple(allowed[rank] for allowed, rank in zip(self._allowed, ranks, strict=True))
        )
        return Suggestion(settled(drawn, self._part), self._epoch, token=drawn)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Move the policy along the score of the suggestion, weighed by the reward above the baseline."""
        reward = observation.accuracy_pct
        advantage = reward - self._baseline.update(reward)
        self.logits = self._adam.step(self.logits, -advantage * self.score(suggestion.token))

    def score(self, configuration: Configuration) -> _Floats:
        """Gradient of a drawn configuration's log-probability by the logits, shape (sum of choices left,)."""
        gradient = -np.concatenate(self.probabilities())
        for offset, allowed, choice in zip(self._offsets, self._allowed, configuration.choices, strict=False):
            gradient[offset + allowed.index(choice)] += 1
        return gradient


def _allowed_choices(part: Subspace) -> tuple[tuple[int, ...], ...]:
    """The choices of each coordinate that a part leaves, whatever the others are."""
    fixed = Configuration(part.cellcodes[0], part.learning_rates[0], part.batch_sizes[0]).choices
    is_fixed = (*(part.cellcode is not None,) * len(EDGES), part.lr is not None, part.batch_size is not None)
    return tuple(
        (choice,) if is_one else tuple(range(n)) for choice, is_one, n in zip(fixed, is_fixed, N_CHOICES, strict=True)
    )


def _softmax(logits: _Floats) -> _Floats:
    weights = np.exp(logits - logits.max())
    probabilities: _Floats = weights / weights.sum()
    return probabilities
