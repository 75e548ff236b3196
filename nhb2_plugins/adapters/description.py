"""What a framework is told about an evaluation beside its value: the same names, in built-in types, everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nhb2_plugins.trajectory.record import TrialRecord

DESCRIPTION: Final[Mapping[str, Callable[[TrialRecord], Any]]] = {
    "cost_s": lambda record: record.cost_s,
    "charged_cost_s": lambda record: record.charged_cost_s,
    "cost_is_estimated": lambda record: record.cost_is_estimated,
    "simulated_end_s": lambda record: record.end_s,
    "epoch": lambda record: record.epoch,
    "split": lambda record: record.split,
    "seed": lambda record: record.seed,
    "table": lambda record: record.table,
    "run_id": lambda record: record.run_id,
    "record_trial": lambda record: record.trial,
}
"""Costs and end in simulated seconds; what was answered (epoch, split, seed); kind and digest of the table; and which
record it is: the run's name, and the record's trial number in it (a framework counts its trials by itself)."""


def describe(record: TrialRecord) -> dict[str, Any]:
    """All of :data:`DESCRIPTION` for one evaluation; fit for JSON."""
    return {name: read(record) for name, read in DESCRIPTION.items()}
