"""Left to the environment that has these frameworks (``tox -e frameworks``).

A file whose framework is missing is not collected. That environment names its files in
``NHB2_TEST_FRAMEWORKS``, separated by commas, and these are collected whatever is installed: what is missing fails.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from importlib.util import find_spec

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


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_written_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Syne Tune keeps every run in a folder, and Ray a token in a file, that are in the home directory by default."""
    directory = tmp_path_factory.mktemp("home")
    token = directory / "ray_token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SYNETUNE_FOLDER", str(directory / "syne-tune"))
        environment.setenv("RAY_AUTH_TOKEN_PATH", str(token))
        yield
