"""A campaign's recorded runs, grouped by optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.run_file import RunFile, RunHeader

_MEASURES: Final = {
    SCHEDULE_EPOCHS: f"validation error after {SCHEDULE_EPOCHS} epochs",
    LONG_EPOCHS: f"expected test error after {LONG_EPOCHS} epochs",
}
EXPECTED_TEST_NOTE: Final = "* searched on expected test accuracy (200 epochs), at costs that are estimated"


@dataclass(frozen=True)
class OptimizerRuns:
    """All runs of one optimizer, by seed."""

    name: str
    runs: tuple[RunFile, ...]

    @property
    def marked_name(self) -> str:
        """The name, with an asterisk where the search saw 200-epoch values (:data:`EXPECTED_TEST_NOTE`)."""
        return f"{self.name} *" if self.runs[0].header.searches_expected_test else self.name


@dataclass(frozen=True)
class CampaignResults:
    """All runs of a campaign; optimizers in the order given."""

    optimizers: tuple[OptimizerRuns, ...]

    @property
    def header(self) -> RunHeader:
        """Any run's header: what all runs share (table, budget, measure) can be read from it."""
        return self.optimizers[0].runs[0].header

    @property
    def conditions(self) -> str:
        """The conditions of the comparison in one line, for tables and figures."""
        headers = [each.runs[0].header for each in self.optimizers]
        budgets = _listed({"no limit of" if h.budget_s is None else f"{h.budget_s:,.0f}" for h in headers})
        workers = _listed({str(header.n_workers) for header in headers})
        charging = _listed({header.charging for header in headers})
        noun = "worker" if workers == "1" else "workers"
        return f"{budgets} simulated seconds, {workers} simulated {noun}, charged {charging}"

    @property
    def horizon_s(self) -> float:
        """The simulated second that curves are drawn up to: the largest budget, or the latest end without any."""
        budgets = [run.header.budget_s for each in self.optimizers for run in each.runs]
        limited = [budget for budget in budgets if budget is not None]
        if limited:
            return max(limited)
        return max(record.end_s for each in self.optimizers for run in each.runs for record in run.records)

    @property
    def notes(self) -> tuple[str, ...]:
        """What stands below every table and figure: the source of the numbers, the conditions, what is marked."""
        marked = any(each.runs[0].header.searches_expected_test for each in self.optimizers)
        lines = (f"Numbers from the {self.table_line}.", f"{self.conditions}.")
        return (*lines, f"{EXPECTED_TEST_NOTE}.") if marked else lines

    @property
    def measure(self) -> str:
        """What regret is measured in."""
        return _MEASURES[self.header.measure_epoch]

    @property
    def table_line(self) -> str:
        """Which table the numbers come from, in one line."""
        table = self.header.table
        return f"{self.header.table_label}: {table['source']}" + (f" ({table['note']})" if table["note"] else "")


def read_results(directory: Path, order: tuple[str, ...] = ()) -> CampaignResults:
    """Read every finished run below a campaign's directory.

    Args:
        directory: the campaign's directory.
        order: names of optimizers in the order wanted; others follow by name.

    Raises:
        CampaignError: there is no finished run, or runs of different tables or measures are mixed.
        TrajectoryError: a file is damaged.
    """
    groups: dict[str, list[RunFile]] = {}
    for path in sorted((directory / "runs").glob("*/*.jsonl")):
        run = read_run(path)
        if run.end is not None:
            groups.setdefault(run.header.optimizer, []).append(run)
    if not groups:
        raise CampaignError(f"there are no finished runs in {directory / 'runs'}")
    names = sorted(groups, key=lambda name: (order.index(name) if name in order else len(order), name))
    results = CampaignResults(tuple(OptimizerRuns(name, tuple(groups[name])) for name in names))
    _refuse_mixture(results)
    return results


def _listed(values: set[str]) -> str:
    return " or ".join(sorted(values, key=lambda value: (len(value), value)))


def _refuse_mixture(results: CampaignResults) -> None:
    shared = {
        (run.header.table["digest"], run.header.measure_epoch) for each in results.optimizers for run in each.runs
    }
    if len(shared) > 1:
        raise CampaignError(f"runs of different tables or measures cannot be compared: {shared}")
