"""What a paper takes of a comparison: figures and tables that fit, captions, references, and a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.analyse import report_figures, report_tables
from nhb2_plugins.analysis.latex import breakable, to_latex
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.pictures import ReportFigure
from nhb2_plugins.analysis.references import references

WIDTHS_IN: Final[Mapping[str, float]] = {"column": 3.3, "page": 6.9}
"""In inches, of what a figure or table may be as wide as."""
REFERENCES: Final = "references.bib"
SAMPLE: Final = "sample.tex"
_POINTS: Final = 72.27  # of TeX, an inch
_FLOATS_IN_MEMORY: Final = 4


def paper_files(analysis: CampaignAnalysis, width: str) -> Iterator[tuple[str, Callable[[Path], object] | None]]:
    """Names of files, and what writes each; None where there is nothing to write.

    Args:
        analysis: what to report.
        width: of :data:`WIDTHS_IN`.
    """
    from nhb2_plugins.analysis.plots import draw_for_paper  # matplotlib takes its time

    star = "*" if width == "page" else ""
    figures, tables = report_figures(analysis), [each for each in report_tables(analysis) if not each.long]
    texts: dict[str, str] = {}
    for figure in figures:
        draw = partial(draw_for_paper, figure, WIDTHS_IN[width], suffix="pdf")
        yield f"{figure.name}.pdf", draw if figure.picture is not None else None
        texts[_caption_file(figure)] = _caption(figure, analysis) if figure.picture is not None else ""
    for table in tables:
        fitting = to_latex(table, analysis, WIDTHS_IN[width] * _POINTS, f"table{star}")
        texts[f"{table.name}.tex"] = fitting if table.rows else ""
    texts[REFERENCES] = references(analysis)
    shown = [each for each in figures if each.picture is not None]
    texts[SAMPLE] = _sample(shown, [table.name for table in tables if table.rows], star)
    for name, text in texts.items():
        yield name, partial(Path.write_text, data=text, encoding="utf-8") if text else None


def _caption_file(figure: ReportFigure) -> str:
    return f"{figure.name}_caption.tex"


def _caption(figure: ReportFigure, analysis: CampaignAnalysis) -> str:
    """The caption as LaTeX, with its label; the benchmark's table and the conditions stand in it."""
    notes = breakable(" ".join((*figure.notes, *analysis.notes)))
    return f"\\caption{{{breakable(figure.title)}. {notes}}}\\label{{fig:{figure.name.replace('_', '-')}}}\n"


def _sample(figures: list[ReportFigure], tables: list[str], star: str) -> str:
    """A document of two columns with every figure and table in it."""
    floats = [_figure(each, star) for each in figures] + [f"\\input{{{name}}}" for name in tables]
    # LaTeX holds few floats at a time that have found no place.
    pieces = (floats[i : i + _FLOATS_IN_MEMORY] for i in range(0, len(floats), _FLOATS_IN_MEMORY))
    body = "\n\\clearpage\n".join("\n".join(piece) for piece in pieces)
    return _DOCUMENT.replace("FLOATS", body)


def _figure(figure: ReportFigure, star: str) -> str:
    return (
        f"\\begin{{figure{star}}}[tbp]\n  \\centering\n  \\includegraphics{{{figure.name}.pdf}}\n"
        f"  \\input{{{figure.name}_caption}}\n\\end{{figure{star}}}"
    )


_DOCUMENT: Final = r"""% Compile with pdflatex, bibtex, pdflatex, pdflatex.
\documentclass[10pt,twocolumn]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[textwidth=6.9in,textheight=9.2in,columnsep=0.3in]{geometry}
\usepackage{booktabs,tabularx,graphicx}
\begin{document}
The comparison rests on NAS-HPO-Bench-II~\cite{hirose2021nashpobench2}.\nocite{*}
FLOATS
\bibliographystyle{plain}
\bibliography{references}
\end{document}
"""
