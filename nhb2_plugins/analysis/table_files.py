"""Tables as CSV, for machines."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Final

from nhb2_plugins.analysis.model import CampaignAnalysis, Estimate, Interval
from nhb2_plugins.analysis.tables import ReportTable

_FORMULA: Final = ("=", "+", "-", "@")


def to_csv(table: ReportTable, analysis: CampaignAnalysis) -> str:
    """A table as CSV, in full precision; the table's label and the conditions stand in columns of their own."""
    kinds = [_kind([row[i] for row in table.rows]) for i in range(len(table.keys))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name for key, kind in zip(table.keys, kinds, strict=True) for name in _names(key, kind)]
    conditions = "; ".join((analysis.conditions, *analysis.marks))
    writer.writerow(map(_inert, [*names, "table", "conditions"]))
    for row in table.rows:
        cells = [cell for value, kind in zip(row, kinds, strict=True) for cell in _cells(value, kind)]
        writer.writerow(map(_inert, [*cells, analysis.table_label, conditions]))
    return text.getvalue()


def _inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _kind(values: Sequence[Any]) -> type | None:
    return next((type(value) for value in values if isinstance(value, Estimate | Interval)), None)


def _names(key: str, kind: type | None) -> tuple[str, ...]:
    if kind is Estimate:
        return f"{key}_mean", f"{key}_se"
    return (key, f"{key}_low", f"{key}_high") if kind is Interval else (key,)


def _cells(value: Any, kind: type | None) -> tuple[Any, ...]:
    if value is None or value != value:  # NaN: there is no such number
        return ("",) * len(_names("", kind))
    if isinstance(value, Estimate):
        return value.mean, "" if value.standard_error is None else value.standard_error
    if isinstance(value, Interval):
        return (value.value, value.low, value.high) if value.known else (value.value, "", "")
    return ("" if isinstance(value, float) and math.isnan(value) else value,)
