"""The file of one whole run: a header line, a line per trial, a line per incumbent, an end line.

Every line is a JSON object with a ``type``. A file without its ``end`` is a run that did not finish. Incumbents are
looked up in the table *after* the search, so that a search never sees them and a reader needs no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from nhb2_plugins.charging import Charging
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, FidelityLadder
from nhb2_plugins.metric import error_pct
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord

if TYPE_CHECKING:
    from nhb2_plugins.simulation import Crossing, Overhead


@dataclass(frozen=True)
class Optimum:
    """The best that the table holds at the campaign's measure."""

    cellcode: str
    lr: float
    batch_size: int
    accuracy_pct: float


@dataclass(frozen=True, kw_only=True)
class RunConditions:
    """An optimizer, a seed, and everything else that is decided before a run begins.

    Attributes:
        run_id: readable and unique within a campaign.
        optimizer: label in tables and figures.
        algorithm: registered name of the optimizer.
        settings: its settings, as given.
        ladder: what a multi-fidelity optimizer chooses from; None for the others.
        seed: the run's seed.
        budget_s: simulated budget in seconds; None for none (the optimizer ends by itself).
        n_workers: number of simulated workers.
        charging: charging policy.
        crossing: what happens to evaluations that cross the budget.
        epoch: the fidelity searched at, for optimizers without a ladder.
        measure_epoch: 12 (validation accuracy) or 200 (expected test accuracy): what regret is measured in.
        overhead: whether the optimizer's own wall-clock time stands on the simulated clock.
        restriction: the part of the space that the optimizer proposes from.
        problem: the part of the space that the campaign is about: regret is to its best.
    """

    run_id: str
    optimizer: str
    algorithm: str
    settings: Mapping[str, Any]
    ladder: FidelityLadder | None
    seed: int
    budget_s: float | None
    n_workers: int
    charging: Charging
    crossing: Crossing
    epoch: int
    measure_epoch: int
    overhead: Overhead = "none"
    restriction: Subspace = WHOLE_SPACE
    problem: Subspace = WHOLE_SPACE

    def to_dict(self) -> dict[str, Any]:
        """As built-in types that fit in JSON, by name."""
        return {
            **{each.name: getattr(self, each.name) for each in fields(RunConditions)},
            "ladder": () if self.ladder is None else self.ladder.budgets,
            "restriction": self.restriction.to_dict(),
            "problem": self.problem.to_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class RunHeader(RunConditions):
    """What a run was: everything that decides its numbers, and the table they come from.

    Attributes:
        table: provenance of the table.
        optimum: the table's best at the measure, in the part of the space that the campaign is about.
        versions: versions of the packages that took part.
        format_version: version of the line format.
    """

    table: Mapping[str, Any]
    optimum: Optimum
    versions: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @classmethod
    def of(
        cls, conditions: RunConditions, table: Mapping[str, Any], optimum: Optimum, versions: Mapping[str, str]
    ) -> RunHeader:
        """The header of a run under given conditions."""
        held = {each.name: getattr(conditions, each.name) for each in fields(RunConditions)}
        return cls(**held, table=table, optimum=optimum, versions=versions)

    def to_dict(self) -> dict[str, Any]:
        """As a header line holds it; what the format got later stands at the end."""
        values = super().to_dict() | {"table": self.table, "optimum": asdict(self.optimum)}
        later = {"versions": self.versions, **{name: values.pop(name) for name in _LATER_CONDITIONS}}
        return {**values, **later, "format_version": self.format_version}

    @property
    def searches_expected_test(self) -> bool:
        """Whether the search saw 200-epoch values: expected *test* accuracies, at estimated costs."""
        return LONG_EPOCHS in (self.epoch, *(self.ladder.rungs if self.ladder else ()))

    @property
    def table_label(self) -> str:
        """The table in a few words, for tables and figures."""
        return f"{self.table['kind']} table ({self.table['digest'][:8]})"

    @property
    def optimum_error_pct(self) -> float:
        """Error of the table's optimum at the campaign's measure."""
        return error_pct(self.optimum.accuracy_pct)

    def regret_pp(self, incumbent: MeasuredIncumbent) -> float:
        """An incumbent's regret to the table's optimum at the campaign's measure, in percentage points."""
        return incumbent.measured_error_pct(self.measure_epoch) - self.optimum_error_pct


@dataclass(frozen=True)
class MeasuredIncumbent:
    """The best configuration known from ``time_s`` on, with what the table says of it (accuracies in percent)."""

    time_s: float
    trial: int
    valid_accuracy_12_pct: float
    test_accuracy_12_pct: float
    expected_accuracy_200_pct: float

    def measured_error_pct(self, measure_epoch: int) -> float:
        """Error at the campaign's measure: validation error at 12 epochs, or expected test error at 200."""
        return error_pct(
            self.valid_accuracy_12_pct if measure_epoch == SCHEDULE_EPOCHS else self.expected_accuracy_200_pct
        )


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: number of evaluations, simulated seconds at its end, wall-clock seconds it took."""

    n_evaluations: int
    simulated_s: float
    wall_s: float


@dataclass(frozen=True)
class RunFile:
    """A run read back. ``end`` is None where the run did not finish."""

    header: RunHeader
    records: tuple[TrialRecord, ...]
    incumbents: tuple[MeasuredIncumbent, ...]
    end: RunEnd | None

    @property
    def regrets(self) -> tuple[tuple[float, float], ...]:
        """(simulated second, regret from then on in percentage points) of each incumbent."""
        return tuple((each.time_s, self.header.regret_pp(each)) for each in self.incumbents)


@dataclass(frozen=True)
class KnownIncumbent:
    """An incumbent with its configuration and the number of evaluations that had ended when it became known.

    Attributes:
        measured: what the file's incumbent line says.
        cellcode: of its configuration,
        lr: learning rate,
        batch_size: and batch size.
        epoch: the fidelity that it was evaluated at.
        n_evaluations: evaluations that had ended by ``measured.time_s``, its own included and, of several that ended at
            that moment, those submitted before it.
    """

    measured: MeasuredIncumbent
    cellcode: str
    lr: float
    batch_size: int
    epoch: int
    n_evaluations: int


@dataclass(frozen=True)
class RunSummary:
    """What an analysis needs of a run, without its records. ``end`` is None where the run did not finish.

    Attributes:
        header: what the run was.
        incumbents: in order of time.
        n_evaluations: number of records.
        evaluations_by_epoch: (epoch, number of records at it), ascending.
        charged_cost_s: what they were charged, summed in file order.
        last_end_s: simulated second when the last of them ended; 0 without any.
        overhead_s: wall-clock seconds that the optimizer thought, summed in file order.
        end: how it ended.
    """

    header: RunHeader
    incumbents: tuple[KnownIncumbent, ...]
    n_evaluations: int
    evaluations_by_epoch: tuple[tuple[int, int], ...]
    charged_cost_s: float
    last_end_s: float
    overhead_s: float
    end: RunEnd | None

    @property
    def regrets(self) -> tuple[tuple[float, float], ...]:
        """(simulated second, regret from then on in percentage points) of each incumbent."""
        return tuple((each.measured.time_s, self.header.regret_pp(each.measured)) for each in self.incumbents)

    @property
    def regrets_by_evaluation(self) -> tuple[tuple[int, float], ...]:
        """(evaluations that had ended, regret from then on in percentage points) of each incumbent."""
        return tuple((each.n_evaluations, self.header.regret_pp(each.measured)) for each in self.incumbents)


_LATER_CONDITIONS: Final = ("overhead", "restriction", "problem")


def line_of(part: RunHeader | MeasuredIncumbent | RunEnd) -> dict[str, Any]:
    """A part of a run, beside its trials, as the JSON object of its line."""
    if isinstance(part, RunHeader):
        return {"type": "run", **part.to_dict()}
    return {"type": "incumbent" if isinstance(part, MeasuredIncumbent) else "end", **asdict(part)}
