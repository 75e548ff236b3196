"""Friedman's and Nemenyi's tests, against published numbers and the libraries."""

from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs
from scipy.stats import friedmanchisquare

from nhb2_plugins.analysis.model import Refusal
from nhb2_plugins.analysis.questions.friedman import critical_difference, friedman, friedman_of
from nhb2_plugins.analysis.questions.pairs import pairs
from tests.analysis.runs import campaign_of

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


def test_an_optimizer_of_few_runs_is_left_out_of_friedman_and_tested_unpaired() -> None:
    generator = np.random.default_rng(3)
    finals = {name: (1 + generator.random(12)).tolist() for name in "abc"} | {"few": [1.5, 1.6, 1.7, 1.8, 1.9]}
    found = friedman(campaign_of(finals))
    assert not isinstance(found, Refusal)
    assert (found.names, found.n_blocks, found.left_out) == (("a", "b", "c"), 12, {"few": "5 runs"})
    tests = {(row.first, row.second): row.test for row in pairs(campaign_of(finals))}
    assert tests[("a", "b")] == "Wilcoxon signed-rank"
    assert tests[("a", "few")] == "Mann-Whitney U"


def test_equal_results_are_refused_not_divided_by_zero() -> None:
    found = friedman(campaign_of({name: [2.0] * 12 for name in "abc"}))
    assert isinstance(found, Refusal)
    assert "end at the same regret" in found.reason
