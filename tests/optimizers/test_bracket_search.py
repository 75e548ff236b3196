"""Hyperband and successive halving: which configurations are promoted, for one worker and for several."""

from __future__ import annotations

from collections import defaultdict

import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bracket_search import BracketSearch, Hyperband, RepeatedHalving
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration

LADDER = FidelityLadder.hyperband(1, 12, eta=3)


def sequence(optimizer: BracketSearch, bench: Benchmark) -> list[tuple[Suggestion, float]]:
    """Every suggestion with its error, one worker."""
    done = []
    while (suggestion := optimizer.ask()) is not None:
        observation = bench.evaluate(suggestion.configuration, suggestion.epoch)
        optimizer.tell(suggestion, observation)
        done.append((suggestion, observation.error_pct))
    return done


def epochs(done: list[tuple[Suggestion, float]]) -> list[int]:
    return [suggestion.epoch for suggestion, _ in done]


def test_hyperband_cycles_through_its_brackets(bench: Benchmark) -> None:
    one_round = [1] * 9 + [4] * 3 + [12] + [4] * 3 + [12] + [12] * 3
    assert epochs(sequence(Hyperband(0, ladder=LADDER, n_iterations=3), bench)) == one_round
    assert epochs(sequence(Hyperband(0, ladder=LADDER, n_iterations=6), bench)) == one_round * 2


def test_successive_halving_repeats_the_first(bench: Benchmark) -> None:
    assert epochs(sequence(RepeatedHalving(0, ladder=LADDER, n_iterations=2), bench)) == ([1] * 9 + [4] * 3 + [12]) * 2


def test_the_best_of_a_rung_go_on(bench: Benchmark) -> None:
    done = sequence(RepeatedHalving(3, ladder=LADDER, n_iterations=1), bench)
    by_epoch: dict[int, list[tuple[float, Configuration]]] = defaultdict(list)
    for suggestion, error_pct in done:
        by_epoch[suggestion.epoch].append((error_pct, suggestion.configuration))
    for smaller, larger in ((1, 4), (4, 12)):
        best = sorted(by_epoch[smaller], key=lambda each: each[0])[: len(by_epoch[larger])]
        assert {configuration for _, configuration in best} == {configuration for _, configuration in by_epoch[larger]}


def test_every_first_configuration_is_drawn_anew(bench: Benchmark) -> None:
    drawn = [s.configuration for s, _ in sequence(Hyperband(0, ladder=LADDER, n_iterations=30), bench) if s.epoch == 1]
    assert len(drawn) == 90
    assert len(set(drawn)) > 85
    assert not any(
        s.token.proposal.model_based for s, _ in sequence(Hyperband(0, ladder=LADDER, n_iterations=1), bench)
    )


@pytest.mark.parametrize("n_workers", [1, 4, 16])
def test_a_rung_waits_for_its_results_and_workers_stay_busy(n_workers: int, bench: Benchmark) -> None:
    optimizer = RepeatedHalving(0, ladder=LADDER)
    logger = simulate(optimizer, bench, budget_s=20_000, n_workers=n_workers, charging="continued", crossing="drop")
    assert {record.epoch for record in logger.records} == {1, 4, 12}
    assert {record.worker for record in logger.records} == set(range(n_workers))
    of_rung: dict[tuple[int, int], list[float]] = defaultdict(list)
    for record in logger.records:
        of_rung[record.trial // 13, record.epoch].append(record.end_s)
    if n_workers == 1:  # trials are brackets of thirteen, one after the other
        for iteration in {iteration for iteration, _ in of_rung}:
            ends = [end for epoch in (1, 4, 12) for end in of_rung[iteration, epoch]]
            assert ends == sorted(ends)


def test_no_iteration_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="n_iterations 0"):
        Hyperband(0, ladder=LADDER, n_iterations=0)
