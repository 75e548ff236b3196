"""From a campaign's results to the facts that the answers of all questions stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nhb2_plugins.analysis.baseline_curves import baseline_over_evaluations, baseline_over_time
from nhb2_plugins.analysis.model import CampaignFacts, OptimizerCard, RunRow
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.run_file import RunSummary


def facts_of(results: CampaignResults) -> CampaignFacts:
    """What a campaign was."""
    header = results.header
    best = header.optimum
    return CampaignFacts(
        name=results.name,
        specification=results.specification,
        table=header.table,
        table_label=header.table_label,
        table_line=results.table_line,
        conditions=results.conditions,
        notes=results.notes,
        measure=results.measure,
        measure_epoch=header.measure_epoch,
        optimum=f"{best.cellcode}, lr {best.lr:g}, batch size {best.batch_size}",
        optimum_error_pct=header.optimum_error_pct,
        horizon_s=results.horizon_s,
        versions=results.versions,
        optimizers=_cards(results),
        baseline_time=baseline_over_time(results),
        baseline_evaluations=baseline_over_evaluations(results),
        failures=results.failures,
        unfinished=results.unfinished,
    )


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
        algorithm=header.algorithm,
        settings=header.settings,
        ladder=header.ladder.budgets if header.ladder else (),
        epoch=header.epoch,
        budget_s=header.budget_s,
        n_workers=header.n_workers,
        charging=header.charging,
        crossing=header.crossing,
        versions=header.versions,
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
        algorithm=str(specified.get("algorithm", "")),
        settings=specified.get("settings") or {},
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
        run_id=run.header.run_id,
        n_evaluations=run.n_evaluations,
        simulated_s=run.last_end_s,
        charged_cost_s=run.charged_cost_s,
        overhead_s=run.overhead_s,
    )
    if not run.incumbents:
        return row
    final = run.incumbents[-1]
    measured = final.measured
    return replace(
        row,
        cellcode=final.cellcode,
        lr=final.lr,
        batch_size=final.batch_size,
        found_s=measured.time_s,
        found_evaluations=final.n_evaluations,
        regret_pp=run.header.regret_pp(measured),
        regrets=run.regrets,
        valid_error_pct=error_pct(measured.valid_accuracy_12_pct),
        test_error_12_pct=error_pct(measured.test_accuracy_12_pct),
        test_error_200_pct=error_pct(measured.expected_accuracy_200_pct),
    )
