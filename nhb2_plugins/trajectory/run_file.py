"""The file of one whole run: a header line, a line per trial, a line per incumbent, an end line.

Every line is a JSON object with a ``type``. A file without its ``end`` is a run that did not finish. Incumbents are
looked up in the table *after* the search, so that a search never sees them and a reader needs no table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from typing import Any, Final

from nhb2_plugins.budget import CROSSINGS, OVERHEADS, Crossing, Overhead
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.exact.quality import FrontQuality
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SCHEDULE_EPOCHS, FidelityLadder
from nhb2_plugins.metric import error_pct
from nhb2_plugins.objectives import ERROR_PCT, Evaluation, checked_search_objectives, objective_values
from nhb2_plugins.shown import Plotted
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.trajectory.fields import (
    A_BATCH_SIZE,
    A_CELLCODE,
    A_LEARNING_RATE,
    ANY_TEXT,
    ANYTHING,
    ARRAY,
    AT_LEAST_0,
    INTEGER,
    NUMBER,
    NUMBER_OR_NONE,
    OBJECT,
    PERCENT,
    POSITIVE,
    REAL,
    TEXT,
    OneOf,
    ReadBy,
    declared,
    declared_fields,
    read_values,
)
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord

MEASURE_EPOCHS: Final = (SCHEDULE_EPOCHS, LONG_EPOCHS)


@dataclass(frozen=True)
class Optimum:
    """The best that the table holds at the campaign's measure."""

    cellcode: str = field(metadata=declared(TEXT, A_CELLCODE))
    lr: float = field(metadata=declared(REAL, A_LEARNING_RATE))
    batch_size: int = field(metadata=declared(INTEGER, A_BATCH_SIZE))
    accuracy_pct: float = field(metadata=declared(REAL, PERCENT))


OPTIMUM: Final = declared_fields("optimum", Optimum)
UNKNOWN_OPTIMUM: Final = Optimum("not known", 0.0, 0, 100.0)
"""Of a benchmark that trains, where nobody knows the best: regret is to a network that makes no error."""


def _ladder(budgets: list[Any]) -> FidelityLadder | None:
    return FidelityLadder(budgets) if budgets else None


def _part_of_space(restricted: dict[str, Any]) -> Subspace:
    if not restricted:
        return WHOLE_SPACE
    part = Subspace(**restricted)
    if part.to_dict() != restricted:
        raise InvalidValueError(f"it restricts to {part.to_dict()!r}")
    return part


def _numbers(values: list[Any]) -> tuple[float, ...]:
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        raise InvalidValueError("these are not finite numbers")
    return tuple(map(float, values))


@dataclass(frozen=True)
class FrontPoint:
    """A point of the table's exact front: a configuration, and its values in the order of the objectives."""

    cellcode: str = field(metadata=declared(TEXT, A_CELLCODE))
    lr: float = field(metadata=declared(REAL, A_LEARNING_RATE))
    batch_size: int = field(metadata=declared(INTEGER, A_BATCH_SIZE))
    values: tuple[float, ...] = field(metadata=declared(ARRAY, ReadBy(_numbers)))


FRONT_POINT: Final = declared_fields("front point", FrontPoint)


def _front(points: list[Any]) -> tuple[FrontPoint, ...]:
    if not all(isinstance(point, dict) for point in points):
        raise InvalidValueError("its points are objects")
    return tuple(FrontPoint(**read_values(FRONT_POINT, point)) for point in points)


def _provenance(table: dict[str, Any]) -> dict[str, Any]:
    provenance = Provenance(**table)
    for name in ("source", "created", "note", "digest"):
        if type(getattr(provenance, name)) is not str:
            raise InvalidValueError(f"its {name} is no text")
    if not provenance.digest:
        raise InvalidValueError("it has no digest")
    return table


def _optimum(values: dict[str, Any]) -> Optimum:
    if values == asdict(UNKNOWN_OPTIMUM):
        return UNKNOWN_OPTIMUM
    return Optimum(**read_values(OPTIMUM, values))


