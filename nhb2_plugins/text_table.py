"""Aligned tables and lists of plain text, and what a reader may be shown of any text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

_HIDDEN: Final = (
    "\x00-\x1f\x7f-\x9f"  # control characters: ESC moves a terminal's cursor, renames its window
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, or they turn what follows around
    "\ud800-\udfff"  # halves of characters, which no file takes
    "\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
_UNPRINTABLE: Final = re.compile(f"[{_HIDDEN}]")
_UNPRINTABLE_IN_LINES: Final = re.compile(f"(?![\n\t])[{_HIDDEN}]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""Any text as a terminal, a page, a figure and a file can take it: what cannot be seen is written as its code.

    Args:
        text: from a file that may hold anything.
        lines: leave line ends and tabs as they are.

    >>> print(printable("a\x1b[31m\ud800 Zufällig 東京"))
    a\x1b[31m\ud800 Zufällig 東京
    """
    unprintable = _UNPRINTABLE_IN_LINES if lines else _UNPRINTABLE
    return unprintable.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def shortened(text: str, longest: int) -> str:
    """A text that fits. Its end stays: names of variants differ there.

    >>> shortened("Regularized evolution, variant B", 20)
    'Regularize…variant B'
    """
    if len(text) <= longest:
        return text
    end = longest // 2 - 1
    return f"{text[: longest - 1 - end]}…{text[-end:]}"


def wrapped(text: str, characters: int) -> list[str]:
    """A text in at most two lines; a longer one is shortened.

    >>> wrapped("Regularized evolution, variant B", 20)
    ['Regularized', 'evolution, variant B']
    """
    tries = (textwrap.wrap(shortened(text, longest), characters) for longest in range(2 * characters, 3, -1))
    return next((lines for lines in tries if len(lines) <= 2), []) or [""]


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a heading and a rule; the first column is aligned left, the others right.

    >>> print(text_table(["name", "n"], [["a", "1"], ["long", "20"]]))
    name   n
    ----  --
    a      1
    long  20
    """
    lines = [tuple(map(printable, row)) for row in (headings, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(_line(line, widths) for line in lines)


def without_formula(text: str) -> str:
    """A text as a cell of a CSV file: one that a spreadsheet would run as a formula begins with an apostrophe.

    >>> without_formula("=1+1"), without_formula("bohb/seed-0001")
    ("'=1+1", 'bohb/seed-0001')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def counted(n: int, noun: str) -> str:
    """A number of things, in words.

    >>> counted(0, "run"), counted(1, "run"), counted(2500, "run")
    ('0 runs', '1 run', '2,500 runs')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((first, *rest)).rstrip()


def facts_text(facts: Mapping[str, str], width: int) -> str:
    """A line for each fact, its name padded to a width.

    >>> print(facts_text({"table": "embedded", "seed": "222"}, 6))
    table  embedded
    seed   222
    """
    return "\n".join(f"{name:<{width}} {printable(fact)}" for name, fact in facts.items())
