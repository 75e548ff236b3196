"""The questions that a report answers, each a module of its own.

A module holds a question's numbers, words, tables, figures and places on the page, and ends with its ``QUESTION``. A
new one is such a module and a line in :data:`QUESTIONS`: every format of a report is made by walking them.
"""

from __future__ import annotations

from typing import Any, Final

from nhb2_plugins.analysis.question import Question
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

QUESTIONS: Final[tuple[Question[Any], ...]] = (
    comparison.QUESTION,
    final_regret.QUESTION,
    stopping.QUESTION,
    pairs.QUESTION,
    friedman.QUESTION,
    ranks.QUESTION,
    improvement.QUESTION,
    anytime.QUESTION,
    ahead.QUESTION,
    draws.QUESTION,
    random_search.QUESTION,
    targets.QUESTION,
    fronts.QUESTION,
    configurations.QUESTION,
    runs.QUESTION,
    caveats.QUESTION,
)
"""In this order their sentences follow one another."""
