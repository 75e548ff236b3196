"""The real reference package, nashpobench2api 1.0.0, as the oracle.

It is loaded from its distribution's file under another name: another package installs a module of the same name, and
the tests themselves put the drop-in in its place.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

VERSION = "1.0.0"


def real_file(name: str) -> Path:
    """A file of the installed distribution."""
    installed = distribution("nashpobench2api")
    if installed.version != VERSION:
        raise RuntimeError(f"nashpobench2api {installed.version} is installed, the tests need {VERSION}")
    return Path(str(installed.locate_file(f"nashpobench2api/{name}.py")))


@cache
def real_module(name: str) -> ModuleType:
    """``api`` or ``utils`` of the real package."""
    spec = importlib.util.spec_from_file_location(f"real_reference_{name}", real_file(name))
    if spec is None or spec.loader is None:
        raise RuntimeError(f"cannot load {real_file(name)}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
