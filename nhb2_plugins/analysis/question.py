"""The shape of a question that a report answers: its numbers, words, tables, figures and places on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nhb2_plugins.analysis.model import CampaignFacts
from nhb2_plugins.analysis.parts import Part
from nhb2_plugins.analysis.pictures import ReportFigure
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import ReportTable

Answer = TypeVar("Answer")


def _nothing(_answer: Any, _facts: CampaignFacts) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Question(Generic[Answer]):
    """One question. What is shown of its answer is made of the answer and the facts alone.

    Attributes:
        name: the attribute that holds the answer (``analysis.<name>``).
        numbers: the answer, from the recorded runs.
        words: sentences among the conclusions, in the order of the questions; the first of all is the summary.
        tables: for CSV, LaTeX and the page.
        figures: for files; one that has nothing to show has no picture.
        parts: what stands on the page.
    """

    name: str
    numbers: Callable[[CampaignResults, CampaignFacts], Answer]
    words: Callable[[Answer, CampaignFacts], Iterable[str]] = _nothing
    tables: Callable[[Answer, CampaignFacts], Iterable[ReportTable]] = _nothing
    figures: Callable[[Answer, CampaignFacts], Iterable[ReportFigure]] = _nothing
    parts: Callable[[Answer, CampaignFacts], Iterable[Part]] = _nothing


def of_results(numbers: Callable[[CampaignResults], Answer]) -> Callable[[CampaignResults, CampaignFacts], Answer]:
    """Numbers that are made of the recorded runs alone."""
    return lambda results, _: numbers(results)


def one_table(table: Callable[[Answer], ReportTable]) -> Callable[[Answer, CampaignFacts], tuple[ReportTable, ...]]:
    """The tables of a question that has one, which is made of the answer alone."""
    return lambda answer, _: (table(answer),)
