"""Tables as LaTeX: escaped, and in lines that fit."""

from __future__ import annotations

import re

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.latex import latex, to_latex
from nhb2_plugins.analysis.model import Estimate, Interval
from nhb2_plugins.analysis.tables import Column, table_of
from tests.analysis.runs import campaign_of

ANALYSIS = analyse(campaign_of({"a": [1.0]}))
COLUMNS = (Column("who", "who", "text"), Column("mean", "mean"), Column("spread", "spread"), Column("n", "n", "count"))
ROWS = (
    ("a & b", Estimate(1.0, 0.5), Interval(2.0, -1.0, 3.0), 1200),
    ("_", None, None, None),
    ("c", Estimate(0.5, None), None, 3),
)
TABLE = table_of("a_table", "A table", COLUMNS, ROWS, ("First.", "Second."))


def rows(text: str) -> list[str]:
    """The lines between a rule above and one below."""
    return [
        line.strip()
        for part in re.findall(r"\\midrule\n(.*?)\n *\\bottomrule", text, re.S)
        for line in part.split("\n")
    ]


def test_latex_escapes_what_it_would_read_and_marks_the_best() -> None:
    text = to_latex(TABLE, ANALYSIS)
    assert rows(text) == [
        r"a \& b & 1.00 $\pm$ 0.50 & 2.00 [-1.00, 3.00] & 1,200 \\",
        r"\_ & -- & -- & -- \\",
        r"c & \textbf{0.50} & -- & 3 \\",
    ]
    assert r"\caption{A table.}\label{tab:a-table}" in text
    assert text.count(r"\begin{table}[tbp]") == text.count(r"\begin{tabularx}{\linewidth}") == 1
    notes = text[text.index(r"\parbox{\linewidth}") :]
    assert "First. Second. Numbers from the embedded table (01234567)" in notes


def test_where_large_is_good_the_largest_mean_is_the_best() -> None:
    columns = (Column("who", "who", "text"), Column("area", "area", rising=True), Column("error", "error"))
    values = [("a", Estimate(1.0, 0.5), Estimate(1.0, 0.5)), ("b", Estimate(2.0, 0.5), Estimate(2.0, 0.5))]
    assert rows(to_latex(table_of("t", "t", columns, values), ANALYSIS)) == [
        r"a & 1.00 $\pm$ 0.50 & \textbf{1.00 $\pm$ 0.50} \\",
        r"b & \textbf{2.00 $\pm$ 0.50} & 2.00 $\pm$ 0.50 \\",
    ]


def test_a_negative_number_has_a_minus_sign_and_a_word_s_hyphen_stays() -> None:
    table = table_of("t", "t", (Column("a", "a", "text"), Column("b", "b")), (("-1x", -1.5), ("a-1", 2.0)))
    assert rows(to_latex(table, ANALYSIS)) == [r"$-$1x & $-$1.50 \\", r"a-1 & 2.00 \\"]
    assert latex("~^|<") == r"\textasciitilde{}\textasciicircum{}\textbar{}$<$"


def test_columns_without_room_stand_below_the_others_each_with_the_first() -> None:
    columns = (Column("who", "optimizer", "text"), *(Column(f"c{i}", f"heading {i}") for i in range(9)))
    table = table_of("t", "t", columns, [("a", *(Interval(1.0 + i, 0.5, 12.25) for i in range(9)))])
    wide, narrow = to_latex(table, ANALYSIS, 498.0, "table*"), to_latex(table, ANALYSIS, 238.0)
    assert wide.count(r"\begin{table*}") == 1
    assert wide.count(r"\begin{tabularx}") < narrow.count(r"\begin{tabularx}")
    for text in (wide, narrow):
        found = [cell for row in rows(text) for cell in row.removesuffix(r" \\").split(" & ")]
        assert [cell for cell in found if cell != "a"] == [f"{1 + i}.00 [0.50, 12.25]" for i in range(9)]
        assert found.count("a") == text.count(r"\begin{tabularx}")
    # Digits of 8 point type are 4.25 points wide: no line is wider than its column.
    assert max(len(row.removesuffix(r" \\")) for row in rows(narrow)) * 4.25 < 238


