"""Drawings that stand still: where ranks, bars, dots, boxes and names stand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import Interval, Refusal
from nhb2_plugins.analysis.page.charts import look_of
from nhb2_plugins.analysis.page.diagrams import NARROW, describe_rank_diagram, draw_rank_diagram, draw_strips
from nhb2_plugins.analysis.pictures import RankDiagram, Strip, Strips
from nhb2_plugins.analysis.questions.final_regret import final_rows
from nhb2_plugins.analysis.questions.friedman import friedman
from tests.analysis.runs import campaign_of

# --- average ranks: the best is c -------------------------------------------------------------------------------------

DIAGRAM = RankDiagram(("a", "b", "c", "d"), (0, 1, 2, 3), (2.0, 3.5, 1.0, 3.0), 1.25, ((2, 0), (0, 3), (3, 1)))


def ranks(diagram: RankDiagram = DIAGRAM) -> tuple[str, str]:
    """The wide drawing and the narrow one."""
    wide, narrow, _ = str(draw_rank_diagram(diagram)).split("</svg>")
    return wide, narrow


def numbers(pattern: str, drawing: str) -> list[tuple[float, ...]]:
    """What stands in place of each ``#`` of a pattern, in each place where it occurs."""
    found = re.findall(pattern.replace("#", r"(-?[\d.]+)"), drawing)
    return [tuple(map(float, (each,) if isinstance(each, str) else each)) for each in found]


def test_a_diagram_in_words() -> None:
    words = "Average ranks: c 1.00, a 2.00, d 3.00, b 3.50. Critical difference 1.25."
    assert describe_rank_diagram(DIAGRAM) == f"{words} Not told apart: c and a; a and d; d and b."
    apart = RankDiagram(("a", "b"), (0, 1), (2.0, 1.0), 0.5, ())
    assert describe_rank_diagram(apart).endswith("b 1.00, a 2.00. Critical difference 0.50. All are told apart.")
    for drawing, class_ in zip(ranks(), ("diagram wide-only", "diagram narrow-only"), strict=True):
        assert f'aria-label="Critical difference diagram. {words}' in drawing
        assert f'class="{class_}"' in drawing


def test_names_hang_below_the_axis_the_better_half_on_the_left() -> None:
    wide, _ = ranks()
    # The axis: ranks 1 to 4 between 285 and 575; two lines of bars below it.
    assert numbers('<circle cx="#" cy="#" r="4.5"', wide) == [(285, 66), (381.7, 66), (478.3, 66), (526.7, 66)]
    stalks = numbers(r'<path d="M# #V#H#" fill', wide)
    top = 66 + 24 + 12 * 2
    assert stalks == [
        (285, 66, top, 271),
        (381.7, 66, top + 27, 271),
        (478.3, 66, top + 27, 589),
        (526.7, 66, top, 589),
    ]
    assert re.findall(r'stroke="(#\w+)" stroke-width="1.6"', wide) == [look_of(i).colour for i in (2, 0, 3, 1)]
    names = re.findall(r'<text text-anchor="(\w+)" class="name"><tspan x="(\d+)" y="([\d.]+)">([^<]+)<', wide)
    assert names == [
        ("end", "265", f"{top + 4.5}", "c  1.00"),
        ("end", "265", f"{top + 31.5}", "a  2.00"),
        ("start", "595", f"{top + 31.5}", "d  3.00"),
        ("start", "595", f"{top + 4.5}", "b  3.50"),
    ]
    assert wide.startswith(f'<svg viewBox="0 0 860 {top + 27 + 22}"')


def test_a_bar_joins_what_is_not_told_apart_and_touches_no_other() -> None:
    wide, narrow = ranks()
    bars = numbers('<line x1="#" y1="#" x2="#" y2="#" class="group-bar"', wide)
    assert bars == [(280, 80, 386.7, 80), (376.7, 92, 483.3, 92), (473.3, 80, 531.7, 80)]
    # The rows end at 152; the axis of a phone runs from 12 to 348.
    bars = numbers('<line x1="#" y1="#" x2="#" y2="#" class="group-bar"', narrow)
    assert bars == [(7, 170, 129, 170), (119, 182, 241, 182), (231, 170, 297, 170)]


