"""What a reader is shown of any text."""

from __future__ import annotations

import pytest

from nhb2_plugins.text_table import facts_text, printable, text_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zufällig 東京 α=0.5 $^$ =1+1 🙂", "Zufällig 東京 α=0.5 $^$ =1+1 🙂"),
        ("a\x1b[31mred", r"a\x1b[31mred"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("half \ud800", r"half \ud800"),
        ("\u202eturned", r"\u202eturned"),
        ("\x7f\x9b\u2028\ufeff\U000e0041", r"\x7f\x9b\u2028\ufeff\U000e0041"),
        (" ~\xa0\xac\xae", " ~\xa0\xac\xae"),
    ],
)
def test_what_cannot_be_seen_is_written_as_its_code(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines_where_that_is_asked_for() -> None:
    assert printable("a\n\tb\r\x1b", lines=True) == "a\n\tb\\r\\x1b"


def test_a_cell_cannot_move_the_cursor_or_begin_a_line() -> None:
    table = text_table(["na\x1bme", "n"], [["a\nb", "1"]])
    assert table.splitlines() == ["na\\x1bme  n", "---------  -".replace("---------", "-" * 8), "a\\nb      1"]


def test_facts_stand_in_two_columns() -> None:
    assert facts_text({"a": "1", "long": "2"}, 3) == "a   1\nlong 2"
