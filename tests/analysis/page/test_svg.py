"""Elements of a drawing as text."""

from __future__ import annotations

from markupsafe import Markup

from nhb2_plugins.analysis.page.svg import element, legend_swatch, line, picture, text, text_lines


def test_an_element_has_its_attributes_in_order_and_its_children_between_its_tags() -> None:
    assert element("g", element("path", d="M0 0"), "words") == '<g><path d="M0 0"/>words</g>'
    line = element("line", x1=1, stroke_width=2.5, class_="grid", fill=None, opacity=0)
    assert line == '<line x1="1" stroke-width="2.5" class="grid" opacity="0"/>'


def test_numbers_stand_with_one_digit_where_they_need_it() -> None:
    assert element("a", x=2.0, y=10.0, z=1.25, w=100) == '<a x="2" y="10" z="1.2" w="100"/>'


def test_whatever_is_text_is_escaped() -> None:
    assert element("text", '<b>&"', id='"<') == '<text id="&#34;&lt;">&lt;b&gt;&amp;&#34;</text>'
    assert isinstance(element("text", "a"), Markup)


def test_lines_and_texts_stand_where_they_are_told_to() -> None:
    assert line(1, 2.5, 3, 4) == '<line x1="1" y1="2.5" x2="3" y2="4"/>'
    assert line(1, 2, 3, 4, "grid", stroke="red") == '<line x1="1" y1="2" x2="3" y2="4" stroke="red" class="grid"/>'
    assert text("a<", 1, 2, "tick") == '<text x="1" y="2" text-anchor="middle" class="tick">a&lt;</text>'
    assert text("a", 1, 2, "tick", "end") == '<text x="1" y="2" text-anchor="end" class="tick">a</text>'
    assert text("a", 1, 2, "tick", None) == '<text x="1" y="2" class="tick">a</text>'


def test_lines_of_text_stand_around_a_height() -> None:
    assert text_lines(["a"], 5, 100, 16, "name") == '<text class="name"><tspan x="5" y="100">a</tspan></text>'
    three = str(text_lines(["a", "b", "c"], 5, 100, 16, "name", "end"))
    assert three.startswith('<text text-anchor="end" class="name"><tspan x="5" y="84">a<')
    assert [f'<tspan x="5" y="{y}">{word}<' in three for y, word in ((84, "a"), (100, "b"), (116, "c"))] == [True] * 3


def test_a_legend_s_swatch_is_an_ornament() -> None:
    assert legend_swatch(stroke="red") == (
        '<svg viewBox="0 0 34 12" width="34" height="12" aria-hidden="true" class="swatch"><line x1="1" y1="6" x2="33" '
        'y2="6" stroke="red"/></svg>'
    )


def test_a_picture_says_to_a_screen_reader_what_it_shows() -> None:
    drawn = picture(860.0, 12.5, "Ranks", "a leads", element("g"), class_="wide")
    assert drawn == '<svg viewBox="0 0 860 12.5" role="img" aria-label="Ranks. a leads" class="wide"><g/></svg>'
    assert picture(1, 2, "Ranks", "") == '<svg viewBox="0 0 1 2" role="img" aria-label="Ranks"/>'
