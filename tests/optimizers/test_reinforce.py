"""REINFORCE: its gradient, its baseline, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.reinforce import Adam, MovingAverage, Reinforce
from nhb2_plugins.space import N_CHOICES, Configuration


def observed(accuracy_pct: float) -> Observation:
    return Observation(accuracy_pct, 100.0, 12, "valid", 222)


def log_probability(optimizer: Reinforce, configuration: Configuration) -> float:
    return float(sum(np.log(p[c]) for p, c in zip(optimizer.probabilities(), configuration.choices, strict=True)))


def test_the_score_is_the_gradient_of_the_log_probability() -> None:
    optimizer = Reinforce(0)
    optimizer.logits = np.random.default_rng(1).standard_normal(sum(N_CHOICES))
    configuration = Configuration.from_index(123_456)
    score = optimizer.score(configuration)
    step = 1e-6
    for i in range(len(optimizer.logits)):
        original = optimizer.logits[i]
        optimizer.logits[i] = original + step
        above = log_probability(optimizer, configuration)
        optimizer.logits[i] = original - step
        below = log_probability(optimizer, configuration)
        optimizer.logits[i] = original
        assert score[i] == pytest.approx((above - below) / (2 * step), abs=1e-8)


def test_the_first_result_moves_nothing() -> None:
    optimizer = Reinforce(3)
    before = optimizer.logits.copy()
    optimizer.tell(optimizer.ask(), observed(80.0))
    assert np.array_equal(optimizer.logits, before)
    optimizer.tell(optimizer.ask(), observed(90.0))
    assert not np.array_equal(optimizer.logits, before)


def test_the_moving_average_is_corrected_for_its_start() -> None:
    average = MovingAverage(0.9)
    assert average.update(50.0) == pytest.approx(50.0)
    assert average.update(70.0) == pytest.approx((0.9 * 50 + 70) / 1.9)


def test_adams_first_step_has_the_learning_rates_size() -> None:
    moved = Adam(0.01, 2).step(np.zeros(2), np.array([5.0, -0.001]))
    assert moved == pytest.approx([-0.01, 0.01], rel=1e-4)


def test_the_policy_finds_a_coordinate_that_pays() -> None:
    optimizer = Reinforce(0, learning_rate=0.1)
    for _ in range(300):
        suggestion = optimizer.ask()
        optimizer.tell(suggestion, observed(90.0 if suggestion.configuration.batch_size == 64 else 50.0))
    assert optimizer.probabilities()[7][2] > 0.9


def test_a_seed_decides_the_sequence() -> None:
    def sequence(seed: int) -> list[int]:
        optimizer = Reinforce(seed)
        indices = []
        for accuracy in range(40, 60):
            suggestion = optimizer.ask()
            indices.append(suggestion.configuration.index)
            optimizer.tell(suggestion, observed(float(accuracy)))
        return indices

    assert sequence(1) == sequence(1) != sequence(2)


def test_a_policy_of_one_answers_results_that_come_late() -> None:
    optimizer = Reinforce(0)
    pending: list[Suggestion] = [optimizer.ask() for _ in range(4)]
    for suggestion in reversed(pending):
        optimizer.tell(suggestion, observed(70.0))
    assert np.isfinite(optimizer.logits).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"learning_rate": 0.0}, "learning_rate 0.0"), ({"baseline_decay": 1.0}, "baseline_decay 1.0")],
)
def test_settings_out_of_range_are_named(settings: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        Reinforce(0, **settings)
