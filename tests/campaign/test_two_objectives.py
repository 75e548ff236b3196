"""A campaign of two objectives: its runs' files, its baseline, and every answer of its report, in hypervolume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse, report_tables
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.engine import check_front, run_campaign
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.cli.main import main
from nhb2_plugins.errors import CampaignError, TrajectoryError
from nhb2_plugins.exact import FrontQuality, exact_front, random_hypervolume
from nhb2_plugins.objectives import objective_values
from nhb2_plugins.trajectory.baseline import read_baseline
from nhb2_plugins.trajectory.bests import read_bests
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.summary import read_summary

OBJECTIVES = ("error_pct", "cost_s")
N_SEEDS = 10


def campaign(**changes: Any) -> CampaignSpec:
    content = {
        "name": "two",
        "budget_s": 6000,
        "objectives": list(OBJECTIVES),
        "optimizers": [
            {"algorithm": "random_search", "seeds": N_SEEDS},
            {"algorithm": "regularized_evolution", "seeds": N_SEEDS},
            {"algorithm": "optuna", "settings": {"sampler": "nsgaii", "population_size": 8}, "seeds": N_SEEDS},
        ],
    }
    return CampaignSpec.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def directory(bench: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("two")
    outcome = run_campaign(campaign(), bench, path, n_processes=1)
    assert (outcome.n_run, outcome.failed) == (3 * N_SEEDS, ())
    return path


def test_a_run_is_its_archive_and_its_regret_what_that_misses(directory: Path, bench: Benchmark) -> None:
    front = exact_front(bench, OBJECTIVES)
    quality = FrontQuality.of(front.values)
    for path in sorted(directory.glob("runs/*/*.jsonl")):
        run, summary = read_run(path), read_summary(path)
        assert [point.values for point in run.header.front] == [tuple(each) for each in front.values.tolist()]
        assert run.regrets == summary.regrets
        regret_at = dict(run.regrets)
        known: list[tuple[float, ...]] = []
        last = None
        for record in sorted(run.records, key=lambda each: (each.end_s, each.trial)):
            known.append(objective_values(OBJECTIVES, record))
            last = regret_at.get(record.end_s, last)  # what dominates nothing new changes nothing
            assert last == pytest.approx(quality.regret_pp(np.array(known)), abs=1e-9)


def test_an_archive_that_was_changed_by_hand_is_refused(directory: Path, tmp_path: Path) -> None:
    path = next(iter(sorted(directory.glob("runs/*/*.jsonl"))))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    entered = [line for line in lines if line["type"] == "incumbent"]
    without = [line for line in lines if line is not entered[-1]]
    other = [{**line, "trial": entered[0]["trial"]} if line is entered[-1] else line for line in lines]
    for number, (changed, message) in enumerate(((without, "and no incumbent"), (other, "incumbent field trial"))):
        file = tmp_path / str(number) / "run.jsonl"
        file.parent.mkdir()
        file.write_text("".join(json.dumps(line) + "\n" for line in changed))
        for read in (read_run, read_summary, lambda source: read_bests(str(source))):
            with pytest.raises(TrajectoryError, match=message):
                read(file)


def test_the_baseline_is_the_exact_expectation(directory: Path, bench: Benchmark) -> None:
    baseline = read_baseline(directory / "random_search.json")
    search = random_hypervolume(bench, OBJECTIVES)
    assert baseline.over_evaluations is not None
    assert baseline.objectives == OBJECTIVES
    for x, mean in zip(baseline.over_evaluations.x, baseline.over_evaluations.mean_pp, strict=True):
        assert mean == pytest.approx(search.mean_regret_pp(int(x)), rel=1e-5)
    over_time = baseline.over_time[1]
    assert over_time.x[-1] == 6000
    assert list(over_time.mean_pp) == sorted(over_time.mean_pp, reverse=True)
    assert not over_time.median_pp


def test_every_question_answers_in_hypervolume(directory: Path) -> None:
    analysis = analyse(read_results(directory, ("random_search", "regularized_evolution", "optuna")))
    finals = {
        card.marked_name: [read_run(path).regrets[-1][1] for path in sorted(directory.glob(f"runs/{card.name}/*"))]
        for card in analysis.optimizers
    }
    for row in analysis.final_regret:
        assert row.mean.value == pytest.approx(np.mean(finals[row.name]))
    assert analysis.measure == "hypervolume of error_pct and cost_s"
    assert "exact front's" in analysis.goal
    assert all(0 <= regret <= 100 for each in finals.values() for regret in each)
    assert analysis.pairs[0].test == "Wilcoxon signed-rank"
    comparison = next(table for table in report_tables(analysis) if table.name == "comparison")
    assert comparison.keys == ("optimizer", "runs", "evaluations", "simulated_h", "regret")


def test_a_directory_is_of_its_objectives(directory: Path, bench: Benchmark) -> None:
    assert run_campaign(campaign(), bench, directory, n_processes=1).n_kept == 3 * N_SEEDS
    for other in ({"objectives": ["error_pct"]}, {"reference_point": [90, 2000]}):
        with pytest.raises(CampaignError, match="another specification"):
            run_campaign(campaign(**other), bench, directory, n_processes=1)


def test_a_front_without_room_is_refused(bench: Benchmark) -> None:
    check_front(campaign(), bench)
    with pytest.raises(CampaignError, match="no point of the front lies below the nadir"):
        check_front(campaign(objectives=["params_live", "macs_live"]), bench)
    with pytest.raises(CampaignError, match="no point of the front lies below the reference point"):
        check_front(campaign(reference_point=[1, 1]), bench)


def test_wrong_input_is_one_sentence_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "name: two\nbudget_s: 1000\nobjectives: [params_live, macs_live]\n"
        "optimizers: [{algorithm: random_search, seeds: 1}]\n"
    )
    assert main(["run", str(spec), "--out", str(tmp_path / "out")]) == 2
    assert "no point of the front lies below the nadir" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
