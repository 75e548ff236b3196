"""The spread of final regrets, and the summary, of campaigns whose numbers are seen at a glance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.pictures import Strips
from nhb2_plugins.analysis.questions.final_regret import QUESTION, final_rows
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from tests.analysis.runs import campaign_of, optimizer_with
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
    # Of nine runs the second and the eighth cover 96.1 %, the third and the seventh 82.0 %: a little within the first.
    assert (nine.median.low, nine.median.high) == pytest.approx((2.228, 7.772), abs=0.001)
    assert (nine.mean.low, nine.mean.high) == pytest.approx((3.3030, 11.3153), abs=1e-4)  # by the formula, apart
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
    text = summary(campaign_of({"b": [2.0, 4.0] * 5, "a": [1.0, 2.0] * 5, "c": [5.0, 6.0] * 5}))
    assert text.startswith(
        "After 100 simulated seconds a has the smallest mean regret in validation error after 12 epochs:"
    )
    assert "1.50 percentage points (10 runs, 95% interval 1.22 to 2.24); c has the largest, 5.50." in text


def test_fewer_than_ten_runs_are_described_and_nobody_is_crowned() -> None:
    text = summary(campaign_of({"b": [2.0], "a": [1.0, 2.0]}))
    assert text == (
        "After 100 simulated seconds the mean regrets in validation error after 12 epochs are, in percentage points: "
        "b 2.00 (1 run); and a 1.50 (2 runs). No optimizer has the 10 runs that a ranking takes."
    ).replace("; and", " and")
    first, few, *_ = analyse(campaign_of({"three": [0.1] * 3, "ten": [1.0] * 10, "more": [2.0] * 11})).sentences
    assert "ten has the smallest mean regret" in first
    assert "three" not in first
    assert few == "Not ranked, with fewer than 10 runs: three (3)."


def test_who_searched_on_the_measure_itself_is_said_to_have() -> None:
    def run_of(name: str, regret: float, epoch: int) -> OptimizerRuns:
        return optimizer_with(name, [regret] * 10, measure_epoch=200, epoch=epoch)  # 200 epochs: five points better

    text = summary(CampaignResults((run_of("a", 6.0, 200), run_of("b", 7.0, 12))))
    assert "a * (which searched on the measure itself) has the smallest mean regret" in text
    assert "searched on" not in summary(CampaignResults((run_of("a", 6.0, 12), run_of("b", 7.0, 200))))


def test_means_that_are_shared_are_led_by_all_who_share_them() -> None:
    ten = {name: [2.0] * 10 for name in "ab"}
    assert "a and b have the same mean regret in validation error after 12 epochs: 2.00 percentage points." in summary(
        campaign_of(ten)
    )
    text = summary(campaign_of(ten | {"c": [3.0] * 10}))
    assert (
        "a and b have the smallest mean regret in validation error after 12 epochs: 2.00 percentage points; c" in text
    )


def test_optimizers_with_few_results_are_left_out_unless_all_are() -> None:
    few = {"lucky": [0.5, *[None] * 10], "often": [2.0, None] * 6}
    text = summary(campaign_of(few))
    assert "and among the optimizers with a result in at least half of their runs, often has a mean regret" in text
    assert text.endswith(
        "of 2.00 percentage points (6 of 12 runs, the others without a result, 95% interval 2.00 to 2.00)."
    )
    alone = summary(campaign_of({"lucky": few["lucky"]}))
    assert "lucky 0.50 (1 of 11 runs, the others without a result)" in alone
    assert alone.startswith("After 100 simulated seconds the mean regrets in")
    assert alone.endswith("No optimizer has the 10 runs that a ranking takes, with a result in at least half of them.")


def test_without_a_result_there_is_nothing_to_compare() -> None:
    results = campaign_of({"a": [None], "b": [None]})
    assert analyse(results).sentences == ("No run has a result within the budget, so there is nothing to compare.",)


@pytest.mark.parametrize(("workers", "told"), [((1, 1), True), ((1, 4), False)])
def test_random_search_is_named_where_there_is_one_curve_of_it(workers: tuple[int, int], told: bool) -> None:
    first, second = (campaign_of({name: [1.0]}, n_workers=n).optimizers for name, n in zip("ab", workers, strict=True))
    solved = baseline()
    both = replace(solved, over_time=dict.fromkeys({*workers}, solved.over_time[1]))
    text = summary(CampaignResults((*first, *second), baseline=both))
    assert text.endswith("; random search at 12 epochs is expected to have 3.00.") == told


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
    assert table.table.keys == ("optimizer", "runs", "mean", "median", "best", "quarter", "three_quarters", "worst")
    assert [row[:2] for row in table.table.rows] == [("a", 2), ("b", 0)]
    assert (table.table.name, table.names) == ("final_regret", True)
    assert drawing.captions == ("Dots: runs. Box: quartiles. Line: median. Diamond: mean.",)
    assert (drawing.id, drawing.title, drawing.label) == (
        "final-regrets",
        "Final regret, run by run",
        "Drawing of final regrets",
    )
    assert (figure.picture.axis, figure.picture.page_axis, figure.picture.narrow_axis) == (
        "regret of the final incumbent (percentage points)",
        "final regret in validation error after 12 epochs (percentage points)",
        "final regret (percentage points)",
    )
    assert (figure.title, figure.notes) == (
        "Final regret in validation error after 12 epochs",
        ("Dots: runs. Line: median. Diamond: mean, with its 95% interval over runs.",),
    )
    assert (table.summary, table.table.title, table.table.notes) == (
        "Final regrets in numbers, with intervals",
        "Final regret in percentage points",
        ("In brackets: 95% intervals over runs, of 5 runs and more.",),
    )
    assert table.table.headings[2:] == (
        "mean",
        "median",
        "best run",
        "first quartile",
        "third quartile",
        "worst run",
    )
    many = facts_of(campaign_of({"a": [1.0 + i / 9 for i in range(201)], "b": [2.0, 3.0]}))
    (figure,) = QUESTION.figures(final_rows(many), many)
    assert figure.notes[0].startswith("Dots: runs. Shape: how many runs lie where. Line:")
    nothing = facts_of(campaign_of({"b": [None]}))
    assert QUESTION.figures(final_rows(nothing), nothing)[0].picture is None  # type: ignore[index]
