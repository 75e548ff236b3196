"""The tables of an analysis as plain values and as text: what CSV, LaTeX and the page are written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nhb2_plugins.analysis.model import CampaignAnalysis, Estimate, Interval


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
    """

    name: str
    title: str
    keys: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def shown(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text, the same everywhere; a dash for nothing."""
        return tuple(tuple(shown(value) for value in row) for row in self.rows)


def shown(value: Any) -> str:
    """A value as text."""
    if value is None:
        return "–"
    if isinstance(value, Estimate | Interval):
        return str(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


def report_tables(analysis: CampaignAnalysis) -> tuple[ReportTable, ...]:
    """Every table of an analysis: comparison, finals, matches, ranks, friedman, pairs, improvement, runs, failures."""
    raise NotImplementedError
