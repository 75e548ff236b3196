"""Elements of a drawing as text."""

from __future__ import annotations

from markupsafe import Markup

from nhb2_plugins.analysis.page.svg import element, picture


def test_an_element_has_its_attributes_in_order_and_its_children_between_its_tags() -> None:
    assert element("g", element("path", d="M0 0"), "words") == '<g><path d="M0 0"/>words</g>'
    line = element("line", x1=1, stroke_width=2.5, class_="grid", fill=None, opacity=0)
    assert line == '<line x1="1" stroke-width="2.5" class="grid" opacity="0"/>'


def test_numbers_stand_with_one_digit_where_they_need_it() -> None:
    assert element("a", x=2.0, y=10.0, z=1.25, w=100) == '<a x="2" y="10" z="1.2" w="100"/>'


def test_whatever_is_text_is_escaped() -> None:
    assert element("text", '<b>&"', id='"<') == '<text id="&#34;&lt;">&lt;b&gt;&amp;&#34;</text>'
    assert isinstance(element("text", "a"), Markup)


def test_a_picture_says_to_a_screen_reader_what_it_shows() -> None:
    drawn = picture(860.0, 12.5, "Ranks", "a leads", element("g"), class_="wide")
    assert drawn == '<svg viewBox="0 0 860 12.5" role="img" aria-label="Ranks. a leads" class="wide"><g/></svg>'
    assert picture(1, 2, "Ranks", "") == '<svg viewBox="0 0 1 2" role="img" aria-label="Ranks"/>'
