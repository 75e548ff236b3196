"""The conclusions of an analysis in plain words, what is not significant among them."""

from __future__ import annotations

from collections.abc import Sequence

from nhb2_plugins.analysis.model import (
    CONFIDENCE,
    FEWEST_FOR_INTERVALS,
    SIGNIFICANCE,
    AnytimeCurve,
    BaselineCurve,
    FinalRow,
    FriedmanResult,
    MatchRow,
    OptimizerCard,
    PairRow,
    Refusal,
)


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
) -> tuple[str, ...]:
    """The conclusions; the first is the summary."""
    ranked = sorted((row for row in finals if row.mean is not None), key=lambda row: row.mean.value if row.mean else 0)
    if not ranked:
        return ("No run has a result within the budget, so there is nothing to compare.",)
    return (
        _summary(ranked, measure, horizon_s, baseline),
        *_against_the_best(ranked, pairs),
        *_overall(friedman),
        *_speed(matches, curves),
        *_unequal(optimizers),
        *_without_result(finals),
        *_few_runs(finals),
    )


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
    ranked: Sequence[FinalRow], measure: str, horizon_s: float, baseline: tuple[BaselineCurve, ...] | Refusal
) -> str:
    best = ranked[0]
    runs = f"{best.n_runs} run{'s' if best.n_runs != 1 else ''}"
    text = f"After {horizon_s:,.0f} simulated seconds {best.optimizer} has the smallest mean regret in {measure}: "
    if best.mean is None:  # ranked by it
        return text
    if best.n_runs > 1:
        runs += f", {CONFIDENCE:.0%} interval {best.mean.low:.2f} to {best.mean.high:.2f}"
    text += f"{best.mean.value:.2f} percentage points ({runs})"
    if len(ranked) > 1 and (worst := ranked[-1]).mean is not None:
        text += f"; {worst.optimizer} has the largest, {worst.mean.value:.2f}"
    if not isinstance(baseline, Refusal) and len(baseline) == 1 and baseline[0].mean.size:
        text += f"; random search is expected to have {baseline[0].mean[-1]:.2f}"
    return f"{text}."


def _against_the_best(ranked: Sequence[FinalRow], pairs: Sequence[PairRow]) -> list[str]:
    """How the optimizer with the smallest mean compares with each other one."""
    best = ranked[0].optimizer
    rivals = {row.second if row.first == best else row.first: row for row in pairs if best in (row.first, row.second)}
    order = [row.optimizer for row in ranked[1:] if row.optimizer in rivals]
    worse = [name for name in order if rivals[name].significant and _ahead(rivals[name]) == best]
    better = [name for name in order if rivals[name].significant and _ahead(rivals[name]) != best]
    equal = [name for name in order if rivals[name].p_holm is not None and not rivals[name].significant]
    untested = [name for name in order if rivals[name].p_holm is None and rivals[name].refused]
    if pairs and all(row.p_holm is None for row in pairs):
        return ["No pair of optimizers was tested: there are too few runs, so nothing here is known to be significant."]
    found = []
    if worse:
        found.append(
            f"{best} is significantly better than {listed([_with_p(name, rivals[name]) for name in worse])} "
            f"(two-sided tests of the final regrets, Holm-corrected for all pairs, level {SIGNIFICANCE:g})."
        )
    if better:
        found.append(
            f"Although the mean is larger, {listed([_with_p(name, rivals[name]) for name in better])} "
            f"{'ends' if len(better) == 1 else 'end'} significantly better than {best} in most runs: a few bad ones "
            "make the mean."
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
    if significant := [f"{_ahead(row)} than {_rival(row)}" for row in others if row.significant]:
        found.append(f"Significantly better {_is(significant)} also: {'; '.join(significant)}.")
    if insignificant := [f"{row.first} and {row.second}" for row in others if not row.significant]:
        found.append(f"Not significant {_is(insignificant)} also: {'; '.join(insignificant)}.")
    return found


def _ahead(row: PairRow) -> str:
    return row.first if (row.effect or 0) > 0 else row.second


def _rival(row: PairRow) -> str:
    return row.second if _ahead(row) == row.first else row.first


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


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


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


def _without_result(finals: Sequence[FinalRow]) -> list[str]:
    empty = [row.optimizer for row in finals if row.mean is None]
    return [f"{listed(empty)} {'has' if len(empty) == 1 else 'have'} no result within the budget."] if empty else []


def _few_runs(finals: Sequence[FinalRow]) -> list[str]:
    few = [f"{row.optimizer} ({row.n_runs})" for row in finals if 0 < row.n_runs < FEWEST_FOR_INTERVALS]
    return [f"Intervals and ranks of fewer than {FEWEST_FOR_INTERVALS} runs say little: {listed(few)}."] if few else []
