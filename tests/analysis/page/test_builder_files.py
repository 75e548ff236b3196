"""The page of a report as a file: its numbers, its escaping, its size. In a browser: :mod:`tests.browser`."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.report import write_report
from nhb2_plugins.analysis.results import CampaignResults
from tests.analysis.runs import make_run, optimizer_of
from tests.support.command_line import nhb2 as run_nhb2
from tests.support.small_campaign import FAILURE, HOSTILE, write_small_campaign

MOST_BYTES = 4_000_000


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("page") / "campaign"
    write_small_campaign(nhb2.open_benchmark(), directory)
    return directory


@dataclass
class _Reader(HTMLParser):
    """The cells of the table of an id, and all text outside scripts, as a browser would take them."""

    table: str
    rows: list[list[str]] = field(default_factory=list)
    text: str = ""
    tags: list[str] = field(default_factory=list)
    is_in: bool = False
    in_cell: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "table":
            self.is_in = dict(attrs).get("id") == self.table
        if self.is_in and tag == "tr":
            self.rows.append([])
        if self.is_in and tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False
        if tag == "table":
            self.is_in = False

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] not in ("script", "style"):
            self.text += data
        if self.in_cell:
            self.rows[-1][-1] += data


def read(page: Path, table: str = "table-comparison") -> _Reader:
    reader = _Reader(table)
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def written(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and the CSV files, by the command line."""
    directory = tmp_path_factory.mktemp("written")
    done = run_nhb2("report", campaign, "--format", "csv,html", "--out", directory)
    assert done.status == 0, done.err
    return directory


def test_the_comparison_holds_the_numbers_of_the_csv(campaign: Path, written: Path) -> None:
    with (written / "comparison.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    heads, *rows = read(campaign / "report" / "report.html").rows
    assert len(heads) == 8
    assert len(rows) == len(expected) == 3
    for row, numbers in zip(rows, expected, strict=True):
        assert row[0].strip() == numbers["optimizer"]
        assert row[1] == numbers["runs"]
        assert row[2] == f"{float(numbers['evaluations']):.1f}"
        assert row[3] == f"{float(numbers['simulated_h']):.2f}"
        for text, key in zip(row[4:], ("valid_error", "regret", "test_error_12", "test_error_200"), strict=True):
            assert text == f"{float(numbers[f'{key}_mean']):.2f} ± {float(numbers[f'{key}_se']):.2f}"


def test_every_table_of_the_page_holds_the_csv_s_numbers(written: Path) -> None:
    source = (written / "report.html").read_text(encoding="utf-8")
    compared = []
    for name in ("comparison", "final_regret", "pairs", "ranks", "random_search", "targets"):
        found = re.search(rf'<table class="sortable fold" id="table-{name}">.*?<tbody>(.*?)</tbody>', source, re.S)
        assert found, name
        shown = [re.findall(r'data-value="([^"]*)"', row) for row in re.findall("<tr>.*?</tr>", found.group(1), re.S)]
        with (written / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        # The page sorts by the middle of an estimate or an interval; the CSV has its spread in columns of its own.
        kept = [i for i, head in enumerate(heads[:-2]) if not head.endswith(("_se", "_low", "_high"))]
        assert [[html.unescape(cell) for cell in row] for row in shown] == [[row[i] for i in kept] for row in rows]
        compared.append(len(rows))
    assert all(compared)


def test_every_run_of_the_page_is_a_row_of_the_csv(written: Path) -> None:
    with (written / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(dict.fromkeys(row["optimizer"] for row in rows))
    for number, name in enumerate(names, start=1):
        _, *shown = read(written / "report.html", f"table-runs-{number}").rows
        own = [row for row in rows if row["optimizer"] == name]
        assert [row[0] for row in shown] == [row["seed"] for row in own]
        assert [float(row[3]) for row in shown] == [round(float(row["regret_pp"]), 2) for row in own]


def test_names_and_failures_are_text(campaign: Path) -> None:
    source = (campaign / "report" / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in source
    assert FAILURE not in source
    reader = read(campaign / "report" / "report.html")
    assert HOSTILE in reader.text
    assert FAILURE in reader.text
    # The page's own script; plotly, and the data of its charts.
    assert reader.tags.count("script") == source.count("<script type=") + 1


def test_ten_optimizers_with_a_hundred_runs_each_are_one_small_page(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    optimizers = []
    for number in range(10):
        name = f"optimizer {number}"
        runs = []
        for seed in range(100):
            times, values = np.sort(draw.uniform(1, 99, 12)), np.sort(draw.uniform(70, 90, 12))
            pairs = list(zip(times.tolist(), values.tolist(), strict=True))
            runs.append(make_run(pairs, seed=seed, optimizer=name))
        optimizers.append(optimizer_of(name, *runs))
    (page,) = write_report(analyse(CampaignResults(tuple(optimizers))), tmp_path, ["html"])
    assert page.stat().st_size < MOST_BYTES
