"""Small pieces of SVG, escaped."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

Value = str | float | int


def element(name: str, *children: Markup | str, **attributes: Value | None) -> Markup:
    """An SVG element. Children that are plain text are escaped; so are the attributes.

    Args:
        name: the element's.
        children: elements, or text.
        attributes: an underscore stands for a hyphen, a trailing one is dropped (``class_``); None leaves one out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(children)
    return Markup(f"<{name}{written}>{inner}</{name}>") if inner else Markup(f"<{name}{written}/>")


def line(x1: float, y1: float, x2: float, y2: float, class_: str | None = None, **look: Value | None) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **look, class_=class_)


def text(words: str, x: float, y: float, class_: str, anchor: str | None = "middle") -> Markup:
    """A line of text from, around (``middle``) or up to (``end``) a place."""
    return element("text", words, x=x, y=y, text_anchor=anchor, class_=class_)


def text_lines(
    lines: Sequence[str], x: float, y: float, height: float, class_: str, anchor: str | None = None
) -> Markup:
    """Lines of text, each of a height, around the one that would stand at ``y``."""
    first = y - height * (len(lines) - 1) / 2
    spans = (element("tspan", each, x=x, y=first + height * i) for i, each in enumerate(lines))
    return element("text", *spans, text_anchor=anchor, class_=class_)


def picture(width: float, height: float, title: str, description: str, *children: Markup, class_: str = "") -> Markup:
    """A whole drawing, which says to a screen reader what it shows.

    Args:
        width: of the drawing, in its own units.
        height: as the width.
        title: what it is, in a few words.
        description: what it shows; together with the title its label.
        children: what is drawn.
        class_: for the style sheet.
    """
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        role="img",
        aria_label=f"{title}. {description}" if description else title,
        class_=class_ or None,
    )


def legend_swatch(**look: Value | None) -> Markup:
    """A piece of a line, for a legend; an ornament."""
    piece = line(1, 6, 33, 6, None, **look)
    return element("svg", piece, viewBox="0 0 34 12", width=34, height=12, aria_hidden="true", class_="swatch")


def _text(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return str(value)
