"""Tables as plain values and as text: what CSV, LaTeX and the page are written from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from nhb2_plugins.analysis.model import Estimate, Interval, Refusal

Form = Literal["text", "count", "one", "two", "seconds", "short", "p"]
"""How a number is shown: as it is, with one or two decimals, in whole seconds, in up to four digits, as a p-value."""

DASH: Final = "–"
_USUAL_FORM: Final[Form] = "two"


@dataclass(frozen=True)
class ReportTable:
    """One table.

    Attributes:
        name: stem of its files, for example ``comparison`` (``comparison.csv``, ``comparison.tex``).
        title: in words.
        keys: names of the columns in CSV; a column of estimates becomes ``<key>_mean`` and ``<key>_se`` there, one of
            intervals ``<key>``, ``<key>_low`` and ``<key>_high``.
        headings: of the columns, for people, with units.
        rows: the values: text, int, float, :class:`Estimate`, :class:`Interval`, or None for nothing.
        notes: what a reader must know below it (beside the analysis' own notes).
        forms: how each column's numbers are shown.
        long: whether it has a row a run or a point: for machines, not for LaTeX.
        rising: keys of the columns in which large is good.
        unranked: positions of the rows of too few runs to be ranked: none of them is the best of a column.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    long: bool = False
    rising: frozenset[str] = frozenset()
    unranked: frozenset[int] = frozenset()

    def shown(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text, the same everywhere; a dash for nothing."""
        forms = self.forms or (_USUAL_FORM,) * len(self.keys)
        return tuple(tuple(shown(value, form) for value, form in zip(row, forms, strict=True)) for row in self.rows)


_SHOW: Final[Mapping[Form, Callable[[Any], str]]] = {
    "text": str,
    "count": lambda value: f"{value:,}" if isinstance(value, int) else f"{value:,.0f}",
    "one": lambda value: f"{value:.1f}",
    "two": lambda value: f"{value:.2f}",
    "seconds": lambda value: f"{value:,.0f}",
    "short": lambda value: f"{value:.4g}",
    "p": lambda value: "< 0.001" if value < 0.001 else f"{value:.3f}",
}


def shown(value: Any, form: Form = "two") -> str:
    """A value as text.

    >>> shown(0.01234), shown(0.01234, "p"), shown(None), shown(Estimate(1.5, 0.25))
    ('0.01', '0.012', '–', '1.50 ± 0.25')
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str | Estimate | Interval):
        return str(value)
    return _SHOW[form](value)


@dataclass(frozen=True)
class Column:
    """A column; ``attribute`` is where its value stands in the object of a row, the key itself where empty.

    Small is good, or large where it is ``rising``.
    """

    key: str
    heading: str
    form: Form = "two"
    attribute: str = ""
    rising: bool = False


def table_of(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    notes: Sequence[str] = (),
    *,
    long: bool = False,
) -> ReportTable:
    """A table of some columns."""
    return ReportTable(
        name=name,
        title=title,
        keys=tuple(column.key for column in columns),
        headings=tuple(column.heading for column in columns),
        rows=tuple(tuple(row) for row in rows),
        notes=tuple(notes),
        forms=tuple(column.form for column in columns),
        rising=frozenset(column.key for column in columns if column.rising),
        long=long,
    )


def rows_of(objects: Iterable[Any], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One row for each object, read by the columns."""
    return (tuple(getattr(each, column.attribute or column.key) for column in columns) for each in objects)


def best_of_columns(table: ReportTable) -> dict[int, int]:
    """The row with the best mean of each column of estimates, where several are ranked."""
    best = {}
    for column, key in enumerate(table.keys):
        ranked = ((i, row[column]) for i, row in enumerate(table.rows) if i not in table.unranked)
        means = {i: value.mean for i, value in ranked if isinstance(value, Estimate)}
        if len(means) > 1:
            best[column] = (max if key in table.rising else min)(means, key=lambda i: means[i])
    return best


def refused(name: str, title: str, refusal: Refusal) -> ReportTable:
    """A table without rows: there is no such file, and the page says why."""
    return table_of(name, title, (OPTIMIZER,), (), (refusal.reason,))


OPTIMIZER: Final = Column("optimizer", "optimizer", "text")
N_RUNS: Final = Column("runs", "runs", "count", "n_runs")
