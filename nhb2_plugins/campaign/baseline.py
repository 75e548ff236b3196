"""The exact random-search baseline of a campaign, computed once from its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign.store import CampaignWriteError
from nhb2_plugins.campaign.tables import benchmarks_used
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import TrajectoryError, retold
from nhb2_plugins.exact import (
    BestOfRandom,
    RandomSearchOverTime,
    best_of_random,
    random_hypervolume,
    random_hypervolume_over_time,
    random_search_over_time,
)
from nhb2_plugins.files import write_whole
from nhb2_plugins.subspace import WHOLE_SPACE
from nhb2_plugins.trajectory.baseline import (
    TARGETS_PP,
    RandomSearchBaseline,
    ReachedByRandomSearch,
    RegretLaw,
    read_baseline,
    write_baseline,
)

_N_TIMES: Final = 256
_N_COUNTS: Final = 160
_MOST_EVALUATIONS: Final = 100_000
# With 256 thresholds the expected regret by 20,000 seconds is off by at most 0.003 percentage points, with 128 by
# 0.006. What they cost grows with the length of the time grid.
_N_LEVELS: Final = 256
_N_LEVELS_LONG: Final = 128
_LONG_S: Final = 50_000
_LONGEST_S: Final = 1_000_000
_DIGITS: Final = 7
_N_LAW: Final = 512

_Floats = NDArray[np.float64]


def horizon_of(spec: CampaignSpec) -> float | None:
    """The largest budget of a campaign's runs, in simulated seconds; None where none has a limit."""
    return max((budget for each in spec.optimizers if (budget := spec.budget_of(each)) is not None), default=None)


def keep_baseline(spec: CampaignSpec, bench: Benchmark, directory: Path) -> None:
    """Write a campaign's baseline into its directory, unless it is there.

    Raises:
        CampaignWriteError: the directory cannot be written.
    """
    path = CampaignDirectory(directory).baseline_file
    with retold(CampaignWriteError, f"cannot write to {directory}"):
        if not _is_there(path, spec, bench):
            write_whole(path, write_baseline(compute_baseline(spec, bench)))


def _is_there(path: Path, spec: CampaignSpec, bench: Benchmark) -> bool:
    """Whether the file is of this table, measure, budget and numbers of workers; a damaged one is written anew."""
    try:
        kept = read_baseline(path)
    except TrajectoryError:
        return False
    if kept is None:
        return False
    wanted = (bench.provenance.digest, spec.measure_epoch, horizon_of(spec), _is_whole(spec), _measured_in(spec))
    known = kept.over_evaluations is not None
    in_what = (kept.objectives, kept.reference_point)
    found = (kept.table_digest, kept.measure_epoch, kept.horizon_s, known, in_what)
    laws = sorted((law.n_workers, law.budget_s) for law in kept.laws)
    over_time = (sorted(kept.over_time), laws) == (_workers_of(spec), _conditions_of(spec))
    return found == wanted and (not kept.over_time or over_time)


def _is_whole(spec: CampaignSpec) -> bool:
    return spec.restriction.subspace == WHOLE_SPACE


def _measured_in(spec: CampaignSpec) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return (spec.objectives, spec.reference_point) if spec.has_several_objectives else ((), ())


def _workers_of(spec: CampaignSpec) -> list[int]:
    return sorted({spec.workers_of(each) for each in spec.optimizers})


def _conditions_of(spec: CampaignSpec) -> list[tuple[int, float]]:
    """The numbers of workers and the budgets that end runs, ascending; none where something else ends them."""
    if spec.has_several_objectives or spec.max_evaluations is not None:
        return []
    given = ((spec.workers_of(each), spec.budget_of(each)) for each in spec.optimizers)
    return sorted({(n_workers, budget) for n_workers, budget in given if budget is not None})


def compute_baseline(spec: CampaignSpec, bench: Benchmark) -> RandomSearchBaseline:
    """What random search reaches at the campaign's measure, by its largest budget, with each number of workers."""
    horizon_s, epoch = horizon_of(spec), spec.measure_epoch
    whole = _is_whole(spec)
    why_not = "" if whole else "The exact answers are of random search over the whole space, not over a part of it."
    over_time: dict[int, ReachedByRandomSearch] = {}
    laws: tuple[RegretLaw, ...] = ()
    if spec.is_on_several_tables:
        alone = spec.model_copy(update={"draws": None, "table_seed": None})
        several = [compute_baseline(alone, each) for each in benchmarks_used(spec, bench)]
        return averaged(several, bench.provenance.digest)
    if whole and spec.has_several_objectives:
        return _of_several_objectives(spec, bench)
    if whole:
        why_not = _why_not_over_time(horizon_s, bench, epoch)
        if horizon_s is not None and not why_not:
            over_time, laws = _over_time(bench, epoch, horizon_s, _workers_of(spec), _conditions_of(spec))
    return RandomSearchBaseline(
        table_digest=bench.provenance.digest,
        measure_epoch=epoch,
        horizon_s=horizon_s,
        over_time=over_time,
        over_evaluations=_over_evaluations(best_of_random(bench, epoch)) if whole else None,
        why_not=why_not,
        laws=laws,
    )


