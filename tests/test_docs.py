"""The documentation is true: its examples run, its links lead somewhere, and it speaks of the product alone."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from nhb2_plugins.table.embedded import open_embedded

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]
TEXTS = [*PAGES, *(name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "NOTICE", "data/DATASHEET.md"))]

_RUNNER = ROOT / "docs" / "site" / "examples.py"
examples, is_typed = (runpy.run_path(str(_RUNNER))[name] for name in ("examples", "is_typed"))

MINIMUM_BLOCKS = {
    "README.md": 3,
    "docs/bohb.md": 1,
    "docs/campaigns.md": 1,
    "docs/carps.md": 1,
    "docs/charging.md": 1,
    "docs/compat.md": 2,
    "docs/dehb.md": 2,
    "docs/exact.md": 3,
    "docs/glue.md": 10,
    "docs/landscape.md": 2,
    "docs/neps.md": 2,
    "docs/nevergrad.md": 1,
    "docs/objectives.md": 1,
    "docs/optimizers.md": 2,
    "docs/optuna.md": 1,
    "docs/ray-tune.md": 1,
    "docs/report.md": 1,
    "docs/simulation.md": 2,
    "docs/smac.md": 1,
    "docs/surrogate.md": 1,
    "docs/syne-tune.md": 2,
    "docs/tables.md": 1,
    "docs/training.md": 3,
    "docs/trajectories.md": 2,
    "docs/vizier.md": 1,
}
"""How many Python examples a page must have at least: one that lost its own would pass unnoticed."""
ELSEWHERE = {
    "docs/carps.md": "frameworks",
    "docs/dehb.md": "dehb",
    "docs/glue.md": "glue",
    "docs/neps.md": "neps",
    "docs/nevergrad.md": "frameworks",
    "docs/ray-tune.md": "frameworks",
    "docs/syne-tune.md": "frameworks",
    "docs/training.md": "torch",
    "docs/vizier.md": "frameworks",
    # Typed from top to bottom, campaigns included.
    **{page: "site" for page in PAGES if is_typed(page)},
}
"""Pages whose examples another environment of tox runs: what they need is not in `all`."""

DECLARED = {
    "docs/bohb.md": "hpbandster.search:BOHB_FRAMEWORK",
    "docs/carps.md": "carps_adapter:CARPS",
    "docs/dehb.md": "dehb_adapter:DEHB_FRAMEWORK",
    "docs/glue.md": "plain_adapter:PLAIN",
    "docs/nevergrad.md": "nevergrad_adapter:NEVERGRAD",
    "docs/optuna.md": "optuna.search_space:OPTUNA",
    "docs/ray-tune.md": "ray_adapter:RAY",
    "docs/smac.md": "smac.target:SMAC",
    "docs/syne-tune.md": "syne_tune.blackbox:SYNE_TUNE",
    "docs/vizier.md": "vizier_adapter:VIZIER",
}
"""What the table of frameworks says of a page's framework, its adapter declares."""

MEASURED = ("docs/bohb.md", "docs/charging.md", "docs/objectives.md", "docs/report.md", "docs/surrogate.md")
"""Pages with figures of the embedded table that scripts measure."""

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


def rows_of_frameworks() -> dict[str, tuple[str, str]]:
    """By page: at how many epochs a framework looks, and whether it takes several objectives."""
    rows = re.findall(
        r"^\| \[.*\]\((.*?)\) \| .* \| (.*) \| (.*) \|$",
        (ROOT / "docs/frameworks.md").read_text("utf-8"),
        re.MULTILINE,
    )
    return {f"docs/{page}": (epochs, objectives) for page, epochs, objectives in rows}


def compare_with_the_table(page: str) -> None:
    """The adapter's declaration and its row of the table."""
    module, name = DECLARED[page].split(":")
    framework = getattr(import_module(f"nhb2_plugins.adapters.{module}"), name)
    epochs, objectives = rows_of_frameworks()[page]
    assert ("ladder" in epochs) is (framework.has_fidelities or framework.default_ladder is not None)
    assert objectives.startswith("yes") is framework.has_several_objectives


@pytest.mark.parametrize("page", sorted({*PAGES, *MINIMUM_BLOCKS} - {*ELSEWHERE}))
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)


@pytest.mark.parametrize("page", sorted({*DECLARED} - {*ELSEWHERE}))
def test_the_table_of_frameworks_says_what_an_adapter_declares(page: str) -> None:
    compare_with_the_table(page)


def test_every_adapter_has_a_page_that_the_table_and_the_contents_lead_to() -> None:
    pages = {page: (ROOT / page).read_text("utf-8") for page in rows_of_frameworks()}
    public = {path.stem for path in (ROOT / "nhb2_plugins" / "adapters").glob("*_adapter.py")}
    used = {module for text in pages.values() for module in re.findall(r"nhb2_plugins\.adapters\.(\w+)", text)}
    # The page on the space is for all; a plain objective and a dashboard are used by other names.
    assert public - {"configspace_adapter", "plain_adapter", "dashboard_adapter"} <= used
    (listed,) = re.findall(r":caption: Frameworks\n\n(.*?)```", (ROOT / "docs/index.md").read_text("utf-8"), re.DOTALL)
    assert {f"docs/{name}.md" for name in listed.split()} >= {*pages}


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


def test_figures_of_the_embedded_table_are_of_the_one_that_is_shipped() -> None:
    """What was measured on an earlier one names its digest alone."""
    digest = open_embedded().provenance.digest[:8]
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    named = {page: set(re.findall(r"embedded\s+table\s+\((\w{8})\)", text)) for page, text in texts.items()}
    assert {page: found for page, found in named.items() if found} == {page: {digest} for page in MEASURED}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    for target in _LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if not re.match(r"https?:|mailto:|pictures/", target):  # pictures are made by the site's build, which wants all
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("name", TEXTS)
def test_texts_speak_of_the_product_alone(name: str) -> None:
    found = _FORBIDDEN.search((ROOT / name).read_text(encoding="utf-8"))
    assert found is None, f"{name} mentions {found.group()!r}"
