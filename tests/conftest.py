"""Fixtures for every test: a home directory of the session's own, and published pickles made on the spot."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import comparisons
from tests.support.mini_pickles import mini_contents
from tests.support.published_format import PublishedTable, contents_of, generated_table, write_pickles

# A package by itself: its tests run where it is installed (tests/campaign/test_own_optimizer.py).
collect_ignore = ["own_optimizer"]

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=1, help="how often each process is killed in the tests of faults")


@pytest.fixture(scope="session", autouse=True)
def _own_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the tables of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.delenv("NHB2_DATA", raising=False)
        yield


@pytest.fixture(scope="session")
def published_table() -> PublishedTable:
    """Generated numbers for 1,011 classes and three seeds."""
    return generated_table(random_seed=2021)


@pytest.fixture(scope="session")
def published_pickles(published_table: PublishedTable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the three pickles of :func:`published_table` at full size (233 MB, 36 columns of no use)."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / "published" / "data"
    with (shared / "published.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker writes them, the others wait: they take 20 s
        if not directory.is_dir():
            aside = write_pickles(shared / "published-aside", contents_of(published_table, extra_columns=36))
            directory.parent.mkdir()
            aside.rename(directory)
    return directory


@pytest.fixture(scope="session")
def mini_pickles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the three pickles of 48 rows that :mod:`tests.support.mini_pickles` explains."""
    return write_pickles(tmp_path_factory.mktemp("mini") / "data", mini_contents())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := comparisons.summary():
        terminalreporter.write_line(line)
