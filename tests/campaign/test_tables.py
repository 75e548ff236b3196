"""Campaigns over several tables: each run by its seed; resumed, refused, random search averaged over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.campaign.baseline import averaged, compute_baseline
from nhb2_plugins.campaign.engine import check_front, open_table_of, opened_campaign, run_campaign
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign.store import CampaignStore
from nhb2_plugins.campaign.tables import RunTable, benchmarks_used, table_of, tables_in_turn
from nhb2_plugins.errors import CampaignError, InvalidValueError
from nhb2_plugins.exact import FrontQuality, exact_front, random_hypervolume
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.table.embedded import embedded_draws
from nhb2_plugins.table.writer import write_table
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline, ReachedByRandomSearch, RegretLaw
from nhb2_plugins.trajectory.reader import read_run
from tests.core_fixtures import mini_columns, mini_provenance


def spec_of(**fields: object) -> CampaignSpec:
    optimizers = [{"algorithm": name, "seeds": 3} for name in ("random_search", "regularized_evolution")]
    return CampaignSpec.model_validate({"name": "x", "budget_s": 1500, "optimizers": optimizers, "draws": 2, **fields})


def test_a_seed_has_one_draw_for_every_optimizer_and_regret_is_to_its_best(tmp_path: Path) -> None:
    spec = spec_of()
    outcome = run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1)
    assert (outcome.n_run, outcome.failed) == (6, ())
    for name in ("random_search", "regularized_evolution"):
        for seed in range(3):
            run = read_run(tmp_path / "runs" / name / f"seed-{seed:04d}.jsonl")
            draw = open_benchmark(draw=seed % 2)
            assert tuple(run.header.table["draw"]) == (seed % 2, embedded_draws())
            assert run.header.table["digest"] == draw.provenance.digest
            assert run.header.table["assumptions"] == draw.provenance.assumptions
            assert run.header.optimum.accuracy_pct == draw.oracle(12)[1]
            first = run.records[0]
            assert first.accuracy_pct == draw.evaluate(first.configuration, 12).accuracy_pct
            assert first.table.startswith("embedded")
    again = run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1)
    assert (again.n_kept, again.n_run) == (6, 0)
    store = CampaignStore(tmp_path)
    with pytest.raises(CampaignError, match="another specification"):
        store.check(spec_of(draws=3), open_table_of(spec).provenance)


def test_more_seeds_on_more_draws_are_compared_with_random_search_on_all_of_them(tmp_path: Path) -> None:
    def of_seeds(seeds: int) -> CampaignSpec:
        return spec_of(draws=3, optimizers=[{"algorithm": "random_search", "seeds": seeds}])

    for place, seeds in ((tmp_path / "grown", 1), (tmp_path / "grown", 3), (tmp_path / "at_once", 3)):
        spec = of_seeds(seeds)
        run_campaign(spec, open_table_of(spec), place, n_processes=1)
    grown, at_once = ((tmp_path / name / "random_search.json").read_bytes() for name in ("grown", "at_once"))
    assert grown == at_once


def test_a_run_on_another_draw_is_not_taken_for_the_campaign_s(tmp_path: Path) -> None:
    spec = spec_of(optimizers=[{"algorithm": "random_search", "seeds": 2}])
    run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1)
    (tmp_path / "campaign.json").unlink()
    with pytest.raises(CampaignError, match="is of a run with table"):
        run_campaign(
            spec_of(optimizers=[{"algorithm": "random_search", "seeds": 2}], draws=None), open_benchmark(), tmp_path
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"draws": 1}, "draws"),
        ({"draws": 500}, f"the embedded table has {embedded_draws()}"),
        ({"table": "imported"}, "only the embedded table has draws"),
        ({"table_seed": "rotate"}, "name one of them"),
        ({"table_seed": "first", "draws": None}, "rotate"),
    ],
)
def test_draws_that_are_not_there_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec_of(**fields)


def test_another_table_beside_draws_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="rotates over 2 draws"):
        open_table_of(spec_of(), draw=3)
    with pytest.raises(CampaignError, match="draws are of the embedded table, not of the embedded table, draw 3"):
        run_campaign(spec_of(), open_benchmark(draw=3), tmp_path)


def test_random_search_is_averaged_over_the_draws_that_are_used() -> None:
    spec = spec_of(optimizers=[{"algorithm": "random_search", "seeds": [0, 2, 4]}], draws=4)
    used = list(benchmarks_used(spec, open_benchmark()))
    assert [bench.provenance.draw for bench in used] == [(0, embedded_draws()), (2, embedded_draws())]
    in_turn = tables_in_turn(spec, open_benchmark().provenance)
    assert [table_of(seed, in_turn).draw for seed in (0, 5, 7)] == [0, 1, 3]
    found = compute_baseline(spec, open_benchmark())
    alone = [
        compute_baseline(spec_of(optimizers=[{"algorithm": "random_search", "seeds": 1}], draws=None), bench)
        for bench in used
    ]
    ends = [each.over_time[1].mean_pp[-1] for each in alone]
    assert found.over_time[1].mean_pp[-1] == pytest.approx(np.mean(ends), rel=0.002)
    assert found.table_digest == open_benchmark().provenance.digest
    (law,) = found.laws
    at = [np.interp(5.0, each.laws[0].regret_pp, each.laws[0].at_most) for each in alone]
    assert np.interp(5.0, law.regret_pp, law.at_most) == pytest.approx(np.mean(at), abs=0.005)


def rotating(**fields: object) -> CampaignSpec:
    return spec_of(draws=None, table_seed="rotate", **fields)


def test_seeds_of_a_table_are_its_training_seeds_in_turn_and_regret_is_to_that_seed_s_best(
    bench: Benchmark, tmp_path: Path
) -> None:
    spec, (first, second, third) = rotating(), bench.seeds
    outcome = run_campaign(spec, bench, tmp_path, n_processes=1)
    assert (outcome.n_run, outcome.failed) == (6, ())
    for name in ("random_search", "regularized_evolution"):
        for seed, training_seed in enumerate((first, second, third)):
            run = read_run(tmp_path / "runs" / name / f"seed-{seed:04d}.jsonl")
            best, accuracy = bench.oracle(12, seed=training_seed)
            assert run.header.table_seed == training_seed
            assert run.header.table["digest"] == bench.provenance.digest
            assert (run.header.optimum.cellcode, run.header.optimum.accuracy_pct) == (best.cellcode, accuracy)
            assert {record.seed for record in run.records} == {training_seed}
            for record in run.records:
                answer = bench.evaluate(record.configuration, 12, seed=training_seed)
                assert (record.accuracy_pct, record.cost_s) == (answer.accuracy_pct, answer.cost_s)
    assert run_campaign(rotating(), bench, tmp_path, n_processes=1).n_kept == 6
    with pytest.raises(CampaignError, match="another specification"):
        CampaignStore(tmp_path).check(spec_of(draws=None), bench.provenance)


def test_a_run_by_another_training_seed_is_not_taken_for_the_campaign_s(bench: Benchmark, tmp_path: Path) -> None:
    one = [{"algorithm": "random_search", "seeds": 1}]
    run_campaign(spec_of(draws=None, optimizers=one), bench, tmp_path, n_processes=1)
    (tmp_path / "campaign.json").unlink()
    with pytest.raises(CampaignError, match="is of a run with table_seed None, not "):
        run_campaign(rotating(optimizers=one), bench, tmp_path, n_processes=1)


def test_training_seeds_need_a_table_with_several(bench: Benchmark) -> None:
    one = replace(bench.provenance, seeds=bench.seeds[:1])
    with pytest.raises(CampaignError, match=f"has one training seed, {bench.seeds[0]}: there is no other"):
        tables_in_turn(rotating(), one)
    assert tables_in_turn(spec_of(draws=None), one) == (RunTable(one.digest),)


def test_random_search_is_averaged_over_the_training_seeds_that_are_used(bench: Benchmark) -> None:
    spec = rotating(optimizers=[{"algorithm": "random_search", "seeds": [1, 2, 4]}])
    used = list(benchmarks_used(spec, bench))
    assert [each.default_seed for each in used] == list(bench.seeds[1:])
    ends = [compute_baseline(spec_of(draws=None), each).over_time[1].mean_pp[-1] for each in used]
    assert ends[0] != ends[1]
    found = compute_baseline(spec, bench)
    assert found.over_time[1].mean_pp[-1] == pytest.approx(np.mean(ends), rel=0.002)
    assert found.table_digest == bench.provenance.digest


TWO = ["error_pct", "cost_s"]


def test_with_several_objectives_each_run_has_the_front_of_its_draw(tmp_path: Path) -> None:
    spec = spec_of(objectives=TWO, max_evaluations=20, budget_s=100_000, restriction={"lr": 0.1})
    part = Subspace(lr=0.1)
    assert run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1).failed == ()
    sizes = []
    for seed in range(3):
        front = exact_front(open_benchmark(draw=seed % 2), TWO, restriction=part)
        quality = FrontQuality.of(front.values)
        sizes.append(len(front.indices))
        for name in ("random_search", "regularized_evolution"):
            run = read_run(tmp_path / "runs" / name / f"seed-{seed:04d}.jsonl")
            assert [point.values for point in run.header.front] == [tuple(each) for each in front.values.tolist()]
            found = np.array([(record.error_pct, record.cost_s) for record in run.records])
            assert run.regrets[-1][1] == pytest.approx(quality.regret_pp(found))
    analysis = analyse(read_results(tmp_path))
    assert list(analysis.fronts.sizes) == sizes[:2]
    (row,) = analysis.draws
    assert list(row.found.by_table) == [0, 1]
    curves = {open_benchmark(draw=draw).provenance.assumptions["curves"] for draw in range(2)}
    assert set(row.found.by_assumption["curves"]) == curves
    again = run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1)
    assert (again.n_kept, again.n_run) == (6, 0)
    (tmp_path / "runs" / "random_search" / "seed-0001.jsonl").unlink()
    again = run_campaign(spec, open_table_of(spec), tmp_path, n_processes=1)
    assert (again.n_kept, again.n_run) == (5, 1)


def test_random_search_s_hypervolume_is_averaged_over_the_draws_that_are_used() -> None:
    objectives = ["error_pct", "params_live"]
    one = [{"algorithm": "random_search", "seeds": [0, 2]}]
    found = compute_baseline(
        spec_of(optimizers=one, draws=4, objectives=objectives, max_evaluations=20), open_benchmark()
    )
    assert (found.objectives, found.table_digest) == (tuple(objectives), open_benchmark().provenance.digest)
    searches = [random_hypervolume(open_benchmark(draw=draw), objectives) for draw in (0, 2)]
    assert found.over_evaluations is not None
    at = found.over_evaluations.x.index(20.0)
    means = [each.mean_regret_pp(20) for each in searches]
    assert found.over_evaluations.mean_pp[at] == pytest.approx(np.mean(means), rel=1e-6)
    assert found.over_evaluations.mean_pp[at] != pytest.approx(means[0], rel=1e-3)


def test_a_reference_point_that_a_draw_s_front_is_beyond_is_refused() -> None:
    ideals = [exact_front(open_benchmark(draw=draw), TWO).ideal[0] for draw in range(2)]
    worse = int(np.argmax(ideals))
    between = [sum(ideals) / 2, 5000.0]
    with pytest.raises(CampaignError, match=rf"on the embedded table, draw {worse} .*below the reference point"):
        check_front(spec_of(objectives=TWO, reference_point=between), open_benchmark())
    check_front(spec_of(objectives=TWO, reference_point=[90.0, 5000.0]), open_benchmark())


def test_with_several_objectives_each_run_has_the_front_of_its_training_seed(bench: Benchmark, tmp_path: Path) -> None:
    spec = rotating(objectives=TWO, max_evaluations=5, budget_s=100_000, restriction={"lr": 0.1})
    assert run_campaign(spec, bench, tmp_path, n_processes=1).failed == ()
    fronts = [exact_front(bench, TWO, seed=seed, restriction=Subspace(lr=0.1)).values.tolist() for seed in bench.seeds]
    assert fronts[0] != fronts[1]
    for seed, front in enumerate(fronts):
        run = read_run(tmp_path / "runs" / "random_search" / f"seed-{seed:04d}.jsonl")
        assert [list(point.values) for point in run.header.front] == front
    analysis = analyse(read_results(tmp_path))
    assert "3 training seeds" in next(each for each in analysis.sentences if each.startswith("The exact fronts of"))
    assert analysis.goal == "all that the exact front of each run's own training seed dominates, up to its nadir"


def test_averages_by_hand() -> None:
    def baseline(mean: float, known: float) -> RandomSearchBaseline:
        reached = ReachedByRandomSearch((1.0, 2.0), (known, 1.0), (mean, mean / 2))
        law = RegretLaw(1, 2.0, (0.0, mean), (0.0, 1.0))
        return RandomSearchBaseline("d", 12, 2.0, {1: reached}, reached, "", laws=(law,))

    both = averaged([baseline(4.0, 0.5), baseline(8.0, 1.0)], "whole")
    assert both.over_time[1].probability_of_result == (0.75, 1.0)
    assert both.over_time[1].mean_pp == pytest.approx(((0.5 * 4 + 8) / 1.5, 3.0))
    assert np.interp(4.0, both.laws[0].regret_pp, both.laws[0].at_most) == pytest.approx(0.75)
    assert both.table_digest == "whole"


def test_the_quickstart_is_on_draws_of_the_embedded_table_and_on_the_training_seeds_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NHB2_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    spec, opened = opened_campaign("quickstart")
    assert (spec.draws, spec.table_seed, opened.provenance.draw) == (9, None, None)
    assert {(open_benchmark(draw=k).provenance.assumptions["curves"]) for k in range(9)} == {
        "crossing",
        "moderate",
        "parallel",
    }
    spec, opened = opened_campaign("quickstart", draw=3)
    assert (spec.draws, spec.table_seed, opened.provenance.draw) == (None, None, (3, embedded_draws()))
    directory = str(tmp_path / "table")
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    spec, opened = opened_campaign("quickstart", directory)
    assert (spec.draws, spec.table_seed, opened.provenance) == (None, "rotate", open_benchmark(directory).provenance)
    monkeypatch.setenv("NHB2_DATA", directory)
    assert opened_campaign("quickstart")[0] == spec
    assert opened_campaign("smoke")[0].table_seed is None
