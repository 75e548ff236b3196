"""Runs a page's examples in order, as a reader would type them: ``python examples.py PAGE``, in an empty directory.

Python blocks share one namespace. On pages that are typed from top to bottom (tutorials, and the pages of
:data:`TYPED`), a block after "Save as `NAME`:" is written there, a shell block is run, and ``python -m pip install -e``
of a saved package puts it on the path as an installation would. Blocks of other languages are read only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
TYPED: Final = ("docs/start.md", "docs/faq.md", "docs/gallery.md")
_BLOCK: Final = re.compile(
    r"^(?:[^\n]*Save as\s`(?P<file>[^`\n]+)`:\n\n)?```(?P<language>[a-z]+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INSTALL: Final = re.compile(r"python -m pip install -e (?P<directory>[\w/-]+)\n")


class Example(NamedTuple):
    """A block that runs, or is saved.

    Attributes:
        line: lines of the page before its code.
        action: ``python``, ``sh``, ``install``, or ``save``.
        code: what runs.
        file: where it is saved.
    """

    line: int
    action: str
    code: str
    file: str | None = None


def is_typed(page: str) -> bool:
    """Whether every block of a page is typed, and not its Python alone."""
    return page in TYPED or page.startswith("docs/tutorials/")


def examples(page: str) -> Iterator[Example]:
    """The examples of a page (a path in the repository), in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line, language, code = text[: match.start("code")].count("\n"), match["language"], match["code"]
        if is_typed(page) and match["file"]:
            yield Example(line, "save", code, match["file"])
        elif is_typed(page) and language == "console" and (install := _INSTALL.fullmatch(code)):
            yield Example(line, "install", install["directory"])
        elif language == "python" or (is_typed(page) and language == "sh"):
            yield Example(line, language, code)


def run_page(page: str) -> None:
    """Run the examples of a page here.

    Raises:
        Exception: whatever one of them raises.
        CalledProcessError: a shell block failed.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, action, code, file in examples(page):
        if action == "python":
            # Blank lines put the code where it stands in the page, for tracebacks and for inspect.getsource.
            exec(compile("\n" * line + code, str(ROOT / page), "exec"), namespace)
        elif action == "save":
            target = Path(str(file))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(code, encoding="utf-8")
        elif action == "install":
            _put_on_path(Path(code).resolve())
        else:
            sys.stdout.flush()
            subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True)


def _put_on_path(package: Path) -> None:
    """A package's code and metadata on the path of what runs from now on, without a build."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = package / "src" / f"{project['name']}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = (f"[{group}]\n" + _lines(entries) for group, entries in project.get("entry-points", {}).items())
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(package / "src"), os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, str(package / "src"))


def _lines(entries: dict[str, str]) -> str:
    return "".join(f"{name} = {target}\n" for name, target in entries.items())


if __name__ == "__main__":
    sys.path[0] = ""  # the directory where they are typed, not this file's
    run_page(sys.argv[1])
