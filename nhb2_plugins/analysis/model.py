"""What every question of a report is told of a campaign, and what stands for a number.

The questions: :mod:`nhb2_plugins.analysis.questions`.

Regrets are in percentage points (pp), errors in percent, times in simulated seconds; small is good. Optimizers appear
in one order everywhere, the order of ``CampaignFacts.optimizers``, and an index into that order is what picks a colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.analysis.stopping import Stopping
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.shown import as_html, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFIDENCE: Final = 0.95
"""Level of every interval."""
SIGNIFICANCE: Final = 0.05
"""Level of every test."""
FEWEST_FOR_INTERVALS: Final = 5
"""Fewer runs than this get no interval: none of the usual ones covers what it says."""
FEWEST_FOR_VERDICTS: Final = 10
"""Runs with which an optimizer is ranked in the summary, and compared with random search."""

Floats = NDArray[np.float64]


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
    """A number with its interval over runs (level :data:`CONFIDENCE`); NaN for an interval that there is none of."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)

    def __str__(self) -> str:
        if not self.known:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


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
        found_epoch: the fidelity that it was chosen at.
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
    found_epoch: int | None = None
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
        ladder: the epochs that serve the budgets of a multi-fidelity optimizer, else empty.
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
    ladder: tuple[int, ...]
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

    @property
    def epochs(self) -> tuple[int, ...]:
        """The fidelities that it searches at."""
        return self.ladder or (self.epoch,)

    def searched_on(self, measure_epoch: int) -> bool:
        """Whether the search itself saw expected test accuracies, which is what regret is measured in here."""
        return measure_epoch == LONG_EPOCHS and LONG_EPOCHS in self.epochs


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
    """

    label: str
    x: Floats
    mean: Floats
    median: Floats
    quarter: Floats
    three_quarters: Floats


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: its id, the last line of its traceback, and all of it."""

    run_id: str
    reason: str
    traceback: str


@dataclass(frozen=True)
class Standing:
    """Where an optimizer that has a result stands: the smallest mean of the final regrets first.

    Attributes:
        card: the optimizer.
        mean_pp: mean of the final regrets of its runs with a result.
        often: whether at least half of its runs have one. A mean over the few that have is over the luckiest: it leads
            nothing, and such optimizers stand behind the others.
        enough: whether it has :data:`FEWEST_FOR_VERDICTS` runs; those that have fewer lead nothing either.
    """

    card: OptimizerCard
    mean_pp: float
    often: bool
    enough: bool


@dataclass(frozen=True, eq=False)
class CampaignFacts:
    """What a campaign was: the frame that the answers of all questions stand in.

    Attributes:
        name: the campaign's name.
        specification: the campaign's specification as in ``campaign.json``; empty where that file is not there.
        table: provenance of the table (kind, source, created, seeds, note, checksums, digest).
        table_label: the table in a few words, for example ``embedded table (0123abcd)``.
        table_line: the table in one line.
        conditions: budget, workers, charging in one line.
        notes: what stands below every table and figure: table, conditions, what is marked.
        marks: what is marked, alone.
        measure: what regret is measured in, in words.
        measure_epoch: 12 or 200.
        goal: what regret is to, in words.
        optimum_error_pct: error of the table's best configuration at the measure.
        objectives: what was minimised: the error alone, or several, whose regret is one of hypervolume.
        horizon_s: the simulated second up to which curves run.
        versions: package → versions that took part, over all runs.
        optimizers: one card each, in the order of the specification; also those without any result.
        baseline_time: random search over time, one curve per number of simulated workers that occurs; or why not.
        baseline_evaluations: random search over evaluations; or why not.
        failures: runs that failed.
        unfinished: ids of runs that were begun and have no end.
        stopping: when it stopped adding seeds, with names as they are shown; None where their number was fixed.
    """

    name: str
    specification: Mapping[str, Any]
    table: Mapping[str, Any]
    table_label: str
    table_line: str
    conditions: str
    notes: tuple[str, ...]
    marks: tuple[str, ...]
    measure: str
    measure_epoch: int
    goal: str
    optimum_error_pct: float
    objectives: tuple[str, ...]
    horizon_s: float
    versions: Mapping[str, tuple[str, ...]]
    optimizers: tuple[OptimizerCard, ...]
    baseline_time: tuple[BaselineCurve, ...] | Refusal
    baseline_evaluations: BaselineCurve | Refusal
    failures: tuple[FailedRun, ...]
    unfinished: tuple[str, ...]
    stopping: Stopping | None

    @property
    def has_front(self) -> bool:
        """Whether several objectives were minimised: then there is no one incumbent."""
        return len(self.objectives) > 1

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The optimizers that have a result, the leading one first."""
        found = []
        for card in self.optimizers:
            regrets = [run.regret_pp for run in card.runs if run.regret_pp is not None]
            if regrets:
                often, enough = 2 * len(regrets) >= len(card.runs), len(card.runs) >= FEWEST_FOR_VERDICTS
                found.append(Standing(card, float(np.mean(regrets)), often, enough))
        return tuple(sorted(found, key=lambda each: (not each.often, not each.enough, each.mean_pp)))

    @property
    def ranked(self) -> tuple[Standing, ...]:
        """The optimizers with enough runs, and with a result often enough, to lead or to be led; the best first."""
        return tuple(each for each in self.standings if each.often and each.enough)

    def position(self, marked_name: str) -> int:
        """Where an optimizer stands in the order, which decides its colour."""
        return [card.marked_name for card in self.optimizers].index(marked_name)


@dataclass(frozen=True, eq=False)
class CampaignAnalysis(CampaignFacts):
    """A campaign with every answer. Whatever shows a number takes it from here, so that no two places disagree.

    The answer of a question is had by its name: ``analysis.pairs``, ``analysis.targets``.

    Attributes:
        answers: name of a question → its answer.
        sentences: the conclusions in plain words, what is not significant among them; the first is the summary.
    """

    answers: Mapping[str, Any]
    sentences: tuple[str, ...]

    _repr_html_ = as_html

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the mean regret over simulated hours with its intervals, and exact random search beside it.

        Args:
            axes: matplotlib's, to draw on; None makes a figure.

        Raises:
            InvalidValueError: no run has a result.
            MissingExtraError: matplotlib is not installed.
        """
        picture: Axes = drawn("plot_campaign", self, axes)
        return picture

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.answers})

    def __getattr__(self, name: str) -> Any:
        answers = self.__dict__.get("answers", {})  # a copy that is being made has none yet
        if name not in answers:
            raise AttributeError(f"a {type(self).__name__} has no {name!r}; its answers: {', '.join(answers)}")
        return answers[name]
