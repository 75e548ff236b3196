"""The configurations that runs ended with."""

from __future__ import annotations

from dataclasses import replace

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import OptimizerCard
from nhb2_plugins.analysis.questions.configurations import (
    QUESTION,
    CellsPart,
    ConfigurationsPart,
    best_configurations,
)
from tests.analysis.runs import campaign_of


def _cards(finals: dict[str, list[tuple[float | None, float]]]) -> list[OptimizerCard]:
    """Cards whose runs end with (regret, learning rate)."""
    regrets = {name: [regret for regret, _ in runs] for name, runs in finals.items()}
    cards = []
    for card, runs in zip(facts_of(campaign_of(regrets)).optimizers, finals.values(), strict=True):
        own = [replace(run, lr=lr) for run, (_, lr) in zip(card.runs, runs, strict=True)]
        cards.append(replace(card, runs=tuple(own)))
    return cards


def test_each_configuration_stands_once_with_all_who_found_it() -> None:
    cards = _cards({"a": [(2.0, 0.1), (1.0, 0.05), (2.0, 0.1)], "b": [(2.0, 0.1), (None, 0.2)]})
    first, second = best_configurations(cards)
    assert (first.cellcode, first.lr, first.batch_size) == ("0|00|000", "0.05", "256")
    assert (first.regret, first.valid_error, first.found_by) == ("1.00", "11.00", "found by a (1 run)")
    assert (second.lr, second.regret, second.found_by) == ("0.1", "2.00", "found by a (2 runs), b (1 run)")


def test_at_most_so_many_the_best_first() -> None:
    cards = _cards({"a": [(float(i), i / 10) for i in range(8)], "b": [(0.5, 9.0)]})
    assert [each.regret for each in best_configurations(cards)] == ["0.00", "0.50", "1.00", "2.00", "3.00", "4.00"]
    assert [each.regret for each in best_configurations(cards, 2)] == ["0.00", "0.50"]
    assert best_configurations(_cards({"a": [(None, 1.0)]})) == ()


def test_of_one_optimizer_the_seeds_are_named() -> None:
    (nine,) = best_configurations(_cards({"a": [(1.0, 0.1)] * 9}))
    assert nine.found_by == "seeds 0, 1, 2, 3, 4, 5, 6, 7, …"
    (eight,) = best_configurations(_cards({"a": [(1.0, 0.1)] * 8}))
    assert eight.found_by == "seeds 0, 1, 2, 3, 4, 5, 6, 7"
    (one,) = best_configurations(_cards({"a": [(1.0, 0.1)]}))
    assert one.found_by == "seed 0"


def test_they_stand_on_the_page_and_three_in_each_optimizer_s_part() -> None:
    facts = facts_of(campaign_of({"none": [None], "a": [1.0, 2.0]}))
    cards = _cards({"none": [(None, 1.0)], "a": [(float(i), i / 10) for i in range(5)]})
    facts = replace(facts, optimizers=tuple(cards))
    best = QUESTION.numbers(campaign_of({"a": [1.0]}), facts)
    whole, own = QUESTION.parts(best, facts)
    assert isinstance(whole, ConfigurationsPart)
    assert isinstance(own, CellsPart)
    assert (whole.section, whole.best, whole.optimizer) == (parts.ARCHITECTURES, best, None)
    assert (own.section, own.place, own.optimizer) == (parts.OPTIMIZERS, 40, 1)
    assert [each.regret for each in own.best] == ["0.00", "1.00", "2.00"]
