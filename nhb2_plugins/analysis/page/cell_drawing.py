"""Cells drawn as graphs. Operations differ in colour, dash and label, so that a cell can be read in grey, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from nhb2_plugins.analysis.page.svg import element, legend_swatch, picture, text
from nhb2_plugins.cells import INPUT_NODE, OUTPUT_NODE, Cell
from nhb2_plugins.space import EDGES


@dataclass(frozen=True)
class OperationLook:
    """How an operation's edges look, and what it is called."""

    label: str
    colour: str
    width: float
    dash: str | None


OPERATION_LOOKS: Final = {
    "conv3x3": OperationLook("conv 3×3", "#005A8F", 5.0, None),
    "avgpool3x3": OperationLook("pool 3×3", "#A84300", 3.2, "8 4"),
    "skip": OperationLook("skip", "#4A4F57", 1.8, None),
    "zero": OperationLook("zero", "#7A818B", 1.6, "2 5"),
}
_WIDTH: Final = 400.0
_HEIGHT: Final = 212.0
_Y: Final = 128.0
_XS: Final = (22.0, 141.0, 259.0, 378.0)
_RADIUS: Final = 18.0
_LABEL_RISE: Final = 16.0
_PEAKS: Final = {(0, 1): 0.0, (1, 2): 0.0, (2, 3): 0.0, (0, 2): -66.0, (1, 3): 66.0, (0, 3): -114.0}
"""How far an edge's middle lies from the line of the nodes."""
_NAMES: Final = {INPUT_NODE: "in", OUTPUT_NODE: "out"}


def draw_cell(cellcode: str) -> Markup:
    """A cell: its four nodes in a row, its six edges with their operations; what computes nothing is faint."""
    cell = Cell(cellcode)
    live = [edge for edge in range(len(EDGES)) if edge in cell.live_edges]
    dead = [edge for edge in range(len(EDGES)) if edge not in cell.live_edges]
    return picture(
        _WIDTH,
        _HEIGHT,
        f"Cell {cellcode}",
        describe_cell(cellcode),
        *(_edge(cell, edge) for edge in (*dead, *live)),
        *(_label(cell, edge) for edge in (*dead, *live)),
        *(_node(number) for number in range(len(_XS))),
        class_="cell",
    )


def describe_cell(cellcode: str) -> str:
    """The edges of a cell in words.

    >>> describe_cell("3|33|230")
    'Node 0 to 3: skip; 2 to 3: conv3x3 (computes nothing). Other edges are zero.'
    """
    cell = Cell(cellcode)
    edges = [
        f"{source} to {target}: {cell.operations[edge]}" + ("" if edge in cell.live_edges else " (computes nothing)")
        for edge, (source, target) in enumerate(EDGES)
        if cell.operations[edge] != "zero"
    ]
    if not edges:
        return "Every edge is zero."
    return f"Node {'; '.join(edges)}." + (" Other edges are zero." if len(edges) < len(EDGES) else "")


def _edge(cell: Cell, edge: int) -> Markup:
    look = OPERATION_LOOKS[cell.operations[edge]]
    dead = "" if edge in cell.live_edges else " dead"
    return element(
        "path",
        d=_curve(edge),
        fill="none",
        stroke=look.colour,
        stroke_width=look.width,
        stroke_dasharray=look.dash,
        class_=f"edge{dead}",
    )


def _curve(edge: int) -> str:
    source, target = EDGES[edge]
    x1, x2, peak = _XS[source], _XS[target], _PEAKS[EDGES[edge]]
    if not peak:
        return f"M{x1:g} {_Y:g}H{x2:g}"
    # The middle of a cubic lies three quarters of the way to its two control points.
    pull, reach = _Y + peak / 0.75, (x2 - x1) * 0.2
    return f"M{x1:g} {_Y:g}C{x1 + reach:g} {pull:g} {x2 - reach:g} {pull:g} {x2:g} {_Y:g}"


def _label(cell: Cell, edge: int) -> Markup:
    source, target = EDGES[edge]
    look = OPERATION_LOOKS[cell.operations[edge]]
    is_live = edge in cell.live_edges
    # Straight edges are short: their labels stand above them, and those of arcs upon them.
    x, y = (_XS[source] + _XS[target]) / 2, _Y + (_PEAKS[EDGES[edge]] or -_LABEL_RISE)
    width = 10.0 + 9.3 * len(look.label)
    box = element("rect", x=x - width / 2, y=y - 11, width=width, height=22.0, rx=9, class_="edge-label-box")
    words = element(
        "text",
        look.label,
        x=x,
        y=y + 5.6,
        text_anchor="middle",
        fill=look.colour if is_live else "#6B7077",
        class_="edge-label" if is_live else "edge-label edge-label-dead",
    )
    return element("g", box, words)


def _node(number: int) -> Markup:
    role = "node-end" if number in _NAMES else "node"
    circle = element("circle", cx=_XS[number], cy=_Y, r=_RADIUS, class_=role)
    name = _NAMES.get(number, str(number))
    return element("g", circle, text(name, _XS[number], _Y + 5.4, f"{role}-name"))


def operation_swatch(operation: str) -> Markup:
    """A piece of an edge of an operation, for the legend."""
    look = OPERATION_LOOKS[operation]
    return legend_swatch(stroke=look.colour, stroke_width=look.width, stroke_dasharray=look.dash)
