"""Archives held against an exact front of three points, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse, page_parts, report_figures, report_tables
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.parts import ARCHITECTURES, FRONT
from nhb2_plugins.analysis.questions.fronts import QUESTION
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.trajectory.run_file import FrontPoint, RunFile
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of
from tests.analysis.worked import baseline
from tests.core_fixtures import needs

pytestmark = needs("moocore")
EXACT = ((10.0, 30.0), (20.0, 20.0), (40.0, 10.0))
TWO: dict[str, Any] = {
    "objectives": ("error_pct", "cost_s"),
    "reference_point": (50.0, 40.0),
    "front": tuple(
        FrontPoint("0|00|220", lr, 32, values) for lr, values in zip((0.1, 0.05, 0.025), EXACT, strict=True)
    ),
}


def run_of(*found: tuple[float, float, float], **header: Any) -> RunFile:
    """A run whose archive is entered by (simulated second, error, cost)."""
    run = make_run([(time, 100.0 - error) for time, error, _ in found], **{**TWO, **header})
    records = (replace(each, cost_s=float(cost)) for each, (_, _, cost) in zip(run.records, found, strict=True))
    return replace(run, records=tuple(records))


def two_optimizers() -> CampaignResults:
    """Up to (50, 40) the front has 10·10 + 30·10 + 40·10 = 800."""
    first = optimizer_of("a", run_of((10, 40, 10), (20, 20, 20)), run_of((10, 30, 30), seed=1))
    return CampaignResults(
        (first, optimizer_of("b", run_of((15, 20, 20), optimizer="b"), run_of(optimizer="b", seed=1)))
    )


def test_regret_is_what_is_missing_of_the_hypervolume() -> None:
    """(40, 10) alone has 10·30 of the 800; with (20, 20) it is 700; (30, 30) has 20·10."""
    analysis = analyse(two_optimizers())
    a, b = analysis.optimizers
    assert a.runs[0].regrets == ((10, 62.5), (20, 12.5))
    assert [run.regret_pp for run in a.runs] == [12.5, 75]
    assert [run.regret_pp for run in b.runs] == [25, None]
    assert analysis.goal == "all that the exact front's 3 points dominate, up to (50, 40)"
    assert a.runs[0].cellcode is None
    assert "hypervolume of error_pct and cost_s" in analysis.sentences[0]


def test_final_archives_against_the_front() -> None:
    found = analyse(two_optimizers()).fronts
    a, b = found.rows
    assert a.hypervolume.mean == pytest.approx((87.5 + 25) / 2)
    # Scaled by (10, 10) … (50, 40): from (30, 30) to the front's points 1/2, (1/4, 1/3) and 2/3.
    alone = (1 / 2 + np.hypot(1 / 4, 1 / 3) + 2 / 3) / 3
    both = (1 / 4 + 0 + 0) / 3  # to (10, 30) from (20, 20)
    assert a.igd_plus.mean == pytest.approx(100 * (alone + both) / 2)
    assert a.epsilon.mean == pytest.approx(100 * (2 / 3 + 1 / 4) / 2)
    assert (a.points, a.reached) == (1.5, pytest.approx(1 / 3))
    assert (b.n_runs, b.points, b.hypervolume.mean) == (1, 1, 75)
    assert [(each.n_runs, each.by_optimizer) for each in found.points] == [
        (0, ()),
        (2, (("a", 1), ("b", 1))),
        (1, (("a", 1),)),
    ]
    over_time = found.over_time[0]
    assert over_time.x.tolist() == [10, 20, 100]
    assert over_time.mean[1:] == pytest.approx([a.igd_plus.mean] * 2)


@pytest.mark.parametrize(
    ("n_evaluations", "said"),
    [
        ((4, 2), ["After 2 evaluations exact random search is expected to miss 9.00 percentage points of it."]),
        ((3, 4), ["After 3 evaluations exact random search is expected to miss 5.00 percentage points of it."]),
        ((5, 1), []),  # after one evaluation half of random searches have no result
        ((5, 0), []),
    ],
)
def test_random_search_is_held_beside_the_shortest_run(n_evaluations: tuple[int, ...], said: list[str]) -> None:
    runs = (run_of(*[(i + 1, 20, 20) for i in range(n)], seed=seed) for seed, n in enumerate(n_evaluations))
    results = CampaignResults((optimizer_of("a", *runs),), baseline=baseline())
    facts = facts_of(results)
    _, *further = QUESTION.words(QUESTION.numbers(results, facts), facts)
    assert further == said


def test_surfaces_are_what_shares_of_the_runs_attain() -> None:
    """One of two runs attains (40, 10) and (20, 20), both attain (30, 30)."""
    (found,) = analyse(two_optimizers()).fronts.attainment
    surfaces, other = found.surfaces
    assert found.exact.median.tolist() == [40, 20, 10, 10]
    assert surfaces.x.tolist() == [10, 20, 30, 40]
    assert surfaces.median.tolist() == surfaces.quarter.tolist() == [40, 20, 20, 20]
    assert np.isnan(surfaces.three_quarters[:2]).all()
    assert surfaces.three_quarters[2:].tolist() == [30, 30]
    assert other.median.tolist() == [20, 20]  # of the one run that has a result


def test_the_page_draws_the_fronts_cells_and_no_best_configuration() -> None:
    analysis = analyse(two_optimizers())
    parts = page_parts(analysis)
    (cells,) = (part.cells for part in parts if part.macro == "front_cells_part")
    assert [cell.values for cell in cells] == [
        "error 10 % · cost 30 s",
        "error 20 % · cost 20 s",
        "error 40 % · cost 10 s",
    ]
    assert [cell.found_by for cell in cells][:2] == ["found by 0 of 3 runs", "found by 2 of 3 runs: a (1), b (1)"]
    assert not [part for part in parts if part.section == ARCHITECTURES]
    shown = {figure.name: figure.picture is not None for figure in report_figures(analysis)}
    assert shown["attainment"]
    assert shown["igd_over_time"]
    assert not shown["error_over_time"]
    names = {table.name for table in report_tables(analysis)}
    assert names >= {"fronts", "front_points", "igd_time", "igd_evaluations", "attainment"}


def test_of_three_objectives_each_pair_is_attained_whatever_the_third() -> None:
    """The third objective is the same in all records here: they are of one cell."""
    size = float(Cell("0|00|000").params_live)
    three = {
        "objectives": ("error_pct", "cost_s", "params_live"),
        "reference_point": (50.0, 40.0, 2e6),
        "front": tuple(
            FrontPoint("0|00|220", lr, 32, (error, cost, 5e5 + error))
            for lr, error, cost in ((0.1, 10.0, 30.0), (0.05, 20.0, 20.0))
        ),
    }
    run = run_of((10, 40, 10), (20, 20, 20), **three)
    analysis = analyse(CampaignResults((optimizer_of("a", run),)))
    first, third = analysis.fronts.attainment  # the smallest error has the fewest parameters: nothing is traded there
    assert [(each.y, each.x) for each in (first, third)] == [("error_pct", "cost_s"), ("cost_s", "params_live")]
    assert (first.surfaces[0].x.tolist(), first.surfaces[0].median.tolist()) == ([10, 20, 40], [40, 20, 20])
    assert (first.exact.x.tolist(), first.exact.median.tolist()) == ([20, 30, 40], [20, 10, 10])
    assert (third.surfaces[0].x.tolist(), third.surfaces[0].median.tolist()) == ([size, 2e6], [10, 10])
    assert (third.exact.x.tolist(), third.exact.median.tolist()) == ([5e5 + 10, 5e5 + 20, 2e6], [30, 20, 20])
    names = ["attainment_error_pct_cost_s", "attainment_cost_s_params_live"]
    assert [table.name for table in report_tables(analysis) if table.name.startswith("attainment")] == names
    figures = {figure.name: figure for figure in report_figures(analysis)}
    assert figures[names[1]].title == "What the final archives attain, whatever error_pct comes to"
    charts = [chart for part in page_parts(analysis) for chart in getattr(part, "charts", ())]
    assert {name.replace("_", "-") for name in names} <= {chart.key for chart in charts}


def on_draw(draw: int, *found: tuple[float, float, float], optimizer: str = "a") -> RunFile:
    """A run on one of two draws, whose seed is the draw; they share one configuration, that of learning rate 0.05."""
    fronts = (
        ((0.1, 10.0, 30.0), (0.05, 20.0, 20.0), (0.025, 40.0, 10.0)),  # nadir (40, 30): 20 · 10
        ((0.1, 10.0, 20.0), (0.05, 20.0, 10.0), (0.2, 60.0, 5.0)),  # nadir (60, 20): 40 · 10
    )
    return run_of(
        *found,
        seed=draw,
        optimizer=optimizer,
        table={**TABLE, "draw": (draw, 27), "assumptions": {"curves": "moderate"}, "digest": f"{draw:016x}"},
        reference_point=(),
        front=tuple(FrontPoint("0|00|220", lr, 32, (error, cost)) for lr, error, cost in fronts[draw]),
    )


def test_on_several_draws_each_run_is_held_against_its_own() -> None:
    a = optimizer_of("a", on_draw(0, (10, 20, 20)), on_draw(1, (10, 20, 20), (20, 20, 10)))
    b = optimizer_of("b", on_draw(0, (10, 30, 20), optimizer="b"), on_draw(1, (10, 30, 10), optimizer="b"))
    analysis = analyse(CampaignResults((a, b)))
    assert [[run.regret_pp for run in card.runs] for card in analysis.optimizers] == [[0, 0], [50, 25]]
    assert analysis.goal == "all that the exact front of each run's own draw dominates, up to its nadir"
    found = analysis.fronts
    assert (found.sizes, found.reference, found.n_all) == ((3, 3), (), 4)
    assert [row.hypervolume.mean for row in found.rows] == [100, 62.5]
    shared, *others = found.points
    assert (shared.point.lr, shared.point.values) == (0.1, (10, 25))
    assert (others[0].point.lr, others[0].point.values, others[0].n_fronts) == (0.05, (20, 15), 2)
    assert (others[0].n_runs, others[0].n_possible, others[0].by_optimizer) == (2, 4, (("a", 2),))
    assert [(each.point.lr, each.n_fronts, each.n_possible) for each in others[1:]] == [(0.025, 1, 2), (0.2, 1, 2)]
    (attained,) = found.attainment
    assert (attained.exact.x.tolist(), attained.exact.median.tolist()) == ([5, 10, 20, 30], [60, 20, 10, 10])
    assert attained.exact.three_quarters.tolist()[1:] == [40, 20, 10]
    (draws,) = analysis.draws
    assert draws.found.by_table == {0: 50, 1: 25}
    said = (
        "The exact fronts of 2 draws have 3 points; the archives of a dominate 100.00 % of the hypervolume of their own"
    )
    assert any(sentence.startswith(said) for sentence in analysis.sentences)


def test_what_is_shown_of_several_fronts() -> None:
    results = CampaignResults(
        (optimizer_of("a", on_draw(0, (10, 20, 20)), on_draw(1, (10, 20, 20), (20, 20, 10))), optimizer_of("b"))
    )
    analysis = analyse(results)
    (part,) = (part for part in page_parts(analysis) if part.macro == "front_cells_part")
    assert part.title == "Cells of the exact fronts: the 4 of 4 that are on the most draws'"
    assert part.cells[1].found_by == "on the front of 2 of 2 draws; found by 2 of 2 runs: a (2)"
    tables = {table.name: table for table in report_tables(analysis)}
    assert tables["front_points"].keys[-3:] == ("fronts", "found_by", "runs")
    assert [row[-3:] for row in tables["front_points"].rows] == [(2, 0, 2), (2, 2, 2), (1, 0, 1), (1, 0, 1)]
    assert "each run against its own draw's" in tables["fronts"].notes[0]
    assert "up to its nadir" in tables["fronts"].notes[0]


def test_one_objective_has_no_front() -> None:
    analysis = analyse(campaign_of({"a": [1.0, 2.0], "b": [2.0, 3.0]}))
    assert analysis.fronts is None
    assert not [part for part in page_parts(analysis) if part.section == FRONT]
    assert "fronts" not in {table.name for table in report_tables(analysis)}


def test_runs_of_other_objectives_are_not_compared() -> None:
    from nhb2_plugins.analysis.results import _refuse_mixture

    mixed = CampaignResults((*two_optimizers().optimizers, optimizer_of("c", make_run([(10, 80.0)], optimizer="c"))))
    with pytest.raises(CampaignError, match="cannot be compared"):
        _refuse_mixture(mixed)