def test_the_axis_has_a_tick_a_rank_and_the_critical_difference_above() -> None:
    wide, _ = ranks()
    frame = numbers('<line x1="#" y1="#" x2="#" y2="#" class="frame"', wide)
    assert frame[0] == (285, 66, 575, 66)
    assert frame[1:5] == [(x, 60, x, 66) for x in (285, 381.7, 478.3, 575)]
    assert numbers('<text x="#" y="54" text-anchor="middle" class="tick">#<', wide) == [
        (285, 1),
        (381.7, 2),
        (478.3, 3),
        (575, 4),
    ]
    end = 405.8  # one and a quarter further than the first
    assert frame[5:] == [(285, 16, end, 16), (285, 11, 285, 21), (end, 11, end, 21)]
    assert '<text x="415.8" y="20" class="tick">critical difference 1.25<' in wide


def test_a_difference_wider_than_the_axis_ends_with_it_and_says_so() -> None:
    wide, _ = ranks(RankDiagram(("a", "b"), (0, 1), (1.25, 1.75), 2.5, ((0, 1),)))
    assert '<line x1="285" y1="16" x2="575" y2="16"' in wide
    assert ">critical difference 2.50 (wider than the axis)<" in wide
    as_wide, _ = ranks(RankDiagram(("a", "b", "c"), (0, 1, 2), (1.0, 2.0, 3.0), 2.0, ()))
    assert ">critical difference 2.00<" in as_wide


def test_on_a_phone_each_has_a_row() -> None:
    _, narrow = ranks()
    assert numbers('<text x="4" y="#" class="name">[abcd]  #<', narrow) == [(18, 1), (56, 2), (94, 3), (132, 3.5)]
    lines = numbers('<line x1="12" y1="#" x2="#" y2="#" stroke="[^"]+" stroke-width="1.6"', narrow)
    assert lines == [(29, 12, 29), (67, 124, 67), (105, 236, 105), (143, 292, 143)]
    assert numbers('<circle cx="#" cy="#" r="4.5"', narrow) == [(12, 29), (124, 67), (236, 105), (292, 143)]
    of_rows = narrow[narrow.index('class="name"') - 20 : narrow.index("group-bar")]
    assert re.findall(r"<(text|circle|line)", of_rows)[:12] == ["text", "line", "circle"] * 4  # the circle on its line
    floor = 38 * 4 + 18 + 2 * 12
    assert numbers('<line x1="#" y1="10" x2="#" y2="#" class="grid"', narrow) == [
        (x, x, floor) for x in (12, 124, 236, 348)
    ]
    assert f'<line x1="12" y1="{floor}" x2="348" y2="{floor}" class="frame"/>' in narrow
    assert numbers('<text x="#" y="#" text-anchor="middle" class="tick">#<', narrow) == [
        (12, floor + 17, 1),
        (124, floor + 17, 2),
        (236, floor + 17, 3),
        (348, floor + 17, 4),
    ]
    title = "average rank; critical difference 1.25"
    assert f'<text x="180" y="{floor + 38}" text-anchor="middle" class="axis-title">{title}<' in narrow
    assert narrow.startswith(f'<svg viewBox="0 0 360 {floor + 46}"')


def test_long_names_that_differ_at_their_ends_differ_in_a_diagram() -> None:
    names = [f"an optimizer with a long name that two lines do not hold at all, variant {i}" for i in range(3)]
    found = friedman(campaign_of({name: [i + j / 7 for j in range(10)] for i, name in enumerate(names)}))
    assert not isinstance(found, Refusal)
    drawing = str(draw_rank_diagram(found))
    shown = re.findall(r'class="name">(.*?)</text>', drawing)
    assert len(shown) == 6  # of the wide drawing, in two lines each, and of a phone's
    assert len({re.sub(r"<[^>]*>|  .*", "", name) for name in shown}) == 6
    assert all("…" in name for name in shown)
    assert [name.count("<tspan") for name in shown] == [2] * 3 + [0] * 3
    heights = [stalk[2] for stalk in numbers(r'<path d="M# #V#H#" fill', drawing)]
    assert heights == [114, 157, 114]  # below a bar, with room for two lines


