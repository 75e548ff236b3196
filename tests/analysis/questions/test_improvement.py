"""Probabilities of improvement."""

from __future__ import annotations

from nhb2_plugins.analysis.analyse import analyse, report_tables
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.improvement import improvement_matrix
from tests.analysis.runs import campaign_of


def test_one_optimizer_has_no_rivals() -> None:
    results = campaign_of({"a": [1.0, 2.0]})
    assert isinstance(improvement_matrix(results), Refusal)
    analysis = analyse(results)
    assert isinstance(analysis.ranks, Refusal)
    refused = {table.name: table.notes for table in report_tables(analysis) if not table.rows and table.notes}
    assert any("fewer than two" in note for note in refused["ranks"])
