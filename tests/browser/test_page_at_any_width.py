"""The page of a report where there is little room: small screens, fingers, long names, paper."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Locator, Page, expect

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.report import write_report
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import campaign_of, on_draws
from tests.browser.conftest import OpenPage

ONE_WORD = "an_optimizer_whose_name_is_one_word_without_any_break_anywhere"
NAMES = ("Regularized evolution with a population of fifty and tournaments of ten", ONE_WORD, "short", "Optuna TPE")


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a campaign of eight optimizers, whose names are long."""
    names = [f"{name} {turn}" for turn in (1, 2) for name in NAMES]
    finals = {name: [0.5 * i + 0.37 * seed % 3 for seed in range(12)] for i, name in enumerate(names)}
    (file,) = write_report(analyse(campaign_of(finals)), tmp_path_factory.mktemp("long"), ["html"])
    return file.as_uri()


@pytest.fixture(scope="module")
def on_nine_draws(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a campaign on nine draws of the table, whose verdicts depend on the learning curves."""
    whole, by_curves = [3.0] * 3, [0.5, 0.5, 3.2]  # much better with two kinds of curves, worse with the third
    names = {"Random search": whole, "BOHB": by_curves, "Hyperband, with a longer name": by_curves[::-1]}
    optimizers = [
        on_draws(name, [own[seed % 3] + seed % 5 / 50 for seed in range(18)], 9, ladder=FidelityLadder([4, 12]))
        for name, own in names.items()
    ]
    results = CampaignResults(tuple(optimizers))
    (file,) = write_report(analyse(results), tmp_path_factory.mktemp("draws"), ["html"])
    return file.as_uri()


@pytest.fixture(scope="module")
def small(campaign: Path) -> str:
    return (campaign / "report" / "report.html").as_uri()


HIDDEN = """selector => [...document.querySelectorAll(selector)].flatMap((table) => {
  const box = table.closest(".table-box").getBoundingClientRect();
  return [...table.querySelectorAll("tbody :is(th, td)")].filter((cell) => {
    const place = cell.getBoundingClientRect();
    return place.width < 1 || place.left < box.left - 1 || place.right > box.right + 1;
  }).map((cell) => cell.textContent);
})"""


def test_the_comparison_never_hides_a_column(open_page: OpenPage, small: str, long_names: str) -> None:
    for url in (small, long_names):
        page = open_page(url, offline=True)
        for width in (1280, 1041, 1040, 955, 940, 900, 860, 800, 700, 640, 500, 375, 320):
            page.set_viewport_size({"width": width, "height": 900})
            for table in ("#table-comparison", "#table-pairs"):
                assert page.locator(f"{table} tbody tr").count() >= 3
                assert page.evaluate(HIDDEN, table) == [], (width, table)


def test_a_long_verdict_has_room(open_page: OpenPage, on_nine_draws: str) -> None:
    for width in (1280, 860, 375, 320):
        page = open_page(on_nine_draws, offline=True, viewport={"width": width, "height": 900})
        long = page.locator("#table-pairs td.long")
        assert long.count() >= 1
        box = long.first.bounding_box() or {"width": 0, "height": 999}
        assert box["width"] >= 140, width
        assert box["height"] <= 300, width
        for table in ("#table-pairs", "#table-draws"):
            assert page.locator(f"{table} tbody tr").count() == 3
            assert page.evaluate(HIDDEN, table) == [], (width, table)


def test_a_folded_row_says_what_each_number_is(open_page: OpenPage, small: str) -> None:
    for settings in ({}, {"java_script_enabled": False}):
        page = open_page(small, offline=True, viewport={"width": 375, "height": 900}, **settings)
        cell = page.locator("#table-comparison tbody td").nth(4)
        assert cell.evaluate("each => getComputedStyle(each, '::before').content") == '"regret"'
        assert cell.evaluate("each => getComputedStyle(each).display") == "block"


def test_a_folded_table_is_sorted_too(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True, viewport={"width": 375, "height": 900})
    page.locator("#table-comparison thead").get_by_role("button", name="regret").click()
    texts = page.locator("#table-comparison tbody td:nth-child(6)").all_inner_texts()
    regrets = [float(each.split("±")[0]) for each in texts]
    assert regrets == sorted(regrets)
    assert len(regrets) == 3


@pytest.mark.parametrize("width", [1280, 375])
def test_long_names_wrap(width: int, open_page: OpenPage, long_names: str) -> None:
    page = open_page(long_names, offline=True, viewport={"width": width, "height": 900})
    name = page.locator("#table-comparison tbody th").nth(1)
    assert (name.bounding_box() or {"width": 999})["width"] <= 330
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".matrix tbody th").nth(1)).to_contain_text(ONE_WORD)


def test_the_tools_of_a_plot_do_not_cover_it_on_touch(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True, viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True)
    figure = drawn(page, "#over-time")
    tools, plot = figure.locator(".modebar").bounding_box(), figure.locator(".nsewdrag").first.bounding_box()
    assert tools is not None
    assert plot is not None
    assert tools["height"] > 0
    assert tools["y"] + tools["height"] <= plot["y"] + 1


def test_a_phone_shows_the_axis_below_a_plot(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True, viewport={"width": 375, "height": 667}, has_touch=True, is_mobile=True)
    figure = drawn(page, "#over-time")
    box = figure.locator(".chart-live").bounding_box()
    assert box is not None
    for part in (".xtitle", ".xtick text"):
        place = figure.locator(part).last.bounding_box()
        assert place is not None
        assert box["x"] <= place["x"]
        assert place["x"] + place["width"] <= box["x"] + box["width"]
        assert place["y"] + place["height"] <= box["y"] + box["height"]


def test_targets_stand_in_a_row(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True)
    cards = page.locator(".beside > figure")
    tops = {round((each.bounding_box() or {"y": 0.0})["y"]) for each in cards.all()}
    assert cards.count() == 3
    assert len(tops) == 1


def test_commands_are_copied_line_by_line(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True, permissions=["clipboard-read", "clipboard-write"])
    buttons = page.locator(".commands .copy")
    assert buttons.count() == 3
    buttons.last.click()
    expect(buttons.last).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "nhb2 run campaign.yaml --out results"
    page.locator("#cite .copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@inproceedings{hirose2021nashpobench2,")


def test_intervals_are_drawn_on_demand(open_page: OpenPage, small: str) -> None:
    figure = drawn(open_page(small, offline=True), "#over-time")
    expect(figure.locator(".scatterlayer .js-fill")).to_have_count(0)
    figure.get_by_role("button", name="Intervals").click()
    assert figure.locator(".scatterlayer .js-fill").count() > 0


def test_paper_has_no_half_empty_page_and_says_once_where_numbers_come_from(open_page: OpenPage, small: str) -> None:
    page = open_page(small, offline=True)
    page.emulate_media(media="print")
    expect(page.locator(".provenance:visible")).to_have_count(1)
    document = pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True))
    filled = [filled_share(each) for each in document]
    assert min(filled[:-1]) > 0.55, filled
    for sheet in document:
        assert "embedded table" in sheet.get_textpage().get_text_bounded()


def test_on_paper_an_optimizer_s_title_stands_on_the_page_of_its_settings(open_page: OpenPage, small: str) -> None:
    """Wherever on a page it comes to stand: what is above it is made longer by an eighth of a page at a time."""
    page = open_page(small, offline=True)
    page.emulate_media(media="print")
    title = page.locator("section.part:has(.optimizer) > h2").inner_text()
    for _ in range(8):
        document = pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True))
        texts = [sheet.get_textpage().get_text_bounded() for sheet in document]
        assert [title in text for text in texts].index(True) == ["Algorithm" in text for text in texts].index(True)
        page.locator("main").evaluate(
            "main => main.insertAdjacentHTML('afterbegin', '<p style=\"height:3.3cm;margin:0\"></p>')"
        )


def filled_share(sheet: pypdfium2.PdfPage) -> float:
    """How far down a page of paper its contents reach, without the margins and what is written in them."""
    ink = sheet.render(scale=0.5, grayscale=True).to_numpy() < 200
    n_rows = len(ink)
    rows = ink[: int(n_rows * (1 - 14 / 297))].any(axis=1).nonzero()[0]
    return float(rows[-1]) / (n_rows * (1 - 28 / 297)) if len(rows) else 0.0


def drawn(page: Page, chart: str) -> Locator:
    """A figure, once its plot is there."""
    figure = page.locator(chart)
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-drawn", "yes", timeout=20_000)
    return figure