# --- strips -----------------------------------------------------------------------------------------------------------


def strip(values: list[float], name: str = "a", position: int = 0, **more: Any) -> Strip:
    return Strip(name, position, tuple(enumerate(values)), **more)


def strips(*rows: Strip, signed: bool = False) -> Strips:
    return Strips(rows, "axis", "axis of a page", "narrow axis", signed=signed)


FULL = strip(
    [0.0, 10.0, 4.0],
    mean=Interval(5.0, 4.0, 6.0),
    median=Interval(4.0, 3.0, 5.0),
    best=0.0,
    quarter=2.0,
    three_quarters=7.0,
    worst=10.0,
)
"""On a linear axis to 10.4: of 606 from 236 on, and on a phone of 338 from 8 on."""


def x_of(value: float, *, narrow: bool = False) -> float:
    left, width = (8, 338) if narrow else (236, 606)
    return round(left + width * value / 10.4, 1)


def test_a_row_has_dots_a_box_a_median_and_a_diamond() -> None:
    drawing = str(draw_strips(strips(FULL)))
    y = 8 + 46 / 2
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="3.2"><title>([^<]+)</title>', drawing)
    assert [title for *_, title in dots] == ["a, seed 0: 0.00", "a, seed 1: 10.00", "a, seed 2: 4.00"]
    assert [float(x) for x, *_ in dots] == [x_of(value) for value in (0, 10, 4)]
    golden = [0.0, 0.618034, 0.236068]  # of its multiples what is behind the point
    assert [float(cy) for _, cy, _ in dots] == pytest.approx([y + 30 * (each - 0.5) for each in golden], abs=0.06)
    assert f'fill="{look_of(0).colour}" class="dot"' in drawing
    (box,) = numbers('<rect x="#" y="#" width="#" height="#" rx="3"', drawing)
    assert box == pytest.approx((x_of(2), y - 14, x_of(7) - x_of(2), 28), abs=0.11)
    assert numbers('<line x1="#" y1="#" x2="#" y2="#" stroke="[^"]*" class="median"', drawing) == [
        (x_of(4), y - 14, x_of(4), y + 14)
    ]
    assert f'<path d="M{x_of(5)} {y - 6:.1f}l6 6l-6 6l-6 -6Z" class="mean-mark"/>' in drawing


def test_each_row_has_its_name_beside_it_and_on_a_phone_above() -> None:
    rows = (strip([1.0], "first"), strip([2.0], "the second", 1))
    wide, narrow = str(draw_strips(strips(*rows))), str(draw_strips(strips(*rows), NARROW))
    names = re.findall(r'<text text-anchor="end" class="name"><tspan x="224" y="([\d.]+)">([^<]+)<', wide)
    assert names == [(f"{8 + 23 + 4.5}", "first"), (f"{8 + 46 + 23 + 4.5}", "the second")]
    names = re.findall(r'<text x="8" y="([\d.]+)" class="name">([^<]+)<', narrow)
    middles = [8 + 31 + 23 / 3, 8 + 62 + 31 + 23 / 3]
    assert names == [(f"{middles[0] - 23:.1f}", "first"), (f"{middles[1] - 23:.1f}", "the second")]
    assert wide.startswith('<svg viewBox="0 0 860 150"')  # two rows of 46, and 58
    assert narrow.startswith('<svg viewBox="0 0 360 182"')
    assert ('class="diagram wide-only"' in wide, 'class="diagram narrow-only"' in narrow) == (True, True)


def test_the_axis_is_below_the_rows() -> None:
    wide, narrow = str(draw_strips(strips(FULL))), str(draw_strips(strips(FULL), NARROW))
    assert numbers('<line x1="#" y1="8" x2="#" y2="54" class="grid"', wide) == [
        (x_of(each), x_of(each)) for each in (0, 2, 4, 6, 8, 10)
    ]
    assert numbers('<text x="#" y="72" text-anchor="middle" class="tick">#<', wide) == [
        (x_of(each), each) for each in (0, 2, 4, 6, 8, 10)
    ]
    assert '<text x="539" y="96" text-anchor="middle" class="axis-title">axis of a page<' in wide
    assert '<text x="177" y="112" text-anchor="middle" class="axis-title">narrow axis<' in narrow
    assert numbers('<text x="#" y="88" text-anchor="middle" class="tick">#<', narrow)[-1] == (x_of(10, narrow=True), 10)
    assert "frame" not in wide


