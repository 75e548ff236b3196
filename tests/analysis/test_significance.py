"""The tests against published examples, against the libraries, and their refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, friedmanchisquare

from nhb2_plugins.analysis.analyse import analyse, report_tables
from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.friedman import critical_difference, friedman, friedman_of
from nhb2_plugins.analysis.questions.improvement import improvement_matrix
from nhb2_plugins.analysis.questions.pairs import magnitude_of, paired, pairs, unpaired
from nhb2_plugins.analysis.questions.random_search import time_to_stay_below
from nhb2_plugins.analysis.rank_statistics import expected_ranks, probability_better, resample
from nhb2_plugins.analysis.resampling import mean_interval, median_interval, resampling_weights
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from tests.analysis.runs import TABLE, campaign_of, optimizer_with

# Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006), table 6: AUC of C4.5 with
# m, cf, neither and both tuned, on 14 data sets. Large is good there. In the last row but one two values are printed
# as equal; the average ranks printed below the table are those with the third column ahead, so it is here.
DEMSAR_AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
NAMES = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
# Differences in height of cross- and self-fertilised plants (Darwin, 1876; Wilcoxon's W is 24, p 0.041).
DARWIN = np.array([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75], dtype=float)


def test_friedman_and_nemenyi_give_demsars_numbers() -> None:
    found = friedman_of(-DEMSAR_AUC, NAMES, {})
    assert found.mean_rank == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)
    n, k = DEMSAR_AUC.shape
    ranks = np.array(found.mean_rank)
    without_ties = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
    assert without_ties == pytest.approx(9.28, abs=5e-3)  # as printed there, not corrected for ties
    assert found.statistic == pytest.approx(friedmanchisquare(*DEMSAR_AUC.T).statistic)
    assert found.statistic > without_ties
    assert found.significant
    expected = scikit_posthocs.posthoc_nemenyi_friedman(DEMSAR_AUC).to_numpy()
    assert found.p_nemenyi == pytest.approx(expected)
    # No two of them differ by 1.25: the paper finds the test not powerful enough for any pair.
    assert found.groups == ((3, 1, 2, 0),)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_critical_values_are_those_of_demsars_table_5(k: int, q: float) -> None:
    assert critical_difference(k, 10) == pytest.approx(q * np.sqrt(k * (k + 1) / 60), abs=1e-3)


def test_wilcoxon_on_darwins_plants() -> None:
    row = paired("a", "b", DARWIN, np.zeros(15))
    assert row.p_value == pytest.approx(0.041259765625)
    assert row.effect == pytest.approx(-(96 - 24) / 120)  # the first has the larger values, so it is worse
    assert (row.test, row.magnitude) == ("Wilcoxon signed-rank", "large")
    assert paired("b", "a", np.zeros(15), DARWIN).effect == pytest.approx(0.6)


def test_mann_whitney_of_separated_samples() -> None:
    row = unpaired("a", "b", np.arange(5.0), np.arange(10.0, 15.0))
    assert row.p_value == pytest.approx(2 / 252)  # one of C(10, 5) arrangements, on either side
    assert row.effect == 1.0


def test_holm_multiplies_from_the_smallest_p_on() -> None:
    generator = np.random.default_rng(0)
    finals = {
        name: (mean + generator.normal(0, 0.8, 12)).clip(0.1).tolist()
        for name, mean in (("a", 2), ("b", 3), ("c", 3.4))
    }
    rows = sorted(pairs(campaign_of(finals)), key=lambda row: row.p_value or 0)
    p_values = [row.p_value or 0.0 for row in rows]
    expected = np.minimum(np.maximum.accumulate([3 * p_values[0], 2 * p_values[1], p_values[2]]), 1)
    assert [row.p_holm for row in rows] == pytest.approx(expected)


def test_a_run_without_a_result_is_the_worst() -> None:
    a, b = np.array([1.0, 2, 3, 4, 5, 6, 7]), np.array([np.inf, 1, 2, 3, 4, 5, 6])
    row = paired("a", "b", a, b)
    assert row.effect == pytest.approx((7 - 21) / 28)
    both = np.full(7, np.inf)
    assert (paired("a", "b", both, both).p_value, paired("a", "b", both, both).effect) == (1.0, 0.0)


def test_the_probability_of_improvement_counts_ties_half() -> None:
    assert probability_better(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(3.5 / 4)
    assert probability_better(np.array([np.inf]), np.array([np.inf])) == 0.5


def test_expected_ranks_are_those_over_all_ways_to_draw_a_run_of_each() -> None:
    generator = np.random.default_rng(1)
    groups = [generator.integers(0, 6, n).astype(float) for n in (4, 3, 5)]
    brute = np.mean(
        [
            [
                1 + sum((other < own) + 0.5 * (other == own) for j, other in enumerate(drawn) if j != i)
                for i, own in enumerate(drawn)
            ]
            for drawn in ((a, b, c) for a in groups[0] for b in groups[1] for c in groups[2])
        ],
        axis=0,
    )
    assert expected_ranks(groups) == pytest.approx(brute)
    assert expected_ranks(groups).sum() == pytest.approx(6)


@pytest.mark.parametrize("n", [7, 20, 51])
def test_intervals_agree_with_scipys_bootstrap(n: int) -> None:
    values = np.random.default_rng(n).gamma(2.0, 2.0, n)
    for interval, statistic in ((mean_interval, np.mean), (median_interval, np.median)):
        scipys = bootstrap(
            (values,), statistic, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        low, high = map(float, interval(values))
        tolerance = 0.05 * (scipys.high - scipys.low) if statistic is np.mean else 0.35 * values.std()
        assert low == pytest.approx(scipys.low, abs=tolerance)
        assert high == pytest.approx(scipys.high, abs=tolerance)


def test_intervals_are_the_same_every_time() -> None:
    values = np.random.default_rng(0).normal(size=(20, 3))
    assert (mean_interval(values)[0] == mean_interval(values)[0]).all()


@pytest.mark.parametrize(("effect", "word"), [(0.1, "negligible"), (-0.2, "small"), (0.4, "medium"), (-0.9, "large")])
def test_an_effect_in_a_word(effect: float, word: str) -> None:
    assert magnitude_of(effect) == word


# -- refusals


def test_too_few_runs_are_refused_with_the_reason() -> None:
    results = campaign_of({"a": [1, 2, 3], "b": [2, 3, 4], "c": [5, 6, 7]})
    found = friedman(results)
    assert isinstance(found, Refusal)
    assert "at least 10 seeds" in found.reason
    assert {row.refused for row in pairs(results)} == {"fewer than 6 pairs of runs"}
    sentences = " ".join(analyse(results).sentences)
    assert "No pair of optimizers was tested" in sentences
    assert "say little: a (3), b (3) and c (3)" in sentences


def test_an_optimizer_of_few_runs_is_left_out_of_friedman_and_tested_unpaired() -> None:
    generator = np.random.default_rng(3)
    finals = {name: (1 + generator.random(12)).tolist() for name in "abc"} | {"few": [1.5, 1.6, 1.7, 1.8, 1.9]}
    found = friedman(campaign_of(finals))
    assert not isinstance(found, Refusal)
    assert (found.optimizers, found.n_blocks, found.left_out) == (("a", "b", "c"), 12, {"few": "5 runs"})
    tests = {(row.first, row.second): row.test for row in pairs(campaign_of(finals))}
    assert tests[("a", "b")] == "Wilcoxon signed-rank"
    assert tests[("a", "few")] == "Mann-Whitney U"


def test_equal_results_are_refused_not_divided_by_zero() -> None:
    found = friedman(campaign_of({name: [2.0] * 12 for name in "abc"}))
    assert isinstance(found, Refusal)
    assert "end at the same regret" in found.reason


def test_one_optimizer_has_no_rivals() -> None:
    results = campaign_of({"a": [1.0, 2.0]})
    assert isinstance(improvement_matrix(results), Refusal)
    analysis = analyse(results)
    assert isinstance(analysis.ranks, Refusal)
    refused = {table.name: table.notes for table in report_tables(analysis) if not table.rows and table.notes}
    assert any("fewer than two" in note for note in refused["ranks"])


def test_not_significant_is_said() -> None:
    generator = np.random.default_rng(5)
    finals = {name: (2 + generator.random(15)).tolist() for name in "ab"} | {"bad": [20.0 + i for i in range(15)]}
    text = " ".join(analyse(campaign_of(finals)).sentences)
    assert "is not significant: these runs do not say which of them is better" in text
    assert "significantly better than bad (p < 0.001)" in text


@pytest.mark.parametrize(("n_runs", "told"), [(4, False), (5, True)])
def test_nothing_is_called_ahead_of_random_search_on_too_few_runs(n_runs: int, told: bool) -> None:
    reached = ReachedByRandomSearch((50.0, 100.0), (1.0, 1.0), *[(9.0, 8.0)] * 4, ((0.0, 0.0),) * len(TARGETS_PP))
    baseline = RandomSearchBaseline(TABLE["digest"], 12, 100.0, {1: reached}, reached, "")  # type: ignore[arg-type]
    results = replace(campaign_of({"a": [1.0 + i / 10 for i in range(n_runs)]}), baseline=baseline)
    text = " ".join(analyse(results).sentences)
    assert ("Ahead of exact random search" in text) == told


@pytest.mark.parametrize(("solved", "n_points"), [({1: 4}, 0), ({4: 4}, 0), ({1: 1}, 2), ({1: 4, 4: 4}, 0)])
def test_shares_of_random_search_stand_beside_targets_where_all_have_its_workers(
    solved: dict[int, int], n_points: int
) -> None:
    # Keys: numbers of workers for which random search was solved; values: workers of the first optimizer.
    reached = ReachedByRandomSearch((50.0, 100.0), (1.0, 1.0), *[(9.0, 8.0)] * 4, ((0.0, 0.0),) * len(TARGETS_PP))
    first = optimizer_with("a", [1.0, 2.0], n_workers=next(iter(solved.values())))
    baseline = RandomSearchBaseline(str(TABLE["digest"]), 12, 100.0, dict.fromkeys(solved, reached), reached, "")
    results = CampaignResults((first, optimizer_with("b", [1.0, 2.0], n_workers=1)), baseline=baseline)
    assert {len(curves.baseline_share) for curves in analyse(results).targets} == {n_points}


def test_the_time_to_match_is_when_it_is_matched_for_good() -> None:
    places, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 2.0, 3.0, 2.0])
    assert time_to_stay_below(places, values, 2.0) == 4.0
    assert time_to_stay_below(places, values, 3.0) == 2.0
    assert time_to_stay_below(places, values, 9.0) == 1.0
    assert time_to_stay_below(places, values, 1.0) is None


@given(
    st.lists(st.one_of(st.integers(0, 4).map(float), st.just(np.inf)), min_size=1, max_size=6),
    st.lists(st.one_of(st.integers(0, 4).map(float), st.just(np.inf)), min_size=1, max_size=6),
)
def test_resampled_improvement_counts_every_pair_of_drawn_runs(first: list[float], second: list[float]) -> None:
    better = resample([np.array(first), np.array(second)]).better
    weights = [resampling_weights(len(second), 1), resampling_weights(len(first), 0)]  # streams as the groups' numbers
    pairs_won = np.array([[(b < a) + 0.5 * (a == b) for a in first] for b in second])
    expected = np.einsum("ri,ij,rj->r", weights[0], pairs_won, weights[1])
    assert better[1, 0] == pytest.approx(expected, abs=1e-11)
    assert (better[0, 1] == 1 - better[1, 0]).all()


def test_an_interval_that_ends_at_one_half_ends_there_exactly() -> None:
    """Ten runs that win and ten that lose: half of the resampled probabilities are one half, to the last bit."""
    a, b = np.array([1.0] * 10 + [3.0] * 10), np.array([2.0] * 20)
    better = resample([b, a]).better[1, 0]
    assert (better[np.abs(better - 0.5) < 1e-9] == 0.5).all()
    assert (np.abs(better - 0.5) < 1e-9).any()
