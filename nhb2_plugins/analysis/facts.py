"""From a campaign's results to the facts that the answers of all questions stand in."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nhb2_plugins.analysis.baseline_curves import baseline_over_evaluations, baseline_over_time
from nhb2_plugins.analysis.draws import depends_of
from nhb2_plugins.analysis.model import CampaignFacts, FailedRun, OptimizerCard, RunRow
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, epochs_in_words
from nhb2_plugins.analysis.stopping import Stopping, renamed
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.metric import error_pct
from nhb2_plugins.text_table import printable
from nhb2_plugins.trajectory.run_file import RunSummary

_MOST_BEYOND_PP: Final = 1e-6  # of float error, that a regret may be below zero


def facts_of(results: CampaignResults) -> CampaignFacts:
    """What a campaign was. Whatever text the files hold, here it can be printed.

    Raises:
        CampaignError: a run's file holds an accuracy that is no number, or one that beats the best of its table.
    """
    header = results.header
    return CampaignFacts(
        name=printable(str(results.specification.get("name", "campaign"))),
        specification=_printable(results.specification),
        table=_printable(_table(results)),
        table_label=printable(table_label_of(results)),
        table_line=printable(_table_line(results)),
        conditions=printable(conditions_of(results)),
        notes=tuple(map(printable, _notes(results))),
        marks=_marks(results),
        measure=results.measure,
        measure_epoch=header.measure_epoch,
        goal=printable(_goal(results)),
        optimum_error_pct=_optimum_error_pct(results),
        objectives=header.objectives,
        horizon_s=results.horizon_s,
        versions=_printable(_versions(results)),
        optimizers=_cards(results),
        baseline_time=baseline_over_time(results),
        baseline_evaluations=baseline_over_evaluations(results),
        failures=tuple(
            FailedRun(printable(each.run_id), printable(each.reason), printable(each.traceback, lines=True))
            for each in results.failures
        ),
        unfinished=tuple(map(printable, results.unfinished)),
        stopping=_stopping(results),
    )


# --- what all runs share ----------------------------------------------------------------------------------------------


def conditions_of(results: CampaignResults) -> str:
    """The conditions of a comparison in one line."""
    headers = results.first_headers
    budgets = _listed({"no limit of" if h.budget_s is None else f"{h.budget_s:,.0f}" for h in headers})
    workers = _listed({str(header.n_workers) for header in headers})
    charging = _listed({header.charging for header in headers})
    noun = "worker" if workers == "1" else "workers"
    parts = [f"{budgets} simulated seconds, {workers} simulated {noun}, charged {charging}"]
    if most := {f"{header.max_evaluations:,}" for header in headers if header.max_evaluations}:
        parts.append(f"at most {_listed(most)} evaluations")
    if crossing := {header.crossing for header in headers} - {"drop"}:
        parts.append(f"evaluations that cross the budget: {_listed(crossing)}")
    if overhead := {header.overhead for header in headers} - {"none"}:
        parts.append(f"the optimizer's own time: {_listed(overhead)}")
    if problem := {_restriction(header.problem.to_dict()) for header in headers} - {""}:
        parts.append(f"space restricted to {_listed(problem)}")
    return "; ".join(parts)


def _listed(values: Collection[str]) -> str:
    *first, last = sorted(values, key=lambda value: (len(value), value))
    return f"{', '.join(first)} or {last}" if first else last


def _restriction(problem: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in problem.items() if value not in (None, False))


def _notes(results: CampaignResults) -> tuple[str, ...]:
    headers = results.first_headers
    fidelities = epochs_in_words(epoch for h in headers for epoch in (h.ladder.rungs if h.ladder else (h.epoch,)))
    listed = ", ".join(f"{package} {' or '.join(versions)}" for package, versions in _versions(results).items())
    return (
        f"Numbers from the {_table_line(results)}.",
        f"{conditions_of(results)}. Searched at {fidelities}. {f'With {listed}.' if listed else ''}",
        *(f"{mark}." for mark in _marks(results)),
    )


def _marks(results: CampaignResults) -> tuple[str, ...]:
    marked = any(header.searches_expected_test for header in results.first_headers)
    return ("* searched on expected test accuracy (200 epochs), at costs that are estimated",) if marked else ()


def _versions(results: CampaignResults) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for each in results.optimizers:
        for run in each.runs:
            for package, version in run.header.versions.items():
                found.setdefault(package, set()).add(version)
    return {package: tuple(sorted(found[package])) for package in sorted(found, key=str.lower)}


def _goal(results: CampaignResults) -> str:
    header = results.header
    if header.has_several_objectives:
        return _goal_of_front(results)
    error_pct = f"error {_optimum_error_pct(results):.2f} %"
    if results.turns:
        return f"the best of each run's own {results.turn}, {error_pct} on average"
    best = header.optimum
    return f"the table's best: {best.cellcode}, lr {best.lr:g}, batch size {best.batch_size}, {error_pct}"


def _goal_of_front(results: CampaignResults) -> str:
    """Each of several tables has its own front, and its own nadir."""
    header = results.header
    reference = f"({', '.join(f'{value:,.10g}' for value in header.quality.reference)})"
    if results.turns:
        end = reference if header.reference_point else "its nadir"
        return f"all that the exact front of each run's own {results.turn} dominates, up to {end}"
    which = "" if header.reference_point else ", its nadir"
    return f"all that the exact front's {len(header.front)} points dominate, up to {reference}{which}"


def _optimum_error_pct(results: CampaignResults) -> float:
    """Of several tables the mean over the runs."""
    if not results.turns:
        return results.header.optimum_error_pct
    errors = [run.header.optimum_error_pct for each in results.optimizers for run in each.runs]
    return sum(errors) / len(errors)


def _table(results: CampaignResults) -> Mapping[str, Any]:
    """Of several draws what they have in common."""
    table = results.header.table
    if not results.draws:
        return table
    shared = {name: value for name, value in table.items() if name not in ("draw", "assumptions")}
    return {**shared, "digest": f"one for each of {len(results.draws)} draws; every run's file names its own"}


def table_label_of(results: CampaignResults) -> str:
    """The table in a few words."""
    header = results.header
    if results.draws:
        return f"{header.table['kind']} table, {len(results.draws)} of its {header.table['draw'][1]} draws"
    if results.turns:
        n_seeds = len(header.table["seeds"])
        return f"{header.table_label}, {len(results.turns)} of its {n_seeds} training seeds"
    return header.table_label


def _table_line(results: CampaignResults) -> str:
    table = results.header.table
    note = table["note"]
    if results.draws:
        note = "tables that could be the real one; their numbers are not the published benchmark's"
    return f"{table_label_of(results)}: {table['source']}" + (f" ({note})" if note else "")


# --- optimizers and runs ----------------------------------------------------------------------------------------------


def _stopping(results: CampaignResults) -> Stopping | None:
    if results.stopping is None:
        return None
    own = {each.name: each for each in results.optimizers}
    names = {name: each.marked_name for name, each in own.items()}
    pairs = tuple(
        replace(pair, depends=depends_of(own[pair.first], own[pair.second]))
        if {pair.first, pair.second} <= own.keys()
        else pair
        for pair in results.stopping.pairs
    )
    named = {name for pair in pairs for name in (pair.first, pair.second)}
    return renamed(replace(results.stopping, pairs=pairs), {name: printable(name) for name in named} | names)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_printable(key): _printable(each) for key, each in value.items()}
    return type(value)(map(_printable, value)) if isinstance(value, list | tuple) else value


def _cards(results: CampaignResults) -> tuple[OptimizerCard, ...]:
    listed = results.specification.get("optimizers", [])
    named = {each.get("label") or each.get("algorithm"): each for each in listed if isinstance(each, dict)}
    return tuple(_card(each, named.get(each.name, {}), results) for each in results.optimizers)


def _card(optimizer: OptimizerRuns, specified: Mapping[str, Any], results: CampaignResults) -> OptimizerCard:
    if not optimizer.runs:
        return _card_without_runs(optimizer, specified, results)
    header, runs = optimizer.runs[0].header, optimizer.runs
    by_epoch: dict[int, float] = {}
    for run in runs:
        for epoch, n in run.evaluations_by_epoch:
            by_epoch[epoch] = by_epoch.get(epoch, 0) + n / len(runs)
    return OptimizerCard(
        name=optimizer.name,
        marked_name=optimizer.marked_name,
        algorithm=printable(header.algorithm),
        settings=_printable(header.settings),
        ladder=header.ladder.rungs if header.ladder else (),
        epoch=header.epoch,
        budget_s=header.budget_s,
        n_workers=header.n_workers,
        charging=printable(header.charging),
        crossing=printable(header.crossing),
        versions=_printable(header.versions),
        evaluations_by_epoch=dict(sorted(by_epoch.items())),
        overhead_s=float(np.mean([run.overhead_s for run in runs])),
        runs=tuple(_run_row(optimizer.marked_name, run) for run in runs),
    )


def _card_without_runs(
    optimizer: OptimizerRuns, specified: Mapping[str, Any], results: CampaignResults
) -> OptimizerCard:
    """What the specification says of an optimizer of which no run finished."""
    specification = results.specification
    budget = specified.get("budget_s") or specification.get("budget_s")
    return OptimizerCard(
        name=optimizer.name,
        marked_name=optimizer.marked_name,
        algorithm=printable(str(specified.get("algorithm", ""))),
        settings=_printable(specified.get("settings") or {}),
        ladder=(),
        epoch=int(specified.get("epoch") or results.header.epoch),
        budget_s=float(budget) if isinstance(budget, int | float) else None,
        n_workers=int(specified.get("n_workers") or specification.get("n_workers") or 1),
        charging=str(specified.get("charging") or specification.get("charging") or results.header.charging),
        crossing=str(specification.get("crossing") or results.header.crossing),
        versions={},
        evaluations_by_epoch={},
        overhead_s=0.0,
        runs=(),
    )


def _run_row(name: str, run: RunSummary) -> RunRow:
    row = RunRow(
        optimizer=name,
        seed=run.header.seed,
        run_id=printable(run.header.run_id),
        n_evaluations=run.n_evaluations,
        simulated_s=run.last_end_s,
        charged_cost_s=run.charged_cost_s,
        overhead_s=run.overhead_s,
    )
    if not run.incumbents:
        return row
    _refuse_what_cannot_be(run)
    final = run.incumbents[-1]
    measured = final.measured
    row = replace(
        row,
        found_s=measured.time_s,
        found_evaluations=final.n_evaluations,
        regret_pp=run.regrets[-1][1],
        regrets=run.regrets,
    )
    if run.header.has_several_objectives:
        return row  # of an archive no configuration is the one
    return replace(
        row,
        cellcode=final.cellcode,
        lr=final.lr,
        batch_size=final.batch_size,
        found_epoch=final.epoch,
        valid_error_pct=error_pct(measured.valid_accuracy_12_pct),
        test_error_12_pct=error_pct(measured.test_accuracy_12_pct),
        test_error_200_pct=error_pct(measured.expected_accuracy_200_pct),
    )


def _refuse_what_cannot_be(run: RunSummary) -> None:
    """A mean with one such number in it would be none, or better than the best."""
    final = run.incumbents[-1].measured
    shown = (final.valid_accuracy_12_pct, final.test_accuracy_12_pct, final.expected_accuracy_200_pct)
    regrets = [regret for _, regret in run.regrets]
    where = f"run {printable(run.header.run_id)}"
    if not all(map(math.isfinite, (*shown, *regrets))):
        raise CampaignError(f"{where}: an accuracy of its incumbents, or of its optimum, is no number")
    if min(regrets) < -_MOST_BEYOND_PP:
        raise CampaignError(
            f"{where} is better by {-min(regrets):.2f} percentage points than what its file calls the best of the "
            "table: one of the two is wrong"
        )
