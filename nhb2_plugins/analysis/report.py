"""What a campaign leaves for people: text, tables, figures, and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.analyse import report_figures, report_tables
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.questions.comparison import comparison_table
from nhb2_plugins.analysis.table_files import to_csv, to_latex
from nhb2_plugins.errors import InvalidValueError, describe_choices
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

    Args:
        analysis: what to report.
        directory: where to; made where missing.
        formats: of :data:`FORMATS`; empty for :data:`DEFAULT_FORMATS`.

    Raises:
        InvalidValueError: an unknown format, or the directory is a file.
        MissingExtraError: what draws figures or the page is not installed.
    """
    wanted = list(dict.fromkeys(formats or DEFAULT_FORMATS))
    for each in wanted:
        if each not in FORMATS:
            raise InvalidValueError(describe_choices(each, FORMATS, what="report format"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidValueError(f"a report cannot go to {directory}: that, or what it lies in, is a file") from error
    return [path for each in wanted for path in FORMATS[each](analysis, directory)]


def _write_text(analysis: CampaignAnalysis, directory: Path) -> list[Path]:
    return [_written(directory / COMPARISON_TEXT, comparison_text(analysis) + "\n" + conclusions_text(analysis))]


def _write_csv(analysis: CampaignAnalysis, directory: Path) -> list[Path]:
    tables = report_tables(analysis)
    return _write_tables(
        {f"{table.name}.csv": to_csv(table, analysis) if table.rows else "" for table in tables}, directory
    )


def _write_latex(analysis: CampaignAnalysis, directory: Path) -> list[Path]:
    tables = [table for table in report_tables(analysis) if not table.long]
    return _write_tables(
        {f"{table.name}.tex": to_latex(table, analysis) if table.rows else "" for table in tables}, directory
    )


def _write_tables(texts: Mapping[str, str], directory: Path) -> list[Path]:
    """Write the files that have a text; the others must not stay from an earlier report on other runs."""
    for name in (name for name, text in texts.items() if not text):
        (directory / name).unlink(missing_ok=True)
    return [_written(directory / name, text) for name, text in texts.items() if text]


def _figures(suffix: str) -> Callable[[CampaignAnalysis, Path], list[Path]]:
    def write(analysis: CampaignAnalysis, directory: Path) -> list[Path]:
        from nhb2_plugins.analysis.plots import draw_figure  # matplotlib takes its time

        files = []
        for figure in report_figures(analysis):
            path = directory / f"{figure.name}.{suffix}"
            if figure.picture is None:
                path.unlink(missing_ok=True)  # of an earlier report, on other runs
            else:
                draw_figure(figure, analysis, path)
                files.append(path)
        return files

    return write


def _write_page(analysis: CampaignAnalysis, directory: Path) -> list[Path]:
    from nhb2_plugins.analysis.page.builder import PAGE_FILE, write_page  # Jinja and plotly take their time

    write_page(analysis, directory / PAGE_FILE)
    return [directory / PAGE_FILE]


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


FORMATS: Final[Mapping[str, Callable[[CampaignAnalysis, Path], list[Path]]]] = {
    "html": _write_page,
    "text": _write_text,
    "csv": _write_csv,
    "latex": _write_latex,
    "png": _figures("png"),
    "svg": _figures("svg"),
    "pdf": _figures("pdf"),
}
DEFAULT_FORMATS: Final = ("html", "text", "csv", "png")