def averaged(baselines: Sequence[RandomSearchBaseline], table_digest: str) -> RandomSearchBaseline:
    """Random search on one of several tables, each as likely: means, and shares that reach a target.

    Args:
        baselines: of each table; under the same conditions.
        table_digest: of the table that they are draws of.
    """
    first = baselines[0]
    why_not = next((each.why_not for each in baselines if each.why_not), "")
    over_time = {} if why_not else {n: _mixed([each.over_time[n] for each in baselines]) for n in first.over_time}
    over_evaluations = [each.over_evaluations for each in baselines if each.over_evaluations is not None]
    return replace(
        first,
        table_digest=table_digest,
        why_not=why_not,
        over_time=over_time,
        over_evaluations=_mixed(over_evaluations) if over_evaluations else None,
        laws=()
        if why_not
        else tuple(_mixed_law(laws) for laws in zip(*(each.laws for each in baselines), strict=True)),
    )


def _mixed(several: Sequence[ReachedByRandomSearch]) -> ReachedByRandomSearch:
    """On the first one's axis from where all of them have begun."""
    x = np.array([place for place in several[0].x if place >= max(each.x[0] for each in several)])

    def read(each: ReachedByRandomSearch, column: Sequence[float]) -> _Floats:
        return np.asarray(np.interp(x, each.x, column), dtype=np.float64)

    known = np.array([read(each, each.probability_of_result) for each in several])
    mean = np.array([read(each, each.mean_pp) for each in several])
    return ReachedByRandomSearch(
        x=tuple(x.tolist()),
        probability_of_result=_rounded(known.mean(axis=0)),
        mean_pp=_rounded((known * mean).sum(axis=0) / known.sum(axis=0)),
    )


