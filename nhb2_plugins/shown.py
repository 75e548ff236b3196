"""The way from an object to what is shown of it, in notebooks and by ``.plot()``.

What is shown is made by :mod:`nhb2_plugins.display`, which knows HTML, matplotlib and every object. The objects know
none of these: they name what they want, and it is loaded when somebody looks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_DISPLAY: Final = "nhb2_plugins.display"


def as_html(shown: object) -> str | None:
    """What a notebook shows of an object: a class's ``_repr_html_``. None: its text."""
    html: str | None = import_module(_DISPLAY).html_of(shown)
    return html


def drawn(name: str, *arguments: Any, **keywords: Any) -> Any:
    """What a function of :mod:`nhb2_plugins.display` makes of the arguments."""
    return getattr(import_module(_DISPLAY), name)(*arguments, **keywords)
