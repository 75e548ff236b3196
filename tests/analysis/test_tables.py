"""Tables as values: how each kind of number is shown, and how rows are read."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from nhb2_plugins.analysis.model import Estimate, Interval, Refusal
from nhb2_plugins.analysis.tables import (
    N_RUNS,
    OPTIMIZER,
    Column,
    ReportTable,
    best_of_columns,
    refused,
    rows_of,
    shown,
    table_of,
)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        ("a", "text", "a"),
        (1234, "count", "1,234"),
        (1234.5, "count", "1,234"),
        (12.345, "one", "12.3"),
        (12.345, "two", "12.35"),
        (12345.6, "seconds", "12,346"),
        (0.000123456, "short", "0.0001235"),
        (123456.0, "short", "1.235e+05"),
        (0.001, "p", "0.001"),
        (0.0009999, "p", "< 0.001"),
        (0.04567, "p", "0.046"),
        (None, "two", "–"),
        ("", "text", "–"),
        (math.nan, "one", "–"),
        (0, "count", "0"),
        (0.0, "two", "0.00"),
        (Estimate(1.5, None), "p", "1.50"),
        (Estimate(1.5, 0.25), "count", "1.50 ± 0.25"),
        (Interval(1.0, 0.5, 2.0), "short", "1.00 [0.50, 2.00]"),
    ],
)
def test_a_value_is_shown_by_its_form(value: Any, form: Any, text: str) -> None:
    assert shown(value, form) == text


def test_two_decimals_are_usual() -> None:
    assert shown(1.005) == shown(1.005, "two") == "1.00"
    table = ReportTable("x", "X", ("a", "b"), ("A", "B"), ((1.0, None), ("word", 2.345)))
    assert table.shown() == (("1.00", "–"), ("word", "2.35"))
    assert (table.long, table.rising, table.unranked) == (False, frozenset(), frozenset())


COLUMNS = (OPTIMIZER, N_RUNS, Column("regret", "regret (pp)", "one", "regret_pp"))
OBJECTS = [
    SimpleNamespace(optimizer="a", n_runs=1200, regret_pp=1.25),
    SimpleNamespace(optimizer="b", n_runs=2, regret_pp=None),
]


def test_rows_are_read_by_the_columns_and_shown_by_their_forms() -> None:
    rows = list(rows_of(OBJECTS, COLUMNS))
    assert rows == [("a", 1200, 1.25), ("b", 2, None)]
    table = table_of("name", "Title", COLUMNS, rows, ["A note."], long=True)
    assert (table.name, table.title, table.notes, table.long) == ("name", "Title", ("A note.",), True)
    assert table.keys == ("optimizer", "runs", "regret")
    assert table.headings == ("optimizer", "runs", "regret (pp)")
    assert table.rows == tuple(rows)
    assert table.shown() == (("a", "1,200", "1.2"), ("b", "2", "–"))
    assert table_of("name", "Title", COLUMNS, rows).long is False


def test_a_refused_table_has_no_rows_and_says_why() -> None:
    table = refused("ranks", "Ranks", Refusal("Too few runs."))
    assert (table.name, table.title, table.keys, table.rows) == ("ranks", "Ranks", ("optimizer",), ())
    assert table.notes == ("Too few runs.",)


def test_the_smallest_mean_of_a_column_is_its_best_where_there_are_several() -> None:
    rows = (
        ("a", Estimate(2.0, 0.1), Estimate(5.0, None), 1.0),
        ("b", Estimate(1.0, 0.1), None, 0.5),
        ("c", Estimate(1.5, 0.1), Estimate(4.0, None), 0.1),
    )
    table = ReportTable("x", "X", ("name", "u", "v", "w"), ("Name", "U", "V", "W"), rows)
    assert best_of_columns(table) == {1: 1, 2: 2}
    assert best_of_columns(replace(table, rows=rows[:2])) == {1: 1}
