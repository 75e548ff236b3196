"""How a difference depends on the table: shares of draws, variances, and verdicts that assumptions decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.draws import AT_200, CURVES, agree, deciding, dependence_of, rotates
from nhb2_plugins.analysis.questions.ahead import ahead
from nhb2_plugins.analysis.questions.draws import QUESTION, draws_rows
from nhb2_plugins.analysis.questions.pairs import pairs
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, read_results
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.trajectory.baseline import RegretLaw
from tests.analysis.runs import OPTIMUM_PCT, TABLE, make_run, on_draws, optimizer_of, write_run
from tests.analysis.worked import baseline

FEW_EPOCHS = FidelityLadder([4, 12])
NOISE = [i / 50 for i in range(18)]
WHOLE = on_draws("RS", [3.0 + each for each in NOISE], 3)
"""Three draws, of three kinds of curves; every run ends near 3."""


def by_kind(*regrets: float, **header: Any) -> OptimizerRuns:
    """Another search, whose runs end near a regret for each kind of curves."""
    return on_draws("HB", [regrets[seed % 3] + NOISE[seed] for seed in range(18)], 3, **header)


def test_shares_and_variances_by_hand() -> None:
    first = on_draws("a", [1.0] * 6, 3)
    second = on_draws("b", [2.0, 3.0, 0.0, 4.0, 3.0, 1.0], 3)  # differences by draw: 1 and 3; 2 and 2; -1 and 0
    found = dependence_of(first, second)
    assert found is not None
    assert found.by_table == pytest.approx({0: 2.0, 1: 2.0, 2: -0.5})
    assert found.by_assumption[CURVES] == pytest.approx({"crossing": 2.0, "moderate": 2.0, "parallel": -0.5})
    assert found.ahead.value == pytest.approx(2 / 3)
    assert (found.ahead.low, found.ahead.high) == pytest.approx((0.2077, 0.9385), abs=1e-3)  # Wilson's
    # Within: (1 + 1 + 0 + 0 + 0.25 + 0.25) / 3; between: 2 · ((5/6)² · 2 + (5/3)²) / 2, less that, halved.
    assert found.within == pytest.approx(2.5 / 3)
    assert found.between == pytest.approx((2 * (2 * (5 / 6) ** 2 + (5 / 3) ** 2) / 2 - 2.5 / 3) / 2)
    assert not agree(found.by_assumption[CURVES])


def test_a_draw_in_which_both_are_level_is_nobodys() -> None:
    results = CampaignResults((on_draws("a", [3.0, 3.0, 1.0, 2.0] * 3, 4), on_draws("b", [1.0, 1.0, 2.0, 2.0] * 3, 4)))
    (said,) = [each for each in analyse(results).sentences if each.startswith("Over the table's draws")]
    assert said.startswith("Over the table's draws: b is ahead of a in 2 of 4 (a share of 0.15 to 0.85), by 0.75")


def test_one_table_has_no_draws_and_single_seeds_no_variance() -> None:
    same = on_draws("a", [1.0, 2.0], 1)
    assert not rotates([same])
    assert dependence_of(same, same) is None
    assert draws_rows(CampaignResults((same, same))) == ()
    single = dependence_of(on_draws("a", [1.0, 1.0], 2), on_draws("b", [2.0, 2.0], 2))
    assert single is not None
    assert (single.between, single.within, agree(single.by_assumption[CURVES])) == (None, None, True)


def test_a_multi_fidelity_verdict_is_one_only_if_all_curves_agree() -> None:
    # Much better on two kinds of curves, and a little worse on the third: Wilcoxon's test is significant.
    few = by_kind(1.0, 1.0, 3.5, ladder=FEW_EPOCHS)
    assert deciding(WHOLE, few) == (CURVES,)
    results = CampaignResults((WHOLE, few))
    (row,) = pairs(results)
    assert row.p_holm is not None
    assert row.p_holm < 0.05
    assert not row.significant
    words = (
        "it depends on the assumed learning curves: HB is ahead with crossing curves, HB is ahead with moderate "
        "curves, RS is ahead with parallel curves"
    )
    assert row.verdict == f"not decided: {words}"
    sentences = analyse(results).sentences
    assert f"Not decided between RS and HB: {words}." in sentences
    assert not any("significantly better" in sentence for sentence in sentences)
    # Searches at one fidelity are told apart by the same numbers.
    assert pairs(CampaignResults((WHOLE, by_kind(1.0, 1.0, 3.5))))[0].verdict == "HB is better"
    # Where the test finds nothing, the table says what the sentence says.
    (row,) = pairs(CampaignResults((WHOLE, by_kind(2.5, 3.5, 3.0, ladder=FEW_EPOCHS))))
    assert (row.verdict, bool(row.depends), row.undecided) == ("not significant", True, False)
    alike = by_kind(1.0, 1.0, 1.0, ladder=FEW_EPOCHS)
    assert pairs(CampaignResults((WHOLE, alike)))[0].verdict == "HB is better"


def test_neither_is_a_search_at_few_epochs_ahead_of_random_search_unless_they_agree() -> None:
    solved = replace(baseline(), laws=(RegretLaw(1, 100.0, (0.0, 6.0), (0.0, 1.0)),))
    (row,) = ahead(CampaignResults((by_kind(0.5, 0.5, 3.5, ladder=FEW_EPOCHS),), baseline=solved))
    assert row.verdict.startswith("not decided: it depends on the assumed learning curves: HB is ahead with crossing")
    assert "random search is ahead with parallel curves" in row.verdict
    (row,) = ahead(CampaignResults((by_kind(0.5, 0.5, 3.5),), baseline=solved))
    assert row.verdict == "ahead"


def test_the_report_names_the_draws_and_each_run_s_own_best() -> None:
    results = CampaignResults((on_draws("a", [1.0] * 12, 3), on_draws("b", [2.0] * 12, 3)))
    analysis = analyse(results)
    assert analysis.table_label == "embedded table, 3 of its 27 draws"
    assert analysis.goal == "the best of each run's own draw, error 10.00 % on average"
    said = next(sentence for sentence in analysis.sentences if sentence.startswith("Over the table's draws"))
    assert said == "Over the table's draws: a is ahead of b in 3 of 3 (a share of 0.44 to 1.00), by 1.00 on average."
    (table,) = QUESTION.tables(analysis.draws, analysis)
    assert table.shown()[0][:5] == ("a", "b", "3", "1.00 [0.44, 1.00]", "1.00")
    (figure,) = QUESTION.figures(analysis.draws, analysis)
    assert figure.picture is not None
    assert [part.macro for part in QUESTION.parts(analysis.draws, analysis)] == ["drawing_part", "table_part"]
    alone = analyse(CampaignResults((on_draws("a", [1.0] * 3, 1), on_draws("b", [2.0] * 3, 1))))
    assert alone.table_label.startswith("embedded table, draw 0 of 27")
    assert [*QUESTION.words((), alone)] == []


@pytest.mark.parametrize(
    ("regrets_of_b", "said"),
    [
        ((2.0, 2.0, 0.0), "a is ahead of b in 2 of 3 (a share of 0.21 to 0.94), by 0.33 on average."),
        ((2.0, 2.0, -1.0), "a is ahead of b in 2 of 3 (a share of 0.21 to 0.94), level on average."),
        ((2.0, 2.0, -4.0), "a is ahead of b in 2 of 3 (a share of 0.21 to 0.94), although b is on average, by 1.00."),
        ((0.0, 0.0, 3.0), "b is ahead of a in 2 of 3 (a share of 0.21 to 0.94), level on average."),
    ],
)
def test_most_draws_and_their_mean_may_point_to_two_sides(regrets_of_b: tuple[float, ...], said: str) -> None:
    b = on_draws("b", [5.0 + regrets_of_b[seed % 3] for seed in range(12)], 3)
    analysis = analyse(CampaignResults((on_draws("a", [6.0] * 12, 3), b)))
    assert f"Over the table's draws: {said}" in analysis.sentences


def by_training_seed(name: str, regrets: list[float]) -> OptimizerRuns:
    table = {**TABLE, "seeds": [7, 8, 9]}
    runs = []
    for seed, regret in enumerate(regrets):
        training_seed = 7 + seed % 3
        run = make_run([(10, OPTIMUM_PCT - regret)], seed=seed, optimizer=name, table=table, table_seed=training_seed)
        runs.append(run)
    return optimizer_of(name, *runs)


def test_the_training_seeds_of_one_table_are_told_as_such() -> None:
    pair = by_training_seed("a", [1.0, 2.0, 2.0] * 4), by_training_seed("b", [2.0, 3.0, 1.0] * 4)
    results = CampaignResults(pair)
    assert (results.turns, results.draws) == ((7, 8, 9), ())
    analysis = analyse(results)
    assert analysis.table == results.header.table
    assert analysis.table_label == "embedded table (01234567), 3 of its 3 training seeds"
    assert analysis.goal == "the best of each run's own training seed, error 10.00 % on average"
    (said,) = [each for each in analysis.sentences if each.startswith("Over the table's")]
    assert said.startswith(
        "Over the table's training seeds: a is ahead of b in 2 of 3 (a share of 0.21 to 0.94), by 0.33"
    )
    (table,) = QUESTION.tables(analysis.draws, analysis)
    titles = list(table.headings)
    assert titles[2:3] + titles[5:] == ["training seeds", "variance between training seeds", "between runs of one"]
    (figure,) = QUESTION.figures(analysis.draws, analysis)
    assert "training seed" in figure.title


def test_runs_in_turn_and_others_are_no_one_campaign(tmp_path: Path) -> None:
    table = {**TABLE, "seeds": [7, 8]}
    for seed, header in enumerate(({"table_seed": 7}, {"table_seed": 8}, {})):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed, table=table, **header))
    with pytest.raises(CampaignError, match="and some do not"):
        read_results(tmp_path)


def test_what_is_assumed_at_200_epochs_decides_only_where_those_are_seen() -> None:
    ladder = FidelityLadder([12, 200])
    whole = on_draws("RS", [3.0] * 18, 9)
    by_effect = [1.0, 1.0, 3.5]  # worse where much of the hyperparameters' effect is left
    regrets = [by_effect[seed % 9 // 3] + seed / 100 for seed in range(18)]
    few = on_draws("HB", regrets, 9, ladder=ladder)
    assert deciding(whole, few) == (AT_200,)
    (row,) = pairs(CampaignResults((whole, few)))
    assert row.verdict == (
        "not decided: it depends on the effect of hyperparameters that is assumed at 200 epochs: HB * is ahead with "
        "little of it, RS is ahead with much of it, HB * is ahead with some of it"
    )
    assert pairs(CampaignResults((whole, on_draws("HB", regrets, 9))))[0].verdict == "HB is better"
    assert deciding(on_draws("a", [1.0], 1, ladder=FidelityLadder([4, 12, 200]))) == (CURVES, AT_200)
    assert deciding(on_draws("a", [1.0], 1, epoch=4)) == (CURVES,)
    assert deciding(on_draws("a", [1.0], 1, measure_epoch=200)) == (AT_200,)
    analysis = analyse(CampaignResults((whole, few)))
    (table,) = QUESTION.tables(analysis.draws, analysis)
    assert table.headings[-1] == "by effect at 200 epochs"


def test_a_variant_in_which_both_are_level_speaks_for_neither() -> None:
    few = by_kind(1.0, 1.0, 3.0, ladder=FEW_EPOCHS)
    found = dependence_of(few, WHOLE)
    assert found is not None
    assert found.by_assumption[CURVES]["parallel"] == 0
    for pair in ((WHOLE, few), (few, WHOLE)):
        assert pairs(CampaignResults(pair))[0].verdict == "HB is better"
    assert agree({"a": 0.0, "b": -1.0})
    assert not agree({"a": 1.0, "b": -1.0, "c": 0.0})
