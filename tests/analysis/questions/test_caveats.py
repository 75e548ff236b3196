"""What must be borne in mind of a comparison, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.questions.caveats import QUESTION, FailuresPart
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.trajectory.run_file import RunFile
from tests.analysis.runs import campaign_of, make_run, optimizer_of, optimizer_with

FIVE = [1.0] * 5


def said(results: CampaignResults) -> list[str]:
    facts = facts_of(results)
    return [*QUESTION.words(QUESTION.numbers(results, facts), facts)]


def test_equal_conditions_need_no_word() -> None:
    assert said(campaign_of({"a": FIVE, "b": FIVE})) == []


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"budget_s": 7000.0}, "another budget than the others' had c (7,000 s; 10 s used on average)."),
        ({"budget_s": None}, "another budget than the others' had c (no limit; 10 s used on average)."),
        ({"n_workers": 4}, "Final regrets are not reached with equal means: numbers of simulated workers differ."),
        ({"charging": "cached"}, "Final regrets are not at equal cost: charging policies differ."),
    ],
)
def test_unequal_conditions_are_told(header: dict[str, object], text: str) -> None:
    runs = (optimizer_with("a", FIVE), optimizer_with("b", FIVE), optimizer_with("c", FIVE, **header))
    (sentence,) = said(CampaignResults(runs))
    assert sentence.endswith(text)


def test_who_was_not_run_and_who_has_no_result() -> None:
    runs = (optimizer_with("a", FIVE), OptimizerRuns("b", ()), OptimizerRuns("c", ()), optimizer_with("d", [None]))
    assert said(CampaignResults(runs[:2])) == ["b was not run."]
    assert said(CampaignResults(runs)) == ["b and c were not run.", "d has no result within the budget."]
    both = CampaignResults((*runs[:1], optimizer_with("d", [None]), optimizer_with("e", [None])))
    assert said(both) == ["d and e have no result within the budget."]
    failed = CampaignResults(runs[:2], unfinished=("b/seed-0000",))
    assert said(failed) == [
        "No finished run of b is here: not run, or failed.",
        "Left out, since it is not finished: b/seed-0000.",
    ]


def test_runs_without_a_result_and_too_few_runs_are_counted() -> None:
    assert said(campaign_of({"a": FIVE, "b": [1.0, None, 1.0, None, 1.0, 1.0]})) == [
        "In 2 of 6 runs of b nothing ended within the budget: means leave them out, tests and ranks count them as the "
        "worst.",
        "No interval is given of fewer than 5 runs: b (4).",
    ]
    (once, few) = said(campaign_of({"a": FIVE, "b": [1.0, None]}))
    assert once.startswith("In 1 of 2 runs of b nothing ended within the budget")
    assert few.endswith("b (1).")
    assert said(campaign_of({"a": FIVE, "b": [1.0]})) == ["No interval is given of fewer than 5 runs: b (1)."]


def test_incumbents_of_different_fidelity_are_told() -> None:
    runs = (optimizer_with("a", FIVE), optimizer_with("b", FIVE), optimizer_of("c", *_mixed(5)))
    assert said(CampaignResults(runs)) == [
        "The final incumbents compared were chosen at different fidelities: a and b at 12 epochs; c at 4 epochs in 2 "
        "runs and 12 epochs in 3 runs. All are measured alike."
    ]
    assert said(CampaignResults((optimizer_of("c", *_mixed(5)[:2]), optimizer_of("d", *_mixed(5)[:2])))) == [
        "No interval is given of fewer than 5 runs: c (2) and d (2)."
    ]


def _mixed(n_runs: int) -> list[RunFile]:
    """Runs of which the first two chose their incumbent after 4 epochs."""
    runs = [make_run([(10, 89.0)], seed=seed, optimizer="c") for seed in range(n_runs)]
    early = [replace(run, records=tuple(replace(each, epoch=4, budget=4) for each in run.records)) for run in runs[:2]]
    return [*early, *runs[2:]]


def test_what_an_asterisk_says_stands_among_the_sentences() -> None:
    runs = (optimizer_with("a", FIVE, epoch=200), optimizer_with("b", FIVE))
    assert said(CampaignResults(runs))[-1] == (
        "* searched on expected test accuracy (200 epochs), at costs that are estimated."
    )


def test_of_many_unfinished_runs_six_are_named() -> None:
    results = campaign_of({"a": FIVE})
    seven = tuple(f"a/{i}" for i in range(7))
    assert said(replace(results, unfinished=seven[:6])) == [
        "Left out, since they are not finished: a/0; a/1; a/2; a/3; a/4; a/5."
    ]
    assert said(replace(results, unfinished=seven)) == [
        "Left out, since they are not finished: a/0; a/1; a/2; a/3; a/4; a/5; and 1 more."
    ]


def test_without_any_result_only_what_is_unfinished_is_told() -> None:
    results = replace(campaign_of({"a": [None]}), unfinished=("a/1",))
    assert said(results) == ["Left out, since it is not finished: a/1."]


def test_the_page_s_section_of_failures_names_runs_without_a_result() -> None:
    results = campaign_of({"a": FIVE, "b": [1.0, None, None]})
    facts = facts_of(results)
    (part,) = QUESTION.parts((), facts)
    assert isinstance(part, FailuresPart)
    assert part.section is parts.FAILURES
    assert part.empty_runs == ("b: nothing ended within the budget in 2 of 3 runs; they are left out of the means.",)
