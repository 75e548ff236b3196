"""Left to the environment that builds the site (``tox -e site``), where nothing is passed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.conftest import browser, complaints, open_page

__all__ = ["browser", "complaints", "open_page"]

collect_ignore_glob = [] if os.environ.get("NHB2_TEST_SITE") else ["test_*.py"]


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site."""
    return Path(os.environ["NHB2_TEST_SITE"])
