"""What must be borne in mind? Unequal conditions, runs without a result, runs that failed or are not finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.model import FEWEST_FOR_INTERVALS, CampaignFacts, OptimizerCard
from nhb2_plugins.analysis.question import Question
from nhb2_plugins.analysis.results import epochs_in_words
from nhb2_plugins.analysis.wording import listed, some
from nhb2_plugins.text_table import counted


def _words(facts: CampaignFacts) -> list[str]:
    if not facts.standings:
        return _unfinished(facts.unfinished)
    return [
        *_unequal(facts.optimizers),
        *_without_result(facts.optimizers, failed=bool(facts.failures or facts.unfinished)),
        *_unfinished(facts.unfinished),
        *_few_runs(facts.optimizers),
        *(f"{mark}." for mark in facts.marks),
    ]


def _unequal(optimizers: Sequence[OptimizerCard]) -> list[str]:
    """Conditions that are not the same for all: then final values are not those of equal means."""
    found = []
    ran = [card for card in optimizers if card.runs]
    budgets = {card.budget_s for card in ran}
    if len(budgets) > 1:
        usual = max(budgets, key=lambda budget: sum(card.budget_s == budget for card in ran))
        others = [
            f"{card.marked_name} ({'no limit' if card.budget_s is None else f'{card.budget_s:,.0f} s'}; "
            f"{sum(run.simulated_s for run in card.runs) / len(card.runs):,.0f} s used on average)"
            for card in ran
            if card.budget_s != usual
        ]
        found.append(f"Final regrets are not at equal cost: another budget than the others' had {listed(others)}.")
    if len({card.n_workers for card in ran}) > 1:
        found.append("Final regrets are not reached with equal means: numbers of simulated workers differ.")
    if len({card.charging for card in ran}) > 1:
        found.append("Final regrets are not at equal cost: charging policies differ.")
    return [*found, *_chosen_elsewhere(ran)]


def _chosen_elsewhere(ran: Sequence[OptimizerCard]) -> list[str]:
    """Incumbents of different fidelity: what led after few epochs is measured after as many as all."""
    chosen = {card.marked_name: Counter(run.found_epoch for run in card.runs if run.found_epoch) for card in ran}
    if len({epoch for n_runs in chosen.values() for epoch in n_runs}) < 2:
        return []
    by_epochs: dict[str, list[str]] = {}
    for name, n_runs in chosen.items():
        if n_runs:
            by_epochs.setdefault(_epochs_of_runs(n_runs), []).append(name)
    told = "; ".join(f"{listed(names)} at {epochs}" for epochs, names in by_epochs.items())
    return [f"The final incumbents compared were chosen at different fidelities: {told}. All are measured alike."]


def _epochs_of_runs(n_runs: Mapping[int, int]) -> str:
    if len(n_runs) == 1:
        return epochs_in_words(n_runs)
    return listed([f"{epochs_in_words((epoch,))} in {counted(n, 'run')}" for epoch, n in sorted(n_runs.items())])


def _without_result(optimizers: Sequence[OptimizerCard], *, failed: bool) -> list[str]:
    """What has no result at all, and why as far as it is known; and what has none in some of its runs.

    Args:
        optimizers: all of them.
        failed: whether any run of the campaign failed or did not finish.
    """
    absent = [card.marked_name for card in optimizers if not card.runs]
    empty = [card.marked_name for card in optimizers if card.runs and card.n_without_result == len(card.runs)]
    found = []
    if absent and failed:
        found.append(f"No finished run of {listed(absent)} is here: not run, or failed.")
    elif absent:
        found.append(f"{listed(absent)} {'was' if len(absent) == 1 else 'were'} not run.")
    if empty:
        found.append(f"{listed(empty)} {'has' if len(empty) == 1 else 'have'} no result within the budget.")
    partly = [card for card in optimizers if 0 < card.n_without_result < len(card.runs)]
    found += [
        f"In {card.n_without_result} of {len(card.runs)} runs of {card.marked_name} nothing ended within the budget: "
        "means leave them out, tests and ranks count them as the worst."
        for card in partly
    ]
    return found


def _unfinished(unfinished: Sequence[str]) -> list[str]:
    if not unfinished:
        return []
    return [
        f"Left out, since {'it is' if len(unfinished) == 1 else 'they are'} not finished: {some(unfinished, 'more')}."
    ]


def _few_runs(optimizers: Sequence[OptimizerCard]) -> list[str]:
    n_results = {card.marked_name: len(card.runs) - card.n_without_result for card in optimizers}
    few = [f"{name} ({n})" for name, n in n_results.items() if 0 < n < FEWEST_FOR_INTERVALS]
    return [f"No interval is given of fewer than {FEWEST_FOR_INTERVALS} runs: {listed(few)}."] if few else []


@dataclass(frozen=True, eq=False, kw_only=True)
class FailuresPart(parts.Part):
    """Failed and unfinished runs, and a sentence for each optimizer that has runs without any result."""

    macro = "failures_part"
    empty_runs: tuple[str, ...]


def _empty_runs(facts: CampaignFacts) -> tuple[str, ...]:
    return tuple(
        f"{card.marked_name}: nothing ended within the budget in {card.n_without_result} of {len(card.runs)} runs; "
        "they are left out of the means."
        for card in facts.optimizers
        if card.n_without_result
    )


QUESTION: Final = Question(
    "caveats",
    lambda _, facts: tuple(_words(facts)),
    words=lambda said, _: said,
    parts=lambda _, facts: (FailuresPart(section=parts.FAILURES, empty_runs=_empty_runs(facts)),),
)
