"""The drop-in in the reference's place: for a process that imports ``nashpobench2api``, or a script that does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

from nhb2_plugins.compat.api import MODULE, NASHPOBench2API
from nhb2_plugins.compat.operations import get_ith_op, set_ith_op
from nhb2_plugins.errors import Nhb2Error, TableError

_REPAIRS: Final = {"hpbandster": "nhb2_plugins.adapters.hpbandster.repair"}
"""What is imported when a script has imported a package."""


class OtherBenchmarkError(Nhb2Error, ImportError):
    """A name of the other package that installs a module ``nashpobench2api``."""


class _ScriptAPI(NASHPOBench2API):
    """For scripts that name a data directory of somebody else's machine."""

    _answers_any_directory = True


def install(*, answer_any_directory: bool = False) -> None:
    """Let ``import nashpobench2api``, also ``.api`` and ``.utils``, find this module's contents in this process.

    Args:
        answer_any_directory: whether a data directory that holds no data is answered from the table that
            :func:`nhb2_plugins.benchmark.open_benchmark` finds, with a warning, instead of an error.

    Raises:
        Nhb2Error: another module of that name is imported already (there are two packages that install one).
    """
    present = sys.modules.get(MODULE)
    if present is not None and not isinstance(present, _Module):
        raise Nhb2Error(
            f"{MODULE} is imported already, from {getattr(present, '__file__', None)!r}: "
            "install the drop-in before anything imports it"
        )
    api_class = _ScriptAPI if answer_any_directory else NASHPOBench2API
    api = _Module(f"{MODULE}.api", {"NASHPOBench2API": api_class})
    utils = _Module(f"{MODULE}.utils", {"get_ith_op": get_ith_op, "set_ith_op": set_ith_op})
    package = _Module(MODULE, {"NASHPOBench2API": api_class, "api": api, "utils": utils})
    package.__path__ = []
    sys.modules.update({module.__name__: module for module in (package, api, utils)})


class _Module(ModuleType):
    """A module that :func:`install` made."""

    def __init__(self, name: str, contents: Mapping[str, object]) -> None:
        super().__init__(name, f"nhb2_plugins.compat in the place of {name}")
        self.__spec__ = ModuleSpec(name, None, is_package=name == MODULE)
        self.__dict__.update(contents)

    def __getattr__(self, name: str) -> NoReturn:
        if name == "API":
            raise OtherBenchmarkError(
                f"{MODULE} 1.0.0, in whose place the drop-in stands, has NASHPOBench2API and no API: a script that "
                "imports API is written for nashpobench2real-api, another benchmark of the same author that installs "
                "the same module name, and its table is not here"
            )
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Repairs(MetaPathFinder):
    """Repairs packages of others that hang on today's packages, when they are imported and if they ever are."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that Python's own finder has, whose loader also repairs."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _REPAIRS else None
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _then_repaired(spec.loader.exec_module)  # type: ignore[method-assign,assignment]
        return spec


def _then_repaired(execute: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def execute_and_repair(module: ModuleType) -> None:
        execute(module)
        import_module(_REPAIRS[module.__name__])

    return execute_and_repair


def run_script(script: Path, arguments: list[str]) -> None:
    """Run a script as ``__main__``, with the drop-in in the reference's place and hpbandster repaired."""
    import runpy

    install(answer_any_directory=True)
    sys.meta_path.insert(0, _Repairs())
    sys.argv = [str(script), *arguments]
    sys.path[0] = str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")


def main(arguments: list[str]) -> None:
    """The command line: ``SCRIPT [ARGS]``."""
    if not arguments or arguments[0] in ("-h", "--help"):
        _leave("usage: python -m nhb2_plugins.compat SCRIPT [ARGS]", status=0 if arguments else 2)
    script = Path(arguments[0])
    if not script.is_file():
        _leave(f"python -m nhb2_plugins.compat: there is no script {arguments[0]!r}", status=2)
    try:
        run_script(script, arguments[1:])
    except (TableError, OtherBenchmarkError) as error:
        _leave(f"python -m nhb2_plugins.compat: {error}", status=2)


def _leave(message: str, status: int) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
