"""REINFORCE in numpy against PyTorch's own categorical distribution, autograd and Adam, step by step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.optimizers.reinforce import Reinforce
from nhb2_plugins.space import N_CHOICES, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark


class TorchPolicy:
    """Independent softmaxes; the loss is -log π · (reward - baseline), with the reward already in the baseline."""

    def __init__(self, logits: np.ndarray, sizes: list[int], learning_rate: float, decay: float) -> None:
        starts = np.cumsum([0, *sizes])
        self.parameters = [
            torch.tensor(logits[start:end], dtype=torch.float64, requires_grad=True) for start, end in pairwise(starts)
        ]
        self._adam = torch.optim.Adam(self.parameters, lr=learning_rate, betas=(0.9, 0.999), eps=1e-8)
        self._decay = decay
        self._average = 0.0
        self._n = 0

    def log_probability(self, ranks: list[int]) -> torch.Tensor:
        pairs = zip(self.parameters, ranks, strict=True)
        return sum(torch.distributions.Categorical(logits=each).log_prob(torch.tensor(rank)) for each, rank in pairs)

    def learn(self, ranks: list[int], reward: float) -> None:
        self._n += 1
        self._average = self._decay * self._average + (1 - self._decay) * reward
        advantage = reward - self._average / (1 - self._decay**self._n)
        self._adam.zero_grad()
        (-self.log_probability(ranks) * advantage).backward()
        self._adam.step()

    def logits(self) -> np.ndarray:
        return torch.cat(self.parameters).detach().numpy()


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return generated_benchmark()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({}, Subspace()),
        ({"learning_rate": 0.2, "baseline_decay": 0.5}, Subspace()),
        ({}, Subspace(lr=0.1)),
    ],
)
def test_every_step_is_autograds(seed: int, settings: dict[str, float], part: Subspace, bench: Benchmark) -> None:
    ours = Reinforce(seed, restriction=part, **settings)
    sizes = [len(p) for p in ours.probabilities()]
    values = {"learning_rate": 0.01, "baseline_decay": 0.9, **settings}
    theirs = TorchPolicy(ours.logits.copy(), sizes, values["learning_rate"], values["baseline_decay"])
    fixed = [len(range(n)) != size for n, size in zip(N_CHOICES, sizes, strict=True)]
    for _ in range(200):
        suggestion = ours.ask()
        choices = suggestion.configuration.choices
        ranks = [0 if is_fixed else choice for is_fixed, choice in zip(fixed, choices, strict=True)]
        accuracy = bench.evaluate(suggestion.configuration)
        ours.tell(suggestion, accuracy)
        theirs.learn(ranks, accuracy.accuracy_pct)
        np.testing.assert_allclose(ours.logits, theirs.logits(), rtol=1e-9, atol=1e-12)


def test_the_score_is_autograds_gradient() -> None:
    ours = Reinforce(0)
    ours.logits = np.random.default_rng(0).standard_normal(sum(N_CHOICES))
    for index in range(0, 196_608, 9_973):
        configuration = Configuration.from_index(index)
        theirs = TorchPolicy(ours.logits, list(N_CHOICES), 0.01, 0.9)
        theirs.log_probability(list(configuration.choices)).backward()
        gradient = torch.cat([each.grad for each in theirs.parameters]).numpy()
        np.testing.assert_allclose(ours.score(configuration), gradient, rtol=0, atol=1e-14)
