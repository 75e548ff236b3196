"""From an analysis to the page: one file, with everything in it that it needs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import page_parts
from nhb2_plugins.analysis.model import CampaignAnalysis, Estimate, Interval
from nhb2_plugins.analysis.page import contents
from nhb2_plugins.analysis.page.cell_drawing import OPERATION_LOOKS, draw_cell, operation_swatch
from nhb2_plugins.analysis.page.charts import Chart, as_json, chart_of, look_of
from nhb2_plugins.analysis.page.diagrams import NARROW, WIDE, draw_rank_diagram, draw_strips
from nhb2_plugins.analysis.page.drawing import draw_chart, swatch
from nhb2_plugins.analysis.pictures import RankDiagram, Strips
from nhb2_plugins.analysis.references import benchmark_reference
from nhb2_plugins.analysis.tables import best_of_columns

PAGE_FILE: Final = "report.html"
_TEMPLATES: Final = Path(__file__).parent / "templates"
_N_NUMBERS: Final = 10
_N_TRACEBACKS: Final = 10
_N_TRACEBACK_CHARACTERS: Final = 6000
_Write = Callable[[parts.Part], Markup]


def page_of(analysis: CampaignAnalysis) -> str:
    """The page as HTML. Equal analyses give equal pages."""
    environment, context = _environment(), _context(analysis)
    macros = environment.get_template("parts.html.j2").make_module(context)

    def write(part: parts.Part) -> Markup:
        return Markup(getattr(macros, part.macro)(part))

    shown = page_parts(analysis)
    every = [*(part for part in shown if part.optimizer is None), *_own_parts(analysis, shown, write)]
    sections = [(section, _written(section, every, write)) for section in parts.SECTIONS]
    return environment.get_template("page.html.j2").render(
        context, sections=[(section, written) for section, written in sections if written]
    )


def _written(section: parts.Section, every: Iterable[parts.Part], write: _Write) -> list[Markup]:
    return [write(part) for part in sorted(every, key=lambda part: part.place) if part.section is section]


# --- what the page says by itself -------------------------------------------------------------------------------------


class _ConclusionsPart(parts.Part):
    macro = "conclusions_part"


class _ReproducePart(parts.Part):
    macro = "reproduce_part"


class _CitePart(parts.Part):
    macro = "cite_part"


@dataclass(frozen=True, eq=False, kw_only=True)
class _OptimizersPart(parts.Part):
    """Each optimizer's own parts, with its id and name."""

    macro = "optimizers_part"
    own: tuple[tuple[str, str, list[Markup]], ...]


def _own_parts(analysis: CampaignAnalysis, shown: Sequence[parts.Part], write: _Write) -> tuple[parts.Part, ...]:
    own = tuple(
        (
            contents.anchor(card.name, number),
            card.marked_name,
            _written(parts.OPTIMIZERS, (part for part in shown if part.optimizer == number), write),
        )
        for number, card in enumerate(analysis.optimizers)
    )
    return (
        _ConclusionsPart(section=parts.CONCLUSIONS),
        _OptimizersPart(section=parts.OPTIMIZERS, own=own),
        _ReproducePart(section=parts.REPRODUCE),
        _CitePart(section=parts.CITE),
    )


# --- figures ----------------------------------------------------------------------------------------------------------


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


def _draw_picture(picture: Strips | RankDiagram) -> Markup:
    if isinstance(picture, RankDiagram):
        return draw_rank_diagram(picture)
    # Once for a screen and for paper, once for a phone; the style sheet shows one of them.
    return draw_strips(picture, WIDE) + draw_strips(picture, NARROW)


# --- templates --------------------------------------------------------------------------------------------------------


def _context(analysis: CampaignAnalysis) -> dict[str, Any]:
    version = _version()
    looks = {card.marked_name: look_of(number) for number, card in enumerate(analysis.optimizers)}
    return {
        "a": analysis,
        "lead": analysis.sentences[0],
        "facts": contents.head_facts(analysis),
        "version": version,
        "versions_line": ", ".join(f"{name} {'/'.join(each)}" for name, each in analysis.versions.items()),
        "swatches": {name: swatch(look) for name, look in looks.items()},
        "operations": [(look.label, operation_swatch(name)) for name, look in OPERATION_LOOKS.items()],
        "n_tracebacks": _N_TRACEBACKS,
        "n_traceback_characters": _N_TRACEBACK_CHARACTERS,
        "commands": contents.commands(analysis, version),
        "specification": contents.specification_text(analysis.specification) if analysis.specification else "",
        "specification_file": contents.SPECIFICATION_FILE,
        "table_facts": contents.table_facts(analysis.table),
        "citation": benchmark_reference(),
        "styles": Markup(_text("styles.css")),
        "script": Markup(_text("script.js")),
        "packed_plotly": Markup(_packed_plotly()),
        "policy": _policy(_plotly(), _text("script.js")),
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"zip": zip, "sort_key": _sort_key, "css_string": _css_string}
    environment.globals |= {
        "chart_of": chart_of,
        "draw_chart": draw_chart,
        "chart_json": lambda chart: _json(as_json(chart)),
        "chart_numbers": _numbers,
        "swatch": swatch,
        "draw_picture": _draw_picture,
        "draw_cell": draw_cell,
        "matrix_rows": contents.matrix_rows,
        "best_of_columns": best_of_columns,
        "look_of": look_of,
    }
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


def _css_string(text: str) -> Markup:
    """Text as a string of a style sheet, which it cannot end."""
    return Markup('"' + "".join(each if each.isalnum() else f"\\{ord(each):06x}" for each in text) + '"')


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
