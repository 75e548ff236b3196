"""Archives held against an exact front of three points, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.analysis.analyse import analyse, page_parts, report_figures, report_tables
from nhb2_plugins.analysis.parts import ARCHITECTURES, FRONT
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.trajectory.run_file import FrontPoint, RunFile
from tests.analysis.runs import campaign_of, make_run, optimizer_of
from tests.core_fixtures import needs

pytestmark = needs("moocore")
EXACT = ((10.0, 30.0), (20.0, 20.0), (40.0, 10.0))
TWO: dict[str, Any] = {
    "objectives": ("error_pct", "cost_s"),
    "reference_point": (50.0, 40.0),
    "front": tuple(FrontPoint("0|00|220", 0.1, 32, values) for values in EXACT),
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


def test_surfaces_are_what_shares_of_the_runs_attain() -> None:
    """One of two runs attains (40, 10) and (20, 20), both attain (30, 30)."""
    surfaces, other = analyse(two_optimizers()).fronts.surfaces
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


def test_three_objectives_have_no_surfaces() -> None:
    three = {
        "objectives": ("error_pct", "cost_s", "params_live"),
        "reference_point": (50.0, 40.0, 1e6),
        "front": (FrontPoint("0|00|220", 0.1, 32, (10.0, 30.0, 5e5)),),
    }
    analysis = analyse(CampaignResults((optimizer_of("a", run_of((10, 40, 10), **three)),)))
    assert analysis.fronts.surfaces == ()
    assert "attainment" not in {table.name for table in report_tables(analysis)}


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
