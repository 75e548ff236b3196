"""A campaign's recorded runs, grouped by optimizer, with what is recorded beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.analysis.model import FailedRun
from nhb2_plugins.analysis.stopping import Stopping, read_stopping
from nhb2_plugins.campaign_directory import BASELINE_FILE, LONGEST_LABEL, CampaignDirectory
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.text_table import printable, shortened
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline, read_baseline
from nhb2_plugins.trajectory.run_file import RunHeader, RunSummary
from nhb2_plugins.trajectory.summary import read_summary

_MEASURES: Final = {
    SCHEDULE_EPOCHS: f"validation error after {SCHEDULE_EPOCHS} epochs",
    LONG_EPOCHS: f"expected test error after {LONG_EPOCHS} epochs",
}


@dataclass(frozen=True)
class OptimizerRuns:
    """All finished runs of one optimizer, by seed; none where all of them failed, or none was started."""

    name: str
    runs: tuple[RunSummary, ...]

    @property
    def marked_name(self) -> str:
        """The name as it is shown, with an asterisk where the search saw 200-epoch values.

        What cannot be printed is escaped, and of a name that no specification takes, the middle is left out.
        """
        name = shortened(printable(self.name), LONGEST_LABEL)
        return f"{name} *" if self.runs and self.runs[0].header.searches_expected_test else name

    @property
    def with_result(self) -> tuple[RunSummary, ...]:
        """The runs in which anything ended within the budget."""
        return tuple(run for run in self.runs if run.incumbents)


@dataclass(frozen=True)
class CampaignResults:
    """All finished runs of a campaign, at least one; optimizers in the order given.

    Attributes:
        optimizers: what was compared.
        specification: the campaign's specification as in ``campaign.json``; empty where that is not there.
        baseline: what random search reaches; None where that is not recorded.
        failures: runs that failed.
        unfinished: ids of the runs that were begun and have no end: they are going on, or were killed.
        stopping: when it stopped adding seeds; None where their number was fixed beforehand.
    """

    optimizers: tuple[OptimizerRuns, ...]
    specification: Mapping[str, Any] = field(default_factory=dict)
    baseline: RandomSearchBaseline | None = None
    failures: tuple[FailedRun, ...] = ()
    unfinished: tuple[str, ...] = ()
    stopping: Stopping | None = None

    @property
    def header(self) -> RunHeader:
        """Any run's header: what all runs share (table, budget, measure) can be read from it."""
        return next(run.header for each in self.optimizers for run in each.runs)

    @property
    def first_headers(self) -> tuple[RunHeader, ...]:
        """One header for each optimizer that has a run: what its runs share."""
        return tuple(each.runs[0].header for each in self.optimizers if each.runs)

    @property
    def horizon_s(self) -> float:
        """The simulated second that curves are drawn up to: the largest budget; the latest end where none ends runs."""
        runs = [run for each in self.optimizers for run in each.runs]
        limited = [run.header.budget_s for run in runs if run.header.budget_s is not None]
        latest = max(run.last_end_s for run in runs)
        if not limited:
            return latest
        ends_by_number = all(run.n_evaluations == run.header.max_evaluations for run in runs)
        return min(latest, max(limited)) if ends_by_number else max(limited)

    @property
    def measure(self) -> str:
        """What regret is measured in."""
        return measure_in_words(self.header.objectives, self.header.measure_epoch)

    @property
    def turns(self) -> tuple[int, ...]:
        """Which of several tables runs answer from, ascending: draws, or training seeds; none of one table."""
        found = {turn_of(run.header) for each in self.optimizers for run in each.runs}
        turns = sorted(turn for turn in found if turn is not None)
        return tuple(turns) if len(turns) > 1 else ()

    @property
    def turn(self) -> str:
        """What those tables are, in the singular."""
        return "draw" if self.header.table_seed is None else "training seed"

    @property
    def draws(self) -> tuple[int, ...]:
        """The embedded table's draws that runs are on, ascending, where they are on several."""
        return self.turns if self.turn == "draw" else ()


