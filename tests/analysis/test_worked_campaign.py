"""A campaign whose tables, figures and page were looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from nhb2_plugins.analysis import analyse, model, questions
from tests.analysis import golden
from tests.analysis.worked import worked_campaign


def test_every_question_is_asked_once_and_its_name_is_that_of_its_module() -> None:
    modules = {path.stem for path in Path(questions.__file__).parent.glob("*.py")} - {"__init__"}
    assert sorted(each.name for each in questions.QUESTIONS) == sorted(modules)
    for each in questions.QUESTIONS:
        assert getattr(questions, each.name).QUESTION is each


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