def _versions(versions: dict[str, Any]) -> dict[str, str]:
    if not all(type(version) is str for version in versions.values()):
        raise InvalidValueError("a version is text")
    return versions


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
        objectives: what is minimised, and what regret is measured in where there are several.
        reference_point: up to where hypervolume counts, a value for each of several objectives; empty for the nadir of
            the exact front.
        max_evaluations: the most that the run evaluates; None for no limit but the budget.
    """

    run_id: str = field(metadata=declared(TEXT, ANY_TEXT))
    optimizer: str = field(metadata=declared(TEXT, ANY_TEXT))
    algorithm: str = field(metadata=declared(TEXT, ANY_TEXT))
    settings: Mapping[str, Any] = field(metadata=declared(OBJECT, ANYTHING))
    ladder: FidelityLadder | None = field(metadata=declared(ARRAY, ReadBy(_ladder)))
    seed: int = field(metadata=declared(INTEGER, ANYTHING))
    budget_s: float | None = field(metadata=declared(NUMBER_OR_NONE, POSITIVE))
    n_workers: int = field(metadata=declared(INTEGER, POSITIVE))
    charging: Charging = field(metadata=declared(TEXT, OneOf(CHARGING_POLICIES)))
    crossing: Crossing = field(metadata=declared(TEXT, OneOf(CROSSINGS)))
    epoch: int = field(metadata=declared(INTEGER, OneOf(FIDELITIES)))
    measure_epoch: int = field(metadata=declared(INTEGER, OneOf(MEASURE_EPOCHS)))
    overhead: Overhead = field(default="none", metadata=declared(TEXT, OneOf(OVERHEADS)))
    restriction: Subspace = field(default=WHOLE_SPACE, metadata=declared(OBJECT, ReadBy(_part_of_space)))
    problem: Subspace = field(default=WHOLE_SPACE, metadata=declared(OBJECT, ReadBy(_part_of_space)))
    objectives: tuple[str, ...] = field(
        default=(ERROR_PCT,), metadata=declared(ARRAY, ReadBy(checked_search_objectives))
    )
    reference_point: tuple[float, ...] = field(default=(), metadata=declared(ARRAY, ReadBy(_numbers)))
    max_evaluations: int | None = field(default=None, metadata=declared(INTEGER, POSITIVE))

    @property
    def has_several_objectives(self) -> bool:
        """Whether regret is measured in hypervolume."""
        return len(self.objectives) > 1

    def to_dict(self) -> dict[str, Any]:
        """As built-in types that fit in JSON, by name; what the format got last only where it is not the default."""
        values = {
            **{each.name: getattr(self, each.name) for each in fields(RunConditions)},
            "ladder": () if self.ladder is None else self.ladder.budgets,
            "restriction": self.restriction.to_dict(),
            "problem": self.problem.to_dict(),
        }
        default = {each.name: each.default for each in fields(RunConditions)}
        left_out = [name for name in OPTIONAL_CONDITIONS if getattr(self, name) == default[name]]
        return {name: value for name, value in values.items() if name not in left_out}


@dataclass(frozen=True, kw_only=True)
class RunHeader(RunConditions):
    """What a run was: everything that decides its numbers, and the table they come from.

    Attributes:
        table: provenance of the table.
        optimum: the table's best at the measure, in the part of the space that the campaign is about.
        versions: versions of the packages that took part.
        front: the table's exact front, of several objectives, in that part.
        table_seed: the table's training seed that answers, where a campaign's runs answer from several; else None.
        format_version: version of the line format.
    """

    table: Mapping[str, Any] = field(metadata=declared(OBJECT, ReadBy(_provenance)))
    optimum: Optimum = field(metadata=declared(OBJECT, ReadBy(_optimum)))
    versions: Mapping[str, str] = field(default_factory=dict, metadata=declared(OBJECT, ReadBy(_versions)))
    front: tuple[FrontPoint, ...] = field(default=(), metadata=declared(ARRAY, ReadBy(_front)))
    table_seed: int | None = field(default=None, metadata=declared(INTEGER, ANYTHING))
    format_version: int = field(default=FORMAT_VERSION, metadata=declared(INTEGER, OneOf((FORMAT_VERSION,))))

    def __post_init__(self) -> None:
        for values in (*(point.values for point in self.front), self.reference_point):
            if values and len(values) != len(self.objectives):
                raise TrajectoryError(f"header field front or reference_point: {values!r:.80} is not of its objectives")
        if bool(self.front) != self.has_several_objectives:
            raise TrajectoryError(f"header field front holds {len(self.front)} points of {list(self.objectives)}")
        if self.table_seed not in (None, *self.table["seeds"]):
            raise TrajectoryError(
                f"header field table_seed: {self.table_seed!r} is none of the table's, {self.table['seeds']!r:.80}"
            )

    @classmethod
    def of(
        cls,
        conditions: RunConditions,
        table: Mapping[str, Any],
        optimum: Optimum,
        versions: Mapping[str, str],
        front: tuple[FrontPoint, ...] = (),
        table_seed: int | None = None,
    ) -> RunHeader:
        """The header of a run under given conditions."""
        held = {each.name: getattr(conditions, each.name) for each in fields(RunConditions)}
        return cls(**held, table=table, optimum=optimum, versions=versions, front=front, table_seed=table_seed)

    def to_dict(self) -> dict[str, Any]:
        """As a header line holds it; what the format got later stands at the end."""
        values = super().to_dict() | {"table": self.table, "optimum": asdict(self.optimum)}
        later = {"versions": self.versions} | {name: values.pop(name) for name in _LATER_CONDITIONS if name in values}
        if self.front:
            later["front"] = [asdict(point) for point in self.front]
        if self.table_seed is not None:
            later["table_seed"] = self.table_seed
        return {**values, **later, "format_version": self.format_version}

    @property
    def epochs(self) -> tuple[int, ...]:
        """The fidelities searched at."""
        return self.ladder.rungs if self.ladder else (self.epoch,)

    @property
    def searches_expected_test(self) -> bool:
        """Whether the search saw 200-epoch values: expected *test* accuracies, at estimated costs."""
        return LONG_EPOCHS in (self.epoch, *self.epochs)

    @property
    def table_key(self) -> str:
        """What every record of the run says of its table."""
        return Provenance(**self.table).key

    @property
    def table_label(self) -> str:
        """The table in a few words, for tables and figures."""
        return Provenance(**self.table).label

    @property
    def training_seed(self) -> int:
        """The table's training seed that answers."""
        return int(self.table["seeds"][0] if self.table_seed is None else self.table_seed)

    @property
    def optimum_error_pct(self) -> float:
        """Error of the table's optimum at the campaign's measure."""
        return error_pct(self.optimum.accuracy_pct)

    def regret_pp(self, incumbent: MeasuredIncumbent) -> float:
        """An incumbent's regret to the table's optimum at the campaign's measure, in percentage points."""
        return incumbent.measured_error_pct(self.measure_epoch) - self.optimum_error_pct

    @property
    def quality(self) -> FrontQuality:
        """What archives of several objectives are measured against: the exact front, up to the reference point.

        Raises:
            MissingExtraError: moocore is not installed.
        """
        return _quality(tuple(point.values for point in self.front), self.reference_point)

    def regrets_pp(
        self, incumbents: Sequence[MeasuredIncumbent], found: Iterable[TrialRecord | KnownIncumbent]
    ) -> tuple[float, ...]:
        """Regrets after each of a run's incumbents, in percentage points.

        With one objective that is its own, to the table's optimum at the campaign's measure; with several it is what
        the archive misses of the exact front's hypervolume, in percentage points of that.

        Args:
            incumbents: in order of time.
            found: the evaluation of each; looked at only with several objectives.

        Raises:
            MissingExtraError: several objectives, and moocore is not installed.
        """
        if not self.has_several_objectives:
            return tuple(map(self.regret_pp, incumbents))
        pairs = zip(incumbents, found, strict=True)
        values = (measured.values(self.objectives, of) for measured, of in pairs)
        return tuple(self.quality.of_growing(values, self.quality.regret_pp))


