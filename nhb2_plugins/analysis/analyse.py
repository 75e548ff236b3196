"""From a campaign's results to every answer, and from these to what is shown of them: walks over the questions."""

from __future__ import annotations

from dataclasses import fields

from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import CampaignAnalysis, CampaignFacts
from nhb2_plugins.analysis.parts import Part
from nhb2_plugins.analysis.pictures import ReportFigure
from nhb2_plugins.analysis.questions import QUESTIONS
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.analysis.tables import ReportTable


def analyse(results: CampaignResults) -> CampaignAnalysis:
    """Everything that tables, figures, files for papers and the page show; the same results give the same analysis."""
    facts = facts_of(results)
    answers = {each.name: each.numbers(results, facts) for each in QUESTIONS}
    return CampaignAnalysis(
        **{field.name: getattr(facts, field.name) for field in fields(CampaignFacts)},
        answers=answers,
        sentences=tuple(sentence for each in QUESTIONS for sentence in each.words(answers[each.name], facts)),
    )


def report_tables(analysis: CampaignAnalysis) -> tuple[ReportTable, ...]:
    """Every table of an analysis, each with the name that its files have."""
    return tuple(table for each in QUESTIONS for table in each.tables(analysis.answers[each.name], analysis))


def report_figures(analysis: CampaignAnalysis) -> tuple[ReportFigure, ...]:
    """Every figure that there can be; one that this analysis has no numbers for has no picture."""
    return tuple(figure for each in QUESTIONS for figure in each.figures(analysis.answers[each.name], analysis))


def page_parts(analysis: CampaignAnalysis) -> tuple[Part, ...]:
    """What the questions put on the page; in a section, by place."""
    return tuple(part for each in QUESTIONS for part in each.parts(analysis.answers[each.name], analysis))
