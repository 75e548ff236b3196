"""The conclusions of an analysis in plain words, what is not significant among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    SIGNIFICANCE,
    AnytimeCurve,
    BaselineCurve,
    CampaignAnalysis,
    FinalRow,
    FriedmanResult,
    MatchRow,
    OptimizerCard,
    PairRow,
    Refusal,
)

_MOST_LISTED: Final = 6
"""Pairs or runs that a sentence lists; of twelve optimizers there are 66 pairs."""
_MOST_NAMES: Final = 12
"""Names in the groups that Nemenyi's test leaves; with more of them nobody would read the sentence."""


def sentences(
    *,
    measure: str,
    horizon_s: float,
    finals: Sequence[FinalRow],
    baseline: tuple[BaselineCurve, ...] | Refusal,
    matches: tuple[MatchRow, ...] | Refusal,
    friedman: FriedmanResult | Refusal,
    pairs: Sequence[PairRow],
    curves: Sequence[AnytimeCurve],
    optimizers: Sequence[OptimizerCard],
    failed: bool = False,
    unfinished: Sequence[str] = (),
) -> tuple[str, ...]:
    """The conclusions; the first is the summary."""
    n_runs = {card.marked_name: len(card.runs) for card in optimizers}
    with_result = sorted((row for row in finals if row.mean is not None), key=_mean)
    if not with_result:
        nothing = "No run has a result within the budget, so there is nothing to compare."
        return (nothing, *_unfinished(unfinished))
    # A mean over the few runs that have a result is over the luckiest: it leads nothing.
    seldom = [row for row in with_result if 2 * row.n_runs < n_runs[row.optimizer]]
    often = [row for row in with_result if row not in seldom]
    ranked = [*often, *seldom]
    return (
        _summary(often or seldom, n_runs, measure, horizon_s, baseline, some_left_out=bool(often and seldom)),
        *_against_the_best(ranked, pairs, n_runs),
        *(_overall(friedman) if len(ranked) > 2 else ()),  # of fewer there is nothing that the pair does not say
        *_speed(matches, curves),
        *_unequal(optimizers),
        *_without_result(optimizers, failed=failed or bool(unfinished)),
        *_unfinished(unfinished),
        *_few_runs(finals),
    )


def _mean(row: FinalRow) -> float:
    return float("inf") if row.mean is None else row.mean.value


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


def _summary(
    ranked: Sequence[FinalRow],
    n_runs: Mapping[str, int],
    measure: str,
    horizon_s: float,
    baseline: tuple[BaselineCurve, ...] | Refusal,
    *,
    some_left_out: bool,
) -> str:
    first, last = ranked[0], ranked[-1]
    leading = [row.optimizer for row in ranked if _mean(row) == _mean(first)]
    text = f"After {horizon_s:,.0f} simulated seconds "
    if some_left_out:
        text += "and among the optimizers with a result in at least half of their runs, "
    amount = f"{_mean(first):.2f} percentage points"
    if len(leading) == 1:
        amount += f" ({_counted(first, n_runs[first.optimizer])})"
    if len(ranked) == 1:
        text += f"{first.optimizer} has a mean regret in {measure} of {amount}"
    elif len(leading) == len(ranked):
        text += f"{listed(leading)} have the same mean regret in {measure}: {amount}"
    else:
        verb = "has" if len(leading) == 1 else "have"
        text += f"{listed(leading)} {verb} the smallest mean regret in {measure}: {amount}"
        text += f"; {last.optimizer} has the largest, {_mean(last):.2f}"
    if not isinstance(baseline, Refusal) and len(baseline) == 1 and baseline[0].mean.size:
        text += f"; random search is expected to have {baseline[0].mean[-1]:.2f}"
    return f"{text}."


def _counted(row: FinalRow, n_runs: int) -> str:
    """How many runs a mean is over, and its interval."""
    text = f"{row.n_runs} run{'s' if row.n_runs != 1 else ''}"
    if row.n_runs < n_runs:
        text = f"{row.n_runs} of {n_runs} runs, the others without a result"
    if row.mean is None or row.n_runs < 2:
        return text
    return f"{text}, {CONFIDENCE:.0%} interval {row.mean.low:.2f} to {row.mean.high:.2f}"


def _against_the_best(ranked: Sequence[FinalRow], pairs: Sequence[PairRow], n_runs: Mapping[str, int]) -> list[str]:
    """How the optimizer that leads compares with each other one."""
    best = ranked[0].optimizer
    rivals = {row.second if row.first == best else row.first: row for row in pairs if best in (row.first, row.second)}
    order = [row.optimizer for row in ranked[1:] if row.optimizer in rivals]
    worse = [name for name in order if rivals[name].significant and rivals[name].ahead == best]
    better = [name for name in order if rivals[name].significant and rivals[name].ahead != best]
    equal = [name for name in order if rivals[name].p_holm is not None and not rivals[name].significant]
    untested = [name for name in order if rivals[name].p_holm is None and rivals[name].refused]
    if order and all(row.p_holm is None for row in pairs):
        return ["No pair of optimizers was tested: there are too few runs, so nothing here is known to be significant."]
    found = []
    if worse:
        found.append(
            f"{best} is significantly better than {listed([_with_p(name, rivals[name]) for name in worse])} "
            f"(two-sided tests of the final regrets, Holm-corrected for all pairs, level {SIGNIFICANCE:g})."
        )
    if better:
        n_empty = n_runs[best] - ranked[0].n_runs
        why = f"{n_empty} of its {n_runs[best]} runs have no result" if n_empty else "a few bad runs make its mean"
        found.append(
            f"Although {best} has the smaller mean, {listed([_with_p(name, rivals[name]) for name in better])} "
            f"{'ends' if len(better) == 1 else 'end'} significantly better by the ranks of the runs: {why}."
        )
    if equal:
        found.append(
            f"The difference between {best} and {listed([_with_p(name, rivals[name]) for name in equal])} is not "
            "significant: these runs do not say which of them is better."
        )
    for reason in dict.fromkeys(rivals[name].refused for name in untested):
        names = [name for name in untested if rivals[name].refused == reason]
        found.append(f"Not tested against {best}: {listed(names)} ({reason}).")
    others = [row for row in pairs if best not in (row.first, row.second) and row.p_holm is not None]
    if significant := [f"{row.ahead} than {row.behind}" for row in others if row.significant]:
        found.append(f"Also significantly better: {_some(significant)}.")
    if insignificant := [f"{row.first} and {row.second}" for row in others if not row.significant]:
        found.append(f"Also not significant: {_some(insignificant)}.")
    return found


