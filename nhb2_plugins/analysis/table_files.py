"""Tables as files: CSV for machines, LaTeX for papers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, Final

from nhb2_plugins.analysis.model import CampaignAnalysis, Estimate, Interval
from nhb2_plugins.analysis.tables import ReportTable

_FORMULA: Final = ("=", "+", "-", "@")


def to_csv(table: ReportTable, analysis: CampaignAnalysis) -> str:
    """A table as CSV, in full precision; the table's label and the conditions stand in columns of their own."""
    kinds = [_kind([row[i] for row in table.rows]) for i in range(len(table.keys))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [name for key, kind in zip(table.keys, kinds, strict=True) for name in _names(key, kind)]
    writer.writerow(map(_inert, [*names, "table", "conditions"]))
    for row in table.rows:
        cells = [cell for value, kind in zip(row, kinds, strict=True) for cell in _cells(value, kind)]
        writer.writerow(map(_inert, [*cells, analysis.table_label, analysis.conditions]))
    return text.getvalue()


def _inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _kind(values: Sequence[Any]) -> type | None:
    return next((type(value) for value in values if isinstance(value, Estimate | Interval)), None)


def _names(key: str, kind: type | None) -> tuple[str, ...]:
    if kind is Estimate:
        return f"{key}_mean", f"{key}_se"
    return (key, f"{key}_low", f"{key}_high") if kind is Interval else (key,)


def _cells(value: Any, kind: type | None) -> tuple[Any, ...]:
    if value is None:
        return ("",) * len(_names("", kind))
    if isinstance(value, Estimate):
        return value.mean, "" if value.standard_error is None else value.standard_error
    return (value.value, value.low, value.high) if isinstance(value, Interval) else (value,)


def to_latex(table: ReportTable, analysis: CampaignAnalysis) -> str:
    r"""A table as LaTeX for ``\input``, with the package ``booktabs``. Table and conditions stand in the caption."""
    numeric = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.keys))]
    rows = [[_latex(cell) for cell in row] for row in table.shown()]
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_latex(table.title)}. {_latex(' '.join((*table.notes, *analysis.notes)))}}}",
        rf"  \label{{tab:{table.name.replace('_', '-')}}}",
        rf"  \begin{{tabular}}{{@{{}}{''.join('r' if each else 'l' for each in numeric)}@{{}}}}",
        r"    \toprule",
        f"    {_latex_row([_latex(heading) for heading in table.headings])}",
        r"    \midrule",
        *(f"    {_latex_row(row)}" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "–": "--",
    "×": r"$\times$",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    "−": "$-$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_SPECIAL: Final = re.compile("|".join(re.escape(character) for character in _LATEX))
_NEGATIVE: Final = re.compile(r"^-(?=[0-9])")


def _latex(text: str) -> str:
    escaped = _SPECIAL.sub(lambda match: _LATEX[match.group()], text)
    return _NEGATIVE.sub("$-$", escaped)
