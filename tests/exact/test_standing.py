"""Ranks, regrets and final reports, against definitions spelled out."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nhb2_plugins.exact import (
    final_report,
    ranks,
    regrets,
)
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from tests.core_fixtures import N_ROWS, configurations, indices
from tests.exact.benches import MINI, bench_of

questions = st.sampled_from(
    [(1, "train", 222), (5, None, 555), (12, "test", "mean"), (12, None, None), (200, None, None)]
)


@given(questions, indices)
@settings(max_examples=40, deadline=None)
def test_a_rank_is_one_more_than_the_number_of_better_configurations(question: Any, index: int) -> None:
    accuracy, _ = MINI.evaluate_many(np.arange(N_CONFIGURATIONS), *question)
    assert ranks(MINI, *question)[index] == 1 + np.count_nonzero(accuracy > accuracy[index])


@given(questions, configurations)
@settings(max_examples=40, deadline=None)
def test_a_regret_is_the_distance_to_the_oracle(question: Any, configuration: Configuration) -> None:
    best, best_accuracy = MINI.oracle(*question)
    found = regrets(MINI, *question)
    assert found[configuration.index] == best_accuracy - MINI.evaluate(configuration, *question).accuracy_pct
    assert found[best.index] == 0
    assert ranks(MINI, *question)[best.index] == 1


def test_equals_share_the_best_of_their_ranks_and_the_next_one_leaves_a_gap() -> None:
    errors = np.full(N_ROWS, 50.0)
    errors[48:50] = 10.0  # two rows of class 1: 2 · 3,072 configurations
    errors[0] = 20.0  # one row of class 0: 1,024 configurations
    found = ranks(bench_of(errors, 100.0))
    values, counts = np.unique(found, return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {
        1: 6144,
        6145: 1024,
        7169: N_CONFIGURATIONS - 7168,
    }
    assert found.dtype == np.int64


def test_where_all_are_equal_all_are_first() -> None:
    bench = bench_of(50.0, 100.0)
    assert (ranks(bench) == 1).all()
    assert (regrets(bench) == 0).all()


def test_a_difference_in_the_last_bit_is_a_difference() -> None:
    errors = np.full(N_ROWS, 50.0)
    errors[7] = np.nextafter(50.0, 0)
    assert np.count_nonzero(ranks(bench_of(errors, 100.0)) == 1) == 1024


@given(configurations, st.sampled_from([None, 222, 555, "mean"]))
@settings(max_examples=40, deadline=None)
def test_the_final_report_is_three_lookups_beside_their_optima(configuration: Configuration, seed: Any) -> None:
    report = final_report(MINI, configuration, seed)
    for measured, question in zip(report, [(12, "valid"), (12, "test"), (200, "test")], strict=True):
        assert measured.accuracy_pct == MINI.evaluate(configuration, *question, seed).accuracy_pct
        assert measured.error_pct == 100 - measured.accuracy_pct
        assert measured.optimum_accuracy_pct == MINI.oracle(*question, seed)[1]
        assert measured.regret_pct == regrets(MINI, *question, seed)[configuration.index]


def test_the_optimum_regrets_nothing() -> None:
    best, accuracy = MINI.oracle()
    assert final_report(MINI, best).valid_12 == (accuracy, accuracy)
    assert final_report(MINI, best).valid_12.regret_pct == 0
