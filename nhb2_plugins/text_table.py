"""Aligned tables and lists of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a heading and a rule; the first column is aligned left, the others right.

    >>> print(text_table(["name", "n"], [["a", "1"], ["long", "20"]]))
    name   n
    ----  --
    a      1
    long  20
    """
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(_line(line, widths) for line in lines)


def counted(n: int, noun: str) -> str:
    """A number of things, in words.

    >>> counted(1, "run"), counted(2500, "run")
    ('1 run', '2,500 runs')
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
    return "\n".join(f"{name:<{width}} {fact}" for name, fact in facts.items())
