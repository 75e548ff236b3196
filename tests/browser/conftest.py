"""Left to the environment that has Playwright (``tox -e browser``), where nothing is passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nhb2_plugins as nhb2
from tests.support.small_campaign import write_small_campaign

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

collect_ignore_glob = [] if os.environ.get("NHB2_TEST_BROWSER") else ["test_*.py"]
CHROMIUM = "/usr/bin/chromium"

OpenPage = Callable[..., "Page"]
"""Opens an address; further arguments are Playwright's for a context."""


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign of real runs, with its report in ``report``."""
    directory = tmp_path_factory.mktemp("browser") / "campaign"
    write_small_campaign(nhb2.open_benchmark(), directory)
    return directory


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What a page of :func:`open_page` complained of: errors, and requests that leave the file."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[OpenPage]:
    contexts = []

    def open_(url: str, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url, url) else None)
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()


def _leaves(requested: str, opened: str) -> bool:
    """Whether a request goes elsewhere than the page that was opened."""
    home = opened if opened.startswith("http") else "file:"
    return not requested.startswith((home, "data:", "blob:"))
