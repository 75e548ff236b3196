"""Probabilities of improvement."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse, report_tables
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.pictures import Matrix
from nhb2_plugins.analysis.questions.improvement import QUESTION, improvement_matrix
from tests.analysis.runs import campaign_of


def test_one_optimizer_has_no_rivals() -> None:
    results = campaign_of({"a": [1.0, 2.0]})
    assert isinstance(improvement_matrix(results), Refusal)
    analysis = analyse(results)
    assert isinstance(analysis.ranks, Refusal)
    refused = {table.name: table.notes for table in report_tables(analysis) if not table.rows and table.notes}
    assert any("fewer than two" in note for note in refused["ranks"])


def test_probabilities_are_shares_of_pairs_of_runs() -> None:
    results = campaign_of({"gone": [None], "a": [1.0, 3.0, 5.0, 7.0, 9.0], "b": [2.0, 5.0, 6.0, None, None]})
    found = improvement_matrix(results)
    assert isinstance(found, Matrix)
    assert found.names == ("a", "b")
    # Of 25 pairs: 1 wins 5; 3 wins 4; 5 wins 3 and ties once; 7 and 9 win two each.
    assert found.values[0, 1] == pytest.approx((5 + 4 + 3.5 + 2 + 2) / 25)
    assert found.values[1, 0] == pytest.approx(1 - found.values[0, 1])
    assert np.isnan(found.values.diagonal()).all()
    assert np.isnan(found.low.diagonal()).all()
    assert 0 < found.low[0, 1] < found.values[0, 1] < found.high[0, 1] <= 1
    assert found.low[1, 0] == pytest.approx(1 - found.high[0, 1])
    assert found.enough == (True, False)  # three runs of b have a result


def test_table_figure_and_place() -> None:
    results = campaign_of({"a": [1.0] * 5, "b": [2.0] * 5})
    found, facts = improvement_matrix(results), analyse(results)
    (table,) = QUESTION.tables(found, facts)
    assert table.keys == ("optimizer", "over_a", "over_b")
    assert table.shown() == (("a", "–", "1.00 [1.00, 1.00]"), ("b", "0.00 [0.00, 0.00]", "–"))
    assert table.title == "Probability that a run of the row's optimizer ends better than one of the column's"
    assert table.headings[1:] == ("over a", "over b")
    assert table.notes == ("Ties count half. In brackets: 95% intervals over runs (bootstrap, expanded percentiles).",)
    (figure,) = QUESTION.figures(found, facts)
    assert figure.title == "Probability that a run of the row ends better than one of the column"
    assert (figure.name, figure.picture, figure.size) == ("improvement", found, (6.5, 3.2))
    assert figure.notes == (
        "Ties count half. Bold: the 95% interval does not hold one half, and both have at least 5 runs.",
    )
    (part,) = QUESTION.parts(found, facts)
    assert isinstance(part, parts.MatrixPart)
    assert (part.section, part.place, part.matrix) == (parts.RANKS, 30, found)
    assert part.title == "Probability of improvement"
    assert part.intro.startswith("How likely a run of the row's optimizer ends better")
    assert part.note == "In brackets: 95 % interval over runs. Blue: the row is ahead; orange: the column is."
    many = analyse(campaign_of({f"o{i}": [float(i)] for i in range(6)}))
    (wide,) = QUESTION.figures(many.improvement, many)
    assert wide.size == pytest.approx((7.9, 5.2))
    one = analyse(campaign_of({"a": [1.0]}))
    (refused,) = QUESTION.tables(one.improvement, one)
    assert (refused.name, refused.title, refused.rows) == ("improvement", "Probability of improvement", ())
    assert (QUESTION.parts(one.improvement, one), QUESTION.figures(one.improvement, one)[0].picture) == ((), None)
