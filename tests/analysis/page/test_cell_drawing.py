"""Cells as graphs and in words."""

from __future__ import annotations

import re

import pytest

from nhb2_plugins.analysis.page.cell_drawing import OPERATION_LOOKS, describe_cell, draw_cell, operation_swatch
from nhb2_plugins.cells import Cell


def test_a_cell_shows_each_edge_with_its_operation_and_fades_the_dead() -> None:
    drawing = str(draw_cell("3|00|210"))  # node 1 has no input: what comes from it computes nothing
    assert drawing.count('class="edge dead"') == 6 - len(Cell("3|00|210").live_edges)
    assert drawing.count('class="edge"') == len(Cell("3|00|210").live_edges)
    assert re.findall(r">(conv 3×3|pool 3×3|skip|zero)<", drawing).count("conv 3×3") == 3
    assert drawing.count("edge-label-dead") == drawing.count("edge dead")
    assert drawing.count('fill="#6B7077"') == drawing.count("edge dead")


def test_labels_of_what_is_dead_are_grey() -> None:
    drawing = str(draw_cell("3|33|033"))  # one edge from in to out; the five others are zero
    labels = re.findall(r'fill="(#\w+)" class="(edge-label[^"]*)">([^<]+)<', drawing)
    assert sorted(labels) == [
        ("#005A8F", "edge-label", "conv 3×3"),
        *[("#6B7077", "edge-label edge-label-dead", "zero")] * 5,
    ]
    assert drawing.count("<g><rect") == 6  # a box below each text


def test_what_is_dead_is_drawn_first_and_labels_upon_the_edges() -> None:
    classes = re.findall(r'class="(edge[^"]*)"', str(draw_cell("3|00|210")))
    edges = [each for each in classes if "label" not in each]
    assert edges == sorted(edges, reverse=True)  # "edge dead" before "edge"
    assert classes[: len(edges)] == edges


@pytest.mark.parametrize(
    ("edge", "path", "label"),
    [
        (0, "M22 128H141", (81.5, 112)),  # straight, its label above it
        (2, "M141 128H259", (200, 112)),
        (1, "M22 128C69.4 40 211.6 40 259 128", (140.5, 62)),  # an arc, its label at its middle
        (3, "M22 128C93.2 -24 306.8 -24 378 128", (200, 14)),
        (4, "M141 128C188.4 216 330.6 216 378 128", (259.5, 194)),
    ],
)
def test_edges_run_between_their_nodes_and_carry_their_labels(edge: int, path: str, label: tuple[float, float]) -> None:
    digits = ["3"] * 6
    order = ("01", "02", "12", "03", "13", "23")  # as a cellcode has them
    digits[edge] = "0"
    code = f"{digits[0]}|{digits[1]}{digits[2]}|{''.join(digits[3:])}"
    assert describe_cell(code).startswith(f"Node {order[edge][0]} to {order[edge][1]}: conv3x3")
    drawing = str(draw_cell(code))
    assert f'd="{path}" fill="none" stroke="#005A8F" stroke-width="5"' in drawing
    x, y = label
    assert f'x="{x:g}" y="{y + 5.6:g}" text-anchor="middle"' in drawing
    width = 10 + 9.3 * len("conv 3×3")
    assert f'<rect x="{x - width / 2:.1f}"' in drawing
    assert f'y="{y - 11:g}" width="{width:.1f}" height="22"' in drawing


def test_the_nodes_stand_in_a_row_from_in_to_out() -> None:
    nodes = re.findall(
        r'<circle cx="(\d+)" cy="128" r="18" class="([\w-]+)"/><text x="(\d+)"[^>]*>(\w+)<', str(draw_cell("0|00|000"))
    )
    assert nodes == [
        ("22", "node-end", "22", "in"),
        ("141", "node", "141", "1"),
        ("259", "node", "259", "2"),
        ("378", "node-end", "378", "out"),
    ]


def test_a_cell_in_words() -> None:
    assert describe_cell("3|33|333") == "Every edge is zero."
    assert "1 to 3: avgpool3x3 (computes nothing)" in describe_cell("3|00|210")
    assert describe_cell("0|00|000").endswith("2 to 3: conv3x3.")
    drawn = str(draw_cell("3|33|333"))
    assert 'viewBox="0 0 400 212" role="img" aria-label="Cell 3|33|333. Every edge is zero." class="cell"' in drawn


@pytest.mark.parametrize("operation", sorted(OPERATION_LOOKS))
def test_a_legend_shows_a_piece_of_an_edge(operation: str) -> None:
    look, drawn = OPERATION_LOOKS[operation], str(operation_swatch(operation))
    assert '<line x1="1" y1="6" x2="33" y2="6"' in drawn
    assert f'stroke="{look.colour}" stroke-width="{look.width:g}"' in drawn
    assert ("stroke-dasharray" in drawn) == (look.dash is not None)
    assert 'viewBox="0 0 34 12" width="34" height="12" aria-hidden="true"' in drawn


def test_operations_differ_in_width_dash_and_colour() -> None:
    looks = list(OPERATION_LOOKS.values())
    assert [each.label for each in looks] == ["conv 3×3", "pool 3×3", "skip", "zero"]
    assert [each.width for each in looks] == sorted({each.width for each in looks}, reverse=True)
    assert len({each.colour for each in looks}) == 4
    assert [each.dash is None for each in looks] == [True, False, True, False]
