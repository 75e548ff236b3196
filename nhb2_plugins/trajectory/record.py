"""The record of one evaluation, the same whatever framework asked for it.

Format version 1. A record's JSON object has exactly the fields of :class:`TrialRecord`, in that order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import product
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from nhb2_plugins.benchmark import MEAN, Seed
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.errors import InvalidValueError, TrajectoryError, describe_choices
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SPLITS, Split
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration

FORMAT_VERSION: Final = 1
MAX_TEXT_LENGTH: Final = 1000
"""Longest text a record takes; a longer one is a mistake, and would swell every file behind it."""

Status = Literal["complete", "pruned", "crossed_budget"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

MAX_INTEGER: Final = 2**63 - 1
"""What a database's BIGINT and a frame's int64 hold."""
_REAL: Final = (int, float)
_FIELD_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "run_id": (str,),
    "trial": (int,),
    "cellcode": (str,),
    "lr": (float,),
    "batch_size": (int,),
    "epoch": (int,),
    "budget": _REAL,
    "split": (str,),
    "seed": (int, str),
    "accuracy_pct": (float,),
    "cost_s": (float,),
    "charged_cost_s": (float,),
    "charging": (str,),
    "start_s": (float,),
    "end_s": (float,),
    "worker": (int,),
    "status": (str,),
    "overhead_s": (float,),
    "table": (str,),
}


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

    run_id: str
    trial: int
    cellcode: str
    lr: float
    batch_size: int
    epoch: int
    budget: float
    split: Split
    seed: Seed
    accuracy_pct: float
    cost_s: float
    charged_cost_s: float
    charging: Charging
    start_s: float
    end_s: float
    worker: int
    status: Status
    overhead_s: float
    table: str

    def __post_init__(self) -> None:
        if not _is_sound(self):
            _check_types(self)
            _check_domains(self)

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
        """Whether the cost is not in the data (200 epochs)."""
        return self.epoch == LONG_EPOCHS

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, in order; what a JSON line holds."""
        return {name: getattr(self, name) for name in RECORD_FIELDS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrialRecord:
        """The record of a mapping that has exactly the record's fields.

        Raises:
            TrajectoryError: a field is missing, unknown, or of a wrong type.
        """
        if wrong := set(values) ^ set(RECORD_FIELDS):
            raise TrajectoryError(f"record fields missing or unknown: {', '.join(sorted(map(str, wrong))):.300}")
        return cls(**values)


def unchecked_record(values: Iterable[Any]) -> TrialRecord:
    """A record of values that a checked record had, in the order of the fields; they are not checked again."""
    record = object.__new__(TrialRecord)
    for set_field, value in zip(_SETTERS, values, strict=True):
        set_field(record, value)
    return record


def with_numbers_of_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, a whole number as the type that its field has: JSON does not tell 5 from 5.0."""
    return {name: _as_type_of_field(name, value) for name, value in values.items()}


def _as_type_of_field(name: str, value: Any) -> Any:
    types = _FIELD_TYPES.get(name, ())
    if type(value) is int and int not in types and float in types and abs(value) <= MAX_INTEGER:
        return float(value)
    if type(value) is float and float not in types and int in types and value.is_integer():
        return int(value)
    return value


def _is_sound(record: TrialRecord) -> bool:
    """Whether the record passes every check below, decided at once; those then say what is wrong.

    A record is made for every evaluation, so the common case must be quick: the field types are compared as one tuple,
    and a chain of comparisons, which a NaN fails, bounds a number from both sides.
    """
    return (
        tuple(map(type, _all_values(record))) in _SOUND_TYPES
        and 0 <= record.start_s <= record.end_s <= MAX_INTEGER
        and 0 <= record.trial <= MAX_INTEGER
        and 0 <= record.budget <= MAX_INTEGER
        and 0 <= record.accuracy_pct <= MAX_INTEGER
        and 0 <= record.cost_s <= MAX_INTEGER
        and 0 <= record.charged_cost_s <= MAX_INTEGER
        and 0 <= record.worker <= MAX_INTEGER
        and 0 <= record.overhead_s <= MAX_INTEGER
        and record.cellcode in _CELLCODES
        and record.lr in _LEARNING_RATES
        and record.batch_size in _BATCH_SIZES
        and record.epoch in _CHOICES["epoch"]
        and record.split in SPLITS
        and record.charging in CHARGING_POLICIES
        and record.status in STATUSES
        and _is_sound_seed(record.seed)
        and len(record.run_id) <= MAX_TEXT_LENGTH
        and len(record.table) <= MAX_TEXT_LENGTH
        and record.run_id.isprintable()
        and record.table.isprintable()
    )


def _is_sound_seed(seed: Seed) -> bool:
    return seed == MEAN if isinstance(seed, str) else -MAX_INTEGER <= seed <= MAX_INTEGER


def _check_types(record: TrialRecord) -> None:
    for name, types in _FIELD_TYPES.items():
        value = getattr(record, name)
        if type(value) not in types:
            raise TrajectoryError(
                f"record field {name} is {value!r:.80} of type {_type_name(value)}, "
                f"expected the built-in {' or '.join(each.__name__ for each in types)}"
            )
        if type(value) is int and abs(value) > MAX_INTEGER:
            raise TrajectoryError(f"record field {name} is an integer of more than 64 bits")
        if type(value) is float and not math.isfinite(value):
            raise TrajectoryError(f"record field {name} is {value!r}, expected a finite number")
        if type(value) is str and len(value) > MAX_TEXT_LENGTH:
            raise TrajectoryError(f"record field {name} has {len(value)} characters, at most {MAX_TEXT_LENGTH}")
        if type(value) is str and _is_unstorable(value):
            raise TrajectoryError(f"record field {name} is {value!r:.80}, with a NUL or half a surrogate pair in it")


def _check_domains(record: TrialRecord) -> None:
    try:
        Configuration(record.cellcode, record.lr, record.batch_size)
    except InvalidValueError as error:
        raise TrajectoryError(f"record of no configuration: {error}") from None
    for name, allowed in _CHOICES.items():
        if getattr(record, name) not in allowed:
            raise TrajectoryError(describe_choices(getattr(record, name), allowed, what=f"record field {name}"))
    if type(record.seed) is str and record.seed != MEAN:
        raise TrajectoryError(f"record field seed is {record.seed!r:.80}, expected an integer or {MEAN!r}")
    if min(_never_negative(record)) < 0:
        negative = next(name for name in _NEVER_NEGATIVE if getattr(record, name) < 0)
        raise TrajectoryError(f"record field {negative} is {getattr(record, negative)!r}, expected at least 0")
    if record.end_s < record.start_s:
        raise TrajectoryError(f"record field end_s is {record.end_s!r}, before start_s {record.start_s!r}")


def _is_unstorable(text: str) -> bool:
    """Whether it has what PostgreSQL or UTF-8 does not know."""
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


RECORD_FIELDS: Final = tuple(each.name for each in fields(TrialRecord))
_SETTERS: Final[tuple[Callable[[TrialRecord, Any], None], ...]] = tuple(
    vars(TrialRecord)[name].__set__ for name in RECORD_FIELDS
)
_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "epoch": FIDELITIES,
    "split": SPLITS,
    "charging": CHARGING_POLICIES,
    "status": STATUSES,
}
_NEVER_NEGATIVE: Final = (
    "trial",
    "budget",
    "accuracy_pct",
    "cost_s",
    "charged_cost_s",
    "start_s",
    "end_s",
    "worker",
    "overhead_s",
)
_never_negative = attrgetter(*_NEVER_NEGATIVE)
_all_values = attrgetter(*_FIELD_TYPES)
_SOUND_TYPES: Final = frozenset(product(*_FIELD_TYPES.values()))
_CELLCODES: Final = frozenset(CELLCODES)
_LEARNING_RATES: Final = frozenset(LEARNING_RATES)
_BATCH_SIZES: Final = frozenset(BATCH_SIZES)
