"""What was looked at once and found right: tables, figures and page of the worked campaign, as text.

``python -m tests.analysis.golden`` writes the files anew; look at what differs before it is committed. Numbers stand in
six digits, so that they are the same with any version of the libraries.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nhb2_plugins.analysis.analyse import analyse, report_figures, report_tables
from nhb2_plugins.analysis.latex import to_latex
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.page.builder import page_of
from nhb2_plugins.analysis.plots import draw_figure
from nhb2_plugins.analysis.report import comparison_text, conclusions_text
from nhb2_plugins.analysis.table_files import to_csv
from tests.analysis.worked import worked_campaign

GOLDEN: Final = Path(__file__).parent / "golden"


def texts(analysis: CampaignAnalysis) -> Iterator[str]:
    """The comparison and the conclusions, every table as CSV, and those for papers as LaTeX."""
    yield comparison_text(analysis)
    yield conclusions_text(analysis)
    for table in report_tables(analysis):
        conditions = "; ".join((analysis.conditions, *analysis.marks))
        same = f',{analysis.table_label},"{conditions}"'
        yield f"# {table.name}: {table.title}\n{_rounded(to_csv(table, analysis)).replace(same, '')}"
        if not table.long:
            yield to_latex(table, analysis)


def _rounded(text: str) -> str:
    return re.sub(r"-?\d+\.\d{5,}(e-\d+)?", lambda match: f"{float(match.group()):.6g}", text)


def page(analysis: CampaignAnalysis) -> str:
    """The page without plotly, its own script and its styles, a line an element."""
    text = page_of(analysis)
    text = re.sub(r"<style>.*?</style>|<script type=\"application/gzip\".*</script>", "", text, flags=re.DOTALL)
    text = re.sub(r"sha256-[\w+/=]+", "sha256-…", text)
    text = re.sub(r"nhb2-plugins [0-9.]+|nhb2-plugins\[.*?\].*", "…", text)
    return "\n".join(map(_short, re.sub(r"\s*(<(?!/)[^>]*>)", r"\n\1", text).splitlines()))


def _short(line: str) -> str:
    """A long line, which nobody reads, by its beginning and a digest."""
    return line if len(line) < 300 else f"{line[:200]}… {hashlib.sha256(line.encode()).hexdigest()[:16]}"


def figures(analysis: CampaignAnalysis) -> Iterator[str]:
    """Every figure, as a list of what is on it."""
    for figure in (each for each in report_figures(analysis) if each.picture is not None):
        drawn: list[Figure] = []

        def keep(this: Figure, *_: Any, into: list[Figure] = drawn, **_named: Any) -> None:
            into.append(this)

        with tempfile.TemporaryDirectory() as directory, patch.object(Figure, "savefig", keep):
            draw_figure(figure, analysis, Path(directory, "figure.png"))
        (canvas,) = drawn
        yield f"# {figure.name} {_numbers(canvas.get_size_inches())}"
        yield from (_text(each) for each in canvas.texts)
        for axes in canvas.axes:
            yield from _axes(axes)
        for legend in canvas.legends:
            yield f"legend {[each.get_text() for each in legend.get_texts()]}"
            yield f"  {[each.get_size() for each in legend.get_texts()]} {legend.handlelength}"


def _axes(axes: Axes) -> Iterator[str]:
    ticks = [(axis.get_majorticklocs(), axis.get_scale()) for axis in (axes.xaxis, axes.yaxis)]
    yield f"axes {axes.get_title(loc='left')!r} {axes.get_xlabel()!r} {axes.get_ylabel()!r} {axes.axison}"
    yield f"  limits {_numbers(axes.get_xlim())} {_numbers(axes.get_ylim())}"
    yield from (f"  ticks {scale} {_numbers(np.array(places))}" for places, scale in ticks)
    for axis in (axes.xaxis, axes.yaxis):
        names = [(each.get_text(), each.get_size()) for each in axis.get_ticklabels()]
        grid = {line.get_visible() for line in axis.get_gridlines()}
        marks = {line.get_markersize() for line in axis.get_ticklines()}
        yield f"  names {sorted(set(names), key=names.index)} {grid} {marks}"
    yield f"  edges {[name for name, spine in axes.spines.items() if spine.get_visible()]}"
    for line in axes.lines:
        look = line.get_color(), line.get_linestyle(), line.get_linewidth(), line.get_drawstyle(), line.get_alpha()
        look = (*look, line.get_marker(), line.get_markersize(), line.get_zorder())
        yield f"  line {line.get_label()!r} {look} {_numbers(line.get_xdata())} {_numbers(line.get_ydata())}"
    for each in axes.collections:
        points = [*(path.vertices for path in each.get_paths()), np.asarray(each.get_offsets())]
        colours = [to_hex(colour) for colour in (*each.get_facecolor(), *each.get_edgecolor())][:2]
        look = colours, each.get_alpha(), _numbers(each.get_linewidth()), _numbers(each.get_array())
        yield f"  marks {look} {' '.join(map(_numbers, points))}"
    yield from (f"  {_text(each)}" for each in axes.texts)
    for image in axes.images:
        yield f"  image {image.get_cmap().name} {image.get_clim()} {_numbers(image.get_array())}"


def _text(text: Any) -> str:
    place = getattr(text, "xy", None), text.get_position(), text.get_ha(), text.get_va()
    return f"text {text.get_text()!r} {place} {text.get_size()} {text.get_weight()} {text.get_color()}"


def _numbers(values: Any) -> str:
    """The first and last of some numbers, how many there are, and a sum that each of them is in."""
    if values is None:
        return "none"
    every = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    finite = np.nan_to_num(every, nan=-1.0, posinf=-2.0)
    shown = [f"{value:.6g}" for value in (*every[:3], *every[3:][-2:])]
    return f"{len(every)}:{','.join(shown)}={finite @ np.cos(np.arange(len(finite))):.5g}"


def contents() -> dict[str, str]:
    """Every file's text by its name."""
    analysis = analyse(worked_campaign())
    made = {
        "texts.txt": "\n".join(texts(analysis)),
        "page.html": page(analysis),
        "figures.txt": "\n".join(figures(analysis)),
    }
    return {name: text.strip() + "\n" for name, text in made.items()}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, text in contents().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
