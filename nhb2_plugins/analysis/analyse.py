"""From a campaign's results to every number that is shown of it."""

from __future__ import annotations

from nhb2_plugins.analysis.comparison import cards, compare, final_rows
from nhb2_plugins.analysis.curves import aligned_over_evaluations, aligned_over_time, curve_of
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.ranks import improvement_matrix, rank_curves
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.significance import friedman, pairs
from nhb2_plugins.analysis.targets import baseline_over_evaluations, baseline_over_time, matches, target_curves
from nhb2_plugins.analysis.wording import sentences


def analyse(results: CampaignResults) -> CampaignAnalysis:
    """Everything that tables, figures, files for papers and the page show; the same results give the same analysis."""
    header = results.header
    aligned = [aligned_over_time(each, results.horizon_s) for each in results.optimizers]
    baseline, matched = baseline_over_time(results), matches(results, aligned, results.baseline)
    finals, tested, paired = final_rows(results), friedman(results), pairs(results)
    over_time = tuple(curve_of(*each) for each in zip(results.optimizers, aligned, strict=True))
    optimizers = cards(results)
    best = header.optimum
    return CampaignAnalysis(
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
        optimizers=optimizers,
        comparison=compare(results),
        finals=finals,
        over_time=over_time,
        over_evaluations=tuple(curve_of(each, aligned_over_evaluations(each)) for each in results.optimizers),
        baseline_time=baseline,
        baseline_evaluations=baseline_over_evaluations(results),
        matches=matched,
        ranks=rank_curves(results),
        friedman=tested,
        pairs=paired,
        targets=target_curves(results),
        improvement=improvement_matrix(results),
        sentences=sentences(
            measure=results.measure,
            horizon_s=results.horizon_s,
            finals=finals,
            baseline=baseline,
            matches=matched,
            friedman=tested,
            pairs=paired,
            curves=over_time,
            optimizers=optimizers,
            failed=bool(results.failures),
            unfinished=results.unfinished,
        ),
        failures=results.failures,
        unfinished=results.unfinished,
    )
