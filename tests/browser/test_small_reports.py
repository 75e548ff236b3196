"""The pages of campaigns with next to nothing in them, in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.report import write_report
from tests.analysis.questions.test_fronts import two_optimizers
from tests.analysis.runs import campaign_of
from tests.browser.conftest import OpenPage


@pytest.mark.parametrize("regrets", [[1.0], [0.0], [1.0, 2.0, None], [None]], ids=["one", "optimum", "some", "none"])
def test_a_page_of_few_runs_has_no_complaint(
    regrets: list[float | None], tmp_path: Path, open_page: OpenPage, complaints: list[str]
) -> None:
    (file,) = write_report(analyse(campaign_of({"alone": regrets})), tmp_path, ["html"])
    page = open_page(file.as_uri(), offline=True)
    for chart in page.locator("figure[data-chart]:visible").all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
    assert complaints == []


def test_fronts_of_which_few_runs_attain_all_are_drawn(
    tmp_path: Path, open_page: OpenPage, complaints: list[str]
) -> None:
    (file,) = write_report(analyse(two_optimizers()), tmp_path, ["html"])
    chart = open_page(file.as_uri(), offline=True).locator("#attainment")
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
    assert complaints == []


def test_a_curve_of_one_point_is_a_point(tmp_path: Path, open_page: OpenPage) -> None:
    (file,) = write_report(analyse(campaign_of({"alone": [1.0]})), tmp_path, ["html"])
    chart = open_page(file.as_uri(), offline=True).locator("#over-evaluations")
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
    expect(chart.locator(".scatterlayer .point")).to_have_count(1)
