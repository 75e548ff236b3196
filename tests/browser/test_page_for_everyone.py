"""The page of a report for everyone: tabs, switches, zoom, paper, contrast, keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage

AXES = "document.querySelector('#over-time .chart-live').layout"


@pytest.fixture
def page(open_page: OpenPage, campaign: Path) -> Page:
    return open_page((campaign / "report" / "report.html").as_uri(), offline=True)


def over_time(page: Page) -> Locator:
    """The first chart, once it is drawn."""
    figure = page.locator("#over-time")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-drawn", "yes", timeout=20_000)
    return figure


def test_optimizers_are_tabs_for_the_keyboard_too(page: Page) -> None:
    shown = page.locator(".optimizer:visible")
    tabs = page.locator(".tabs a")
    expect(shown).to_have_count(1)
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    for number in (1, 2):
        address = tabs.nth(number).get_attribute("href")
        expect(shown).to_have_attribute("id", (address or "")[1:])
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        tabs.nth(2).click()
    assert page.evaluate("location.hash") == tabs.nth(2).get_attribute("href")
    page.reload()
    expect(shown).to_have_attribute("id", (tabs.nth(2).get_attribute("href") or "")[1:])


def test_a_long_table_is_sorted_by_what_it_shows(page: Page) -> None:
    page.locator(".optimizer:visible summary").last.click()
    page.locator("#table-runs-1 thead th button").nth(3).click()
    regrets = [float(text) for text in page.locator("#table-runs-1 tbody td:nth-child(4)").all_inner_texts()]
    assert len(regrets) == 10
    assert regrets == sorted(regrets)


def test_levels_bands_and_axes_switch(page: Page) -> None:
    figure = over_time(page)
    ends = "document.querySelector('#over-time .chart-live').data.filter(each => each.text).map(each => each.y.at(-1))"
    mean = page.evaluate(ends)
    figure.get_by_role("button", name="Median").click()
    assert page.evaluate(ends) != mean
    for axis in ("x", "y"):
        assert page.evaluate(f"{AXES}.{axis}axis.type") == "log"
        figure.get_by_role("button", name=f"Log {axis}").click()
        assert page.evaluate(f"{AXES}.{axis}axis.type") == "linear"
    traces = figure.locator(".scatterlayer .trace")
    without_bands = traces.count()
    figure.get_by_role("button", name="Intervals").click()
    expect(traces).to_have_count(without_bands + 2 * 3)


def test_dragging_zooms_and_leaves_ticks(page: Page) -> None:
    box = over_time(page).locator(".nsewdrag").first.bounding_box()
    assert box is not None
    before = page.evaluate(f"{AXES}.xaxis.range")
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 200, steps=5)
    page.mouse.up()
    page.wait_for_function(f"{AXES}.xaxis.range[0] > {before[0]}")
    after = page.evaluate(f"{AXES}.xaxis.range")
    assert before[0] < after[0] < after[1] < before[1]
    page.wait_for_function(f"{AXES}.xaxis.tickvals.every(each => Math.log10(each) >= {after[0]})")
    assert len(page.evaluate(f"{AXES}.xaxis.tickvals")) >= 2


def test_on_paper_there_are_static_figures_and_every_optimizer(page: Page) -> None:
    over_time(page)
    page.emulate_media(media="print")
    expect(page.locator(".chart-live:visible")).to_have_count(0)
    expect(page.locator(".chart-static:visible")).to_have_count(page.locator("figure[data-chart]").count())
    expect(page.locator(".optimizer:visible")).to_have_count(3)
    expect(page.locator("nav.contents:visible")).to_have_count(0)


POOR_CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (each.classList.contains("masthead")) return [13, 106, 134]; // the lightest end of its gradient
      const colour = parse(style.backgroundColor);
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll("main *, nav *")]
    .filter((each) => !each.closest("svg") && each.checkVisibility() && hasText(each))
    .filter((each) => {
      const [a, b] = [parse(getComputedStyle(each).color), ground(each)].map(luminance).sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05) < 4.5;
    })
    .map((each) => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 40)}`);
}"""


def test_text_stands_out_from_its_ground(page: Page) -> None:
    assert page.evaluate(POOR_CONTRASTS) == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break  # past the last: a slow machine has not drawn every chart, and its tools, by now
        reached.add(page.evaluate("document.activeElement.closest('nav, table, figure')?.tagName"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"NAV", "TABLE", "FIGURE"} <= reached


def test_a_phone_shows_the_final_regrets_at_once(open_page: OpenPage, campaign: Path) -> None:
    page = open_page(
        (campaign / "report" / "report.html").as_uri(), offline=True, viewport={"width": 375, "height": 800}
    )
    box = page.locator("#final-regrets .chart-box")
    expect(box.locator("svg:visible")).to_have_count(1)
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
