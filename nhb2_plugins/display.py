"""What is shown of an object: HTML in a notebook, and a picture by its ``.plot()``.

Nothing here is computed anew: values are those that the objects have. Text is escaped, whatever it is. Where a picture
needs an extra that is not installed, a notebook shows the table without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from functools import lru_cache, singledispatch
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.pictures import Curves
from nhb2_plugins.benchmark import Benchmark, Curve, has_table, open_benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError, MissingExtraError, Nhb2Error
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.landscape.catalogue import printed_rows
from nhb2_plugins.landscape.hyperparameter_map import HyperparameterMap
from nhb2_plugins.landscape.view import Measured
from nhb2_plugins.metric import error_pct
from nhb2_plugins.priors import Prior
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.text_table import counted
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.run_file import RunFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from nhb2_plugins.analysis.gate import GateOutcome
    from nhb2_plugins.trajectory.incumbent import IncumbentChange

_FEW: Final = 5
"""Rows of a long table that a notebook shows: the last ones."""
_MANY: Final = 20
"""Rows of an answer about a landscape that a notebook shows: the first ones."""


# --- HTML -------------------------------------------------------------------------------------------------------------


@singledispatch
def html_of(shown: object) -> str | None:  # noqa: ARG001  # its type decides
    """An object as HTML; None for one that is shown by its text."""
    return None


def _table(caption: str, rows: Iterable[Sequence[object]], headings: Sequence[str] = ()) -> str:
    """A small table. Without headings the first column names what stands beside it."""
    columns = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    head = f"<thead><tr>{columns}</tr></thead>" if headings else ""
    lines = []
    for first, *rest in rows:
        name = f'<th scope="row" style="text-align:left">{escape(str(first))}</th>'
        values = "".join(f'<td style="text-align:left">{escape(str(each))}</td>' for each in rest)
        lines.append(f"<tr>{name}{values}</tr>")
    title = f'<caption style="text-align:left">{escape(caption)}</caption>'
    return f"<table>{title}{head}<tbody>{''.join(lines)}</tbody></table>"


@html_of.register
def _provenance(shown: Provenance) -> str:
    names = {"kind": shown.kind, "source": shown.source, "created": shown.created, "seeds": _listed(shown.seeds)}
    assumed = _listed(f"{name}: {variant}" for name, variant in shown.assumptions.items())
    rest = {"digest": shown.digest[:8], "assumptions": assumed, "note": shown.note}
    rows = [*names.items(), *((name, text) for name, text in rest.items() if text)]
    return _table(shown.label, rows)


@html_of.register
def _benchmark(shown: Benchmark) -> str | None:
    if not has_table(shown):
        return None
    best, accuracy_pct = shown.oracle()
    rows = [
        ("source", shown.provenance.source),
        ("configurations", f"{len(shown.rows):,}"),
        ("seeds", _listed(shown.seeds)),
        ("least validation error, 12 epochs", f"{error_pct(accuracy_pct):.2f} % ({_words(best)})"),
    ]
    return _table(f"Benchmark of the {shown.provenance.label}", rows)


@html_of.register
def _cell(shown: Cell) -> str:
    rows = [
        ("operations", _listed(shown.operations)),
        ("isomorphism class", f"{shown.isomorphism_class} ({counted(len(shown.isomorphic_codes), 'code')})"),
        ("parameters that reach the output", f"{shown.params_live:,}"),
        ("multiply–accumulates", f"{shown.macs_live:,}"),
    ]
    return _drawing(shown) + _table(f"Cell {shown.cellcode}", rows)


@html_of.register
def _configuration(shown: Configuration) -> str:
    rows = [("learning rate", f"{shown.lr:g}"), ("batch size", shown.batch_size), ("index", f"{shown.index:,}")]
    return _drawing(Cell(shown.cellcode)) + _table(f"Cell {shown.cellcode}", [*rows, *_answers(shown)])


def _answers(configuration: Configuration) -> list[tuple[str, str]]:
    """What the table in use answers; nothing where there is none that opens."""
    try:
        bench = _bench_in_use()
    except Nhb2Error:
        return []
    asked = {
        "validation error, 12 epochs": (12, "valid"),
        "test error, 12 epochs": (12, "test"),
        "expected test error, 200 epochs": (200, None),
    }
    seen = {name: bench.evaluate(configuration, epoch, split, "mean") for name, (epoch, split) in asked.items()}
    costs = {name: "estimated " * each.cost_is_estimated + f"{each.cost_s:,.0f} s" for name, each in seen.items()}
    rows = [(name, f"{each.error_pct:.2f} % ({costs[name]})") for name, each in seen.items()]
    return [*rows, ("of", f"mean over the seeds of the {bench.provenance.label}")]


@lru_cache(maxsize=1)
def _bench_in_use() -> Benchmark:
    return open_benchmark()


@html_of.register
def _curve(shown: Curve) -> str:
    rows = [
        (epoch, f"{accuracy:.2f}", f"{cost:,.0f}")
        for epoch, (accuracy, cost) in enumerate(zip(shown.accuracy_pct, shown.cost_s, strict=True), start=1)
    ]
    return _table("Learning curve", rows, ("epoch", "accuracy (%)", "cost so far (s)"))


@html_of.register
def _logger(shown: TrajectoryLogger) -> str:
    caption = f"Run {shown.run_id}: {counted(len(shown), 'record')}, {shown.charged_cost_s:,.0f} s charged"
    return _incumbents(caption, shown.incumbents())


def _incumbents(caption: str, changes: Sequence[IncumbentChange]) -> str:
    rows = [
        (f"{each.time_s:,.0f}", each.record.trial, _words(each.record.configuration), f"{each.record.error_pct:.2f}")
        for each in changes[-_FEW:]
    ]
    which = f"; the last {_FEW} of {len(changes)} incumbents" if len(changes) > _FEW else ""
    return _table(caption + which, rows, ("from second", "trial", "configuration", "error (%)"))


@html_of.register
def _run_file(shown: RunFile) -> str:
    head = f"Run {shown.header.run_id} on the {shown.header.table_label}: {counted(len(shown.records), 'record')}"
    rows = [(f"{time_s:,.0f}", f"{regret:.2f}") for time_s, regret in shown.regrets[-_FEW:]]
    return _table(head, rows, ("from second", "regret (points)"))


@html_of.register
def _analysis(shown: CampaignAnalysis) -> str:
    from nhb2_plugins.analysis.questions.comparison import comparison_table

    table = comparison_table(shown.comparison, shown)
    said = "".join(f"<li>{escape(each)}</li>" for each in shown.sentences)
    return _table(f"{shown.name}. {shown.table_line}", table.shown(), table.headings) + f"<ul>{said}</ul>"


@html_of.register
def _map(shown: HyperparameterMap) -> str:
    by_rate = zip(LEARNING_RATES, shown.error_pct, strict=True)
    rows = [(f"{lr:g}", *(f"{each:.1f}" for each in errors)) for lr, errors in by_rate]
    headings = ("learning rate", *(f"batch size {size}" for size in BATCH_SIZES))
    return _table(f"Error (%), {shown.of}; {shown.measure}; {shown.table}", rows, headings)


@html_of.register
def _measured(shown: Measured) -> str:
    caption = f"{shown.measure}; {shown.table}"
    try:
        frame = shown.to_frame()
    except MissingExtraError:
        return _table(f"{caption} (its numbers need pandas)", ())
    which = f"; the first {_MANY} of {len(frame)} rows" if len(frame) > _MANY else ""
    return _table(caption + which, printed_rows(frame.head(_MANY)), [str(name) for name in frame])


@html_of.register
def _prior(shown: Prior) -> str:
    problem = shown.problem
    rows = [
        ("believed optimum", _words(shown.configuration)),
        ("its error", f"{shown.error_pct:.2f} % after {counted(problem.epoch, 'epoch')}"),
        ("better configurations", f"{100 * shown.quantile:.3g} %"),
        ("as values", _listed(f"{name}: {value}" for name, value in shown.values.items())),
    ]
    return _table(f"A {shown.quality} prior of the {problem.bench.provenance.label}", rows)


def outcome_html(shown: GateOutcome) -> str:
    """A gate's outcome, whose module needs scipy, so that its class calls this itself."""
    rows = [
        ("mean regret before", f"{shown.old_mean:.2f}"),
        ("mean regret after", f"{shown.new_mean:.2f}"),
        ("change", f"{shown.change:+.2f} [{shown.low:+.2f}, {shown.high:+.2f}]"),
        ("margin", f"{shown.margin:g}"),
        ("seeds that would decide it", shown.seeds_needed),
    ]
    caption = f"Gate: {shown.verdict}, over {counted(shown.n_seeds, 'paired seed')}; percentage points"
    return _table(caption, [row for row in rows if row[1] is not None])


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _words(configuration: Configuration) -> str:
    return f"{configuration.cellcode}, lr {configuration.lr:g}, batch size {configuration.batch_size}"


