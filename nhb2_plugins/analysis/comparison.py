"""The comparison table: one row per optimizer; and the rows and cards that say more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nhb2_plugins.analysis.curves import final_regrets, standard_error
from nhb2_plugins.analysis.model import ComparisonRow, Estimate, FinalRow, Interval, OptimizerCard, RunRow
from nhb2_plugins.analysis.resampling import mean_interval, median_interval
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.run_file import RunSummary

_SECONDS_PER_HOUR: Final = 3600.0


def compare(results: CampaignResults) -> tuple[ComparisonRow, ...]:
    """One row per optimizer, in the order of the results. Runs without any result within the budget do not count."""
    return tuple(_row(each) for each in results.optimizers)


def _row(optimizer: OptimizerRuns) -> ComparisonRow:
    runs = optimizer.with_result
    if not runs:
        return ComparisonRow(optimizer.marked_name, 0, *[None] * 6)
    finals = [run.incumbents[-1].measured for run in runs]
    return ComparisonRow(
        optimizer.marked_name,
        len(runs),
        float(np.mean([run.n_evaluations for run in runs])),
        float(np.mean([run.last_end_s for run in runs])) / _SECONDS_PER_HOUR,
        _estimate([error_pct(final.valid_accuracy_12_pct) for final in finals]),
        _estimate([run.regrets[-1][1] for run in runs]),
        _estimate([error_pct(final.test_accuracy_12_pct) for final in finals]),
        _estimate([error_pct(final.expected_accuracy_200_pct) for final in finals]),
    )


def _estimate(values: Sequence[float]) -> Estimate:
    array = np.array(values)
    return Estimate(float(array.mean()), standard_error(array))


def final_rows(results: CampaignResults) -> tuple[FinalRow, ...]:
    """The spread of final regrets, one row per optimizer."""
    return tuple(_final_row(each) for each in results.optimizers)


def _final_row(optimizer: OptimizerRuns) -> FinalRow:
    values = final_regrets(optimizer)
    values = values[np.isfinite(values)]
    if not len(values):
        return FinalRow(optimizer.marked_name, 0, *[None] * 6)
    best, quarter, median, three_quarters, worst = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    return FinalRow(
        optimizer.marked_name,
        len(values),
        Interval(float(values.mean()), *map(float, mean_interval(values))),
        Interval(median, *map(float, median_interval(values))),
        best,
        quarter,
        three_quarters,
        worst,
    )


def cards(results: CampaignResults) -> tuple[OptimizerCard, ...]:
    """One card per optimizer."""
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
        ladder=tuple(header.ladder),
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
