r"""Tables as LaTeX that fit: as wide as a column or a page, however many columns they have.

What does not fit side by side stands in parts below each other, with the first column repeated; what is too high goes
on in a further float. How wide a text will be set is estimated, a little too wide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nhb2_plugins.analysis.model import CampaignFacts
from nhb2_plugins.analysis.tables import ReportTable, best_of_columns

ARTICLE_PT: Final = 345.0
"""Width of the text in LaTeX's own class ``article``: the least that a table for any document may have."""
_SEPARATION_PT: Final = 6.0  # between two columns
_MOST_LINES: Final = 50  # of a float, its notes among them
_FEWEST_LINES: Final = 12
_NOTE_SIZE: Final = 0.87  # of the notes' type, in parts of the table's
_TEXT_PT: Final = 64.0  # a column of longer texts is broken into lines
_LONG_WORD: Final = 14  # characters
_SYLLABLE: Final = 8
_EM_PT: Final = 8.6  # of 8 point type
_EMS: Final[Mapping[str, float]] = {
    **dict.fromkeys("ijlft.,:;'|![]()-I", 0.36),
    **dict.fromkeys("mwMW%±<>−–×", 0.86),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ", 0.75),
    " ": 0.34,
}
_USUAL_EMS: Final = 0.54
_SHORT: Final[Mapping[str, str]] = {"evaluations": "evals", "simulated": "sim.", "error": "err.", "quartile": "quart."}


def to_latex(table: ReportTable, facts: CampaignFacts, width_pt: float = ARTICLE_PT, environment: str = "table") -> str:
    r"""A table for ``\input``, with the packages ``booktabs`` and ``tabularx``; the best means are bold.

    Args:
        table: what to write.
        facts: of the campaign; the benchmark's table and the conditions stand in the notes below it.
        width_pt: of the line that it stands in, in TeX's points.
        environment: ``table``, or ``table*`` for both columns of a page.
    """
    notes = " ".join((*table.notes, *facts.notes))
    most = max(_MOST_LINES - math.ceil(_NOTE_SIZE**2 * _set_pt(notes) / width_pt), _FEWEST_LINES)
    groups = _side_by_side(_columns(table), width_pt)
    panels = [panel for shown in groups for panel in _cut(shown, range(len(table.rows)), width_pt, most)]
    label = rf"\label{{tab:{table.name.replace('_', '-')}}}"
    captions = [rf"\caption{{{breakable(table.title)}.}}{label}", rf"\caption{{{breakable(table.title)} (continued).}}"]
    floats = (
        _float(environment, captions[i > 0], own, breakable(notes)) for i, own in enumerate(_packed(panels, most))
    )
    return "% needs \\usepackage{booktabs,tabularx}\n" + "\n".join(floats)


def _float(environment: str, caption: str, panels: Sequence[_Panel], notes: str) -> str:
    lines = (
        rf"\begin{{{environment}}}[tbp]",
        r"  \centering\footnotesize\setlength{\tabcolsep}{3pt}",
        f"  {caption}",
        "\n  \\par\\medskip\n".join(panel.tabular() for panel in panels),
        r"  \par\smallskip",
        rf"  \parbox{{\linewidth}}{{\scriptsize\raggedright {notes}\par}}",
        rf"\end{{{environment}}}",
    )
    return "\n".join(lines) + "\n"