@lru_cache(maxsize=8)
def _quality(front: tuple[tuple[float, ...], ...], reference: tuple[float, ...]) -> FrontQuality:
    return FrontQuality.of(front, reference or None)


@dataclass(frozen=True)
class MeasuredIncumbent:
    """The best configuration known from ``time_s`` on, with what the table says of it (accuracies in percent)."""

    time_s: float = field(metadata=declared(NUMBER, AT_LEAST_0))
    trial: int = field(metadata=declared(INTEGER, AT_LEAST_0))
    valid_accuracy_12_pct: float = field(metadata=declared(NUMBER, PERCENT))
    test_accuracy_12_pct: float = field(metadata=declared(NUMBER, PERCENT))
    expected_accuracy_200_pct: float = field(metadata=declared(NUMBER, PERCENT))

    def measured_error_pct(self, measure_epoch: int) -> float:
        """Error at the campaign's measure: validation error at 12 epochs, or expected test error at 200."""
        return error_pct(
            self.valid_accuracy_12_pct if measure_epoch == SCHEDULE_EPOCHS else self.expected_accuracy_200_pct
        )

    def values(self, objectives: Sequence[str], found: TrialRecord | KnownIncumbent) -> tuple[float, ...]:
        """Its values: validation error after 12 epochs and the evaluation's cost, in the order of the objectives."""
        error = error_pct(self.valid_accuracy_12_pct)
        return objective_values(objectives, Evaluation(found.cellcode, error, found.cost_s))


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: number of evaluations, simulated seconds at its end, wall-clock seconds it took."""

    n_evaluations: int = field(metadata=declared(INTEGER, AT_LEAST_0))
    simulated_s: float = field(metadata=declared(NUMBER, AT_LEAST_0))
    wall_s: float = field(metadata=declared(NUMBER, AT_LEAST_0))


@dataclass(frozen=True)
class RunFile(Plotted):
    """A run read back. ``end`` is None where the run did not finish."""

    header: RunHeader
    records: tuple[TrialRecord, ...]
    incumbents: tuple[MeasuredIncumbent, ...]
    end: RunEnd | None
    _DRAWN_BY = "plot_regrets"

    @property
    def regrets(self) -> tuple[tuple[float, float], ...]:
        """(simulated second, regret from then on in percentage points) of each incumbent."""
        records = {record.trial: record for record in self.records}
        regrets = self.header.regrets_pp(self.incumbents, (records[each.trial] for each in self.incumbents))
        return tuple(zip((each.time_s for each in self.incumbents), regrets, strict=True))


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
        cost_s: cost of its evaluation from scratch.
    """

    measured: MeasuredIncumbent
    cellcode: str
    lr: float
    batch_size: int
    epoch: int
    n_evaluations: int
    cost_s: float = 0.0


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
        return tuple((each.measured.time_s, regret) for each, regret in self._with_regrets)

    @property
    def regrets_by_evaluation(self) -> tuple[tuple[int, float], ...]:
        """(evaluations that had ended, regret from then on in percentage points) of each incumbent."""
        return tuple((each.n_evaluations, regret) for each, regret in self._with_regrets)

    @property
    def distances(self) -> tuple[tuple[float, float], ...]:
        """(simulated second, IGD+ from then on in percent) of each incumbent; of several objectives."""
        times = (each.measured.time_s for each in self.incumbents)
        return tuple(zip(times, self._igd_plus, strict=True))

    @property
    def distances_by_evaluation(self) -> tuple[tuple[int, float], ...]:
        """(evaluations that had ended, IGD+ from then on in percent) of each incumbent; of several objectives."""
        counts = (each.n_evaluations for each in self.incumbents)
        return tuple(zip(counts, self._igd_plus, strict=True))

    @cached_property
    def _igd_plus(self) -> tuple[float, ...]:
        quality = self.header.quality
        return tuple(100 * distance for distance in quality.of_growing(self.archive, quality.igd_plus))

    @property
    def archive(self) -> tuple[tuple[float, ...], ...]:
        """The values of all that entered the archive, in order of time: later ones may dominate earlier ones."""
        return tuple(each.measured.values(self.header.objectives, each) for each in self.incumbents)

    @cached_property
    def _with_regrets(self) -> tuple[tuple[KnownIncumbent, float], ...]:
        regrets = self.header.regrets_pp([each.measured for each in self.incumbents], self.incumbents)
        return tuple(zip(self.incumbents, regrets, strict=True))


OPTIONAL_CONDITIONS: Final = ("objectives", "reference_point", "max_evaluations")
"""What a header and a specification's record hold only where it is not the default: they were written before it was."""
_LATER_CONDITIONS: Final = ("overhead", "restriction", "problem", *OPTIONAL_CONDITIONS)


HEADER: Final = declared_fields("header", RunHeader)
INCUMBENT: Final = declared_fields("incumbent", MeasuredIncumbent)
END: Final = declared_fields("end", RunEnd)
"""What each field of these lines may hold, as JSON has it."""


def line_of(part: RunHeader | MeasuredIncumbent | RunEnd) -> dict[str, Any]:
    """A part of a run, beside its trials, as the JSON object of its line."""
    if isinstance(part, RunHeader):
        return {"type": "run", **part.to_dict()}
    return {"type": "incumbent" if isinstance(part, MeasuredIncumbent) else "end", **asdict(part)}
