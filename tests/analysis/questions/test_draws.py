"""What is said and shown of pairs over several tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.pictures import Strips
from nhb2_plugins.analysis.questions.draws import QUESTION, draws_rows
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import campaign_of, on_draws

# Of a the first runs lose 1, of b on draws 0, 1, 2: 2 and 4, 3 and 3, 0 and 1.
A, B = on_draws("a", [1.0] * 6, 3), on_draws("b", [2.0, 3.0, 0.0, 4.0, 3.0, 1.0], 3)
RESULTS = CampaignResults((A, B))
FACTS = facts_of(RESULTS)
ROWS = draws_rows(RESULTS)


def said(*finals: Sequence[float]) -> str:
    """Of optimizers a, b, …, that lose so much on each draw; their runs there are ten and alike."""
    named = zip("abcdefgh", finals, strict=False)
    results = CampaignResults(tuple(on_draws(name, [*own] * 10, len(own)) for name, own in named))
    (text,) = QUESTION.words(draws_rows(results), facts_of(results))
    return text


def test_a_row_is_a_pair_with_its_difference_by_draw() -> None:
    (row,) = ROWS
    assert (row.first, row.second, row.n_tables, row.turn) == ("a", "b", 3, "draw")
    assert row.mean == pytest.approx((2 + 2 - 0.5) / 3)
    assert row.ahead.value == pytest.approx(2 / 3)
    assert (row.between, row.within) == (row.found.between, row.found.within)
    assert row.by_curves == "crossing +2.00, moderate +2.00, parallel -0.50"
    assert row.by_effect_at_200 == "little +1.17"
    assert [(each.first, each.second) for each in draws_rows(CampaignResults((A, B, A)))] == [
        ("a", "b"),
        ("a", "a"),
        ("b", "a"),
    ]
    assert draws_rows(campaign_of({"a": [1.0], "b": [2.0]})) == ()


def test_the_one_that_is_ahead_in_more_draws_is_named() -> None:
    assert said([1.0, 1.0, 3.0], [2.0, 2.0, 1.0]).endswith(
        "a is ahead of b in 2 of 3 (a share of 0.21 to 0.94), level on average."
    )
    assert said([2.0, 2.0, 1.0], [1.0, 1.0, 1.5]).endswith(
        "b is ahead of a in 2 of 3 (a share of 0.21 to 0.94), by 0.50 on average."
    )
    assert said([2.0, 2.0, 1.0], [1.0, 1.0, 4.0]).endswith(
        "b is ahead of a in 2 of 3 (a share of 0.21 to 0.94), although a is on average, by 0.33."
    )
    assert said([1.0, 2.0], [2.0, 1.0]).endswith(
        "a is ahead of b in 1 of 2 (a share of 0.09 to 0.91), level on average."
    )
    assert said([1.0, 2.0, 3.0], [3.0, 2.0, 3.0]).startswith("Over the table's draws: a is ahead of b in 1 of 3")


def test_the_pairs_of_the_best_are_told_and_the_others_are_in_the_table() -> None:
    assert said([3.0, 4.0], [2.0, 1.0], [5.0, 2.0]) == (
        "Over the table's draws: b is ahead of a in 2 of 2 (a share of 0.34 to 1.00), by 2.00 on average; "
        "b is ahead of c in 2 of 2 (a share of 0.34 to 1.00), by 2.00 on average; "
        "the other pairs stand in the table of draws."
    )
    assert "stand" not in said([1.0, 2.0], [2.0, 1.0])
    text = said(*([float(i), float(i) + 1] for i in range(7, -1, -1)))  # the last is the best
    assert [part.split(" in ")[0] for part in text.split(": ")[1].split("; ")] == [
        *(f"h is ahead of {name}" for name in "gfedcb"),
        "the other pairs stand",
    ]


def test_who_is_not_ranked_is_not_told_of() -> None:
    few = on_draws("c", [0.0] * 9, 3)
    pair = on_draws("a", [2.0] * 12, 3), on_draws("b", [1.0] * 12, 3)
    results = CampaignResults((few, *pair))
    assert [*QUESTION.words(draws_rows(results), facts_of(results))] == [
        "Over the table's draws: b is ahead of a in 3 of 3 (a share of 0.44 to 1.00), by 1.00 on average; the other "
        "pairs stand in the table of draws."
    ]
    for rest in ((few, pair[0]), (few, few)):
        results = CampaignResults(rest)
        assert [*QUESTION.words(draws_rows(results), facts_of(results))] == [
            "How the pairs differ over the table's draws stands in the table of draws."
        ]


def test_the_table_names_what_is_assumed_where_it_decides() -> None:
    (table,) = QUESTION.tables(ROWS, FACTS)
    columns = ("first", "second", "n_tables", "ahead", "mean", "between", "within")
    assert (table.name, table.title, table.keys) == ("draws", "Pairs over the draws of the table", columns)
    assert table.headings[2:] == (
        "draws",
        "share in which the first is ahead",
        "ahead by",
        "variance between draws",
        "between runs of one",
    )
    assert table.shown()[0][:5] == ("a", "b", "3", "0.67 [0.21, 0.94]", "1.17")
    (note,) = table.notes
    assert note == (
        "Difference of the final regrets of the same seeds, in percentage points, positive where the first is better. "
        "In brackets: 95% intervals of the share of draws (Wilson). A draw is a table that could be the real one; the "
        "variance between draws is what is not known of it."
    )
    few = CampaignResults((A, on_draws("b", [2.0] * 6, 3, ladder=FidelityLadder([4, 12]))))
    (table,) = QUESTION.tables(draws_rows(few), facts_of(few))
    assert (table.keys[-1], table.headings[-1]) == ("by_curves", "by learning curves")
    assert table.rows[0][-1] == "crossing +1.00, moderate +1.00, parallel +1.00"


def test_each_pair_is_a_row_of_dots_one_a_draw() -> None:
    (figure,) = QUESTION.figures(ROWS, FACTS)
    assert (figure.name, figure.size) == ("draws", (9.0, pytest.approx(2.05)))
    assert figure.title == "Difference in final regret on every draw of the table"
    assert figure.notes == (
        "A dot is a draw, a table that could be the real one; right of the line the first of the pair is ahead.",
    )
    assert isinstance(figure.picture, Strips)
    assert (figure.picture.title, figure.picture.value_of, figure.picture.signed) == (
        "Difference in final regret on every draw",
        "draw",
        True,
    )
    assert figure.picture.narrow_axis == "the first is ahead by (percentage points)"
    assert (
        figure.picture.axis == figure.picture.page_axis == "how far the first of the pair is ahead (percentage points)"
    )
    (strip,) = figure.picture.strips
    assert (strip.name, strip.position, strip.n_runs) == ("a, b", 0, 3)
    assert [draw for draw, _ in strip.values] == [0, 1, 2]
    assert [value for _, value in strip.values] == pytest.approx([2.0, 2.0, -0.5])
    assert strip.mean is not None
    assert strip.median is not None
    assert (strip.mean.value, strip.median.value) == pytest.approx((3.5 / 3, 2.0))
    assert np.isnan([strip.mean.low, strip.mean.high, strip.median.low, strip.median.high]).all()
    assert (strip.best, strip.quarter, strip.three_quarters, strip.worst) == pytest.approx((-0.5, 0.75, 2.0, 2.0))
    several = draws_rows(CampaignResults((A, B, A)))
    (figure,) = QUESTION.figures(several, FACTS)
    assert [each.position for each in figure.picture.strips] == [0, 1, 2]  # type: ignore[union-attr]


def test_of_one_table_nothing_is_said_or_shown() -> None:
    facts = facts_of(campaign_of({"a": [1.0], "b": [2.0]}))
    assert [*QUESTION.words((), facts)] == []
    assert QUESTION.parts((), facts) == ()
    assert [table.rows for table in QUESTION.tables((), facts)] == [()]
    assert [figure.picture for figure in QUESTION.figures((), facts)] == [None]


def test_its_places_on_the_page() -> None:
    drawing, table = QUESTION.parts(ROWS, FACTS)
    assert isinstance(drawing, parts.DrawingPart)
    assert isinstance(table, parts.TablePart)
    assert drawing.section is table.section
    assert drawing.place <= table.place
    assert table.table.name == "draws"
    assert drawing.picture.strips[0].name == "a, b"  # type: ignore[union-attr]
