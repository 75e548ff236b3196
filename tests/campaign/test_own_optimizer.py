"""A user's optimizer, from a package of its own, behind an entry point."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.trajectory.reader import read_run
from tests.support.command_line import nhb2, nhb2_process

PACKAGE = Path(__file__).parent.parent / "own_optimizer"
ROOT = Path(nhb2_plugins.__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's code and metadata, as an installation puts them on the path."""
    site = tmp_path_factory.mktemp("site")
    (site / "annealing").symlink_to(PACKAGE / "src" / "annealing")
    metadata = site / "nhb2_annealing-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nhb2-annealing\nVersion: 1.0\n")
    pyproject = (PACKAGE / "pyproject.toml").read_text()
    (registration,) = (line for line in pyproject.splitlines() if line.startswith("annealing ="))
    (metadata / "entry_points.txt").write_text(f"[nhb2_plugins.optimizers]\n{registration.replace(chr(34), '')}\n")
    return site


@pytest.fixture
def environment(site: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}


def told(directory: Path, optimizer: dict[str, object]) -> list[str]:
    spec = directory / "spec.yaml"
    spec.write_text(json.dumps({"name": "own", "budget_s": 3000, "optimizers": [optimizer]}))
    return ["run", str(spec), "--out", str(directory / "out"), "--processes", "1"]


def test_it_runs_in_a_campaign_and_its_version_is_recorded(environment: dict[str, str], tmp_path: Path) -> None:
    optimizer = {"algorithm": "annealing", "seeds": 2, "settings": {"temperature": 2.0}}
    completed = nhb2_process(*told(tmp_path, optimizer), **environment)
    assert completed.status == 0, completed.err
    result = read_run(tmp_path / "out" / "runs" / "annealing" / "seed-0001.jsonl")
    assert result.header.versions["nhb2-annealing"] == "1.0"
    assert len(result.records) > 3


def test_its_own_tests_are_the_contract_of_optimizers(environment: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(PACKAGE / "tests" / "test_annealing.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "10 passed, 5 skipped" in done.stdout  # it takes no restriction, and there are five parts


def test_a_wrong_setting_of_it_is_named(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(site)
    completed = nhb2(*told(tmp_path, {"algorithm": "annealing", "seeds": 1, "settings": {"temperatur": 2.0}}))
    assert completed.status == 2
    assert "did you mean 'temperature'" in completed.err
