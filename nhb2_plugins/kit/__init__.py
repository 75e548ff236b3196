"""A small package of one's own, an optimizer or an adapter, written from templates: green at once, and then changed.

The templates lie beside this module, a directory a kind. In their names and their text ``$module``, ``$name`` and
``$class_name`` stand for the new package's.
"""

from __future__ import annotations

import keyword
import os
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final, Literal, get_args

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError, TargetExistsError
from nhb2_plugins.files import directory_aside
from nhb2_plugins.optimizers.registry import algorithms

Kind = Literal["optimizer", "adapter"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_TEMPLATES: Final = Path(__file__).parent
_SUFFIX: Final = ".template"
"""Keeps the templates from being taken for modules and tests of this package."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


def write_package(kind: Kind, name: str, directory: str | os.PathLike[str] | None = None) -> Path:
    """Write a package with an optimizer or an adapter, its example, its entry point and its test.

    Args:
        kind: one of :data:`KINDS`.
        name: of the distribution, such as ``my-search``; its module is ``my_search``, its class ``MySearch``.
        directory: a new directory; None makes one of the package's name here.

    Returns:
        The directory.

    Raises:
        InvalidValueError: an unknown kind, or a name that is none or that a module or optimizer has already.
        TargetExistsError: the directory is there already.
        OSError: it cannot be written.
    """
    checked_choice("kind of package", kind, KINDS)
    fields = _fields(name)
    if kind == "optimizer" and fields["module"] in algorithms():
        raise InvalidValueError(f"name {name!r} is taken: there is an optimizer {fields['module']!r} already")
    target = Path(name if directory is None else directory)
    if target.exists() or target.is_symlink():
        raise TargetExistsError(f"{target} exists already; name another directory")
    target.parent.mkdir(parents=True, exist_ok=True)
    with directory_aside(target) as aside:
        for template in sorted((_TEMPLATES / kind).rglob(f"*{_SUFFIX}")):
            relative = Template(str(template.relative_to(_TEMPLATES / kind))).substitute(fields)
            path = aside / relative.removesuffix(_SUFFIX)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(Template(template.read_text(encoding="utf-8")).substitute(fields), encoding="utf-8")
    return target


def _fields(name: str) -> dict[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidValueError(
            f"name {name!r:.80} is not of small letters, digits and single hyphens, such as 'my-search'"
        )
    module = name.replace("-", "_")
    class_name = "".join(word.capitalize() for word in module.split("_"))
    for word in (module, class_name):  # none, true and false are keywords as classes
        if keyword.iskeyword(word):
            raise InvalidValueError(f"name {name!r} is taken: Python has a keyword {word!r} already")
    if find_spec(module) is not None:
        raise InvalidValueError(f"name {name!r} is taken: Python has a module {module!r} already")
    return {"name": name.replace("_", "-"), "module": module, "class_name": class_name}
