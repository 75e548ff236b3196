"""Random search's curves, from what is recorded of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nhb2_plugins.analysis.baseline_curves import NOT_RECORDED, baseline_over_evaluations, baseline_over_time
from nhb2_plugins.analysis.model import BaselineCurve, Refusal
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline
from tests.analysis.runs import make_run, optimizer_of, optimizer_with
from tests.analysis.worked import baseline


def results(given: RandomSearchBaseline | None, *n_workers: int) -> CampaignResults:
    runs = (make_run([(10, 80.0), (20, 85.0), (30, 86.0)], optimizer=f"o{n}", n_workers=n) for n in n_workers)
    return CampaignResults(tuple(optimizer_of(run.header.optimizer, run) for run in runs), baseline=given)


def test_without_a_record_there_is_the_reason() -> None:
    for curve in (baseline_over_time, baseline_over_evaluations):
        assert curve(results(None, 1)) == Refusal(NOT_RECORDED)
    refused = replace(baseline(), over_time={}, over_evaluations=None, why_not="It takes too long.")
    assert baseline_over_time(results(refused, 1)) == Refusal("It takes too long.")
    assert baseline_over_evaluations(results(refused, 1)) == Refusal("It takes too long.")
    solved_for_others = replace(baseline(), over_time={4: baseline().over_time[1]})
    assert baseline_over_time(results(solved_for_others, 1)) == Refusal(
        "Random search was not solved for these numbers of workers."
    )


def test_a_curve_begins_where_a_result_is_nearly_sure_and_ends_with_the_runs() -> None:
    recorded = baseline()  # a result is there in half of the searches at second 2, and in all from second 10 on
    (curve,) = baseline_over_time(results(recorded, 1))  # type: ignore[misc]
    assert isinstance(curve, BaselineCurve)
    assert curve.label == "random search, exact"
    assert curve.x.tolist() == [10, 40, 100]
    assert curve.mean.tolist() == [9, 5, 3]
    assert curve.median.tolist() == [8, 4, 2]
    assert curve.quarter.tolist() == [7, 3, 1]
    assert curve.three_quarters.tolist() == [11, 7, 5]
    edge = replace(recorded.over_time[1], probability_of_result=(0.98, 0.99, 1.0, 1.0))
    (curve,) = baseline_over_time(results(replace(recorded, over_time={1: edge}), 1))  # type: ignore[misc]
    assert curve.x.tolist() == [10, 40, 100]


def test_over_evaluations_a_curve_ends_with_the_longest_run() -> None:
    curve = baseline_over_evaluations(results(baseline(), 1))  # runs of three evaluations
    assert isinstance(curve, BaselineCurve)
    assert (curve.label, curve.x.tolist(), curve.mean.tolist()) == ("random search, exact", [2, 3], [9, 5])


@pytest.mark.parametrize(
    ("workers", "labels"),
    [
        ((1,), ["random search, exact"]),
        ((4,), ["random search, exact, 4 workers"]),
        ((4, 1), ["random search, exact, 1 worker", "random search, exact, 4 workers"]),
    ],
)
def test_numbers_of_workers_are_said_where_they_are_not_one_alone(workers: tuple[int, ...], labels: list[str]) -> None:
    both = replace(baseline(), over_time=dict.fromkeys((1, 2, 4), baseline().over_time[1]))
    curves = baseline_over_time(results(both, *workers))
    assert [curve.label for curve in curves] == labels  # type: ignore[union-attr]


def test_an_optimizer_without_runs_asks_for_no_curve() -> None:
    none_run = replace(optimizer_with("b", [1.0], n_workers=9), runs=())
    given = replace(results(baseline(), 1), optimizers=(*results(None, 1).optimizers, none_run))
    assert len(baseline_over_time(given)) == 1  # type: ignore[arg-type]
    assert np.isfinite(baseline_over_evaluations(given).mean).all()  # type: ignore[union-attr]


def test_what_is_not_known_of_random_search_is_no_number() -> None:
    without = replace(baseline().over_time[1], quarter_pp=(), three_quarters_pp=())
    (curve,) = baseline_over_time(results(replace(baseline(), over_time={1: without}), 1))  # type: ignore[misc]
    assert np.isnan(curve.quarter).tolist() == np.isnan(curve.three_quarters).tolist() == [True] * 3
    assert curve.mean.tolist() == [9, 5, 3]
