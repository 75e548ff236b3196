"""Left to the environment that has these frameworks (``tox -e frameworks``).

A file whose framework is missing is not collected. That environment names its files in
``NHB2_TEST_FRAMEWORKS``, separated by commas, and these are collected whatever is installed: what is missing fails.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import Benchmark, open_benchmark

MODULES = {
    "test_carps.py": "carps",
    "test_carps_adapter.py": "carps",
    "test_dehb.py": "dehb",
    "test_nevergrad.py": "nevergrad",
    "test_ray.py": "ray",
    "test_syne_tune.py": "syne_tune",
    "test_vizier.py": "vizier",
}
_PROMISED = os.environ.get("NHB2_TEST_FRAMEWORKS", "").split(",")
collect_ignore = [
    file
    for file, module in MODULES.items()
    if find_spec(module) is None and file.removeprefix("test_").removesuffix(".py") not in _PROMISED
]


@pytest.fixture(scope="session")
def bench_on_disk() -> Benchmark:
    """The embedded table: a benchmark that other processes find by its directory."""
    return open_benchmark()


@pytest.fixture(autouse=True)
def _nothing_is_written_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Syne Tune keeps every run in its folder, which is in the home directory by default."""
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path / "syne-tune"))
