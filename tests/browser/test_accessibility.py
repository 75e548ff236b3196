"""The page of a report under axe-core, which knows the rules of WCAG 2 that a machine can check."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import OpenPage


@pytest.mark.parametrize("with_scripts_drawn", [True, False])
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing(open_page: OpenPage, campaign: Path, width: int, with_scripts_drawn: bool) -> None:
    page = open_page(
        (campaign / "report" / "report.html").as_uri(), offline=True, viewport={"width": width, "height": 900}
    )
    if with_scripts_drawn:
        chart = page.locator("figure[data-chart]").first
        chart.scroll_into_view_if_needed()
        page.wait_for_selector("figure[data-drawn='yes']", timeout=20_000)
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run(document).then(each => each.violations)")
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []
