"""Records as a pandas frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nhb2_plugins.extras import needs_extra
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.record import RECORD_FIELDS, TrialRecord
from nhb2_plugins.trajectory.record_columns import RecordColumns

if TYPE_CHECKING:
    import pandas


def frame_of_records(records: Iterable[TrialRecord]) -> pandas.DataFrame:
    """A row a record, as :func:`frame_of_columns`.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    columns = RecordColumns()
    for record in records:
        columns.append(record)
    return frame_of_columns(columns)


def frame_of_columns(records: RecordColumns) -> pandas.DataFrame:
    """A row a record, columns named as the fields, plus ``error_pct``.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    with needs_extra("frames need pandas", "frames"):
        import pandas as pd
    n = len(records)
    columns: dict[str, Any] = {name: records.column(name, n) for name in RECORD_FIELDS}
    columns["error_pct"] = list(map(error_pct, columns["accuracy_pct"]))
    return pd.DataFrame(columns)
