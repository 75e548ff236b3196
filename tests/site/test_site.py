"""The built site in Chromium, without a network: navigation, search, a phone, dark mode, axe."""

from __future__ import annotations

import posixpath
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sphinx.util.inventory import InventoryFile

import nhb2_plugins as nhb2
from tests.browser.conftest import OpenPage

ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 375, "height": 800}
PAGES = (
    "index",
    "start",
    "tutorials/compare-my-optimizer",
    "gallery",
    "glossary",
    "optuna",
    "reference/lookups",
    "faq",
)


DOCUMENTED = ("adapters.optuna_adapter", "adapters.smac_adapter", "adapters.bohb_adapter", "exact", "compat", "testing")


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    with (site / "objects.inv").open("rb") as stream:
        inventory = InventoryFile.load(stream, "", posixpath.join)
    python = [names for kind, names in inventory.items() if kind.startswith("py:")]
    documented = {name.rpartition(".")[2] for names in python for name in names}
    modules = [nhb2, *(import_module(f"nhb2_plugins.{name}") for name in DOCUMENTED)]
    public = {name for module in modules for name in module.__all__ if not _is_alias(vars(module).get(name))}
    assert public - documented == set()
    names = (ROOT / "docs" / "reference" / "names.md").read_text(encoding="utf-8")
    assert [name for name in nhb2.__all__ if f"`{name} <" not in names] == []


def _is_alias(value: object) -> bool:
    """Whether a name stands for a constant or for a type that has no class of its own."""
    return value is not None and not isinstance(value, type | FunctionType)


def address(site: Path, page: str) -> str:
    return (site / f"{page}.html").as_uri()


def test_every_page_of_the_documentation_is_in_the_navigation(site: Path, open_page: OpenPage) -> None:
    page = open_page(address(site, "index"), offline=True)
    shown = set(page.locator(".sidebar-tree a").evaluate_all("all => all.map(each => each.href)"))
    sources = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    missing = [each for each in sources if address(site, str(each.with_suffix(""))) not in shown]
    assert missing == [Path("index.md")]


def test_the_front_page_holds_a_live_report(site: Path, open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page(address(site, "index"), offline=True)
    page.locator("iframe.report").scroll_into_view_if_needed()
    report = page.frame_locator("iframe.report")
    expect(report.locator("h1")).to_contain_text("quickstart", ignore_case=True, timeout=20_000)
    report.locator("figure[data-chart]").first.scroll_into_view_if_needed()
    expect(report.locator("figure[data-drawn='yes']").first).to_be_visible(timeout=20_000)
    assert complaints == []


def test_a_reader_walks_from_page_to_page(site: Path, open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page(address(site, "index"), offline=True)
    page.get_by_role("link", name="Start in five minutes").first.click()
    expect(page.locator("h1")).to_have_text("Start in five minutes", use_inner_text=True)
    page.locator(".sidebar-tree").get_by_role("link", name="Glossary").click()
    expect(page.locator("h1")).to_contain_text("Glossary")
    page.locator("article").get_by_role("link", name="Cell").click()
    assert page.evaluate("location.href").endswith("reference/space.html#nhb2_plugins.cells.Cell")
    assert complaints == []


@pytest.mark.parametrize(
    ("words", "found"),
    [("successive halving", "Write an optimizer"), ("evaluate_many", "Lookups"), ("eta", "12 against")],
)
def test_search_finds_without_a_network(site: Path, open_page: OpenPage, words: str, found: str) -> None:
    page = open_page(address(site, "index"), offline=True)
    page.get_by_placeholder("Search").first.fill(words)
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li a").filter(has_text=found).first).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_scrolls_down_alone(site: Path, open_page: OpenPage, name: str) -> None:
    page = open_page(address(site, name), offline=True, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_phone_opens_the_navigation(site: Path, open_page: OpenPage) -> None:
    page = open_page(address(site, "start"), offline=True, viewport=PHONE)
    glossary = page.locator(".sidebar-tree").get_by_role("link", name="Glossary")
    expect(glossary).not_to_be_in_viewport()
    page.locator("label.nav-overlay-icon, .mobile-header .nav-overlay-icon").first.click()
    glossary.scroll_into_view_if_needed()
    expect(glossary).to_be_in_viewport()


def luminance(page: Page) -> float:
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_dark_mode_follows_the_system_and_the_switch(site: Path, open_page: OpenPage) -> None:
    assert luminance(open_page(address(site, "start"), offline=True, color_scheme="light")) > 0.9
    page = open_page(address(site, "start"), offline=True, color_scheme="dark")
    assert luminance(page) < 0.1
    page.locator("button.theme-toggle:visible").first.click()
    assert luminance(page) > 0.9


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(site: Path, open_page: OpenPage, name: str, width: int, scheme: str) -> None:
    page = open_page(
        address(site, name),
        offline=True,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
    )
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run({exclude: ['iframe']}).then(each => each.violations)")
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []


def test_no_page_asks_for_anything_elsewhere(site: Path, open_page: OpenPage, complaints: list[str]) -> None:
    for path in sorted(site.rglob("*.html")):
        if path.parent.name != "report":
            open_page(path.as_uri(), offline=True).close()
    assert complaints == []
