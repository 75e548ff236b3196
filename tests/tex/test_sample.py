"""The sample of a paper is set without a line that is too wide."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.paper import SAMPLE
from nhb2_plugins.analysis.report import write_paper, write_report
from nhb2_plugins.analysis.results import CampaignResults
from tests.analysis.runs import campaign_of
from tests.analysis.worked import worked_campaign

LONG = "Regularized evolution with a population of fifty and tournaments of ten"
ONE_WORD = "an_optimizer_whose_name_is_one_word_without_any_break_anywhere"


def finals(names: Sequence[str]) -> Mapping[str, Sequence[float]]:
    return {name: [1.5 * i + 0.37 * seed % 3 for seed in range(12)] for i, name in enumerate(names)}


CAMPAIGNS = {
    "worked": worked_campaign(),
    "two": campaign_of(finals(["A & B", "50 % of #1, {x} ~ ^ \\ $y$"])),
    "long": campaign_of(finals([f"{name} {turn}" for turn in (1, 2, 3) for name in (LONG, ONE_WORD, "short")])),
}


def set_by_latex(directory: Path) -> str:
    """The log of the last run of pdflatex."""
    document = Path(SAMPLE).stem
    for command in ("pdflatex", "bibtex", "pdflatex", "pdflatex"):
        options = ["-interaction=nonstopmode", "-halt-on-error"] if command == "pdflatex" else []
        done = subprocess.run([command, *options, document], cwd=directory, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:]
    return (directory / f"{document}.log").read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("width", ["column", "page"])
@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_nothing_of_a_paper_is_too_wide_or_too_high(campaign: str, width: str, tmp_path: Path) -> None:
    results: CampaignResults = CAMPAIGNS[campaign]
    files = write_paper(analyse(results), tmp_path, width)
    assert sum(file.suffix == ".pdf" for file in files) >= 5
    log = set_by_latex(tmp_path)
    assert re.findall(r"Overfull .*|.*Float too large.*|.*undefined.*|LaTeX Warning.*lost.*", log) == []
    assert "Output written on sample.pdf" in log
    assert "Warning" not in (tmp_path / "sample.blg").read_text(encoding="utf-8")


def test_tables_of_a_report_fit_into_an_article(tmp_path: Path) -> None:
    files = write_report(analyse(CAMPAIGNS["long"]), tmp_path, ["latex"])
    inputs = "\n\\clearpage\n".join(f"\\input{{{file.stem}}}" for file in files)
    head = "\\documentclass{article}\n\\usepackage{booktabs,tabularx}\n\\begin{document}\n"
    document = f"{head}{inputs}\n\\end{{document}}"
    (tmp_path / "article.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.findall(r"Overfull .*|.*Float too large.*", done.stdout) == []
