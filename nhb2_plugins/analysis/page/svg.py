"""Small pieces of SVG, escaped."""

from __future__ import annotations

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


def _text(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".rstrip("0").rstrip(".")
    return str(value)
