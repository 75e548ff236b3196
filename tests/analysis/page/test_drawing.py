"""The static drawing of a chart: where its lines, names, ticks and titles stand."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from nhb2_plugins.analysis.page.charts import BASELINE_LOOK, as_json, chart_of, look_of
from nhb2_plugins.analysis.page.drawing import draw_chart, swatch
from nhb2_plugins.analysis.parts import PageChart
from nhb2_plugins.analysis.pictures import Axis, Curve, Curves, Strand
from nhb2_plugins.figure_theme import BASELINE

X = Axis("time that is simulated (h)", "time", "h", log=False)
Y = Axis("regret of the incumbent (pp)", "regret", "pp", log=False)


def curve(name: str, position: int | None, x: list[float], y: list[float]) -> Curve:
    return Curve(name, position, np.array(x), np.array(y))


def drawings(*curves: Curve, narrow: bool = False, strands: tuple[Strand, ...] = ()) -> list[str]:
    """The drawings of a chart whose y axis runs from 0 to 10."""
    of = Curves(X, Y, curves, extent=(0.0, 10.0), strands=strands, strands_name="every run")
    chart = chart_of(PageChart("key", "A title", "What is seen.", {"Mean": of}, narrow=narrow))
    return [f"{each}</svg>" for each in str(draw_chart(chart)).split("</svg>")[:-1]]


def lines(drawing: str) -> list[str]:
    """What the paths of curves run through."""
    return re.findall(r'<path d="([^"]+)" fill="none" stroke="[^"]+" stroke-width="[^"]+" stroke-linecap', drawing)


A = curve("a <b>", 0, [0, 2, 3, 4], [10, 10, 5, 2])


def test_a_curve_is_drawn_for_a_screen_and_for_a_phone() -> None:
    wide, narrow = drawings(A)
    label = 'role="img" aria-label="A title. What is seen."'
    assert wide.startswith(f'<svg viewBox="0 0 860 400" {label} class="chart-static wide-only">')
    assert narrow.startswith(f'<svg viewBox="0 0 360 310" {label} class="chart-static narrow-only">')
    (beside,) = drawings(A, narrow=True)
    assert beside.startswith(f'<svg viewBox="0 0 360 310" {label} class="chart-static">')


def test_it_steps_and_does_not_slope() -> None:
    wide, narrow = drawings(A)
    # Axes of 790 by 338 from (58, 12) on, and of 290 by 248: 4 hours and 10 points.
    assert lines(wide) == ["M58.0 12.0H650.5V181.0H848.0V282.4H848.0"]
    assert lines(narrow) == ["M58.0 12.0H275.5V136.0H348.0V210.4H348.0"]


def test_what_moves_by_less_than_half_a_pixel_is_left_out() -> None:
    tenth = 10 / 338 / 10
    (first, second) = lines(drawings(curve("a", 0, [0, 1, 2, 3, 4], [5, 5 + 4 * tenth, 5 + 6 * tenth, 5, 5]), A)[0])
    assert first.count("V") == 2  # at 2 and 3
    assert second.count("V") == 2


def test_a_curve_is_drawn_from_where_it_begins_to_where_it_ends() -> None:
    both = lines(drawings(A, curve("c", 1, [1, 3], [0, 10]))[1])
    assert both[1] == "M130.5 260.0H275.5V12.0H275.5"
    single = drawings(curve("c", 1, [1], [5]), A)[1]
    assert lines(single)[0] == "M130.5 136.0H130.5"
    assert 'stroke-linecap="round"' in single  # so it is seen, too


def test_ticks_and_titles() -> None:
    wide, narrow = drawings(A)
    line = r'<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" class="grid"/>'
    text = r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" class="tick">([\d.]+)<'
    found = re.findall(line + text, narrow)
    assert found[0] == ("58", "260", "348", "260", "51", "264", "end", "0")
    assert found[5] == ("58", "12", "348", "12", "51", "16", "end", "10")
    assert found[6] == ("58", "12", "58", "260", "58", "278", "middle", "0")
    assert found[-1] == ("348", "12", "348", "260", "348", "278", "middle", "4")
    assert [each[-1] for each in found] == ["0", "2", "4", "6", "8", "10", "0", "1", "2", "3", "4"]
    assert '<line x1="58" y1="260" x2="348" y2="260" class="frame"/>' in narrow
    assert '<text x="203" y="302" text-anchor="middle" class="axis-title">time (h)</text>' in narrow
    assert (
        '<text transform="translate(15 136) rotate(-90)" text-anchor="middle" class="axis-title">regret (pp)<' in narrow
    )
    assert '<text x="453" y="392" text-anchor="middle" class="axis-title">time that is simulated (h)</text>' in wide
    assert '<text transform="translate(15 181) rotate(-90)" text-anchor="middle"' in wide
    assert f">{Y.title}<" in wide


def test_lines_are_named_beside_their_ends_where_there_is_room() -> None:
    wide, narrow = drawings(*(curve(name, i, [1, 2], [4, 3 + i]) for i, name in enumerate(("a", "b <", "c"))))
    labels = re.findall(r'class="label"><tspan[^>]* y="([\d.]+)">([^<]*)<', wide)
    assert [name for _, name in labels] == ["a", "b &lt;", "c"]
    heights = sorted((float(y) for y, _ in labels), reverse=True)
    assert heights == [float(y) for y, _ in labels]  # the smallest value is the lowest
    assert all(below - above > 14 for below, above in pairwise(heights))
    assert "label" not in narrow.replace("aria-label", "")


def test_names_of_one_height_stand_a_line_and_a_little_apart() -> None:
    wide = drawings(curve("a", 0, [0, 4], [5, 5]), curve("b", 1, [0, 4], [5, 5]))[0]
    assert re.findall(r'class="label"><tspan x="706" y="([\d.]+)">(\w)<', wide) == [("185.5", "a"), ("202.5", "b")]


def test_a_name_of_two_lines_stands_around_the_end_that_a_fine_line_leads_from() -> None:
    long = "one two three four five six seven"
    wide = drawings(curve(long, 0, [0, 4], [5, 5]), curve("b", 1, [0, 2], [0, 9]))[0]
    # The axes are 630 wide, the names right of 688; 5 is at 181, 9 at 45.8.
    leads = re.findall(r'<path d="([^"]+)" fill="none" stroke="([^"]+)" class="lead"/>', wide)
    assert leads == [
        ("M688.0 181.0H688.0L702.0 181.0", look_of(0).colour),
        ("M373.0 45.8H688.0L702.0 45.8", look_of(1).colour),
    ]
    first, second = re.findall(r'<text class="label">(.*?)</text>', wide)
    assert re.findall(r'x="(\d+)" y="([\d.]+)">([^<]+)<', first) == [
        ("706", "178", "one two three four"),
        ("706", "193", "five six seven"),
    ]
    assert re.findall(r'x="(\d+)" y="([\d.]+)">([^<]+)<', second) == [("706", "50.3", "b")]


def test_a_line_of_a_name_has_twenty_one_characters() -> None:
    wide = drawings(
        curve("one two three four ab", 0, [0, 4], [5, 5]), curve("one two three four abc", 1, [0, 4], [0, 9])
    )[0]
    assert [re.findall(r">([^<]+)<", each) for each in re.findall(r'<text class="label">(.*?)</text>', wide)] == [
        ["one two three four ab"],
        ["one two three four", "abc"],
    ]


def test_exact_random_search_looks_the_same_on_the_page_and_in_files() -> None:
    assert BASELINE_LOOK.colour == BASELINE["color"]
    random = curve("random search, exact", None, [1, 2], [4, 3])
    found = [
        re.findall(r'<path [^>]*stroke="([^"]*)"[^>]*stroke-width="([^"]*)"[^>]*stroke-opacity="([^"]*)"', each)
        for each in drawings(A, random)
    ]
    assert found == [[(BASELINE["color"], "6", "0.5")]] * 2
    chart = chart_of(PageChart("key", "A title", "", {"Mean": Curves(X, Y, (A, random))}))
    given = as_json(chart)["variants"]["Mean"][1]
    assert (given["colour"], given["width"], given["opacity"]) == (BASELINE["color"], 6.0, 0.5)


def test_from_the_back_to_the_front_single_runs_random_search_and_the_curves() -> None:
    strands = (Strand("seed 0", [(1.0, 8.0), (4.0, 8.0)]), Strand("seed 1", [(2.0, 6.0), (3.0, 1.0)]))
    wide = drawings(curve("random", None, [0, 4], [9, 9]), curve("b", 1, [0, 4], [4, 4]), strands=strands)[0]
    runs, random, own = re.findall(r"<path [^>]*stroke-linecap[^>]*>", wide)
    assert 'd="M255.5 79.6H848.0M453.0 147.2H650.5V316.2H650.5"' in runs
    assert f'stroke="{look_of(1).colour}" stroke-width="1" stroke-linecap="round" stroke-opacity="0.3"' in runs
    assert "dasharray" not in runs
    assert 'stroke-opacity="0.5"' in random
    assert f'stroke-width="2.4" stroke-linecap="round" stroke-dasharray="{look_of(1).dash}"' in own
    assert "label" not in wide.replace("aria-label", "")  # of so many lines none is named


def test_a_swatch_is_a_piece_of_the_line() -> None:
    dashed, random = str(swatch(look_of(1))), str(swatch(BASELINE_LOOK))
    assert dashed == (
        '<svg viewBox="0 0 34 12" width="34" height="12" aria-hidden="true" class="swatch"><line x1="1" y1="6" x2="33" '
        f'y2="6" stroke="{look_of(1).colour}" stroke-width="3" stroke-dasharray="{look_of(1).dash}"/></svg>'
    )
    assert 'stroke-width="6.6" stroke-opacity="0.5"' in random
    assert "dasharray" not in str(swatch(look_of(0)))
    faint = str(swatch(look_of(1), faint=True))
    assert 'stroke-width="1"' in faint
    assert "dasharray" not in faint
