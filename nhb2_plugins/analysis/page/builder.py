"""From an analysis to the page: one file, with everything in it that it needs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from nhb2_plugins.analysis.model import CONFIDENCE, CampaignAnalysis, Estimate, Interval, OptimizerCard, Refusal
from nhb2_plugins.analysis.page import contents
from nhb2_plugins.analysis.page.cell_drawing import OPERATION_LOOKS, operation_swatch
from nhb2_plugins.analysis.page.charts import Chart, Look, as_json
from nhb2_plugins.analysis.page.diagrams import NARROW, WIDE, draw_critical_difference, draw_final_regrets
from nhb2_plugins.analysis.page.drawing import draw_chart, swatch
from nhb2_plugins.analysis.page.figures import Looks, anytime_charts, rank_chart, runs_chart, target_chart
from nhb2_plugins.analysis.tables import ReportTable, report_tables
from nhb2_plugins.analysis.wording import p_text, rising_note

PAGE_FILE: Final = "report.html"
_TEMPLATES: Final = Path(__file__).parent / "templates"
_N_NUMBERS: Final = 10
_N_TRACEBACKS: Final = 10
_N_TRACEBACK_CHARACTERS: Final = 6000
_RUN_COLUMNS: Final = (
    "seed",
    "n_evaluations",
    "simulated_s",
    "regret_pp",
    "valid_error_pct",
    "test_error_12_pct",
    "test_error_200_pct",
    "cellcode",
    "lr",
    "batch_size",
    "found_s",
)


@dataclass(frozen=True)
class DrawnChart:
    """A chart with all that the template puts around it.

    Attributes:
        chart: what is shown.
        drawing: without scripts.
        json: what the script draws it from.
        swatches: of its lines.
        numbers: its lines at some points, as text: the point first.
    """

    chart: Chart
    drawing: Markup
    json: Markup
    swatches: tuple[Markup, ...]
    numbers: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class OptimizerPart:
    """One optimizer's part of the page."""

    id: str
    card: OptimizerCard
    look: Look
    facts: contents.Facts
    chart: DrawnChart | None
    bars: list[contents.Bar]
    best: list[contents.DrawnConfiguration]
    runs: ReportTable


def write_page(analysis: CampaignAnalysis, path: Path) -> None:
    """Write the page of a campaign.

    Args:
        analysis: every number that it shows.
        path: the file.
    """
    path.write_text(page_of(analysis), encoding="utf-8")


def page_of(analysis: CampaignAnalysis) -> str:
    """The page as HTML. Equal analyses give equal pages."""
    return _environment().get_template("page.html.j2").render(_context(analysis))


def _context(analysis: CampaignAnalysis) -> dict[str, Any]:
    looks = Looks(analysis.optimizers)
    tables = {table.name: table for table in report_tables(analysis)}
    over_time, over_evaluations = anytime_charts(analysis, looks)
    version = _version()
    return {
        "a": analysis,
        "tables": tables,
        "lead": analysis.sentences[0],
        "facts": contents.head_facts(analysis),
        "version": version,
        "versions_line": ", ".join(f"{name} {'/'.join(each)}" for name, each in analysis.versions.items()),
        "confidence": f"{100 * CONFIDENCE:.0f}",
        "contents": _contents(analysis),
        "swatches": {card.marked_name: swatch(looks[card.marked_name]) for card in analysis.optimizers},
        "best_of_comparison": contents.best_of_columns(tables["comparison"]),
        "final_regrets": _final_regrets(analysis, looks),
        "rising_note": " ".join(rising_note(analysis)),
        "has_baseline": not isinstance(analysis.baseline_time, Refusal),
        "baseline_refusals": list(
            dict.fromkeys(
                each.reason
                for each in (analysis.baseline_time, analysis.baseline_evaluations, analysis.matches)
                if isinstance(each, Refusal)
            )
        ),
        "over_time": _drawn(over_time),
        "over_evaluations": _drawn(over_evaluations),
        "rank_chart": None if isinstance(analysis.ranks, Refusal) else _drawn(rank_chart(analysis.ranks, looks)),
        "critical_difference": _critical_difference(analysis, looks),
        "improvement": (
            None if isinstance(analysis.improvement, Refusal) else contents.improvement_matrix(analysis.improvement)
        ),
        "target_charts": [
            _drawn(target_chart(number, target, analysis.horizon_s, looks))
            for number, target in enumerate(analysis.targets)
        ],
        "operations": [(look.label, operation_swatch(name)) for name, look in OPERATION_LOOKS.items()],
        "best": contents.best_configurations(analysis.optimizers),
        "optimizers": [_part(analysis, number, looks, tables["runs"]) for number in range(len(analysis.optimizers))],
        "empty_runs": contents.empty_runs(analysis),
        "n_tracebacks": _N_TRACEBACKS,
        "n_traceback_characters": _N_TRACEBACK_CHARACTERS,
        "commands": contents.commands(analysis, version),
        "specification": contents.specification_text(analysis.specification) if analysis.specification else "",
        "specification_file": contents.SPECIFICATION_FILE,
        "table_facts": contents.table_facts(analysis.table),
        "citation": _text("citation.bib").rstrip(),
        "styles": Markup(_text("styles.css")),
        "script": Markup(_text("script.js")),
        "packed_plotly": Markup(_packed_plotly()),
        "policy": _policy(_plotly(), _text("script.js")),
    }


