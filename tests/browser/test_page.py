"""The page of a report in Chromium, opened from a file without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import OpenPage
from tests.support.small_campaign import FAILURE, HOSTILE

COMPARISON = "#table-comparison"


@pytest.fixture
def url(campaign: Path) -> str:
    return (campaign / "report" / "report.html").as_uri()


@pytest.fixture
def page(open_page: OpenPage, url: str) -> Page:
    return open_page(url, offline=True)


def scroll_through(page: Page) -> None:
    """Every chart into view, those of closed tabs too, until each is drawn."""
    for chart in page.locator("figure[data-chart]").all():
        if not chart.is_visible():
            panel = chart.locator("xpath=ancestor::section[contains(@class, 'optimizer')]").get_attribute("id")
            page.click(f'.tabs a[href="#{panel}"]')
        chart.scroll_into_view_if_needed()
        expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
        expect(chart.locator(".chart-live .main-svg").first).to_be_visible()


def column(page: Page, number: int) -> list[str]:
    return [text.strip() for text in page.locator(f"{COMPARISON} tbody tr > :nth-child({number})").all_inner_texts()]


def test_every_chart_is_drawn_without_a_complaint(page: Page, complaints: list[str]) -> None:
    assert page.locator("figure[data-chart]").count() >= 6
    scroll_through(page)
    traces = page.eval_on_selector_all(".chart-live", "all => all.map(each => each.data.length)")
    assert all(n > 0 for n in traces)
    assert complaints == []


@pytest.mark.parametrize("by", ["click", "Enter"])
def test_a_table_is_sorted_by_mouse_and_by_keyboard(page: Page, by: str) -> None:
    head = page.locator(f"{COMPARISON} th", has_text="regret").first
    orders = []
    for order in ("ascending", "descending"):
        button = head.get_by_role("button")
        if by == "click":
            button.click()
        else:
            button.focus()
            page.keyboard.press(by)
        expect(head).to_have_attribute("aria-sort", order)
        regrets = [float(text.split("±")[0]) for text in column(page, 6)]
        assert regrets == sorted(regrets, reverse=order == "descending")
        orders.append(column(page, 1))
    assert orders[0] == orders[1][::-1]


def test_the_legend_hides_and_shows_a_line(page: Page) -> None:
    chart = page.locator("figure[data-chart]").first
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
    names = "each => each.querySelector('.chart-live').data.map(trace => trace.name).filter(Boolean)"
    before = chart.evaluate(names)
    entry = chart.locator(".legend li[data-name='random_search'] button")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    assert chart.evaluate(names) == [name for name in before if name != "random_search"]
    entry.press("Enter")
    expect(entry).to_have_attribute("aria-pressed", "true")
    assert sorted(chart.evaluate(names)) == sorted(before)


def test_a_pointer_on_a_chart_says_its_values(page: Page) -> None:
    chart = page.locator("figure[data-chart]").first
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_attribute("data-drawn", "yes", timeout=20_000)
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5)
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    hover = chart.locator(".hoverlayer")
    expect(hover).to_contain_text(re.compile(r"random_search.*: *\d"))


def test_a_phone_scrolls_in_one_direction(open_page: OpenPage, url: str, complaints: list[str]) -> None:
    page = open_page(url, offline=True, viewport={"width": 375, "height": 800})
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert complaints == []


def test_it_prints(page: Page) -> None:
    page.emulate_media(media="print")
    pdf = page.pdf(format="A4", print_background=True)
    assert len(re.findall(rb"/Type */Page\b", pdf)) >= 3


def test_without_a_script_figures_and_tables_are_there(open_page: OpenPage, url: str) -> None:
    page = open_page(url, offline=True, java_script_enabled=False)
    for chart in page.locator("figure[data-chart]").all():
        expect(chart.locator(".chart-box > svg").first).to_be_visible()
    expect(page.locator(f"{COMPARISON} tbody tr")).to_have_count(3)


def test_a_name_is_text(page: Page) -> None:
    alerts: list[str] = []

    def keep(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", keep)
    scroll_through(page)
    assert HOSTILE in column(page, 1)
    assert alerts == []
    expect(page.locator("#failures")).to_contain_text(FAILURE)
    assert page.locator("#failures b").count() == 0
