"""Shares of runs that reach targets."""

from __future__ import annotations

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch
from tests.analysis.runs import TABLE, optimizer_with


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
