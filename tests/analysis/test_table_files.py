"""Tables as CSV and LaTeX."""

from __future__ import annotations

import csv
import io

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import Estimate, Interval
from nhb2_plugins.analysis.table_files import to_csv, to_latex
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


def test_latex_escapes_what_it_would_read() -> None:
    lines = to_latex(TABLE, ANALYSIS).splitlines()
    assert lines[4] == r"  \label{tab:a-table}"
    assert lines[3].startswith(r"  \caption{A table. First. Second. Numbers from the embedded table (01234567)")
    assert lines[5] == r"  \begin{tabular}{@{}lrrr@{}}"
    assert lines[7] == r"    who & mean & spread & n \\"
    assert lines[9] == r"    a \& b & 1.00 $\pm$ 0.50 & 2.00 [-1.00, 3.00] & 1,200 \\"
    assert lines[10] == r"    \_ & -- & -- & -- \\"


def test_a_negative_number_has_a_minus_sign_and_a_word_s_hyphen_stays() -> None:
    table = table_of("t", "t", (Column("a", "a", "text"), Column("b", "b")), (("-1x", -1.5), ("a-1", 2.0)))
    rows = to_latex(table, ANALYSIS).splitlines()[9:11]
    assert rows == [r"    $-$1x & $-$1.50 \\", r"    a-1 & 2.00 \\"]
