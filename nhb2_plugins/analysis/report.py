"""What a campaign leaves for people: text, tables, figures, and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.analyse import report_figures, report_tables
from nhb2_plugins.analysis.latex import to_latex
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.paper import WIDTHS_IN, paper_files
from nhb2_plugins.analysis.questions.comparison import comparison_table
from nhb2_plugins.analysis.table_files import to_csv
from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError, Nhb2Error
from nhb2_plugins.files import file_aside
from nhb2_plugins.text_table import text_table

COMPARISON_TEXT: Final = "comparison.txt"


def comparison_text(analysis: CampaignAnalysis) -> str:
    """The comparison as an aligned table, with the conditions and the source of the numbers below it."""
    table = comparison_table(analysis.comparison, analysis)
    return text_table(table.headings, table.shown()) + "\n\n" + "\n".join((*analysis.notes, *table.notes)) + "\n"


def conclusions_text(analysis: CampaignAnalysis) -> str:
    """The conclusions, a line each."""
    return "\n".join(analysis.sentences) + "\n"


def write_report(analysis: CampaignAnalysis, directory: Path, formats: Sequence[str] = ()) -> list[Path]:
    """Write a report; returns the files.

    Each file is written aside and renamed, so that what is there is whole: this report's, or the one's before.

    Args:
        analysis: what to report.
        directory: where to; made where missing.
        formats: of :data:`FORMATS`; empty for :data:`DEFAULT_FORMATS`.

    Raises:
        InvalidValueError: an unknown format, or the directory is a file.
        ReportWriteError: the disk refuses a file, or the directory is taken away meanwhile.
        MissingExtraError: what draws figures or the page is not installed.
    """
    wanted = list(dict.fromkeys(formats or DEFAULT_FORMATS))
    for each in wanted:
        checked_choice("report format", each, FORMATS)
    return _write(directory, (file for each in wanted for file in FORMATS[each](analysis)))


def write_paper(analysis: CampaignAnalysis, directory: Path, width: str) -> list[Path]:
    """Write figures and tables for a paper, captions, references and a sample document; returns the files.

    Args:
        analysis: what to report.
        directory: where to; made where missing.
        width: of what a figure or table may be as wide as: ``column`` (3.3 inches) or ``page`` (6.9 inches).

    Raises:
        InvalidValueError: another width, or the directory is a file.
        ReportWriteError: the disk refuses a file, or the directory is taken away meanwhile.
        MissingExtraError: what draws figures is not installed.
    """
    checked_choice("width of a paper", width, WIDTHS_IN)
    return _write(directory, paper_files(analysis, width))


def _write(directory: Path, named: Files) -> list[Path]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidValueError(f"a report cannot go to {directory}: that, or what it lies in, is a file") from error
    except OSError as error:
        raise ReportWriteError(f"cannot make {directory}: {error.strerror}") from error
    files = []
    for name, write in named:
        _put(directory / name, write)
        if write is not None:
            files.append(directory / name)
    return files


class ReportWriteError(Nhb2Error, OSError):
    """The disk refuses a report's file: it is full, read-only, not the user's, or no longer there."""


Write = Callable[[Path], object]
Files = Iterator[tuple[str, Write | None]]
"""Names of files, and what writes each; None where there is nothing to write, and no earlier report's must stay."""


def _put(path: Path, write: Write | None) -> None:
    try:
        if write is None:
            path.unlink(missing_ok=True)
            return
        with file_aside(path) as aside:
            write(aside)
    except OSError as error:
        reason = error.strerror or error
        raise ReportWriteError(f"cannot write {path}: {reason}; an earlier one that is there is whole") from error


def _texts(texts: Iterable[tuple[str, str]]) -> Files:
    for name, text in texts:
        yield name, partial(Path.write_text, data=text, encoding="utf-8") if text else None


def _text(analysis: CampaignAnalysis) -> Files:
    return _texts([(COMPARISON_TEXT, comparison_text(analysis) + "\n" + conclusions_text(analysis))])


def _csv(analysis: CampaignAnalysis) -> Files:
    tables = report_tables(analysis)
    return _texts((f"{table.name}.csv", to_csv(table, analysis) if table.rows else "") for table in tables)


def _latex(analysis: CampaignAnalysis) -> Files:
    tables = (table for table in report_tables(analysis) if not table.long)
    return _texts((f"{table.name}.tex", to_latex(table, analysis) if table.rows else "") for table in tables)


def _figures(analysis: CampaignAnalysis, suffix: str) -> Files:
    from nhb2_plugins.analysis.plots import draw_figure  # matplotlib takes its time

    for figure in report_figures(analysis):
        draw = partial(draw_figure, figure, analysis, suffix=suffix)
        yield f"{figure.name}.{suffix}", None if figure.picture is None else draw


def _page(analysis: CampaignAnalysis) -> Files:
    from nhb2_plugins.analysis.page.builder import PAGE_FILE, page_of  # Jinja and plotly take their time

    return _texts([(PAGE_FILE, page_of(analysis))])


FORMATS: Final[Mapping[str, Callable[[CampaignAnalysis], Files]]] = {
    "html": _page,
    "text": _text,
    "csv": _csv,
    "latex": _latex,
    "png": partial(_figures, suffix="png"),
    "svg": partial(_figures, suffix="svg"),
    "pdf": partial(_figures, suffix="pdf"),
}
DEFAULT_FORMATS: Final = ("html", "text", "csv", "png")
