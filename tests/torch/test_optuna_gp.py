"""Optuna's Gaussian process behind the protocol."""

from __future__ import annotations

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.simulation import simulate
from nhb2_plugins.subspace import Subspace


def sequence(bench: Benchmark, seed: int, budget_s: float = 5_000, **arguments: object) -> list[int]:
    optimizer = make_optimizer("optuna", seed=seed, settings={"sampler": "gp", "n_startup_trials": 5}, **arguments)
    logger = simulate(optimizer, bench, budget_s=budget_s)
    return [record.configuration.index for record in logger.records]


def test_a_seed_is_a_sequence(bench: Benchmark) -> None:
    first = sequence(bench, 0)
    assert len(first) > 8
    assert sequence(bench, 0) == first != sequence(bench, 1)


def test_the_model_takes_over_after_the_start(bench: Benchmark) -> None:
    """Two runs of one seed share their random start, and part where one of them has a model."""
    early = sequence(bench, 0)
    late = [
        record.configuration.index
        for record in simulate(
            make_optimizer("optuna", seed=0, settings={"sampler": "gp", "n_startup_trials": 1000}),
            bench,
            budget_s=5_000,
        ).records
    ]
    assert early[:5] == late[:5]
    assert early[5:8] != late[5:8]


def test_it_keeps_to_a_part_of_the_space(bench: Benchmark) -> None:
    part = Subspace(cellcode="0|10|210")
    assert set(sequence(bench, 0, restriction=part)) <= set(part.indices.tolist())


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(InvalidValueError, match="n_start_trials"):
        make_optimizer("optuna", seed=0, settings={"sampler": "gp", "n_start_trials": 5})


def test_it_minimises_two_objectives(bench: Benchmark) -> None:
    first, second = (sequence(bench, 3, objectives=("error_pct", "cost_s")) for _ in range(2))
    assert first == second != sequence(bench, 3)
