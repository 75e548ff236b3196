"""The recorded random-search baseline: exact, validated, written once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.baseline import compute_baseline, keep_baseline
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign.store import CampaignWriteError
from nhb2_plugins.campaign_directory import BASELINE_FILE
from nhb2_plugins.exact import best_of_random, random_search_over_time
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.baseline import TARGETS_PP, read_baseline

UNLIMITED = {
    "algorithm": "bohb",
    "ladder": [4, 12],
    "settings": {"n_iterations": 2},
    "budget_s": "unlimited",
    "seeds": 1,
}


def spec_of(**fields: object) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {"name": "demo", "budget_s": 2000, "optimizers": [{"algorithm": "random_search", "seeds": 1}], **fields}
    )


def test_it_holds_the_exact_answers(bench: Benchmark) -> None:
    baseline = compute_baseline(spec_of(), bench)
    over_time = baseline.over_time[1]
    exact = random_search_over_time(bench, over_time.x, n_levels=2048)
    assert over_time.x[-1] == 2000
    assert np.abs(exact.mean_regret_pct - over_time.mean_pp)[exact.probability_of_result > 0.99].max() < 0.01
    assert over_time.median_pp[-1] == pytest.approx(exact.quantile_error_pct(0.5)[-1] - exact.error_pct[0], abs=0.05)
    for target, column in zip(TARGETS_PP, over_time.reached, strict=True):
        # A target may lie between two of the 256 that are solved.
        assert column == pytest.approx(exact.probability_at_most(exact.error_pct[0] + target), abs=2e-3)
    counts = best_of_random(bench)
    over_evaluations = baseline.over_evaluations
    assert over_evaluations is not None
    assert over_evaluations.x[0] == 1
    assert over_evaluations.mean_pp[40] == pytest.approx(counts.mean_regret_pct(int(over_evaluations.x[40])))
    assert baseline.why_not == ""


def test_several_workers_know_the_best_of_each(bench: Benchmark) -> None:
    """Against runs of the simulator, which shares the table and nothing else with the exact answer."""
    baseline = compute_baseline(spec_of(n_workers=4), bench).over_time[4]
    runs = (simulate(RandomSearch(seed), bench, budget_s=2000, n_workers=4, crossing="drop") for seed in range(400))
    best = [min(record.error_pct for record in run.records) for run in runs]
    regret = np.array(best) - 100 + bench.oracle()[1]
    assert abs(regret.mean() - baseline.mean_pp[-1]) < 3 * regret.std(ddof=1) / 20
    assert (regret <= 5).mean() == pytest.approx(baseline.reached[TARGETS_PP.index(5.0)][-1], abs=0.08)


def test_what_was_written_is_read_back_equal(bench: Benchmark, tmp_path: Path) -> None:
    keep_baseline(spec_of(n_workers=2), bench, tmp_path)
    assert read_baseline(tmp_path / BASELINE_FILE) == compute_baseline(spec_of(n_workers=2), bench)


def test_the_200_epoch_measure_is_searched_at_200_epochs(bench: Benchmark) -> None:
    baseline = compute_baseline(spec_of(measure_epoch=200, budget_s=20_000), bench)
    assert baseline.measure_epoch == 200
    exact = random_search_over_time(bench, [20_000], epoch=200, n_levels=2048)
    assert baseline.over_time[1].mean_pp[-1] == pytest.approx(exact.mean_regret_pct[-1], abs=0.01)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"optimizers": [UNLIMITED]}, "has a limit"),
        ({"budget_s": 2e6}, "longer than"),
        ({"budget_s": 10}, "Nothing that random search evaluates ends"),
        ({"restriction": {"lr": 0.1}}, "not over a part of it"),
    ],
)
def test_what_does_not_apply_is_left_out_with_the_reason(
    fields: dict[str, object], reason: str, bench: Benchmark
) -> None:
    baseline = compute_baseline(spec_of(**fields), bench)
    assert baseline.over_time == {}
    assert baseline.why_not
    assert re.search(reason, baseline.why_not)
    assert (baseline.over_evaluations is None) == ("restriction" in fields)


def test_it_is_written_once_and_anew_for_another_campaign(bench: Benchmark, tmp_path: Path) -> None:
    path = tmp_path / BASELINE_FILE
    keep_baseline(spec_of(), bench, tmp_path)
    written = path.stat().st_mtime_ns
    keep_baseline(spec_of(name="other"), bench, tmp_path)
    assert path.stat().st_mtime_ns == written
    keep_baseline(spec_of(n_workers=3), bench, tmp_path)
    assert list(read_baseline(path).over_time) == [3]
    path.write_text("{}")
    keep_baseline(spec_of(n_workers=3), bench, tmp_path)
    assert list(read_baseline(path).over_time) == [3]


def test_a_directory_that_cannot_be_written_is_named(bench: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(CampaignWriteError, match=r"cannot write to .*nowhere"):
        keep_baseline(spec_of(), bench, tmp_path / "nowhere")
