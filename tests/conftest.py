"""Fixtures for every test: a home directory of the session's own, and published pickles made on the spot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.cells import isomorphism_classes
from tests.support import comparisons
from tests.support.mini_pickles import mini_contents
from tests.support.published_format import contents_of, generated_table, write_pickles

NEEDS_TORCH = ("torch", "training", "cli/test_train.py", "cli/test_train_table.py")
"""Left to the environment that has PyTorch (``tox -e torch``), where nothing is passed over."""
HAS_TORCH = find_spec("torch") is not None or "NHB2_TEST_TORCH" in os.environ

# A package by itself: its tests run where it is installed (tests/campaign/test_own_optimizer.py).
collect_ignore = ["own_optimizer", *(() if HAS_TORCH else NEEDS_TORCH)]

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=1, help="how often each process is killed in the tests of faults")
    parser.addoption("--seeds", type=int, default=4, help="seeds of a search that is compared with hpbandster's")


@pytest.fixture(scope="session", autouse=True)
def _own_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the tables of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.delenv("NHB2_DATA", raising=False)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="session")
def bench() -> Benchmark:
    """The embedded table."""
    return open_benchmark()


@pytest.fixture(scope="session")
def published_pickles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the three pickles in the published format, of 61 classes that the published ones fall into.

    What reads all 1,011 is tested in ``tests/table/reference/test_importer.py``: the reference takes ten seconds to.
    """
    table = generated_table(random_seed=2021, class_of_cell=[each % 61 for each in isomorphism_classes()])
    return write_pickles(tmp_path_factory.mktemp("published") / "data", contents_of(table, extra_columns=2))


@pytest.fixture(scope="session")
def mini_pickles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the three pickles of 48 rows that :mod:`tests.support.mini_pickles` explains."""
    return write_pickles(tmp_path_factory.mktemp("mini") / "data", mini_contents())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := comparisons.summary():
        terminalreporter.write_line(line)
