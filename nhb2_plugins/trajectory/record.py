"""The record of one evaluation, the same whatever framework asked for it.

Format version 1. A record's JSON object has exactly the fields of :class:`TrialRecord`, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, make_dataclass
from operator import attrgetter, itemgetter
from typing import Any, Final, Literal, get_args

from nhb2_plugins.benchmark import MEAN, Seed
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SPLITS, Split
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.fields import (
    A_BATCH_SIZE,
    A_CELLCODE,
    A_LEARNING_RATE,
    ANY_TEXT,
    AT_LEAST_0,
    INTEGER,
    INTEGER_OR_TEXT,
    MAX_INTEGER,
    NUMBER,
    PERCENT,
    REAL,
    TEXT,
    IntegerOr,
    OneOf,
    declared,
    declared_fields,
    in_quick_order,
    quick_check,
    refuse_other_names,
)

FORMAT_VERSION: Final = 1
UNNAMED_RUN: Final = "run"
"""The name of a run that nobody has named."""

Status = Literal["complete", "pruned", "crossed_budget"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One evaluation. Times are simulated seconds unless said otherwise; values are built-in types only.

    Attributes:
        run_id: the run it belongs to.
        trial: number within the run, from 0, in order of submission.
        cellcode: the configuration's cell,
        lr: learning rate,
        batch_size: and batch size.
        epoch: the fidelity served, 1..12 or 200.
        budget: the fidelity asked for, in epochs; above ``epoch`` where it was snapped down.
        split: ``train``, ``valid`` or ``test``.
        seed: the table's seed, or ``"mean"``.
        accuracy_pct: what the search saw, in percent.
        cost_s: cost of the evaluation from scratch.
        charged_cost_s: what the run was charged under its policy.
        charging: that policy.
        start_s: when the evaluation started on the simulated clock,
        end_s: and when its result was known.
        worker: number of the simulated worker, from 0.
        status: ``complete``; ``pruned`` (stopped early by a pruner); ``crossed_budget`` (complete, and ended after the
            budget).
        overhead_s: *wall-clock* seconds that the optimizer took to propose it, and to learn what it was told since its
            last proposal (0 where unknown); the only field that differs between two runs of one (spec, seed), unless
            the run's clock counts it.
        table: kind and digest of the table, for example ``embedded:1a2b3c4d``.

    Raises:
        TrajectoryError: a field has the wrong type (a numpy scalar, say), is not finite, is too long, is text that not
            every file or database can hold, or lies outside its domain; it is named.
    """

    run_id: str = field(metadata=declared(TEXT, ANY_TEXT, "the run it belongs to"))
    trial: int = field(
        metadata=declared(INTEGER, AT_LEAST_0, "number within the run, from 0, in order of submission"),
    )
    cellcode: str = field(
        metadata=declared(
            TEXT,
            A_CELLCODE,
            "operations of edges 0-1 | 0-2, 1-2 | 0-3, 1-3, 2-3: 0 conv3x3, 1 avgpool3x3, 2 skip, 3 zero",
        )
    )
    lr: float = field(metadata=declared(REAL, A_LEARNING_RATE, "initial learning rate"))
    batch_size: int = field(metadata=declared(INTEGER, A_BATCH_SIZE, "batch size"))
    epoch: int = field(
        metadata=declared(INTEGER, OneOf(FIDELITIES), "the fidelity served: a point of the 12-epoch run, or 200")
    )
    budget: float = field(
        metadata=declared(
            NUMBER, AT_LEAST_0, "the fidelity asked for, in epochs; above epoch where it was snapped down"
        )
    )
    split: Split = field(
        metadata=declared(TEXT, OneOf(SPLITS), "images the accuracy is of; test at 200 epochs is an expected value")
    )
    seed: Seed = field(metadata=declared(INTEGER_OR_TEXT, IntegerOr(MEAN), "the table's seed, or the mean of all"))
    accuracy_pct: float = field(metadata=declared(REAL, PERCENT, "what the search saw, in percent"))
    cost_s: float = field(
        metadata=declared(REAL, AT_LEAST_0, "simulated seconds of the evaluation from scratch; estimated at 200 epochs")
    )
    charged_cost_s: float = field(metadata=declared(REAL, AT_LEAST_0, "simulated seconds charged under the policy"))
    charging: Charging = field(metadata=declared(TEXT, OneOf(CHARGING_POLICIES), "the charging policy"))
    start_s: float = field(metadata=declared(REAL, AT_LEAST_0, "start on the simulated clock"))
    end_s: float = field(metadata=declared(REAL, AT_LEAST_0, "when the result was known; at least start_s"))
    worker: int = field(metadata=declared(INTEGER, AT_LEAST_0, "number of the simulated worker, from 0"))
    status: Status = field(
        metadata=declared(TEXT, OneOf(STATUSES), "how it ended; crossed_budget is complete, after the budget")
    )
    overhead_s: float = field(
        metadata=declared(REAL, AT_LEAST_0, "wall-clock seconds the optimizer took to propose it; 0 where unknown")
    )
    table: str = field(metadata=declared(TEXT, ANY_TEXT, "kind and digest of the table, for example embedded:1a2b3c4d"))

    def __post_init__(self) -> None:
        if not (_are_sound(_in_quick_order(self)) and self.start_s <= self.end_s):
            _check(self)

    @property
    def configuration(self) -> Configuration:
        """The configuration evaluated."""
        return Configuration(self.cellcode, self.lr, self.batch_size)

    @property
    def error_pct(self) -> float:
        """100 − accuracy, in percent."""
        return error_pct(self.accuracy_pct)

    @property
    def cost_is_estimated(self) -> bool:
        """Whether the cost is not in the data: at 200 epochs, unless they were trained."""
        return self.epoch == LONG_EPOCHS and not self.table.startswith("measured:")

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, in order; what a JSON line holds."""
        return {name: getattr(self, name) for name in RECORD_FIELDS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrialRecord:
        """The record of a mapping that has exactly the record's fields.

        Raises:
            TrajectoryError: a field is missing, unknown, or of a wrong type.
        """
        if values.keys() != _NAMES:
            refuse_other_names(RECORD, values)
        return checked_record(_by_name(values))


def checked_record(values: tuple[Any, ...]) -> TrialRecord:
    """The record of values in the order of the fields: as ``TrialRecord(*values)``, in less time.

    Raises:
        TrajectoryError: as there.
    """
    if _are_sound(_quickly_ordered(values)) and values[_START] <= values[_END]:
        return unchecked_record(values)
    return TrialRecord(*values)  # which says what is wrong


def unchecked_record(values: Iterable[Any]) -> TrialRecord:
    """A record of values that a checked record had, in the order of the fields; they are not checked again."""
    record: Any = _Unfrozen(*values)
    record.__class__ = TrialRecord
    return record  # type: ignore[no-any-return]


def with_numbers_of_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, a whole number as the type that its field has: JSON does not tell 5 from 5.0."""
    return {name: _as_type_of_field(name, value) for name, value in values.items()}


