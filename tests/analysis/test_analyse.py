"""The conclusions in words agree with the numbers, also where runs are few, equal, missing or without a result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nhb2_plugins.analysis.analyse import analyse, page_parts, report_figures, report_tables
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.parts import TablePart
from nhb2_plugins.analysis.results import CampaignResults, read_results
from tests.analysis.runs import campaign_of, make_run, optimizer_with, write_run

_REGRETS = [1.0, 1.5, 2.0, 1.2, 1.8, 2.4, 1.1, 1.4, 2.2, 1.6]


def _said(results: CampaignResults) -> tuple[str, str]:
    """The summary, and the other sentences as one text."""
    summary, *others = analyse(results).sentences
    return summary, " ".join(others)


def test_equal_means_have_no_winner() -> None:
    summary, _ = _said(campaign_of({name: [2.0] * 10 for name in "abc"}))
    assert "a, b and c have the same mean regret" in summary
    assert "smallest" not in summary
    assert "largest" not in summary


def test_two_that_share_the_smallest_mean_are_both_named() -> None:
    summary, _ = _said(campaign_of({"a": [2.0] * 10, "b": [2.0] * 10, "c": [3.0] * 10}))
    assert "a and b have the smallest mean regret" in summary
    assert "c has the largest, 3.00" in summary


def test_one_optimizer_is_not_compared() -> None:
    for regrets in ([1.0] * 10, _REGRETS):
        summary, others = _said(campaign_of({"alone": regrets}))
        assert "alone has a mean regret in validation error after 12 epochs of" in summary
        assert "smallest" not in summary
        assert "test" not in others


def test_the_mean_of_a_few_lucky_runs_leads_nothing() -> None:
    lucky = [0.1, *[None] * 9]
    summary, others = _said(campaign_of({"lucky": lucky, "steady": _REGRETS, "slow": [each + 3 for each in _REGRETS]}))
    assert "steady has the smallest mean regret" in summary
    assert "with a result in at least half of their runs" in summary
    assert "slow has the largest" in summary
    assert "steady is significantly better than" in others
    assert "In 9 of 10 runs of lucky nothing ended within the budget" in others
    assert "a few bad" not in others


def test_a_smaller_mean_over_fewer_runs_is_not_put_down_to_bad_runs_of_its_own() -> None:
    # Five of nine have a result, and a better mean; the four without one lose every comparison.
    some = [1.45, 1.5, 1.55, 1.6, 1.65, None, None, None, None]
    summary, text = _said(campaign_of({"some": some * 6, "all": [1.7] * 54}))
    assert "some has the smallest mean regret" in summary
    assert "30 of 54 runs, the others without a result" in summary
    assert "Although some has the smaller mean, all (p = " in text
    assert "significantly better by the ranks of the runs: 24 of its 54 runs have no result." in text


def test_what_is_better_by_rank_and_worse_on_average_is_explained() -> None:
    with_bad_ones = [0.5 - i / 1000 for i in range(18)] + [60.0, 70.0]
    summary, text = _said(campaign_of({"even": [1.0 + i / 1000 for i in range(20)], "bad at times": with_bad_ones}))
    assert "even has the smallest mean regret" in summary
    assert "Although even has the smaller mean, bad at times" in text
    assert "ends significantly better by the ranks of the runs: a few bad runs make its mean." in text


def test_of_many_pairs_some_are_listed_and_the_others_counted() -> None:
    generator = np.random.default_rng(1)
    finals = {name: (2 + generator.random(12)).tolist() for name in "abcdefghij"}
    _, text = _said(campaign_of(finals))
    # 45 pairs, 9 of them with the leader.
    assert "; and 30 further pairs (see the table of pairs)." in text


def test_many_groups_of_ranks_are_counted_in_place_of_listed() -> None:
    generator = np.random.default_rng(2)
    finals = {f"optimizer {i}": (i / 4 + generator.random(12)).tolist() for i in range(10)}
    analysis = analyse(campaign_of(finals))
    assert not isinstance(analysis.friedman, Refusal)
    n_apart = int((analysis.friedman.p_nemenyi < 0.05).sum()) // 2
    assert 0 < n_apart < 45
    assert f"tells {n_apart} of the 45 pairs apart" in " ".join(analysis.sentences)


def test_what_was_not_asked_for_is_not_said_to_have_no_result(tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed))
    _, text = _said(read_results(tmp_path, ("a", "b", "c")))
    assert "b and c were not run." in text
    assert "no result" not in text
    assert analyse(read_results(tmp_path, ("a", "b", "c"))).pairs == ()
    (tmp_path / "failures" / "b").mkdir(parents=True)
    (tmp_path / "failures" / "b" / "seed-0000.txt").write_text("ValueError: no\n")
    _, text = _said(read_results(tmp_path, ("a", "b", "c")))
    assert "No finished run of b and c is here: not run, or failed." in text


def test_runs_that_are_not_finished_are_named(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    for seed in range(1, 9):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed), finish=False)
    results = read_results(tmp_path)
    assert results.unfinished == tuple(f"a/seed-{seed:04d}" for seed in range(1, 9))
    _, text = _said(results)
    assert "Left out, since they are not finished: a/seed-0001; " in text
    assert "; and 2 more." in text


def test_a_run_that_failed_is_not_called_unfinished_too(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    write_run(tmp_path, make_run([(10, 80.0)], seed=1), finish=False)
    (tmp_path / "failures" / "a").mkdir(parents=True)
    (tmp_path / "failures" / "a" / "seed-0001.txt").write_text("ValueError: no\n")
    assert read_results(tmp_path).unfinished == ()


def test_an_unfinished_run_is_named_where_nothing_has_a_result() -> None:
    results = replace(CampaignResults((optimizer_with("a", [None]),)), unfinished=("a/seed-0001",))
    assert _said(results)[1] == "Left out, since it is not finished: a/seed-0001."


def test_what_is_shown_is_made_of_the_answers_in_the_order_of_the_questions() -> None:
    analysis = analyse(campaign_of({"a": _REGRETS, "b": [each + 1 for each in _REGRETS]}))
    tables = [table.name for table in report_tables(analysis)]
    assert tables[:3] == ["comparison", "final_regret", "stopping"]
    assert {"pairs", "ranks_time", "curves_time", "targets", "runs"} <= set(tables)
    assert [figure.name for figure in report_figures(analysis)][:2] == ["final_regret", "critical_difference"]
    first, *others = page_parts(analysis)
    assert isinstance(first, TablePart)
    assert first.table == report_tables(analysis)[0]
    assert {type(part).__name__ for part in others} >= {"ChartPart", "DrawingPart", "MatrixPart", "SettingsPart"}