def _mixed_law(laws: Sequence[RegretLaw]) -> RegretLaw:
    grid = np.unique(np.concatenate([law.regret_pp for law in laws]))
    grid = grid[:: max(len(grid) // _N_LAW, 1)]
    grid = np.append(grid, max(law.regret_pp[-1] for law in laws))
    at_most = np.mean([np.interp(grid, law.regret_pp, law.at_most, left=0.0) for law in laws], axis=0)
    return RegretLaw(laws[0].n_workers, laws[0].budget_s, _rounded(grid), _rounded(at_most))


def _of_several_objectives(spec: CampaignSpec, bench: Benchmark) -> RandomSearchBaseline:
    """The expected regret in hypervolume; over time of two objectives, with one worker."""
    objectives, reference_point = _measured_in(spec)
    horizon_s, reference = horizon_of(spec), reference_point or None
    search = random_hypervolume(bench, objectives, reference=reference)
    over_time: dict[int, ReachedByRandomSearch] = {}
    why_not = _why_not_over_time(horizon_s, bench, spec.measure_epoch)
    if not why_not and spec.max_evaluations is not None:
        why_not = "Runs end by their number of evaluations, so random search is compared over these, not over time."
    if not why_not and (len(objectives) != 2 or _workers_of(spec) != [1]):
        why_not = "Over time random search is solved for two objectives and one simulated worker."
    if horizon_s is not None and not why_not:
        times = _times(bench, spec.measure_epoch, horizon_s)
        found = random_hypervolume_over_time(bench, times, objectives, reference=reference)
        known = random_search_over_time(bench, times, n_levels=2).probability_of_result
        over_time[1] = _expected(times[known > 0], 100 - 100 * found[known > 0] / search.front, known[known > 0])
    counts = sorted({*_counts(), spec.max_evaluations or 1})
    regrets = np.array([search.mean_regret_pp(n) for n in counts])
    return RandomSearchBaseline(
        table_digest=bench.provenance.digest,
        measure_epoch=spec.measure_epoch,
        horizon_s=horizon_s,
        over_time=over_time,
        over_evaluations=_expected(np.array(counts, dtype=np.float64), regrets, np.ones(len(counts))),
        why_not=why_not,
        objectives=objectives,
        reference_point=reference_point,
    )


def _expected(x: _Floats, regret_pp: _Floats, probability: _Floats) -> ReachedByRandomSearch:
    return ReachedByRandomSearch(_rounded(x), _rounded(probability), _rounded(np.maximum(regret_pp, 0)))


def _why_not_over_time(horizon_s: float | None, bench: Benchmark, epoch: int) -> str:
    if horizon_s is None:
        return "No run of this campaign has a limit of simulated time."
    if horizon_s > _LONGEST_S:
        return f"The budget is longer than the {_LONGEST_S:,} simulated seconds for which random search is solved."
    if horizon_s < bench.by_row(epoch).cost_s.min() + 1:
        return "Nothing that random search evaluates ends within the budget."
    return ""


def _over_time(
    bench: Benchmark, epoch: int, horizon_s: float, workers: Sequence[int], conditions: Sequence[tuple[int, float]]
) -> tuple[dict[int, ReachedByRandomSearch], tuple[RegretLaw, ...]]:
    times = _times(bench, epoch, horizon_s)
    budgets = sorted({budget_s for _, budget_s in conditions})
    n_levels = _N_LEVELS if horizon_s <= _LONG_S else _N_LEVELS_LONG
    solved = random_search_over_time(bench, [*times, *budgets], epoch=epoch, n_levels=n_levels)
    on_the_way, at_the_ends = _at(solved, slice(_N_TIMES)), _at(solved, slice(_N_TIMES, None))
    over_time = {n: _reached_over_time(_with_workers(on_the_way, n)) for n in workers}
    laws = (_law(_with_workers(at_the_ends, n), n, budgets.index(budget_s)) for n, budget_s in conditions)
    return over_time, tuple(laws)


def _at(search: RandomSearchOverTime, times: slice) -> RandomSearchOverTime:
    return replace(search, time_s=search.time_s[times], probability=search.probability[:, times])


def _law(search: RandomSearchOverTime, n_workers: int, position: int) -> RegretLaw:
    """The law at one of the times, by those of its levels that make it a step of 1/512 more likely."""
    at_most = search.distribution_at(position)
    steps = np.floor(at_most * _N_LAW)
    kept = np.flatnonzero(np.diff(steps, prepend=-1.0, append=np.inf)[1:] > 0)
    regret = search.error_pct[kept] - search.error_pct[0]
    return RegretLaw(n_workers, float(search.time_s[position]), _rounded(regret), _rounded(at_most[kept]))


def _times(bench: Benchmark, epoch: int, horizon_s: float) -> _Floats:
    times = np.geomspace(bench.by_row(epoch).cost_s.min() + 1, horizon_s, _N_TIMES)
    times[-1] = horizon_s
    return times


def _with_workers(alone: RandomSearchOverTime, n_workers: int) -> RandomSearchOverTime:
    """Random search with several workers: each draws on its own, so nothing as good is known if none of them knows it.

    Its probability is 1 − (1 − p)ⁿ where p is that of one worker: draws do not depend on results.
    """
    return replace(alone, probability=1 - (1 - alone.probability) ** n_workers)


def _reached_over_time(search: RandomSearchOverTime) -> ReachedByRandomSearch:
    optimum = search.error_pct[0]
    known = search.probability_of_result > 1e-9  # what its float errors stay below

    def column(values: Any) -> tuple[float, ...]:
        return _rounded(np.asarray(values, dtype=np.float64)[known])

    return ReachedByRandomSearch(
        x=column(search.time_s),
        probability_of_result=column(search.probability_of_result),
        mean_pp=column(np.maximum(search.mean_regret_pct, 0)),
        median_pp=column(search.quantile_error_pct(0.5) - optimum),
        quarter_pp=column(search.quantile_error_pct(0.25) - optimum),
        three_quarters_pp=column(search.quantile_error_pct(0.75) - optimum),
        reached=tuple(column(search.probability_at_most(optimum + target)) for target in TARGETS_PP),
    )


def _counts() -> list[int]:
    counts: list[int] = np.unique(np.geomspace(1, _MOST_EVALUATIONS, _N_COUNTS).round()).astype(int).tolist()
    return counts


def _over_evaluations(search: BestOfRandom) -> ReachedByRandomSearch:
    counts = _counts()
    optimum = float(search.error_pct[0])

    def quantile(probability: float) -> tuple[float, ...]:
        return _rounded(np.array([search.quantile_error_pct(probability, n) - optimum for n in counts]))

    return ReachedByRandomSearch(
        x=tuple(float(n) for n in counts),
        probability_of_result=(1.0,) * len(counts),
        mean_pp=_rounded(np.array([search.mean_regret_pct(n) for n in counts])),
        median_pp=quantile(0.5),
        quarter_pp=quantile(0.25),
        three_quarters_pp=quantile(0.75),
        reached=tuple(
            _rounded(np.array([search.probability_at_most(optimum + target, n) for n in counts]))
            for target in TARGETS_PP
        ),
    )


def _rounded(values: _Floats) -> tuple[float, ...]:
    """To seven significant digits: far below the error of the time grid, and a third of the file."""
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values.tolist())
