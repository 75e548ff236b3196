"""What an analysis holds: every number that tables, figures, CSV, LaTeX and the page show, computed once.

A :class:`CampaignAnalysis` is made by :func:`nhb2_plugins.analysis.analyse.analyse`. Whatever shows a number takes it
from here, so that a figure, a file for a paper and the page cannot disagree. Regrets are in percentage points (pp),
errors in percent, times in simulated seconds; small is good. Optimizers appear in one order everywhere, the order of
``CampaignAnalysis.optimizers``, and an index into that order is what picks a colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
"""Level of every interval."""
SIGNIFICANCE: Final = 0.05
"""Level of every test."""
FEWEST_FOR_INTERVALS: Final = 5
"""A bootstrap interval over fewer runs than this is given, and said to say little."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Refusal:
    """Stands where a result would stand that cannot be given honestly; the reason is a sentence for the reader."""

    reason: str


@dataclass(frozen=True)
class Estimate:
    """A mean over runs with its standard error (ddof 1; None for a single run, whose spread nobody knows)."""

    mean: float
    standard_error: float | None

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.standard_error is None else f"{self.mean:.2f} ± {self.standard_error:.2f}"


@dataclass(frozen=True)
class Interval:
    """A number with its bootstrap interval (level :data:`CONFIDENCE`)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class ComparisonRow:
    """One optimizer's results; errors in percent, regret in percentage points, means over runs with a result.

    Where no run has a result within the budget every number is None, shown as a dash.

    Attributes:
        optimizer: its name, with an asterisk where it searched on expected test accuracy.
        n_runs: number of runs with a result; these are averaged.
        evaluations: evaluations of a run, mean.
        simulated_h: simulated hours until the last of them ended, mean.
        valid_error: final incumbent's validation error after 12 epochs.
        regret: final incumbent's regret to the table's optimum, at the campaign's measure.
        test_error_12: final incumbent's test error after 12 epochs.
        test_error_200: its expected test error after 200 epochs.
    """

    optimizer: str
    n_runs: int
    evaluations: float | None
    simulated_h: float | None
    valid_error: Estimate | None
    regret: Estimate | None
    test_error_12: Estimate | None
    test_error_200: Estimate | None


@dataclass(frozen=True)
class RunRow:
    """One finished run; what is of the final incumbent is None where there is none.

    Attributes:
        optimizer: the optimizer's name (marked as in the comparison).
        seed: the run's seed.
        run_id: as in the file's header; the file is ``runs/<run_id>.jsonl``.
        n_evaluations: number of evaluations.
        simulated_s: simulated second when the last of them ended.
        charged_cost_s: what they were charged, summed.
        overhead_s: *wall-clock* seconds that the optimizer thought, summed.
        cellcode: the final incumbent's cell,
        lr: learning rate,
        batch_size: and batch size.
        found_s: simulated second when it became known.
        found_evaluations: number of evaluations that had ended when it did, itself included.
        regret_pp: its regret at the campaign's measure.
        valid_error_pct: its validation error after 12 epochs,
        test_error_12_pct: test error after 12 epochs,
        test_error_200_pct: expected test error after 200 epochs.
        regrets: (simulated second, regret from then on in pp) of each incumbent.
    """

    optimizer: str
    seed: int
    run_id: str
    n_evaluations: int
    simulated_s: float
    charged_cost_s: float
    overhead_s: float
    cellcode: str | None = None
    lr: float | None = None
    batch_size: int | None = None
    found_s: float | None = None
    found_evaluations: int | None = None
    regret_pp: float | None = None
    valid_error_pct: float | None = None
    test_error_12_pct: float | None = None
    test_error_200_pct: float | None = None
    regrets: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class OptimizerCard:
    """One optimizer: what it was, and its runs.

    Attributes:
        name: as in the specification.
        marked_name: with an asterisk where it searched on expected test accuracy; what is shown.
        algorithm: registered name.
        settings: its settings, as given.
        ladder: budgets in epochs of a multi-fidelity optimizer, else empty.
        epoch: the fidelity searched at, without a ladder.
        budget_s: simulated budget; None for no limit.
        n_workers: simulated workers.
        charging: charging policy.
        crossing: ``drop`` or ``count``: evaluations that end after the budget.
        versions: packages and versions that took part.
        evaluations_by_epoch: epoch → evaluations at it, mean per run, ascending.
        overhead_s: wall-clock seconds of thinking, mean per run.
        runs: one row per finished run, by seed.
    """

    name: str
    marked_name: str
    algorithm: str
    settings: Mapping[str, Any]
    ladder: tuple[float, ...]
    epoch: int
    budget_s: float | None
    n_workers: int
    charging: str
    crossing: str
    versions: Mapping[str, str]
    evaluations_by_epoch: Mapping[int, float]
    overhead_s: float
    runs: tuple[RunRow, ...]

    @property
    def n_without_result(self) -> int:
        """Number of finished runs in which nothing ended within the budget."""
        return sum(run.regret_pp is None for run in self.runs)

    def best_runs(self, n: int) -> tuple[RunRow, ...]:
        """Up to ``n`` runs with distinct final configurations, the smallest regret first."""
        ordered = sorted((run for run in self.runs if run.regret_pp is not None), key=lambda run: run.regret_pp or 0.0)
        distinct = {(run.cellcode, run.lr, run.batch_size): run for run in reversed(ordered)}
        return tuple(sorted(distinct.values(), key=lambda run: run.regret_pp or 0.0)[:n])


@dataclass(frozen=True)
class FinalRow:
    """The final regret of one optimizer's runs, in pp; None where no run has a result.

    Attributes:
        optimizer: marked name.
        n_runs: runs with a result.
        mean: with its bootstrap interval over runs.
        median: with its bootstrap interval over runs.
        best: smallest regret of a run.
        worst: largest.
        quarter: first quartile,
        three_quarters: and third.
    """

    optimizer: str
    n_runs: int
    mean: Interval | None
    median: Interval | None
    best: float | None
    quarter: float | None
    three_quarters: float | None
    worst: float | None


@dataclass(frozen=True, eq=False)
class AnytimeCurve:
    """Regret of one optimizer's incumbent; a right-continuous step: ``mean[i]`` holds from ``x[i]`` to ``x[i + 1]``.

    ``x`` begins when every run (of those that ever have a result) has one. It holds every moment when a run
    changes, or, where those are very many, a selection of them; a value is exact at its own moment in either case.
    NaN nowhere; empty where no run has a result. The error at the measure is the regret plus
    ``CampaignAnalysis.optimum_error_pct``.

    Attributes:
        optimizer: marked name.
        n_runs: runs averaged.
        n_without_result: further runs without a result, left out.
        x: simulated seconds or numbers of evaluations, ascending, shape (n,).
        mean: over runs, in pp, shape (n,),
        mean_low: its bootstrap interval, shape (n,),
        mean_high: shape (n,).
        median: over runs, in pp, shape (n,),
        median_low: its bootstrap interval, shape (n,),
        median_high: shape (n,).
    """

    optimizer: str
    n_runs: int
    n_without_result: int
    x: _Floats
    mean: _Floats
    mean_low: _Floats
    mean_high: _Floats
    median: _Floats
    median_low: _Floats
    median_high: _Floats


@dataclass(frozen=True, eq=False)
class BaselineCurve:
    """What random search reaches, exactly, without a run; regret in pp.

    Attributes:
        label: for legends, for example ``random search, exact``.
        x: simulated seconds or numbers of evaluations, ascending, shape (n,).
        mean: expected regret given a result, shape (n,).
        median: shape (n,).
        quarter: first quartile of the regret, shape (n,),
        three_quarters: and third, shape (n,); infinite where a result is less likely than that.
        note: what it holds for, in words.
    """

    label: str
    x: _Floats
    mean: _Floats
    median: _Floats
    quarter: _Floats
    three_quarters: _Floats
    note: str


@dataclass(frozen=True)
class MatchRow:
    """How long an optimizer takes to be as good as random search (exact) at the end of the budget.

    Attributes:
        optimizer: marked name.
        level: ``mean`` or ``median``: what is compared.
        random_regret_pp: what random search has at the end.
        time_s: simulated second from which on the optimizer's mean (median) is at most that, for good; None if it is
            not at the end.
        speed_up: the budget divided by that time; None where there is none. Where the optimizer ends behind random
            search, the time that random search takes to its final value, divided by the budget: below 1.
    """

    optimizer: str
    level: Literal["mean", "median"]
    random_regret_pp: float
    time_s: float | None
    speed_up: float | None


@dataclass(frozen=True, eq=False)
class RankCurves:
    """Average ranks over simulated time: 1 is the best, the number of optimizers the worst.

    The rank of an optimizer is its expected rank among one run of each, drawn at random; ties share the mean of their
    ranks, and a run without a result yet is tied for the last. So all runs count, also where numbers of runs differ.

    Attributes:
        optimizers: marked names.
        time_s: shape (n_times,).
        rank: shape (n_optimizers, n_times).
        final: the last column, with bootstrap intervals over runs, one per optimizer.
        anytime: mean rank over the logarithm of time, from the first result to the horizon, one per optimizer.
    """

    optimizers: tuple[str, ...]
    time_s: _Floats
    rank: _Floats
    final: tuple[Interval, ...]
    anytime: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FriedmanResult:
    """Friedman's test on final regrets, a block per seed, with Nemenyi's test after it (Demšar, JMLR 7, 2006).

    Attributes:
        optimizers: marked names of those that took part.
        n_blocks: number of seeds that they share.
        statistic: Friedman's chi-squared (corrected for ties).
        p_value: of it.
        mean_rank: average ranks over blocks, one per optimizer.
        critical_difference: two average ranks that differ by less are not told apart by Nemenyi's test.
        p_nemenyi: shape (n, n), symmetric, ones on the diagonal.
        groups: maximal sets of optimizers (indices into ``optimizers``, best rank first) within one critical
            difference: the bars of the diagram. Single ones are left out.
        left_out: optimizers that took no part, with the reason.
    """

    optimizers: tuple[str, ...]
    n_blocks: int
    statistic: float
    p_value: float
    mean_rank: tuple[float, ...]
    critical_difference: float
    p_nemenyi: _Floats
    groups: tuple[tuple[int, ...], ...]
    left_out: Mapping[str, str]

    @property
    def significant(self) -> bool:
        """Whether the optimizers differ at all (level :data:`SIGNIFICANCE`)."""
        return self.p_value < SIGNIFICANCE


@dataclass(frozen=True)
class PairRow:
    """Two optimizers' final regrets compared.

    Attributes:
        first: marked name,
        second: and the other one.
        test: ``Wilcoxon signed-rank`` (paired by seed; both have the same seeds) or ``Mann-Whitney U`` (they have not);
            empty where refused.
        n_first: runs of the first,
        n_second: and of the second.
        p_value: two-sided; None where refused.
        p_holm: corrected for the number of pairs tested (Holm).
        effect: rank-biserial correlation, -1 … 1; positive where the first is better (has the smaller regrets).
        magnitude: of the effect in a word: ``negligible``, ``small``, ``medium``, ``large``; empty where refused.
        refused: why there is no test; empty where there is one.
    """

    first: str
    second: str
    test: str
    n_first: int
    n_second: int
    p_value: float | None
    p_holm: float | None
    effect: float | None
    magnitude: str
    refused: str

    @property
    def significant(self) -> bool:
        """Whether the two differ (level :data:`SIGNIFICANCE`, after Holm's correction)."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE

    @property
    def ahead(self) -> str:
        """The one that the effect speaks for, significant or not."""
        return self.first if (self.effect or 0) > 0 else self.second

    @property
    def behind(self) -> str:
        """The other one."""
        return self.second if self.ahead == self.first else self.first

    @property
    def verdict(self) -> str:
        """What the test says, in words."""
        if self.refused:
            return f"not tested: {self.refused}"
        return f"{self.ahead} is better" if self.significant else "not significant"


@dataclass(frozen=True, eq=False)
class TargetCurves:
    """Share of runs that have reached a target by each time: right-continuous steps.

    Attributes:
        target_pp: the regret to reach.
        optimizers: marked names.
        times_s: per optimizer the times when one of its runs first has a regret of at most the target, ascending; each
            shape (number of runs that get there,).
        n_runs: per optimizer the number of runs; the share after i times is i / n_runs.
        baseline_time_s: times of the exact share of random search, shape (n,); empty where there is no baseline.
        baseline_share: probability that random search has reached it, shape (n,).
    """

    target_pp: float
    optimizers: tuple[str, ...]
    times_s: tuple[_Floats, ...]
    n_runs: tuple[int, ...]
    baseline_time_s: _Floats
    baseline_share: _Floats


@dataclass(frozen=True, eq=False)
class ImprovementMatrix:
    """Probability that a run of one optimizer ends better than a run of another; ties count half.

    Attributes:
        optimizers: marked names.
        probability: shape (n, n): [i, j] that a run of i has a smaller final regret than a run of j; NaN where one of
            them has no result, and on the diagonal.
        low: bootstrap interval over runs, shape (n, n),
        high: shape (n, n).
    """

    optimizers: tuple[str, ...]
    probability: _Floats
    low: _Floats
    high: _Floats


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: its id, the last line of its traceback, and all of it."""

    run_id: str
    reason: str
    traceback: str


@dataclass(frozen=True, eq=False)
class CampaignAnalysis:
    """Every number that is shown of a campaign.

    Attributes:
        name: the campaign's name.
        specification: the campaign's specification as in ``campaign.json``; empty where that file is not there.
        table: provenance of the table (kind, source, created, seeds, note, checksums, digest).
        table_label: the table in a few words, for example ``embedded table (6b73c44b)``.
        table_line: the table in one line.
        conditions: budget, workers, charging in one line.
        notes: what stands below every table and figure: table, conditions, what is marked.
        measure: what regret is measured in, in words.
        measure_epoch: 12 or 200.
        optimum: the table's best configuration at the measure, in words.
        optimum_error_pct: its error.
        horizon_s: the simulated second up to which curves run.
        versions: package → versions that took part, over all runs.
        optimizers: one card each, in the order of the specification; also those without any result.
        comparison: the comparison table, one row per optimizer.
        finals: final regrets, one row per optimizer.
        over_time: one curve per optimizer over simulated time.
        over_evaluations: one curve per optimizer over the number of evaluations that had ended, of whatever fidelity.
        baseline_time: random search over time, one curve per number of simulated workers that occurs; or why not.
        baseline_evaluations: random search over evaluations; or why not.
        matches: time to match random search, two rows per optimizer (mean, median); or why not.
        ranks: average ranks over time; or why not.
        friedman: Friedman's and Nemenyi's tests; or why not.
        pairs: every pair of optimizers.
        targets: share of runs that reach a target, one per target, the easiest first.
        improvement: probability of improvement; or why not.
        sentences: the conclusions in plain words, what is not significant among them; the first is the summary.
        failures: runs that failed.
        unfinished: ids of runs that were begun and have no end.
    """

    name: str
    specification: Mapping[str, Any]
    table: Mapping[str, Any]
    table_label: str
    table_line: str
    conditions: str
    notes: tuple[str, ...]
    measure: str
    measure_epoch: int
    optimum: str
    optimum_error_pct: float
    horizon_s: float
    versions: Mapping[str, tuple[str, ...]]
    optimizers: tuple[OptimizerCard, ...]
    comparison: tuple[ComparisonRow, ...]
    finals: tuple[FinalRow, ...]
    over_time: tuple[AnytimeCurve, ...]
    over_evaluations: tuple[AnytimeCurve, ...]
    baseline_time: tuple[BaselineCurve, ...] | Refusal
    baseline_evaluations: BaselineCurve | Refusal
    matches: tuple[MatchRow, ...] | Refusal
    ranks: RankCurves | Refusal
    friedman: FriedmanResult | Refusal
    pairs: tuple[PairRow, ...]
    targets: tuple[TargetCurves, ...]
    improvement: ImprovementMatrix | Refusal
    sentences: tuple[str, ...]
    failures: tuple[FailedRun, ...]
    unfinished: tuple[str, ...] = ()
