"""The way from an object to what is shown of it, in notebooks and by ``.plot()``.

What is shown is made by :mod:`nhb2_plugins.display`, which knows HTML, matplotlib and every object. The objects know
none of these: they name what they want, and it is loaded when somebody looks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DISPLAY: Final = "nhb2_plugins.display"


def as_html(shown: object) -> str | None:
    """What a notebook shows of an object: a class's ``_repr_html_``. None: its text."""
    html: str | None = import_module(_DISPLAY).html_of(shown)
    return html


def drawn(name: str, *arguments: Any, **keywords: Any) -> Any:
    """What a function of :mod:`nhb2_plugins.display` makes of the arguments."""
    return getattr(import_module(_DISPLAY), name)(*arguments, **keywords)


class Plotted:
    """Part of what stands over simulated seconds: a notebook shows it, and :meth:`plot` draws it."""

    _DRAWN_BY: ClassVar[str]
    """The function of :mod:`nhb2_plugins.display`."""
    _repr_html_ = as_html

    def plot(self, axes: Axes | None = None, *, label: str = "") -> Axes:
        """Draw it over simulated seconds.

        A learning curve's accuracy (%), a point an epoch; the error (%) of a logger's incumbent; a recorded run's
        regret (percentage points).

        Args:
            axes: matplotlib's, to draw on; None makes a figure.
            label: for a legend.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        picture: Axes = drawn(self._DRAWN_BY, self, axes, label)
        return picture
