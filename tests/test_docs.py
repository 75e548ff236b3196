"""The documentation is true: its examples run, its links lead somewhere, and it speaks of the product alone."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]
TEXTS = [*PAGES, *(name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "NOTICE", "data/DATASHEET.md"))]

_RUNNER = ROOT / "docs" / "site" / "examples.py"
examples, is_typed = (runpy.run_path(str(_RUNNER))[name] for name in ("examples", "is_typed"))

MINIMUM_BLOCKS = {
    "README.md": 3,
    "docs/bohb.md": 1,
    "docs/campaigns.md": 1,
    "docs/charging.md": 1,
    "docs/compat.md": 2,
    "docs/dehb.md": 2,
    "docs/exact.md": 3,
    "docs/frameworks.md": 4,
    "docs/glue.md": 10,
    "docs/landscape.md": 2,
    "docs/neps.md": 2,
    "docs/objectives.md": 1,
    "docs/optimizers.md": 2,
    "docs/optuna.md": 1,
    "docs/report.md": 1,
    "docs/simulation.md": 2,
    "docs/smac.md": 1,
    "docs/surrogate.md": 1,
    "docs/tables.md": 1,
    "docs/training.md": 3,
    "docs/trajectories.md": 2,
}
"""How many Python examples a page must have at least: one that lost its own would pass unnoticed."""
ELSEWHERE = {
    "docs/dehb.md": "dehb",
    "docs/frameworks.md": "frameworks",
    "docs/glue.md": "glue",
    "docs/neps.md": "neps",
    "docs/training.md": "torch",
    # Typed from top to bottom, campaigns included.
    **{page: "site" for page in PAGES if is_typed(page)},
}
"""Pages whose examples another environment of tox runs: what they need is not in `all`."""

_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_FORBIDDEN = re.compile(
    r"/work/|/tmp/|/opt/|\bissues? [1-9]\b|\bshared/(facts|design|style|data)|records_published"
    r"|\b(TODO|FIXME|XXX|lorem ipsum)\b",
    re.IGNORECASE,
)


def python_blocks(page: str) -> list[str]:
    """The Python of a page that runs or is saved, block by block."""
    return [each.code for each in examples(page) if each.action in ("python", "save")]


def run_examples(page: str, directory: Path) -> None:
    """In a process of their own: examples take over module names and start frameworks."""
    done = subprocess.run(
        [sys.executable, str(_RUNNER), page],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MPLBACKEND": "agg",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert all("print(" not in code for code in python_blocks(page)) or done.stdout, "the examples print something"


@pytest.mark.parametrize("page", sorted({*PAGES, *MINIMUM_BLOCKS} - {*ELSEWHERE}))
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)


@pytest.mark.parametrize(("page", "n"), MINIMUM_BLOCKS.items())
def test_no_page_has_lost_its_examples(page: str, n: int) -> None:
    assert len(python_blocks(page)) >= n


def test_no_example_escapes_the_search_for_blocks() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        found = [each for each in examples(page) if each.action != "install"]
        languages = ("python", "sh") if is_typed(page) else ("python",)
        blocks = sum(text.count(f"```{language}\n") for language in languages)
        assert len(found) == blocks + sum(not (each.file or ".py").endswith(".py") for each in found), page
        assert not re.search(r"```(py|python3|pycon|ipython)\b", text, re.IGNORECASE), page
        assert f"\n{text}".count("\n```") % 2 == 0, f"{page} has a block that does not end"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    for target in _LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if not re.match(r"https?:|mailto:|pictures/", target):  # pictures are made by the site's build, which wants all
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("name", TEXTS)
def test_texts_speak_of_the_product_alone(name: str) -> None:
    found = _FORBIDDEN.search((ROOT / name).read_text(encoding="utf-8"))
    assert found is None, f"{name} mentions {found.group()!r}"
