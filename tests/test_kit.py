"""Packages written from the templates: they install, their own test is green, and they run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nhb2_plugins.cli.main import main
from nhb2_plugins.errors import InvalidValueError, TargetExistsError
from nhb2_plugins.kit import KINDS, write_package
from nhb2_plugins.trajectory.reader import read_run

ROOT = Path(__file__).parent.parent


def run(*command: str, directory: Path, site: Path | None = None) -> str:
    paths = [str(ROOT)] if site is None else [str(site), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    command = (sys.executable, "-m", *command)
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(package: Path) -> Path:
    """Where pip has installed it, out of the way of this environment."""
    site = package.parent / "site"
    options = ("--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target", str(site))
    run("pip", "install", *options, str(package), directory=package.parent)
    return site


@pytest.mark.slow
def test_an_optimizer_is_green_and_runs_in_a_campaign(tmp_path: Path) -> None:
    package = tmp_path / "nested" / "my-search"
    assert main(["new", "optimizer", "my-search", "--directory", str(package)]) == 0
    site = installed(package)
    said = run("pytest", "-q", "-p", "no:cacheprovider", "tests", directory=package, site=site)
    assert "15 passed" in said
    assert "my_search" in run("nhb2_plugins.cli", "optimizers", directory=tmp_path, site=site)
    spec = package / "campaign.yaml"
    short = spec.read_text().replace("20000", "3000").replace("seeds: 10", "seeds: 1")
    spec.write_text(short)
    run("nhb2_plugins.cli", "run", "campaign.yaml", "--processes", "1", "--out", "out", directory=package, site=site)
    header = read_run(package / "out" / "runs" / "my_search" / "seed-0000.jsonl").header
    assert header.versions["my-search"] == "0.1.0"


@pytest.mark.slow
def test_an_adapter_is_green_and_its_example_runs(tmp_path: Path) -> None:
    package = write_package("adapter", "my_framework", tmp_path / "mine")
    site = installed(package)
    said = run("pytest", "-q", "-p", "no:cacheprovider", "tests", directory=package, site=site)
    assert "passed" in said
    assert "skipped" not in said
    assert "%" in run("my_framework.example", directory=tmp_path, site=site)
    assert (site / "bin" / "my-framework").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_formatted_and_whole(kind: str, tmp_path: Path) -> None:
    package = write_package(kind, "some-name", tmp_path / "package")  # type: ignore[arg-type]
    files = sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file())
    assert "src/some_name/__init__.py" in files
    assert "tests/test_some_name.py" in files
    for name in files:
        text = (package / name).read_text()
        assert "$" not in text
        assert max(map(len, text.splitlines())) <= 120
    assert "SomeName" in (package / "tests" / "test_some_name.py").read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("My-Search", "is not of small letters"),
        ("../escape", "is not of small letters"),
        ("two--hyphens", "is not of small letters"),
        ("", "is not of small letters"),
        ("random", "Python has a module 'random' already"),
        ("lambda", "Python has a keyword 'lambda' already"),
        ("none", "Python has a keyword 'None' already"),
        ("asha", "there is an optimizer 'asha' already"),
        ("nhb2-plugins", "Python has a module 'nhb2_plugins' already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_one_sentence(
    name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "optimizer", name]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").mkdir()
    assert main(["new", "adapter", "my-framework", "--directory", str(tmp_path / "there")]) == 2
    assert "exists already" in capsys.readouterr().err
    with pytest.raises(TargetExistsError):
        write_package("adapter", "my-framework", tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []
    with pytest.raises(InvalidValueError, match="kind of package 'sampler' is not one of 'optimizer', 'adapter'"):
        write_package("sampler", "my-framework", tmp_path / "new")  # type: ignore[arg-type]