# --- drawings of cells ------------------------------------------------------------------------------------------------


def _drawing(cell: Cell) -> str:
    try:
        return cell_svg(cell)
    except Nhb2Error:
        return ""


def cell_svg(cell: Cell) -> str:
    """A cell as an SVG picture that needs no style sheet.

    Raises:
        MissingExtraError: markupsafe is not installed.
    """
    with needs_extra("drawings of cells need markupsafe", "report"):
        from nhb2_plugins.analysis.page.cell_drawing import draw_cell
    head, inside = str(draw_cell(cell.cellcode)).split(">", 1)
    size = 'xmlns="http://www.w3.org/2000/svg" width="400" height="212"'
    return f"{head} {size}><style>{_cell_styles()}</style>{inside}"


@lru_cache(maxsize=1)
def _cell_styles() -> str:
    """The rules of the report's page for drawings of cells."""
    sheet = (files("nhb2_plugins.analysis.page") / "templates" / "styles.css").read_text(encoding="utf-8")
    rules = re.findall(r"^\.cell (.*)$", sheet, re.MULTILINE)
    return "svg.cell{background:#fff;font-family:sans-serif}" + "".join(f"svg.cell {rule}" for rule in rules)


# --- pictures ---------------------------------------------------------------------------------------------------------


@contextmanager
def _axes(given: Axes | None, table: str, size: tuple[float, float] = (7, 4.2)) -> Iterator[Axes]:
    """The axes to draw on: the given ones, or new ones of pyplot, which a notebook shows by itself.

    In small print above them stands, once each, which table the picture is of.
    """
    with needs_extra("pictures need matplotlib", "report"):
        from matplotlib import pyplot, rc_context
        from matplotlib.rcsetup import cycler

        from nhb2_plugins.figure_theme import COLOURS, NOTE_COLOUR, NOTE_SIZE, STYLE
    # Outside the context: a notebook's backend, which is loaded with the first figure, sets parameters of its own.
    figure = given.figure if given is not None else pyplot.figure(figsize=size, layout="constrained")
    with rc_context({**STYLE, "axes.prop_cycle": cycler(color=COLOURS)}):
        axes = given if given is not None else figure.add_subplot()
        yield axes
        named = axes.get_title(loc="right")
        if table and table not in named:
            both = "; ".join(filter(None, (named, table)))
            axes.set_title(both, loc="right", fontsize=NOTE_SIZE, color=NOTE_COLOUR)


