"""ASHA: promotions are the top of their rung, as soon as they are."""

from __future__ import annotations

import pytest

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.asha import Asha

LADDER = FidelityLadder.hyperband(1, 12, eta=3)


def tell(optimizer: Asha, suggestion: Suggestion, accuracy_pct: float) -> None:
    optimizer.tell(suggestion, Observation(accuracy_pct, 10.0, suggestion.epoch, "valid", 222))


def test_the_best_of_three_is_promoted_up_the_ladder() -> None:
    optimizer = Asha(0, ladder=LADDER)
    entered = []
    for accuracy in (50.0, 70.0, 60.0):
        suggestion = optimizer.ask()
        assert (suggestion.epoch, suggestion.budget) == (1, pytest.approx(4 / 3))
        entered.append(suggestion)
        tell(optimizer, suggestion, accuracy)
    promotion = optimizer.ask()
    assert (promotion.configuration, promotion.epoch) == (entered[1].configuration, 4)
    tell(optimizer, promotion, 75.0)
    assert optimizer.ask().epoch == 1, "one result at the second rung promotes nothing"


def test_a_configuration_is_promoted_once() -> None:
    optimizer = Asha(0, ladder=LADDER)
    seen = []
    for n in range(200):
        suggestion = optimizer.ask()
        seen.append((suggestion.token[1], suggestion.epoch))
        tell(optimizer, suggestion, float(n * 37 % 91))
    assert len(set(seen)) == len(seen)
    counts = {epoch: sum(each == epoch for _, each in seen) for epoch in LADDER.rungs}
    assert counts[1] > 2.5 * counts[4] > 2.5 * 2.5 * counts[12] > 0


def test_promotions_are_in_the_top_third_when_they_are_made() -> None:
    optimizer = Asha(1, ladder=LADDER)
    results: dict[int, float] = {}
    for n in range(120):
        suggestion = optimizer.ask()
        if suggestion.epoch == 4:
            rank = sorted(results.values(), reverse=True).index(results[suggestion.token[1]])
            assert rank < len(results) / 3
        if suggestion.epoch == 1:
            results[suggestion.token[1]] = float(n * 53 % 89)
        tell(optimizer, suggestion, float(n * 53 % 89))


def test_every_seventeenth_part_is_promoted_whatever_the_floats_say() -> None:
    """200 / 12 is no float: 250 of it are 15, and not 14."""
    optimizer = Asha(0, ladder=FidelityLadder([12, 200]))
    entered = [optimizer.ask() for _ in range(250)]
    for n, suggestion in enumerate(entered):
        tell(optimizer, suggestion, n / 10)
    promotions = [optimizer.ask() for _ in range(16)]
    assert [each.epoch for each in promotions] == [200] * 15 + [12]
    assert [each.configuration for each in promotions[:15]] == [each.configuration for each in entered[:-16:-1]]


def test_of_equal_results_the_first_submitted_is_promoted() -> None:
    optimizer = Asha(0, ladder=LADDER)
    entered = [optimizer.ask() for _ in range(6)]
    for suggestion in reversed(entered):
        tell(optimizer, suggestion, 50.0)
    assert [optimizer.ask().token for _ in range(3)] == [(1, 1), (1, 2), (0, 7)]


def test_it_never_waits() -> None:
    optimizer = Asha(0, ladder=LADDER)
    assert len({optimizer.ask().configuration for _ in range(64)}) > 60


def test_an_eta_is_needed_where_the_ladder_has_none() -> None:
    with pytest.raises(InvalidValueError, match="not geometric"):
        Asha(0, ladder=FidelityLadder([1, 4, 12]))
    assert Asha(0, ladder=FidelityLadder([1, 4, 12]), eta=3).ask().epoch == 1
    with pytest.raises(InvalidValueError, match="eta 1"):
        Asha(0, ladder=LADDER, eta=1)