def test_values_of_two_signs_have_a_line_at_zero() -> None:
    drawing = str(draw_strips(strips(strip([-2.0, 8.0]), signed=True)))
    # From -2 to 8, with 4 % of 8 above.
    zero = 236 + 606 * 2 / 10.32
    assert numbers('<line x1="#" y1="8" x2="#" y2="54" class="frame"', drawing) == [
        pytest.approx((zero, zero), abs=0.1)
    ]
    positive = str(draw_strips(strips(strip([1.0, 100.0]), signed=True)))
    assert ">0<" in positive  # and no logarithmic axis


@pytest.mark.parametrize(
    ("values", "is_log"),
    [([1.0, 8.0], False), ([1.0, 8.1], True), ([0.0, 1.0, 100.0], False), ([1.0, 1000.0], True), ([], False)],
)
def test_an_axis_is_logarithmic_where_all_are_positive_and_far_apart(values: list[float], is_log: bool) -> None:
    ticks = re.findall(r'class="tick">([\d.]+)<', str(draw_strips(strips(strip(values)))))
    assert ("0" not in ticks) == is_log


def test_strips_in_words() -> None:
    drawing = str(draw_strips(strips(FULL, strip([], "none", 1))))
    assert (
        'aria-label="Final regret of every run. a: median 4.00, from 0.00 to 10.00 in 3 runs; none: no run with a '
        'result."'
    ) in drawing


def test_of_more_than_thirty_runs_the_dots_are_small_and_have_no_titles() -> None:
    few, many = (str(draw_strips(strips(strip([float(i) for i in range(n)])))) for n in (30, 31))
    assert (few.count("<title>"), few.count('r="3.2"')) == (30, 30)
    assert (many.count("<title>"), many.count('r="2"')) == (0, 31)


def test_a_long_name_is_whole_in_two_lines() -> None:
    name = "Regularized evolution of fifty in tens"
    drawing = str(draw_strips(strips(strip([1.0], name))))
    spans = re.findall(r'<tspan[^>]* y="([\d.]+)">([^<]*)<', drawing)
    assert spans == [("27.5", "Regularized evolution of"), ("43.5", "fifty in tens")]  # around 31 + 4.5


@pytest.mark.parametrize(("n_runs", "n_dots", "n_shapes"), [(200, 200, 0), (201, 0, 1)])
def test_above_two_hundred_runs_their_density_is_drawn(n_runs: int, n_dots: int, n_shapes: int) -> None:
    values = [1 + i / n_runs for i in range(n_runs)]
    drawing = str(draw_strips(Strips(final_rows(facts_of(campaign_of({"a": values}))), "a", "b", "c")))
    assert (drawing.count("<circle"), drawing.count('class="density"')) == (n_dots, n_shapes)


def test_a_density_is_as_high_as_the_dots_spread_up_and_down_from_its_row() -> None:
    drawing = str(draw_strips(strips(strip([5.0] * 100 + [i / 100 for i in range(500, 601)]))))
    (path,) = re.findall(r'<path d="M([^"]+)Z" fill="[^"]+" class="density"', drawing)
    points = [tuple(map(float, each.split())) for each in path.split("L")]
    above, below = points[: len(points) // 2], points[len(points) // 2 :]
    assert len(above) == 90
    assert [x for x, _ in above] == sorted(x for x, _ in above)
    assert [x for x, _ in above] == [x for x, _ in reversed(below)]
    assert [31 - y for _, y in above] == pytest.approx([y - 31 for _, y in reversed(below)], abs=0.11)
    assert min(y for _, y in above) == 31 - 15
    low, high = 236 + 606 * 5 / 6.24, 236 + 606 * 6 / 6.24  # of an axis to 6.24
    assert (above[0][0], above[-1][0]) == pytest.approx((low - 12, min(high + 12, 842)), abs=0.1)