def _some(items: Sequence[str], what: str = "further pairs (see the table of pairs)") -> str:
    if len(items) <= _MOST_LISTED:
        return "; ".join(items)
    return f"{'; '.join(items[:_MOST_LISTED])}; and {len(items) - _MOST_LISTED} {what}"


def _with_p(name: str, row: PairRow) -> str:
    return name if row.p_holm is None else f"{name} ({p_text(row.p_holm)})"


def p_text(p_value: float) -> str:
    """A p-value for a sentence.

    >>> p_text(0.0213), p_text(1e-9)
    ('p = 0.021', 'p < 0.001')
    """
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _overall(friedman: FriedmanResult | Refusal) -> list[str]:
    if isinstance(friedman, Refusal):
        return [friedman.reason]
    over = f"over {friedman.n_blocks} seeds of {len(friedman.optimizers)} optimizers"
    out = "; ".join(f"{name} is left out: {reason}" for name, reason in friedman.left_out.items())
    out = f" ({out})" if out else ""
    if not friedman.significant:
        return [f"Friedman's test {over} finds no significant difference at all ({p_text(friedman.p_value)}){out}."]
    text = f"Friedman's test {over} says that they are not all alike ({p_text(friedman.p_value)}){out}."
    groups = [listed([friedman.optimizers[each] for each in group]) for group in friedman.groups]
    if not groups:
        return [f"{text} Nemenyi's test tells every one of them from every other."]
    if sum(map(len, friedman.groups)) > _MOST_NAMES:
        ranks = np.array(friedman.mean_rank)
        n_pairs = len(ranks) * (len(ranks) - 1) // 2
        n_apart = int((np.abs(ranks[:, None] - ranks) >= friedman.critical_difference).sum()) // 2
        return [
            f"{text} Nemenyi's test, which is cautious, tells {n_apart} of the {n_pairs} pairs "
            f"apart (average ranks closer than {friedman.critical_difference:.2f} it does not; the critical-difference "
            "diagram shows which)."
        ]
    return [
        f"{text} Nemenyi's test, which is cautious, does not tell apart {'; nor '.join(groups)} "
        f"(average ranks closer than {friedman.critical_difference:.2f})."
    ]


def _speed(matches: tuple[MatchRow, ...] | Refusal, curves: Sequence[AnytimeCurve]) -> list[str]:
    """Who is ahead of random search at the end of the budget, since when, and who is not."""
    if isinstance(matches, Refusal):
        return []
    ends = {
        curve.optimizer: (curve.mean_low[-1], curve.mean_high[-1])
        for curve in curves
        if curve.n_runs >= FEWEST_FOR_INTERVALS and curve.x.size
    }
    ahead, level, behind = [], [], []
    for row in matches:
        if row.level != "mean" or row.optimizer not in ends:
            continue
        low, high = ends[row.optimizer]
        if low <= row.random_regret_pp <= high:
            level.append(row.optimizer)
        elif row.time_s is None:
            behind.append(row.optimizer)
        else:
            ahead.append(f"{row.optimizer} (as good after {row.time_s:,.0f} s, {row.speed_up or 0:.1f} times as fast)")
    at_end = "exact random search at the end of the budget"
    found = []
    if ahead:
        found.append(f"Ahead of {at_end}, by more than the bootstrap interval: {listed(ahead)}.")
    if level:
        found.append(f"Not told apart from {at_end}: {listed(level)}.")
    if behind:
        found.append(f"Behind {at_end}, by more than the bootstrap interval: {listed(behind)}.")
    return found


def rising_note(analysis: CampaignAnalysis) -> tuple[str, ...]:
    """For who wonders at a curve that rises; nothing where every optimizer searches at the measure itself."""
    ran = [card for card in analysis.optimizers if card.runs]
    if all(not card.ladder and card.epoch == analysis.measure_epoch for card in ran):
        return ()
    return (
        "A curve can rise: an incumbent is the best of any fidelity seen, and what led after few epochs can be worse "
        f"at {analysis.measure_epoch}.",
    )


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
    return found


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
    some = [card for card in optimizers if 0 < card.n_without_result < len(card.runs)]
    found += [
        f"In {card.n_without_result} of {len(card.runs)} runs of {card.marked_name} nothing ended within the budget: "
        "means leave them out, tests and ranks count them as the worst."
        for card in some
    ]
    return found


def _unfinished(unfinished: Sequence[str]) -> list[str]:
    if not unfinished:
        return []
    return [
        f"Left out, since {'it is' if len(unfinished) == 1 else 'they are'} not finished: {_some(unfinished, 'more')}."
    ]


def _few_runs(finals: Sequence[FinalRow]) -> list[str]:
    few = [f"{row.optimizer} ({row.n_runs})" for row in finals if 0 < row.n_runs < FEWEST_FOR_INTERVALS]
    return [f"Intervals and ranks of fewer than {FEWEST_FOR_INTERVALS} runs say little: {listed(few)}."] if few else []