def test_columns_stand_side_by_side_as_far_as_there_is_room() -> None:
    columns = [Column(name, name, "text" if name == "a" else "two") for name in "abc"]
    table = table_of("t", "t", columns, [("111", 1.0, 1.0)])
    # Digits have 0.54 and points 0.36 of 8.6 points, and 6 points are between two columns.
    needed = 8.6 * (3 * 0.54 + 2 * (3 * 0.54 + 0.36)) + 2 * 6
    assert to_latex(table, ANALYSIS, needed + 0.1).count(r"\begin{tabularx}") == 1
    assert to_latex(table, ANALYSIS, needed - 0.1).count(r"\begin{tabularx}") == 2


def test_a_table_s_lines_stand_in_their_order() -> None:
    table = table_of("t", "t", (Column("a", "a", "text"), Column("b", "b")), (("x", 1.0), ("y", 2.0)))
    begin = to_latex(table, ANALYSIS).index(r"  \begin{tabularx}")
    assert to_latex(table, ANALYSIS)[begin:].split("\n  \\par")[0].splitlines() == [
        r"  \begin{tabularx}{\linewidth}{@{}>{\raggedright\arraybackslash\hspace{0pt}}Xr@{}}",
        r"    \toprule",
        r"    a & \parbox[b]{17.0pt}{\raggedleft\hspace{0pt}b} \\",
        r"    \midrule",
        r"    x & 1.00 \\",
        r"    y & 2.00 \\",
        r"    \bottomrule",
        r"  \end{tabularx}",
    ]


@pytest.mark.parametrize("n_texts", [1, 2])
def test_rows_are_as_high_as_their_texts_are_broken(n_texts: int) -> None:
    """Thirty rows of one line fit into a float, and thirty of two lines do not."""
    columns = [*(Column(name, name, "text") for name in "abc"[:n_texts]), Column("n", "n")]
    table = table_of("t", "t", columns, [(*["1" * 20] * n_texts, 1.0)] * 30)
    # A text is thought to take 15 % more than its digits; the number has three and a point; 6 points are between two.
    needed = n_texts * 1.15 * 20 * 0.54 * 8.6 + 8.6 * (3 * 0.54 + 0.36) + 6 * n_texts
    assert to_latex(table, ANALYSIS, needed + 0.1).count(r"\begin{table}") == 1
    assert to_latex(table, ANALYSIS, needed - 0.1).count(r"\begin{table}") == 2


def test_a_column_too_wide_for_the_line_still_stands_beside_the_first() -> None:
    table = table_of("t", "t", [Column("a", "a", "text"), Column("b", "b")], [("x", Interval(1.0, 0.5, 12.25))])
    assert rows(to_latex(table, ANALYSIS, 20.0)) == [r"x & 1.00 [0.50, 12.25] \\"]


def test_what_is_too_high_goes_on_in_a_further_float() -> None:
    table = table_of(
        "t", "Many", (Column("a", "a", "text"), Column("b", "b")), [(f"o{i}", 1.0 * i) for i in range(100)]
    )
    text = to_latex(table, ANALYSIS)
    assert [row.split(" ")[0] for row in rows(text)] == [f"o{i}" for i in range(100)]
    assert text.count(r"\begin{table}") == text.count(r"\parbox{\linewidth}") == 3
    assert text.count(r"\caption{Many (continued).}") == 2
    assert text.count(r"\label") == 1


@pytest.mark.parametrize(("word", "shown"), [("a" * 14, "a" * 14), ("a_" * 8, r"a\_a\_a\_a\_\-a\_a\_a\_a\_")])
def test_long_words_may_be_broken(word: str, shown: str) -> None:
    table = table_of("t", word, (Column("a", "a", "text"),), [(word,)])
    text = to_latex(table, ANALYSIS)
    assert rows(text) == [rf"{shown} \\"]
    assert rf"\caption{{{shown}.}}" in text
