"""Every test is run by some environment of ``tox.ini``, and with what it needs."""

from __future__ import annotations

import shlex
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import NEEDS_TORCH

ROOT = Path(__file__).parents[1]


TOX = ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini")
OTHERS = {name.removeprefix("testenv:") for name in TOX.sections() if name.startswith("testenv:")} - {"all"}


def commands(environment: str) -> list[str]:
    """The words of an environment's commands, the paths behind ``{posargs:`` among them."""
    lines = TOX[f"testenv:{environment}"]["commands"].splitlines()
    return shlex.split(" ".join(line.strip("{}").replace("{posargs:", " ") for line in lines if line[:1] != "#"))


def ignored(environment: str) -> list[str]:
    words = commands(environment)
    return [path for option, path in pairwise(words) if option == "--ignore"]


def runs(environment: str, path: str) -> bool:
    """Whether an environment names a path, or a directory that it is in."""
    words = [word.strip("{}") for word in commands(environment)]
    named = {word for before, word in pairwise(words) if before != "--ignore"}
    return any(str(each) in named for each in (Path(path), *Path(path).parents))


@pytest.mark.parametrize("path", ignored("all"))
def test_what_all_leaves_out_is_run_elsewhere(path: str) -> None:
    assert (ROOT / path).exists()
    assert any(runs(environment, path) for environment in OTHERS)


@pytest.mark.parametrize("path", [path for path in ignored("all") if runs("core", path) and path != "tests/core_only"])
def test_what_core_alone_runs_needs_nothing_else(path: str) -> None:
    """There a test that needs an extra is skipped."""
    whole = ROOT / path
    for file in [whole] if whole.is_file() else whole.rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        assert not any(word in text for word in ("needs(", "importorskip", "skipif(find_spec")), file


@pytest.mark.parametrize("path", NEEDS_TORCH)
def test_what_needs_torch_is_run_where_it_is(path: str) -> None:
    assert (ROOT / "tests" / path).exists()
    assert runs("torch", f"tests/{path}")


def test_what_core_cannot_import_is_run_with_every_extra() -> None:
    left_out = set(ignored("all"))
    for path in ignored("core"):
        assert left_out.isdisjoint(map(str, (Path(path), *Path(path).parents)))
