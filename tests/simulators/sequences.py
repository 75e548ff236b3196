"""Fixed sequences of evaluations on one table, and what this package's clock makes of them."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation, open_benchmark
from nhb2_plugins.charging import Charging
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration

BENCH = open_benchmark()
N_CONFIGURATIONS_A_RUNG = 64


class Evaluation(NamedTuple):
    configuration: Configuration
    epoch: int


class Completion(NamedTuple):
    """An evaluation that was told, and the simulated second at which."""

    evaluation: Evaluation
    end_s: float


def mixed_sequence(seed: int) -> list[Evaluation]:
    """192 different configurations, each at an epoch of its own."""
    generator = random.Random(seed)
    indices = generator.sample(range(N_CONFIGURATIONS), 3 * N_CONFIGURATIONS_A_RUNG)
    return [Evaluation(Configuration.from_index(index), generator.randint(1, 12)) for index in indices]


def ladder_sequence(seed: int, epochs: tuple[int, ...]) -> list[Evaluation]:
    """64 configurations at the first epoch, the same at the second, …: each is continued long after it has ended."""
    indices = random.Random(seed).sample(range(N_CONFIGURATIONS), N_CONFIGURATIONS_A_RUNG)
    return [Evaluation(Configuration.from_index(index), epoch) for epoch in epochs for index in indices]


class _InOrder:
    """An optimizer that proposes a sequence as it stands."""

    def __init__(self, sequence: list[Evaluation]) -> None:
        self._left = iter(sequence)

    def ask(self) -> Suggestion | None:
        following = next(self._left, None)
        return None if following is None else Suggestion(*following)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        pass


def completions(
    sequence: list[Evaluation], n_workers: int, charging: Charging, bench: Benchmark = BENCH
) -> list[Completion]:
    """What this package's clock tells, in order."""
    logger = simulate(_InOrder(sequence), bench, budget_s=math.inf, n_workers=n_workers, charging=charging)
    ended: dict[Configuration, float] = {}
    for record in sorted(logger.records, key=lambda each: each.trial):
        if record.start_s < ended.get(record.configuration, 0.0):
            raise ValueError("the sequence continues a configuration that is still running")
        ended[record.configuration] = record.end_s
    return [Completion(Evaluation(each.configuration, each.epoch), each.end_s) for each in logger.records]