def _as_type_of_field(name: str, value: Any) -> Any:
    kind = _KINDS.get(name, ())
    if type(value) is int and int not in kind and float in kind and abs(value) <= MAX_INTEGER:
        return float(value)
    if type(value) is float and float not in kind and int in kind and value.is_integer():
        return int(value)
    return value


def _check(record: TrialRecord) -> None:
    """What :func:`_are_sound` decides at once, field by field, to say what is wrong."""
    for each in RECORD:
        each.check_kind(getattr(record, each.name))
    for each in RECORD:
        each.read(getattr(record, each.name))
    if record.end_s < record.start_s:
        raise TrajectoryError(f"record field end_s is {record.end_s!r}, before start_s {record.start_s!r}")


RECORD: Final = declared_fields("record", TrialRecord)
"""What each field of a record may hold, in the order of the format."""
RECORD_FIELDS: Final = tuple(each.name for each in RECORD)
_NAMES: Final = frozenset(RECORD_FIELDS)
_KINDS: Final = {each.name: each.kind for each in RECORD}
_by_name: Final = itemgetter(*RECORD_FIELDS)
_Unfrozen: Final = make_dataclass("_Unfrozen", RECORD_FIELDS, slots=True)
"""A record's fields before it is one: to set them one by one, as a frozen class must, takes three times as long."""
_START, _END = (RECORD_FIELDS.index(name) for name in ("start_s", "end_s"))
_are_sound: Final = quick_check(RECORD)
_in_quick_order: Final = attrgetter(*(each.name for each in in_quick_order(RECORD)))
_quickly_ordered: Final = itemgetter(*(RECORD.index(each) for each in in_quick_order(RECORD)))
