"""The order and the times of completions against ``mfhpo-simulator``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ujson
from benchmark_simulator import AbstractAskTellOptimizer, ObjectiveFuncWrapper
from benchmark_simulator.utils import get_performance_over_time

from tests.simulators.sequences import BENCH, Completion, Evaluation, completions, ladder_sequence, mixed_sequence

CLOCK_TOLERANCE_S = 0.5
"""It adds the wall-clock time of every proposal to its clock, which some hundred proposals must not make more than."""

WORKERS = pytest.mark.parametrize("n_workers", [1, 4, 8])
SEEDS = pytest.mark.parametrize("seed", [0, 1])


class InOrder(AbstractAskTellOptimizer):  # type: ignore[misc]
    def __init__(self, sequence: list[Evaluation]) -> None:
        self._left = iter(sequence)
        self.told: list[Evaluation] = []
        self._by_id = {each.configuration.index: each.configuration for each in sequence}

    def ask(self) -> tuple[dict[str, Any], dict[str, int], int]:
        configuration, epoch = next(self._left)
        return configuration.to_hyperparameters(), {"epoch": epoch}, configuration.index

    def tell(
        self,
        eval_config: dict[str, Any],
        results: dict[str, float],
        *,
        fidels: dict[str, int] | None,
        config_id: int | None,
    ) -> None:
        assert fidels is not None
        assert config_id is not None
        self.told.append(Evaluation(self._by_id[config_id], fidels["epoch"]))


def theirs(
    sequence: list[Evaluation], n_workers: int, directory: Path, *, is_continued: bool
) -> tuple[list[Completion], list[float]]:
    """What it tells, with its times, and the losses it stored."""
    by_values = {str(each.configuration.to_hyperparameters()): each.configuration for each in sequence}

    def objective(eval_config: dict[str, Any], fidels: dict[str, int], seed: int | None) -> dict[str, float]:
        observation = BENCH.evaluate(by_values[str(eval_config)], fidels["epoch"])
        return {"loss": observation.error_pct, "runtime": observation.cost_s}

    wrapper = ObjectiveFuncWrapper(
        obj_func=objective,
        ask_and_tell=True,
        save_dir_name="run",
        tmp_dir=str(directory),
        n_workers=n_workers,
        # It stops when the last proposal starts: of the last workers' evaluations it tells none.
        n_evals=len(sequence) - n_workers + 1,
        n_actual_evals_in_opt=len(sequence) + n_workers,
        fidel_keys=["epoch"],
        obj_keys=["loss"],
        continual_max_fidel=12 if is_continued else None,
        seed=0,
    )
    optimizer = InOrder(sequence)
    with pytest.warns(UserWarning, match="expensive_sampler"):
        wrapper.simulate(optimizer)
    stored = ujson.loads((Path(wrapper.dir_name) / "results.json").read_text())
    told = [Completion(*each) for each in zip(optimizer.told, stored["cumtime"], strict=True)]
    return told, stored["loss"]


def assert_same(ours: list[Completion], their_completions: list[Completion], n_workers: int) -> None:
    assert len(their_completions) == len(ours) - n_workers + 1
    assert [each.evaluation for each in their_completions] == [each.evaluation for each in ours][
        : len(their_completions)
    ]
    difference = [their.end_s - our.end_s for our, their in zip(ours, their_completions, strict=False)]
    assert min(difference) >= -1e-6
    assert max(difference) < CLOCK_TOLERANCE_S


@WORKERS
@SEEDS
def test_from_scratch(n_workers: int, seed: int, tmp_path: Path) -> None:
    sequence = mixed_sequence(seed)
    told, losses = theirs(sequence, n_workers, tmp_path, is_continued=False)
    assert_same(completions(sequence, n_workers, "from_scratch"), told, n_workers)
    assert losses == [BENCH.evaluate(*each.evaluation).error_pct for each in told]


@WORKERS
@SEEDS
def test_continued_once(n_workers: int, seed: int, tmp_path: Path) -> None:
    sequence = ladder_sequence(seed, (4, 12))
    told, _ = theirs(sequence, n_workers, tmp_path, is_continued=True)
    assert_same(completions(sequence, n_workers, "continued"), told, n_workers)


def test_continued_twice_it_bills_the_first_rung_again(tmp_path: Path) -> None:
    """Its state keeps the last increment, not the total: 1 → 4 → 12 epochs pay 12 epochs and the first once more."""
    sequence = ladder_sequence(0, (1, 4, 12))
    told, _ = theirs(sequence, 1, tmp_path, is_continued=True)
    ours = completions(sequence, 1, "continued")
    assert [each.evaluation for each in told] == [each.evaluation for each in ours]
    n = len(sequence) // 3
    too_much = np.diff([each.end_s for each in told]) - np.diff([each.end_s for each in ours])
    first_rung = [BENCH.evaluate(configuration, 1).cost_s for configuration, _ in sequence[:n]]
    assert np.abs(too_much[: 2 * n - 1]).max() < CLOCK_TOLERANCE_S
    assert np.abs(too_much[2 * n - 1 :] - first_rung).max() < CLOCK_TOLERANCE_S


def test_between_completions_its_curves_show_the_next_value_early() -> None:
    """Why curves differ although completions do not: its step at a time between two ends is the later one's value."""
    times, values = get_performance_over_time(
        np.array([[10.0, 20.0, 30.0]]), np.array([[5.0, 3.0, 1.0]]), step=5, log=False
    )
    assert times.tolist() == [10, 15, 20, 25, 30]
    assert values.tolist() == [[5, 3, 3, 1, 1]]  # a right-continuous step has 5 at 15, and 3 at 25
