"""The page of any campaign: that it stands alone, says what it must, and serves everyone.

Its numbers against the CSV and its size: :mod:`tests.analysis.page.test_builder_files`; in a browser:
:mod:`tests.browser`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import CampaignAnalysis, FailedRun
from nhb2_plugins.analysis.page.builder import _json, page_of
from nhb2_plugins.analysis.page.contents import anchor, specification_text
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.campaign.spec import CampaignSpec, read_spec
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.page.campaigns import falling_campaign, falling_run
from tests.analysis.page.html_reader import Page
from tests.analysis.runs import campaign_of, make_run, optimizer_of

ROOT = Path(__file__).resolve().parents[3]
EVIL = '<script>alert(1)</script> & <b>"bold"</b> {{ 1 + 1 }} </style></title>\''


@pytest.fixture(scope="module")
def analysis() -> CampaignAnalysis:
    return analyse(falling_campaign())


@pytest.fixture(scope="module")
def html(analysis: CampaignAnalysis) -> str:
    return page_of(analysis)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


# --- it stands alone --------------------------------------------------------------------------------------------------


def test_it_loads_nothing(page: Page) -> None:
    for element in page.elements:
        assert not {"src", "srcset", "data", "poster", "action"} & set(element.attributes), element
        assert element.tag not in ("link", "iframe", "object", "embed", "base", "form"), element
        target = element.attributes.get("href")
        assert target is None or target.startswith("#"), element
    styles = page.all("style")[0].text
    assert "url(" not in styles
    assert "@import" not in styles


def test_its_policy_allows_its_own_scripts_alone(page: Page) -> None:
    (policy,) = [
        each.attributes["content"]
        for each in page.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    (own,) = [each.text for each in page.all("script") if "type" not in each.attributes]
    (packed,) = [each.text for each in page.all("script") if each.id == "plotly"]
    scripts = (gzip.decompress(base64.b64decode(packed)).decode(), own)
    digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts]
    assert parts["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    del parts["script-src"]
    assert parts == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = [each.id for each in page.elements if each.id]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert (link.attributes["href"] or "")[1:] in ids


def test_equal_analyses_give_equal_pages(html: str) -> None:
    assert page_of(analyse(falling_campaign())) == html


# --- what it says -----------------------------------------------------------------------------------------------------


def test_every_figure_names_the_table_and_the_conditions(page: Page, analysis: CampaignAnalysis) -> None:
    figures = page.all("figure")
    assert {"final-regrets", "over-time", "over-evaluations", "ranks"} <= {each.id for each in figures}
    for figure in figures:
        for words in (analysis.table_label, analysis.conditions, analysis.measure):
            assert words in figure.text, figure.id
    assert analysis.table_line in page.all("main")[0].text


def test_every_conclusion_is_there(page: Page, analysis: CampaignAnalysis) -> None:
    text = page.all("main")[0].text
    for sentence in analysis.sentences:
        assert sentence in text


def test_every_optimizer_has_a_part_with_its_runs(page: Page, analysis: CampaignAnalysis) -> None:
    for number, card in enumerate(analysis.optimizers):
        part = page.by_id(anchor(card.name, number))
        assert card.algorithm in part.text
        rows = page.rows(f"table-runs-{number + 1}")
        assert [row[0].text for row in rows] == [str(run.seed) for run in card.runs]
        assert [row[3].text for row in rows] == [f"{run.regret_pp:.2f}" for run in card.runs]


def test_whatever_a_label_holds_is_shown_as_text() -> None:
    results = CampaignResults(
        tuple(optimizer_of(name, *(falling_run(name, seed) for seed in range(6))) for name in (EVIL, "plain"))
    )
    failed = FailedRun(f"{EVIL}/seed-0000", EVIL, f"Traceback: {EVIL}")
    analysis = replace(analyse(results), name=EVIL, failures=(failed,), specification={"name": EVIL})
    page = Page(page_of(analysis))
    assert len(page.all("script")) == len(Page(page_of(analyse(falling_campaign(("a", "b"), 6)))).all("script"))
    assert not page.all("b")
    for id_ in ("comparison", "failures", "reproduce", "final-regrets"):
        assert EVIL in page.by_id(id_).text
    assert page.all("h1")[0].text == EVIL


def test_json_cannot_end_its_element_and_has_no_other_numbers_than_json_s() -> None:
    assert _json({"a": "</script>&é", "b": [1.5, None]}) == (r'{"a":"\u003c/script\u003e\u0026é","b":[1.5,null]}')
    with pytest.raises(ValueError, match="JSON compliant"):
        _json([float("nan")])


def test_failures_and_runs_without_a_result_are_told(analysis: CampaignAnalysis) -> None:
    failures = tuple(FailedRun(f"a/seed-{seed:04d}", f"ValueError: {seed}", "Traceback …\n") for seed in range(30))
    text = Page(page_of(replace(analysis, failures=failures))).by_id("failures").text
    assert "30 runs ended with an error" in text
    assert all(f"ValueError: {seed}" in text for seed in range(30))
    empty = analyse(campaign_of({"a": [1.0, None, 2.0], "b": [3.0, 4.0, 5.0]}))
    assert "a: nothing ended within the budget in 1 of 3 runs" in Page(page_of(empty)).by_id("failures").text


@pytest.mark.parametrize(
    "results",
    [
        campaign_of({"alone": [1.0]}),
        campaign_of({"none": [None, None]}),
        campaign_of({"none": [None], "one": [2.0, 3.0]}),
        campaign_of({"perfect": [0.0] * 6, "also": [0.0] * 6}),
        campaign_of({f"optimizer {number}": [float(number + seed) for seed in range(5)] for number in range(16)}),
        campaign_of(
            {"long": [1.0, 2.0]},
            budget_s=None,
            settings={"a": {"b": [1, None]}},
            ladder=FidelityLadder((1.0, 4.0, 12.0)),
        ),
        CampaignResults((optimizer_of("first", make_run([(0, 89.0), (0, 89.5)])),)),
    ],
)
def test_any_campaign_has_a_page(results: CampaignResults) -> None:
    analysis = analyse(results)
    page = Page(page_of(analysis))
    assert analysis.sentences[0] in page.all("main")[0].text
    shown = re.sub(r"\bNone(: every run| of them has)\b", "", page.all("main")[0].text)  # in words
    assert not re.search(r"\b(nan|inf|None|undefined)\b", shown)


def test_of_many_tracebacks_ten_are_shown_and_of_a_curve_ten_numbers(analysis: CampaignAnalysis) -> None:
    failures = tuple(FailedRun(f"a/seed-{seed:04d}", "ValueError", f"{seed} {'x' * 7000}") for seed in range(12))
    page = Page(page_of(replace(analysis, failures=failures)))
    tracebacks = [each.text for each in page.all("pre", page.by_id("failures"))]
    assert len(tracebacks) == 10
    assert {len(text) for text in tracebacks} <= set(range(5990, 6100))
    (table,) = [each for each in page.all("table", page.by_id("over-time")) if each.id is None]
    assert len(page.all("tr", page.all("tbody", table)[0])) == 10


def test_a_curve_s_numbers_are_its_values_and_a_dash_before_it_begins() -> None:
    early = optimizer_of("early", make_run([(10, 80.0), (30, 85.0)]))
    late = optimizer_of("late", make_run([(60, 89.0)]))
    page = Page(page_of(analyse(CampaignResults((early, late)))))
    (table,) = [each for each in page.all("table", page.by_id("over-time")) if each.id is None]
    rows = [
        [each.text for each in page.elements if row in each.parents and each.tag in ("td", "th")]
        for row in page.all("tr", page.all("tbody", table)[0])
    ]
    assert rows == [  # in hours
        ["0.002778", "10.00", "–"],
        ["0.008333", "5.00", "–"],
        ["0.01667", "5.00", "1.00"],
        ["0.02778", "5.00", "1.00"],
    ]


def test_a_table_is_sorted_by_the_whole_numbers() -> None:
    page = Page(page_of(analyse(campaign_of({"a": [1.0, 2.5], "b": [None]}))))
    row, empty = ([each.attributes.get("data-value") for each in cells] for cells in page.rows("table-comparison"))
    assert row[:2] == ["a", "2"]
    assert [float(each or "nan") for each in row[2:]] == pytest.approx([1, 10 / 3600, 11.75, 1.75, 10.75, 6.75])
    assert empty == ["b", "0", "", "", "", "", "", ""]


def test_versions_stand_below_each_figure() -> None:
    versions = {"numpy": ("2.0", "2.1"), "optuna": ("5.0",)}
    page = Page(page_of(replace(analyse(campaign_of({"a": [1.0], "b": [2.0]})), versions=versions)))
    assert "numpy 2.0/2.1, optuna 5.0" in page.by_id("over-time").text


# --- doing it again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["quickstart", "multi_fidelity", "smoke"])
def test_the_specification_shown_is_the_campaign_s(name: str, tmp_path: Path) -> None:
    spec = read_spec(name)
    path = tmp_path / "campaign.yaml"
    path.write_text(specification_text(spec.model_dump(mode="json")), encoding="utf-8")
    assert read_spec(str(path)) == spec == CampaignSpec.model_validate(spec.model_dump())


def test_commands_and_texts_to_copy_stand_alone(page: Page, html: str) -> None:
    copied = [each.text for each in page.all("code") if "copyable" in str(each.parents[-2].attributes.get("class"))]
    assert [each.split()[0] for each in copied] == ["python", "nhb2", "@inproceedings{hirose2021nashpobench2,"]
    assert "\n$" not in html


def test_every_sheet_of_paper_names_the_table_which_cannot_leave_the_style_sheet(analysis: CampaignAnalysis) -> None:
    styles = Page(page_of(analysis)).all("style")[0].text
    words = [re.sub(r"\\([0-9a-f]{6})", lambda code: chr(int(code[1], 16)), each) for each in styles.split('"')]
    assert analysis.table_label in words
    assert r'"\000020' not in styles.replace(analysis.table_label, "")
    assert "embedded\\000020table" in styles  # letters as they are, anything else by its number
    hostile = page_of(replace(analysis, table_label='"; } </style><b>'))
    assert not Page(hostile).all("b")


def test_a_folded_cell_carries_its_heading(page: Page) -> None:
    (row, *_) = page.rows("table-comparison")
    assert [each.attributes.get("data-label") for each in row][:3] == [None, "runs", "evaluations"]


def test_the_citation_is_the_readme_s(page: Page) -> None:
    bibtex = re.search(r"```bibtex\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert bibtex is not None
    assert bibtex.group(1).strip() in page.by_id("cite").text


# --- for everyone -----------------------------------------------------------------------------------------------------


def test_headings_are_in_order_and_the_language_is_said(page: Page) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch(r"h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_picture_says_what_it_shows_or_is_an_ornament(page: Page) -> None:
    for drawing in page.all("svg"):
        said = drawing.attributes.get("aria-label") or ""
        assert drawing.attributes.get("aria-hidden") == "true" or (drawing.attributes["role"] == "img" and said)


def test_tables_have_captions_and_scopes(page: Page) -> None:
    for table in page.all("table"):
        assert page.all("th", table)
        for head in page.all("th", table):
            assert head.attributes.get("scope") in ("col", "row")


def test_what_scrolls_can_be_reached_by_keyboard(page: Page) -> None:
    for box in page.elements:
        classes = (box.attributes.get("class") or "").split()
        if box.tag == "pre" or {"table-box", "chart-box"} & set(classes):
            assert box.attributes.get("tabindex") == "0"
