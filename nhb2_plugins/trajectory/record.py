"""The record of one evaluation, the same whatever framework asked for it.

Format version 1. A record's JSON object has exactly the fields of :class:`TrialRecord`, in that order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from nhb2_plugins.benchmark import Seed
from nhb2_plugins.charging import Charging
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS, Split
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import Configuration

FORMAT_VERSION: Final = 1
MAX_TEXT_LENGTH: Final = 1000
"""Longest text a record takes; a longer one is a mistake, and would swell every file behind it."""

Status = Literal["complete", "pruned", "crossed_budget"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

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
        overhead_s: *wall-clock* seconds that the optimizer took to propose it (0 where unknown); the only field that
            differs between two runs of one (spec, seed).
        table: kind and digest of the table, for example ``embedded:1a2b3c4d``.

    Raises:
        TrajectoryError: a field has the wrong type (a numpy scalar, say), is not finite, or is too long; it is named.
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
        for name, types in _FIELD_TYPES.items():
            value = getattr(self, name)
            if type(value) not in types:
                raise TrajectoryError(
                    f"record field {name} is {value!r:.80} of type {_type_name(value)}, "
                    f"expected the built-in {' or '.join(each.__name__ for each in types)}"
                )
            if type(value) is float and not math.isfinite(value):
                raise TrajectoryError(f"record field {name} is {value!r}, expected a finite number")
            if type(value) is str and len(value) > MAX_TEXT_LENGTH:
                raise TrajectoryError(f"record field {name} has {len(value)} characters, at most {MAX_TEXT_LENGTH}")

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
            raise TrajectoryError(f"record fields missing or unknown: {', '.join(sorted(wrong))}")
        return cls(**values)


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


RECORD_FIELDS: Final = tuple(each.name for each in fields(TrialRecord))
