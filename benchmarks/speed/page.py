"""Pages of the documentation whose figures a script writes, between two marks."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def write_figures(page: Path, text: str, begin: str, end: str) -> None:
    """Replace what stands between two marks of a page.

    Raises:
        SystemExit: the page lacks one of them.
    """
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"{page} has no place for the figures: it needs the lines {begin!r} and {end!r}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns are aligned for readers of the source, too."""
    table = [list(headings), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(headings))]
    lines = [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in table]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