def measure_in_words(objectives: Sequence[str], measure_epoch: int) -> str:
    """What regret is measured in: hypervolume where several objectives are minimised."""
    if len(objectives) > 1:
        *first, last = objectives
        return f"hypervolume of {', '.join(first)} and {last}"
    return _MEASURES[measure_epoch]


def epochs_in_words(epochs: Iterable[int]) -> str:
    """Several epochs, ascending, each once.

    >>> epochs_in_words([12, 1, 12]), epochs_in_words([1])
    ('1, 12 epochs', '1 epoch')
    """
    several = sorted(set(epochs))
    return f"{', '.join(map(str, several))} epoch{'' if several == [1] else 's'}"


def read_results(directory: Path, order: tuple[str, ...] = ()) -> CampaignResults:
    """Read every finished run below a campaign's directory, and what is recorded beside the runs.

    Args:
        directory: the campaign's directory; or one that holds runs' files themselves.
        order: names of optimizers in the order wanted, each of which gets its place even without a run; others follow
            by name.

    Raises:
        CampaignError: there is no finished run, runs of different tables or measures are mixed, or the campaign's file
            is damaged.
        TrajectoryError: a file is damaged.
    """
    groups: dict[str, list[RunSummary]] = {name: [] for name in order}
    unfinished = []
    campaign = CampaignDirectory(directory)
    for path in campaign.recorded():
        run = read_summary(path)
        if run.end is not None:
            groups.setdefault(run.header.optimizer, []).append(run)
        else:
            unfinished.append(run.header.run_id)
    if not any(groups.values()):
        raise CampaignError(f"there are no finished runs in {campaign.runs}")
    names = sorted(groups, key=lambda name: (order.index(name) if name in order else len(order), name))
    failures = tuple(_failed(run_id, text) for run_id, text in campaign.read_failures().items())
    failed = {failure.run_id for failure in failures}
    results = CampaignResults(
        tuple(OptimizerRuns(name, tuple(sorted(groups[name], key=lambda run: run.header.seed))) for name in names),
        campaign.read_file().specification if campaign.has_file else {},
        read_baseline(campaign.baseline_file),
        failures,
        tuple(run_id for run_id in unfinished if run_id not in failed),
        read_stopping(campaign.stopping_file),
    )
    _refuse_mixture(results)
    return results


def _failed(run_id: str, text: str) -> FailedRun:
    lines = [line for line in text.splitlines() if line.strip()]
    return FailedRun(run_id, lines[-1].strip() if lines else "", text)


def turn_of(header: RunHeader) -> int | None:
    """Which of several tables a run answers from: its draw, or the training seed where runs have several; else None."""
    draw = header.table.get("draw")
    return int(draw[0]) if draw and header.table_seed is None else header.table_seed


def _table_of(header: RunHeader) -> str:
    """What runs must share: the table, or the draws that theirs is one of, unless all are on the same."""
    if "draw" in header.table:
        return json.dumps([header.table["draw"][1], header.table["checksums"]], sort_keys=True)
    return str(header.table["digest"])


def _refuse_mixture(results: CampaignResults) -> None:
    runs = [run.header for each in results.optimizers for run in each.runs]
    shared = {(_table_of(header), header.measure_epoch) for header in runs}
    if len({header.table_seed is None for header in runs}) > 1:
        raise CampaignError("some of the runs answer from their table's training seeds in turn, and some do not")
    if len(shared) > 1 or len({(header.objectives, header.reference_point) for header in runs}) > 1:
        raise CampaignError(f"runs of different tables or measures cannot be compared: {shared}")
    if results.baseline is None:
        return
    recorded = (results.baseline.table_digest, results.baseline.measure_epoch)
    if not results.draws and recorded not in {(header.table["digest"], header.measure_epoch) for header in runs}:
        raise CampaignError(f"{BASELINE_FILE} is of another table or measure than the runs: {recorded}, not {shared}")
