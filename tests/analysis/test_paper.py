"""What a paper takes of a report: its files, their sizes and fonts, what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from nhb2_plugins.analysis.analyse import analyse, report_figures, report_tables
from nhb2_plugins.analysis.latex import to_latex
from nhb2_plugins.analysis.paper import WIDTHS_IN
from nhb2_plugins.analysis.plots import draw_for_paper
from nhb2_plugins.analysis.references import references
from nhb2_plugins.analysis.report import write_paper
from tests.analysis.runs import campaign_of
from tests.analysis.worked import worked_campaign

ANALYSIS = analyse(worked_campaign())


@pytest.fixture(scope="module", params=["column", "page"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A width, and the directory of a paper's files of that width."""
    directory = tmp_path_factory.mktemp(request.param)
    write_paper(ANALYSIS, directory, request.param)
    return request.param, directory


def test_a_column_and_a_page_are_those_of_two_column_papers() -> None:
    assert WIDTHS_IN == {"column": 3.3, "page": 6.9}


def test_figures_are_as_wide_as_the_column_and_their_fonts_are_type_42(written: tuple[str, Path]) -> None:
    width, directory = written
    drawn = sorted(directory.glob("*.pdf"))
    assert [each.stem for each in drawn] == sorted(each.name for each in report_figures(ANALYSIS) if each.picture)
    for path in drawn:
        content = path.read_bytes()
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", content)
        assert box is not None
        assert float(box[1]) == pytest.approx(72 * WIDTHS_IN[width], abs=0.1), path
        assert b"/Type3" not in content
        assert b"/CIDFontType2" in content


def test_each_figure_has_a_caption_that_names_the_table(written: tuple[str, Path]) -> None:
    _, directory = written
    for figure in directory.glob("*.pdf"):
        caption = figure.with_name(f"{figure.stem}_caption.tex").read_text(encoding="utf-8")
        assert caption.startswith("\\caption{")
        assert f"\\label{{fig:{figure.stem.replace('_', '-')}}}" in caption
        assert ANALYSIS.table_label in caption
        assert "100 simulated seconds" in caption


def test_each_table_has_notes_that_name_the_benchmark_s_table(written: tuple[str, Path]) -> None:
    width, directory = written
    tables = [path for path in directory.glob("*.tex") if not path.stem.endswith("_caption") and path.stem != "sample"]
    assert {"comparison", "final_regret", "pairs"} <= {path.stem for path in tables}
    for path in tables:
        text = path.read_text(encoding="utf-8")
        environment = "table*" if width == "page" else "table"
        assert text.count(f"\\begin{{{environment}}}") == text.count(ANALYSIS.table_label) >= 1
    assert r"\textbf{" in (directory / "comparison.tex").read_text(encoding="utf-8")


def test_a_table_is_set_for_the_width_in_tex_s_points(written: tuple[str, Path]) -> None:
    width, directory = written
    points, environment = (238.491, "table") if width == "column" else (498.663, "table*")  # 72.27 an inch
    (comparison,) = [each for each in report_tables(ANALYSIS) if each.name == "comparison"]
    text = (directory / "comparison.tex").read_text(encoding="utf-8")
    assert text == to_latex(comparison, ANALYSIS, points, environment) != to_latex(comparison, ANALYSIS, 72 * points)


def test_the_sample_shows_every_file(written: tuple[str, Path]) -> None:
    _, directory = written
    sample = (directory / "sample.tex").read_text(encoding="utf-8")
    for path in directory.iterdir():
        assert path.stem in sample or path.name == "sample.tex", path


def test_four_floats_stand_between_two_clear_pages(written: tuple[str, Path]) -> None:
    """LaTeX gives up when more wait for a place than it has memory for."""
    width, directory = written
    sample = (directory / "sample.tex").read_text(encoding="utf-8")
    star = "*" if width == "page" else ""
    *whole, last = [
        sum(line.startswith((rf"\begin{{figure{star}}}[tbp]", r"\input{")) for line in piece.splitlines())
        for piece in sample.split("\n\\clearpage\n")
    ]
    assert set(whole) == {4}
    assert 1 <= last <= 4
    assert 4 * len(whole) + last == len(list(directory.glob("*.pdf"))) + len(
        [path for path in directory.glob("*.tex") if not path.stem.endswith("_caption") and path.stem != "sample"]
    )


def test_no_caption_and_no_title_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts: list[str] = []

    def keep(self: Figure, *_: object, **__: object) -> None:
        texts.extend(text.get_text() for text in self.texts)
        texts.append(self.get_suptitle() + self.get_supxlabel())

    monkeypatch.setattr(Figure, "savefig", keep)
    for figure in report_figures(ANALYSIS):
        if figure.picture is not None:
            draw_for_paper(figure, 3.3, tmp_path / "a.pdf")
    assert texts
    assert set(texts) == {""}


def test_lines_differ_without_their_colours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    looks: list[object] = []

    def keep(self: Figure, *_: object, **__: object) -> None:
        lines = [line for line in self.axes[0].lines if str(line.get_label()).startswith("optimizer")]
        looks.extend(
            (line.get_linestyle(), repr(getattr(line, "_unscaled_dash_pattern", "")), line.get_marker())
            for line in lines
        )

    analysis = analyse(campaign_of({f"optimizer {i}": [float(i + seed) for seed in range(5)] for i in range(16)}))
    monkeypatch.setattr(Figure, "savefig", keep)
    draw_for_paper(
        next(each for each in report_figures(analysis) if each.name == "regret_over_time"), 3.3, tmp_path / "a.pdf"
    )
    assert len(looks) == len(set(looks)) == 16


def test_references_are_those_of_what_was_used() -> None:
    keys = re.findall(r"^@\w+\{(\w+),", references(ANALYSIS), re.MULTILINE)
    assert keys[0] == "hirose2021nashpobench2"
    expected = {"bergstra2012random", "harris2020numpy", "wilcoxon1945individual", "mann1947test", "holm1979simple"}
    assert expected | {
        "efron1979bootstrap",
        "hesterberg2015bootstrap",
        "hettmansperger1986interpolated",
        "land1972lognormal",
        "virtanen2020scipy",
        "friedman1937ranks",
        "demsar2006statistical",
        "agarwal2021precipice",
    } == set(keys[1:])
    settings = {"sampler": "cmaes"}
    optuna = analyse(campaign_of({"a": [1.0]}, algorithm="optuna", settings=settings, versions={"optuna": "5.0"}))
    found = references(optuna)
    assert "akiba2019optuna" in found
    assert "hansen2001cma" in found
    assert "wilcoxon" not in found
