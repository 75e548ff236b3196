"""The spread of final regrets, and the summary, of campaigns whose numbers are seen at a glance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.pictures import Strips
from nhb2_plugins.analysis.questions.final_regret import QUESTION, final_rows
from nhb2_plugins.analysis.results import CampaignResults
from tests.analysis.runs import campaign_of
from tests.analysis.worked import baseline

NINE = [9.0, 1.0, 8.0, 2.0, 5.0, 3.0, 7.0, 4.0, 6.0]


def summary(results: CampaignResults) -> str:
    return analyse(results).sentences[0]


def test_a_row_holds_quartiles_extremes_and_intervals() -> None:
    nine, none = final_rows(facts_of(campaign_of({"nine": [*NINE, None], "none": [None]})))
    assert (nine.name, nine.position, nine.n_runs) == ("nine", 0, 9)
    assert (nine.best, nine.quarter, nine.three_quarters, nine.worst) == pytest.approx((1.0, 3.0, 7.0, 9.0))
    assert nine.median is not None
    assert nine.mean is not None
    assert (nine.median.value, nine.mean.value) == pytest.approx((5.0, 5.0))
    # Of nine runs the median's interval is the second and the eighth: at least three draws of nine fall on one of the
    # lowest two with probability 0.3, on the lowest alone seldom; the mean's is narrower than that.
    assert (nine.median.low, nine.median.high) == pytest.approx((2.0, 8.0))
    assert 3.0 < nine.mean.low < 4.0
    assert 6.0 < nine.mean.high < 7.0
    assert [seed for seed, _ in nine.values] == list(range(9))
    assert [value for _, value in nine.values] == pytest.approx(NINE)
    assert (none.position, none.values, none.mean, none.median, none.best, none.worst) == (
        1,
        (),
        None,
        None,
        None,
        None,
    )


def test_the_summary_names_the_smallest_and_the_largest_mean() -> None:
    text = summary(campaign_of({"b": [2.0, 4.0], "a": [1.0, 2.0], "c": [5.0, 6.0]}))
    assert text.startswith(
        "After 100 simulated seconds a has the smallest mean regret in validation error after 12 epochs:"
    )
    assert "1.50 percentage points (2 runs, 95% interval 1.00 to 2.00); c has the largest, 5.50." in text


def test_the_summary_of_one_run_has_no_interval() -> None:
    assert "percentage points (1 run);" in summary(campaign_of({"a": [1.0], "b": [2.0]}))
    assert summary(campaign_of({"a": [1.0]})).endswith("of 1.00 percentage points (1 run).")


def test_means_that_are_shared_are_led_by_all_who_share_them() -> None:
    assert "a and b have the same mean regret in validation error after 12 epochs: 2.00 percentage points." in summary(
        campaign_of({"a": [2.0], "b": [2.0]})
    )
    text = summary(campaign_of({"a": [2.0, 2.0], "b": [2.0, 2.0], "c": [3.0, 3.0]}))
    assert (
        "a and b have the smallest mean regret in validation error after 12 epochs: 2.00 percentage points; c" in text
    )


def test_optimizers_with_few_results_are_left_out_unless_all_are() -> None:
    few = {"lucky": [0.5, None, None], "often": [2.0, None]}
    text = summary(campaign_of(few))
    assert "and among the optimizers with a result in at least half of their runs, often has a mean regret" in text
    assert text.endswith("of 2.00 percentage points (1 of 2 runs, the others without a result).")
    assert "among" not in summary(campaign_of({"lucky": [0.5, None, None]}))


def test_without_a_result_there_is_nothing_to_compare() -> None:
    results = campaign_of({"a": [None], "b": [None]})
    assert analyse(results).sentences == ("No run has a result within the budget, so there is nothing to compare.",)


@pytest.mark.parametrize(("workers", "told"), [((1, 1), True), ((1, 4), False)])
def test_random_search_is_named_where_there_is_one_curve_of_it(workers: tuple[int, int], told: bool) -> None:
    first, second = (campaign_of({name: [1.0]}, n_workers=n).optimizers for name, n in zip("ab", workers, strict=True))
    solved = baseline()
    both = replace(solved, over_time=dict.fromkeys({*workers}, solved.over_time[1]))
    text = summary(CampaignResults((*first, *second), baseline=both))
    assert text.endswith("; random search is expected to have 3.00.") == told


def test_its_figure_and_its_place_on_the_page() -> None:
    facts = facts_of(campaign_of({"a": [1.0, 2.0], "b": [None]}))
    rows = final_rows(facts)
    (figure,) = QUESTION.figures(rows, facts)
    assert (figure.name, figure.size) == ("final_regret", (9.0, pytest.approx(2.6)))
    assert isinstance(figure.picture, Strips)
    assert figure.picture.strips == rows
    drawing, table = QUESTION.parts(rows, facts)
    assert isinstance(drawing, parts.DrawingPart)
    assert isinstance(table, parts.TablePart)
    assert drawing.section is table.section is parts.COMPARISON
    assert [row[:2] for row in table.table.rows] == [("a", 2), ("b", 0)]
    assert (table.table.name, table.names) == ("final_regret", True)
    assert drawing.captions == ("Dots: runs. Box: quartiles. Line: median. Diamond: mean.",)
    many = facts_of(campaign_of({"a": [1.0 + i / 9 for i in range(201)], "b": [2.0, 3.0]}))
    (figure,) = QUESTION.figures(final_rows(many), many)
    assert figure.notes[0].startswith("Dots: runs. Shape: how many runs lie where. Line:")
    nothing = facts_of(campaign_of({"b": [None]}))
    assert QUESTION.figures(final_rows(nothing), nothing)[0].picture is None  # type: ignore[index]
