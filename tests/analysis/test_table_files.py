"""Tables as CSV."""

from __future__ import annotations

import csv
import io

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import Estimate, Interval
from nhb2_plugins.analysis.table_files import to_csv
from nhb2_plugins.analysis.tables import Column, table_of
from tests.analysis.runs import campaign_of

ANALYSIS = analyse(campaign_of({"a": [1.0]}))
COLUMNS = (Column("who", "who", "text"), Column("mean", "mean"), Column("spread", "spread"), Column("n", "n", "count"))
ROWS = (("a & b", Estimate(1.0, 0.5), Interval(2.0, -1.0, 3.0), 1200), ("_", None, None, None))
TABLE = table_of("a_table", "A table", COLUMNS, ROWS, ("First.", "Second."))


def test_an_estimate_takes_two_columns_and_an_interval_three() -> None:
    heads, first, second = csv.reader(io.StringIO(to_csv(TABLE, ANALYSIS)))
    columns = ["who", "mean_mean", "mean_se", "spread", "spread_low", "spread_high", "n", "table", "conditions"]
    assert heads == columns
    assert first[:7] == ["a & b", "1.0", "0.5", "2.0", "-1.0", "3.0", "1200"]
    assert second[:7] == ["_", "", "", "", "", "", ""]
    assert first[7:] == second[7:] == [ANALYSIS.table_label, ANALYSIS.conditions]