def plot_curve(curve: Curve, axes: Axes | None, label: str) -> Axes:
    """Accuracy after each epoch over the seconds up to there."""
    with _axes(axes, curve.table) as drawn:
        drawn.plot(curve.cost_s, curve.accuracy_pct, "o-", markersize=4, label=label or None)
        drawn.set(xlabel="simulated seconds", ylabel="accuracy (%)")
        return drawn


def plot_incumbents(logger: TrajectoryLogger, axes: Axes | None, label: str) -> Axes:
    """The error of the incumbent as a step over simulated seconds, to the end of the run."""
    changes = logger.incumbents()
    steps = [(each.time_s, each.record.error_pct) for each in changes]
    steps += [(logger.clock_s, error) for _, error in steps[-1:]]
    with _axes(axes, changes[-1].record.table if changes else "") as drawn:
        drawn.step(*np.reshape(steps, (-1, 2)).T, where="post", label=label or None)
        drawn.set(xlabel="simulated seconds", ylabel="error of the incumbent (%)")
        return drawn


def plot_regrets(run: RunFile, axes: Axes | None, label: str) -> Axes:
    """The regret of a recorded run as a step over simulated seconds."""
    with _axes(axes, run.header.table_label) as drawn:
        drawn.step(*np.reshape(run.regrets, (-1, 2)).T, where="post", label=label or None)
        drawn.set(xlabel="simulated seconds", ylabel="regret (percentage points)")
        return drawn


def plot_campaign(analysis: CampaignAnalysis, axes: Axes | None) -> Axes:
    """The report's figure of the regret over simulated time, its names in a legend."""
    from nhb2_plugins.analysis.analyse import report_figures

    (picture,) = (each.picture for each in report_figures(analysis) if each.name == "regret_over_time")
    if not isinstance(picture, Curves):
        raise InvalidValueError(f"no run of campaign {analysis.name!r} has a result to draw")
    with _axes(axes, analysis.table_label, (8, 5)) as drawn:
        from nhb2_plugins.analysis.plots import draw_curves

        draw_curves(picture, drawn)
        drawn.legend(fontsize=8.5)
        return drawn


def plot_answer(found: Measured, axes: Axes | None) -> Axes:
    """An answer about a landscape."""
    with needs_extra("pictures need matplotlib", "report"):
        from nhb2_plugins.landscape.plots import ON_AXES
    draw, size = ON_AXES[type(found)]
    with _axes(axes, found.table, size) as drawn:
        draw(drawn, found)
        return drawn
