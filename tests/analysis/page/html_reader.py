"""A page as a test reads it: its elements in order, its tables, its text."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(eq=False)
class Element:
    """One element: attributes, the text directly in it or below it, the elements that it stands in."""

    tag: str
    attributes: dict[str, str | None]
    parents: tuple[Element, ...]
    text: str = ""

    @property
    def id(self) -> str | None:
        return self.attributes.get("id")


class Page(HTMLParser):
    """All elements of a page; whatever is not closed where it must be fails."""

    _VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {[each.tag for each in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(self._open))
        self.elements.append(element)
        if tag not in self._VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, within: Element | None = None) -> list[Element]:
        """The elements of a tag, in order; those below one element where it is given."""
        return [each for each in self.elements if each.tag == tag and (within is None or within in each.parents)]

    def by_id(self, name: str) -> Element:
        """The one element of that id."""
        (found,) = [each for each in self.elements if each.id == name]
        return found

    def rows(self, table: str) -> list[list[Element]]:
        """The cells of a table's body, row by row."""
        body = self.all("tbody", self.by_id(table))[0]
        return [
            [each for each in self.elements if row in each.parents and each.tag in ("td", "th")]
            for row in self.all("tr", body)
        ]
