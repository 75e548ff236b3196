"""BOHB's brackets first, then cells."""

from __future__ import annotations

from nhb2_plugins.optimizers.bohb_then_evolution import BohbThenEvolution
from tests.optimizers.moves import observed


def test_bohb_then_evolution_finishes_its_brackets_before_it_searches_cells() -> None:
    optimizer = BohbThenEvolution(0)
    first, second = [], []
    for _ in range(80):
        suggestion = optimizer.ask()
        assert suggestion is not None
        (second if suggestion.token is None else first).append(suggestion)
        optimizer.tell(suggestion, observed(suggestion.configuration))
        assert not (second and suggestion.token is not None), "BOHB proposes nothing once the evolution has begun"
    # Brackets of 9 + 3 + 1, 3 + 1, 3, and 9 + 3 + 1 again.
    assert [suggestion.epoch for suggestion in first] == [1] * 9 + [4] * 3 + [12] + [4] * 3 + [12] * 4 + [1] * 9 + [
        4
    ] * 3 + [12]
    assert len({suggestion.configuration.cellcode for suggestion in first}) == 1
    best = max((suggestion.configuration for suggestion in first), key=lambda configuration: configuration.index % 97)
    assert {(each.configuration.lr, each.configuration.batch_size) for each in second} == {(best.lr, best.batch_size)}
    assert any(suggestion.token.proposal.model_based for suggestion in first)
