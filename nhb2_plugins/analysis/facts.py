"""From a campaign's results to the facts that the answers of all questions stand in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nhb2_plugins.analysis.baseline_curves import baseline_over_evaluations, baseline_over_time
from nhb2_plugins.analysis.draws import depends_of
from nhb2_plugins.analysis.model import CampaignFacts, FailedRun, OptimizerCard, RunRow
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
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
        name=printable(results.name),
        specification=_printable(results.specification),
        table=_printable(results.table),
        table_label=printable(results.table_label),
        table_line=printable(results.table_line),
        conditions=printable(results.conditions),
        notes=tuple(map(printable, results.notes)),
        marks=results.marks,
        measure=results.measure,
        measure_epoch=header.measure_epoch,
        goal=printable(results.goal),
        optimum_error_pct=results.optimum_error_pct,
        objectives=header.objectives,
        horizon_s=results.horizon_s,
        versions=_printable(results.versions),
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
