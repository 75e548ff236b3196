"""A campaign whose tables, figures and page were looked at once; and values of an analysis that nobody can change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import is_dataclass

import pytest

from nhb2_plugins.analysis import (
    analyse,
    baseline_curves,
    curves,
    facts,
    model,
    parts,
    pictures,
    plots,
    question,
    questions,
    rank_statistics,
    report,
    resampling,
    results,
    table_files,
    tables,
    ticks,
    wording,
)
from nhb2_plugins.analysis.page import builder, cell_drawing, charts, contents, diagrams, drawing, svg
from nhb2_plugins.analysis.questions import (
    ahead,
    anytime,
    caveats,
    comparison,
    configurations,
    draws,
    final_regret,
    friedman,
    fronts,
    improvement,
    pairs,
    random_search,
    ranks,
    runs,
    stopping,
    targets,
)
from tests.analysis import golden
from tests.analysis.worked import worked_campaign

SHARED = (analyse, baseline_curves, curves, facts, model, parts, pictures, plots, question, rank_statistics, report)
OTHERS = (resampling, results, table_files, tables, ticks, wording, questions)
PAGE = (builder, cell_drawing, charts, contents, diagrams, drawing, svg)
ASKED = (ahead, anytime, caveats, comparison, configurations, draws, final_regret, friedman, fronts)
ALSO_ASKED = (improvement, pairs, random_search, ranks, runs, stopping, targets)
MODULES = (*SHARED, *OTHERS, *PAGE, *ASKED, *ALSO_ASKED)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.removeprefix("nhb2_plugins.analysis."))
def test_every_value_of_an_analysis_is_frozen(module: object) -> None:
    for name, value in vars(module).items():
        if isinstance(value, type) and is_dataclass(value):
            assert value.__dataclass_params__.frozen, name  # type: ignore[attr-defined]


def test_every_question_is_asked_once_and_its_name_is_that_of_its_module() -> None:
    assert {each.QUESTION for each in (*ASKED, *ALSO_ASKED)} == set(questions.QUESTIONS)
    for module in (*ASKED, *ALSO_ASKED):
        assert module.QUESTION.name == module.__name__.rpartition(".")[2]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("texts.txt", lambda analysis: "\n".join(golden.texts(analysis))),
        ("figures.txt", lambda analysis: "\n".join(golden.figures(analysis))),
        ("page.html", golden.page),
    ],
)
def test_tables_figures_and_page_are_what_was_looked_at(
    name: str, written: Callable[[model.CampaignAnalysis], str]
) -> None:
    expected: Iterable[str] = (golden.GOLDEN / name).read_text(encoding="utf-8").splitlines()
    found = written(analyse.analyse(worked_campaign())).strip().splitlines()
    for line, right in zip(found, expected, strict=True):
        assert line == right