def _contents(analysis: CampaignAnalysis) -> list[tuple[str, str]]:
    every = [
        ("comparison", "Comparison"),
        ("conclusions", "Conclusions"),
        ("anytime", "On the way"),
        ("ranks-part", "Ranks and differences"),
        ("targets", "Time to target"),
        ("architectures", "Best architectures"),
        ("optimizers", "Optimizers"),
        ("failures", "Failed runs"),
        ("reproduce", "Do it again"),
        ("cite", "How to cite"),
    ]
    return [entry for entry in every if entry[0] != "targets" or analysis.targets]


def _drawn(chart: Chart) -> DrawnChart:
    return DrawnChart(
        chart,
        draw_chart(chart),
        _json(as_json(chart)),
        tuple(swatch(line.look, faint=line.faint) for line in chart.lines),
        _numbers(chart),
    )


def _numbers(chart: Chart) -> tuple[tuple[str, ...], ...]:
    """Some points of a chart as text, evenly spread over its axis; none where lines have points of their own."""
    if not chart.grid or any(line.x for line in chart.lines):
        return ()
    places = np.array([chart.scales[0].position(value) for value in chart.grid])
    wanted = np.linspace(0, 1, _N_NUMBERS)
    nearest = dict.fromkeys(int(np.argmin(np.abs(places - place))) for place in wanted)
    return tuple(
        (f"{chart.grid[i]:.4g}", *("–" if line.y[i] is None else f"{line.y[i]:.2f}" for line in chart.lines))
        for i in nearest
    )


def _final_regrets(analysis: CampaignAnalysis, looks: Looks) -> Markup:
    """Once for a screen and for paper, once for a phone; the style sheet shows one of them."""
    runs = [card.runs for card in analysis.optimizers]
    of_each = [looks[card.marked_name] for card in analysis.optimizers]
    wide = draw_final_regrets(
        analysis.finals, runs, of_each, f"final regret in {analysis.measure} (percentage points)", WIDE
    )
    return wide + draw_final_regrets(analysis.finals, runs, of_each, "final regret (percentage points)", NARROW)


def _critical_difference(analysis: CampaignAnalysis, looks: Looks) -> Markup | None:
    if isinstance(analysis.friedman, Refusal):
        return None
    return draw_critical_difference(analysis.friedman, [looks[name] for name in analysis.friedman.optimizers])


def _part(analysis: CampaignAnalysis, number: int, looks: Looks, runs: ReportTable) -> OptimizerPart:
    card = analysis.optimizers[number]
    chart = runs_chart(analysis, number, looks)
    rows = [row for row in analysis.comparison if row.optimizer == card.marked_name]
    return OptimizerPart(
        contents.anchor(card.name, number),
        card,
        looks[card.marked_name],
        contents.optimizer_facts(card, rows[0] if rows else None),
        None if chart is None else _drawn(chart),
        contents.bars(card),
        contents.best_of_optimizer(card),
        _runs_table(runs, card, number),
    )


def _runs_table(every: ReportTable, card: OptimizerCard, number: int) -> ReportTable:
    """An optimizer's part of the table of all runs, without what is the same in every row."""
    own, columns = every.keys.index("optimizer"), [every.keys.index(key) for key in _RUN_COLUMNS]
    return replace(
        every,
        name=f"runs-{number + 1}",
        title=f"{card.marked_name}: every run",
        keys=_RUN_COLUMNS,
        headings=tuple(every.headings[i] for i in columns),
        forms=tuple(every.forms[i] for i in columns),
        rows=tuple(tuple(row[i] for i in columns) for row in every.rows if row[own] == card.marked_name),
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"zip": zip, "sort_key": _sort_key, "p_text": p_text}
    return environment


def _sort_key(value: Any) -> str:
    """What a cell is sorted by: the whole number behind the rounded one that is shown."""
    if value is None:
        return ""
    if isinstance(value, Estimate):
        return repr(value.mean)
    if isinstance(value, Interval):
        return repr(value.value)
    return str(value)


def _json(value: Any) -> Markup:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _policy(*scripts: str) -> str:
    """What the page may do: run its own scripts, use its own styles, make pictures of its figures; nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts)
    parts = (
        "default-src 'none'",
        "script-src " + " ".join(f"'sha256-{each}'" for each in hashes),
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(parts)


@cache
def _plotly() -> str:
    return str(get_plotlyjs())


@cache
def _packed_plotly() -> str:
    """The same, two fifths as long, as text; the page's script unpacks it."""
    return base64.b64encode(gzip.compress(_plotly().encode(), mtime=0)).decode()


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _version() -> str:
    try:
        return metadata.version("nhb2-plugins")
    except metadata.PackageNotFoundError:
        return ""  # a checkout that is not installed