# --- columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """One column.

    Attributes:
        heading: above it.
        cells: its texts.
        best: which of them is bold, if any.
        form: LaTeX's letter: ``X`` where lines are broken.
    """

    heading: str
    cells: tuple[str, ...]
    best: int | None
    form: str

    @property
    def width_pt(self) -> float:
        """What it needs at least."""
        unbroken = self.cells if self.form != "X" else [piece for cell in self.cells for piece in _pieces(cell)]
        return max(map(_set_pt, [*unbroken, *_pieces(self.heading)]), default=0.0)

    def head(self) -> str:
        """Its heading, broken into lines above numbers."""
        text = breakable(self.heading)
        if self.form == "X":
            return text
        ragged = r"\raggedleft" if self.form == "r" else r"\raggedright"
        return rf"\parbox[b]{{{self.width_pt:.1f}pt}}{{{ragged}\hspace{{0pt}}{text}}}"

    def cell(self, row: int) -> str:
        """One of its texts."""
        text = breakable(self.cells[row]) if self.form == "X" else latex(self.cells[row])
        return rf"\textbf{{{text}}}" if row == self.best else text


def _columns(table: ReportTable) -> list[_Column]:
    shown, best = table.shown(), best_of_columns(table)
    columns = []
    for i, heading in enumerate(table.headings):
        cells = tuple(row[i] for row in shown)
        is_text = any(isinstance(row[i], str) for row in table.rows)
        breaks = i == 0 or (is_text and max(map(_set_pt, cells)) > _TEXT_PT)
        short = " ".join(_SHORT.get(word, word) for word in heading.split())
        columns.append(_Column(short, cells, best.get(i), "X" if breaks else "l" if is_text else "r"))
    return columns


def _side_by_side(columns: Sequence[_Column], width_pt: float) -> list[list[_Column]]:
    """The columns in as few groups as fit, each with the first one."""
    first, *others = columns
    groups = [[first, *others[:1]]]
    for column in others[1:]:
        if _least_pt([*groups[-1], column]) > width_pt:
            groups.append([first])
        groups[-1].append(column)
    return groups


def _least_pt(columns: Sequence[_Column]) -> float:
    return sum(column.width_pt for column in columns) + _SEPARATION_PT * (len(columns) - 1)


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """Some columns and rows, and how many lines they take."""

    columns: Sequence[_Column]
    rows: Sequence[int]
    n_lines: int

    def tabular(self) -> str:
        forms = (
            r">{\raggedright\arraybackslash\hspace{0pt}}X" if each.form == "X" else each.form for each in self.columns
        )
        lines = (
            rf"  \begin{{tabularx}}{{\linewidth}}{{@{{}}{''.join(forms)}@{{}}}}",
            r"    \toprule",
            f"    {_row(column.head() for column in self.columns)}",
            r"    \midrule",
            *(f"    {_row(column.cell(row) for column in self.columns)}" for row in self.rows),
            r"    \bottomrule",
            r"  \end{tabularx}",
        )
        return "\n".join(lines)


def _row(cells: Iterator[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cut(columns: Sequence[_Column], rows: Sequence[int], width_pt: float, most_lines: int) -> Iterator[_Panel]:
    """The rows in as many panels as have room in a float each."""
    broken = [column for column in columns if column.form == "X"]
    others = [column for column in columns if column.form != "X"]
    room = (width_pt - sum(column.width_pt for column in others) - _SEPARATION_PT * (len(columns) - 1)) / len(broken)
    shown: list[int] = []
    n_lines = head = 4
    for row in rows:
        height = max(math.ceil(1.15 * _set_pt(column.cells[row]) / room) for column in broken)
        if shown and n_lines + height > most_lines:
            yield _Panel(columns, shown, n_lines)
            shown, n_lines = [], head
        shown, n_lines = [*shown, row], n_lines + height
    yield _Panel(columns, shown, n_lines)


def _packed(panels: Sequence[_Panel], most_lines: int) -> list[list[_Panel]]:
    """The panels in as few floats as hold them."""
    floats: list[list[_Panel]] = []
    for panel in panels:
        if not floats or sum(each.n_lines for each in floats[-1]) + panel.n_lines > most_lines:
            floats.append([])
        floats[-1].append(panel)
    return floats


# --- texts ------------------------------------------------------------------------------------------------------------

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
    "χ²": r"$\chi^2$",
    "…": r"\dots{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_SPECIAL: Final = re.compile("|".join(re.escape(character) for character in _LATEX))
_NEGATIVE: Final = re.compile(r"^-(?=[0-9])")


def latex(text: str) -> str:
    r"""A text that LaTeX shows as it is.

    >>> latex("50 % of -1"), latex("-1.5")
    ('50 \\% of -1', '$-$1.5')
    """
    escaped = _SPECIAL.sub(lambda match: _LATEX[match.group()], text)
    return _NEGATIVE.sub("$-$", escaped)


def breakable(text: str) -> str:
    """The same, of a text whose long words may be broken."""
    return " ".join(r"\-".join(latex(piece) for piece in _syllables(word)) for word in text.split(" "))


def _pieces(text: str) -> list[str]:
    """What is not broken."""
    return [f"{piece}-" if len(word) > _LONG_WORD else piece for word in text.split() for piece in _syllables(word)]


def _syllables(word: str) -> list[str]:
    if len(word) <= _LONG_WORD:
        return [word]
    return [word[i : i + _SYLLABLE] for i in range(0, len(word), _SYLLABLE)]


def _set_pt(text: str) -> float:
    return _EM_PT * sum(_EMS.get(character, _USUAL_EMS) for character in text)
