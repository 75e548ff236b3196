"""Docstrings on the site: what in them leads somewhere, and what must.

A role (``:class:`Problem```) must name something that there is, or the build fails. It leads to where that is
documented, as do types in a signature and classes under *Raises*, if the site documents one object of that name.
"""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PACKAGE = "nhb2_plugins"


def resolve_by_last_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: Element) -> Element | None:
    """Lead to the one documented object whose name ends as the target; else plain text, but for a name of nothing."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].strip(".")
    objects = env.domains.python_domain.objects
    found = {(each.docname, each.node_id) for name, each in objects.items() if name.endswith(f".{target}")}
    if len(found) == 1:
        return make_refnode(app.builder, node["refdoc"], *found.pop(), text)
    is_role = type(text) is nodes.literal
    return None if is_role and not _is_there(node.get("py:module"), node.get("py:class"), target) else text


def _is_there(module: str | None, owner: str | None, target: str) -> bool:
    """Whether a name means something where it is written: in its class, in its module, or from the top."""
    homes = [f"{module}.{owner}.", f"{module}.", ""]
    return any(_has(f"{home}{target}") for home in homes)


def _has(name: str) -> bool:
    parts = name.split(".")
    for n_modules in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:n_modules]))
        except ImportError:
            continue
        *owner, last = parts[n_modules:] or [""]
        try:
            found = attrgetter(".".join(owner))(found) if owner else found
        except AttributeError:
            return False
        return not last or hasattr(found, last) or last in getattr(found, "__annotations__", ())
    return False


def read_sections_of_values(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Read a property's docstring as a function's: a colon in its first line does not end a type."""
    if what in ("attribute", "data", "property"):
        read = str(GoogleDocstring(list(lines), app.config, app, "function", name, value, options))
        lines[:] = ["..", "", *read.splitlines()]  # Napoleon, which comes next, looks for a colon in the first line


def skip_fields_of_tuples(_app: Sphinx, _what: str, _name: str, value: Any, *_rest: Any) -> bool | None:
    """The class's docstring describes them, and what Python says of them ("Alias for field number 0") does not."""
    is_field = (getattr(value, "__doc__", None) or "").startswith("Alias for field number")
    return True if is_field else None
