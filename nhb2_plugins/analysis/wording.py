"""Pieces of the sentences that a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nhb2_plugins.analysis.model import CampaignFacts, OptimizerCard, Refusal
from nhb2_plugins.analysis.results import epochs_in_words
from nhb2_plugins.fidelity import LONG_EPOCHS

MOST_LISTED: Final = 6
"""Pairs or runs that a sentence lists; of twelve optimizers there are 66 pairs."""


def listed(names: Sequence[str]) -> str:
    """Names as they are listed in a sentence.

    >>> listed(["A", "B", "C"]), listed(["A, quick", "B"])
    ('A, B and C', 'A, quick; and B')
    """
    if len(names) == 1:
        return names[0]
    if any("," in name for name in names):
        return f"{'; '.join(names[:-1])}; and {names[-1]}"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def some(items: Sequence[str], what: str) -> str:
    """The first of many items, and how many more there are of what."""
    if len(items) <= MOST_LISTED:
        return "; ".join(items)
    return f"{'; '.join(items[:MOST_LISTED])}; and {len(items) - MOST_LISTED} {what}"


def p_text(p_value: float) -> str:
    """A p-value for a sentence.

    >>> p_text(0.0213), p_text(1e-9)
    ('p = 0.021', 'p < 0.001')
    """
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def rising_note(facts: CampaignFacts) -> tuple[str, ...]:
    """For who wonders at a curve that rises; nothing where every optimizer searches at the measure itself."""
    ran = [card for card in facts.optimizers if card.runs]
    if all(not card.ladder and card.epoch == facts.measure_epoch for card in ran):
        return ()
    return (
        "A curve can rise: an incumbent is the best of any fidelity seen, and what led after few epochs can be worse "
        f"at {facts.measure_epoch}.",
    )


def exact_note(facts: CampaignFacts) -> tuple[str, ...]:
    """What a figure says of the random search in it."""
    return () if isinstance(facts.baseline_time, Refusal) else ("Random search is exact, from the complete table.",)


def fidelity_of(card: OptimizerCard) -> str:
    """The epochs that an optimizer evaluates at, in words."""
    expected = " (expected test accuracy)" if not card.ladder and card.epoch == LONG_EPOCHS else ""
    return epochs_in_words(card.ladder or (card.epoch,)) + expected


def budget_of(card: OptimizerCard) -> str:
    """The simulated budget of an optimizer's runs, in words."""
    return "no limit" if card.budget_s is None else f"{card.budget_s:,.0f} s"
