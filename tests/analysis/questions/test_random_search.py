"""Optimizers against exact random search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.questions.random_search import time_to_stay_below
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from tests.analysis.runs import TABLE, campaign_of


@pytest.mark.parametrize(("n_runs", "told"), [(4, False), (5, True)])
def test_nothing_is_called_ahead_of_random_search_on_too_few_runs(n_runs: int, told: bool) -> None:
    reached = ReachedByRandomSearch((50.0, 100.0), (1.0, 1.0), *[(9.0, 8.0)] * 4, ((0.0, 0.0),) * len(TARGETS_PP))
    baseline = RandomSearchBaseline(TABLE["digest"], 12, 100.0, {1: reached}, reached, "")  # type: ignore[arg-type]
    results = replace(campaign_of({"a": [1.0 + i / 10 for i in range(n_runs)]}), baseline=baseline)
    text = " ".join(analyse(results).sentences)
    assert ("Ahead of exact random search" in text) == told


def test_the_time_to_match_is_when_it_is_matched_for_good() -> None:
    places, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 2.0, 3.0, 2.0])
    assert time_to_stay_below(places, values, 2.0) == 4.0
    assert time_to_stay_below(places, values, 3.0) == 2.0
    assert time_to_stay_below(places, values, 9.0) == 1.0
    assert time_to_stay_below(places, values, 1.0) is None
