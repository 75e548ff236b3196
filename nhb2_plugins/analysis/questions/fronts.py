"""How much of the exact front was found? Quality over time, attainment surfaces, and the front with its cells.

With one objective there is no front, and the answer is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import AnytimeCurve, aligned_over_evaluations, aligned_over_time, curve_of, estimate
from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Estimate, Floats, Refusal
from nhb2_plugins.analysis.pictures import TIME, Axis, Curve, Curves, ReportFigure
from nhb2_plugins.analysis.question import Question
from nhb2_plugins.analysis.questions.anytime import EVALUATIONS, curve_table, shown_curves
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import N_RUNS, OPTIMIZER, Column, ReportTable, rows_of, table_of
from nhb2_plugins.exact.quality import moocore
from nhb2_plugins.trajectory.run_file import FrontPoint, RunHeader, RunSummary

QUARTILES: Final = (25, 50, 75)
_IGD_PLUS: Final = Axis("IGD+ to the exact front (% of its range)", "IGD+", "%")
_AXES: Final = {
    "error_pct": Axis("validation error (%)", "error", "%"),
    "cost_s": Axis("cost of one evaluation (s)", "cost", "s"),
    "params_live": Axis("parameters", "parameters"),
    "params_total": Axis("parameters, of all edges", "parameters"),
    "macs_live": Axis("multiply-accumulates", "multiply-accumulates", log=False),
}


@dataclass(frozen=True)
class FrontRow:
    """One optimizer's final archives against the exact front; means over its runs with a result, None without any.

    Attributes:
        optimizer: marked name.
        n_runs: number of runs with a result.
        hypervolume: in percent of the exact front's.
        igd_plus: mean distance from the front to what the archive dominates, in percent of the objectives' range.
        epsilon: by how much the archive must be moved to dominate the front, in the same unit.
        points: number of results in the archive.
        reached: share of the front's points that the archive equals.
    """

    optimizer: str
    n_runs: int
    hypervolume: Estimate | None = None
    igd_plus: Estimate | None = None
    epsilon: Estimate | None = None
    points: float | None = None
    reached: float | None = None


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Empirical attainment surfaces of one optimizer's final archives: steps, as :class:`Curve` has them.

    Attributes:
        optimizer: marked name.
        x: values of the second objective where a surface changes, ascending, shape (n,).
        quarter: the first objective that a quarter of the runs attain there, shape (n,); NaN where so many attain none,
        median: half of them,
        three_quarters: three quarters of them.
    """

    optimizer: str
    x: Floats
    quarter: Floats
    median: Floats
    three_quarters: Floats


@dataclass(frozen=True)
class FoundPoint:
    """A point of the exact front, and how many runs equal it in all objectives: per optimizer that has any."""

    point: FrontPoint
    n_runs: int
    by_optimizer: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Fronts:
    """The answer.

    Attributes:
        objectives: names.
        rows: one per optimizer.
        over_time: IGD+ (in percent) over simulated time, one curve per optimizer.
        over_evaluations: IGD+ over evaluations.
        surfaces: one per optimizer with a result; empty with three objectives.
        points: of the exact front, by the first objective.
        n_all: runs with a result.
        reference: the point up to which hypervolume counts.
    """

    objectives: tuple[str, ...]
    rows: tuple[FrontRow, ...]
    over_time: tuple[AnytimeCurve, ...]
    over_evaluations: tuple[AnytimeCurve, ...]
    surfaces: tuple[Surfaces, ...]
    points: tuple[FoundPoint, ...]
    n_all: int
    reference: tuple[float, ...]


def fronts(results: CampaignResults) -> Fronts | None:
    """How the final archives compare with the exact front, and how they got there."""
    header = results.header
    if not header.has_several_objectives:
        return None
    by_time, by_evaluation = attrgetter("distances"), attrgetter("distances_by_evaluation")
    ran = [each for each in results.optimizers if each.with_result]
    return Fronts(
        objectives=header.objectives,
        rows=tuple(_row(each, header) for each in results.optimizers),
        over_time=tuple(
            curve_of(each, aligned_over_time(each, results.horizon_s, by_time), np.inf) for each in results.optimizers
        ),
        over_evaluations=tuple(
            curve_of(each, aligned_over_evaluations(each, by_evaluation), np.inf) for each in results.optimizers
        ),
        surfaces=_surfaces(ran, header) if len(header.objectives) == 2 else (),
        points=tuple(_found(point, ran) for point in header.front),
        n_all=sum(len(each.with_result) for each in ran),
        reference=tuple(header.quality.reference.tolist()),
    )


def _row(optimizer: OptimizerRuns, header: RunHeader) -> FrontRow:
    archives = [_final(run) for run in optimizer.with_result]
    if not archives:
        return FrontRow(optimizer.marked_name, 0)
    quality, front = header.quality, np.array([point.values for point in header.front])
    return FrontRow(
        optimizer.marked_name,
        len(archives),
        estimate([quality.hypervolume_pct(each) for each in archives]),
        estimate([100 * quality.igd_plus(each) for each in archives]),
        estimate([100 * quality.epsilon(each) for each in archives]),
        float(np.mean([len(each) for each in archives])),
        float(np.mean([_equals(each, front).mean() for each in archives])),
    )


def _final(run: RunSummary) -> Floats:
    """A run's archive at its end, shape (n, n_objectives)."""
    archive: Floats = moocore().filter_dominated(np.array(run.archive))
    return archive


def _equals(archive: Floats, points: Floats) -> Floats:
    """Of each point whether the archive holds its values: nothing in the table beats them."""
    held: Floats = (archive[:, np.newaxis] == points).all(axis=2).any(axis=0)
    return held


def _found(point: FrontPoint, ran: Sequence[OptimizerRuns]) -> FoundPoint:
    counts = {each.marked_name: sum(point.values in run.archive for run in each.with_result) for each in ran}
    found = tuple((name, n) for name, n in counts.items() if n)
    return FoundPoint(point, sum(n for _, n in found), found)


def _surfaces(ran: Sequence[OptimizerRuns], header: RunHeader) -> tuple[Surfaces, ...]:
    """All of them up to the largest value of the second objective that any has, or to the reference point."""
    attained = {each.marked_name: _attained(each) for each in ran}
    end = max([float(header.quality.reference[1]), *(float(found[:, 1].max()) for found in attained.values())])
    surfaces = []
    for name, found in attained.items():
        x = np.unique([*found[:, 1], end])
        surfaces.append(Surfaces(name, x, *(_step(found[found[:, 2] == percent], x) for percent in QUARTILES)))
    return tuple(surfaces)


def _attained(optimizer: OptimizerRuns) -> Floats:
    """Corners of the surfaces, with the percentage of runs that attain each, shape (n, 3)."""
    archives = [_final(run) for run in optimizer.with_result]
    sets = np.repeat(np.arange(len(archives)), [len(each) for each in archives])
    corners: Floats = moocore().eaf(np.concatenate(archives), sets, percentiles=list(QUARTILES))
    return corners


def _step(points: Floats, x: Floats) -> Floats:
    """The smallest first value among points whose second one is at most x; NaN where there is none."""
    within = points[:, 1] <= x[:, np.newaxis]
    best = np.where(within, points[:, 0], np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(best), best, np.nan)


# --- shown ------------------------------------------------------------------------------------------------------------


def _words(found: Fronts | None, facts: CampaignFacts) -> list[str]:
    if found is None or not facts.standings:
        return []
    reached = sum(each.n_runs > 0 for each in found.points)
    best = max((row for row in found.rows if row.hypervolume), key=lambda row: row.hypervolume.mean)  # type: ignore[union-attr]
    return [
        f"Of the exact front's {len(found.points)} points {reached} were found by any run; the archives of "
        f"{best.optimizer} dominate {best.hypervolume.mean:.2f} % of its hypervolume on average.",  # type: ignore[union-attr]
        *_random_search(facts),
    ]


def _random_search(facts: CampaignFacts) -> list[str]:
    """What random search is expected to miss after as many evaluations as every run has."""
    baseline, counts = facts.baseline_evaluations, [run.n_evaluations for card in facts.optimizers for run in card.runs]
    if isinstance(baseline, Refusal) or not (baseline.x <= min(counts)).any():
        return []
    n = int(baseline.x[baseline.x <= min(counts)][-1])
    regret = baseline.mean[baseline.x <= min(counts)][-1]
    return [f"After {n:,} evaluations exact random search is expected to miss {regret:.2f} percentage points of it."]


_COLUMNS: Final = (
    OPTIMIZER,
    N_RUNS,
    Column("hypervolume", "hypervolume %", rising=True),
    Column("igd_plus", "IGD+ %"),
    Column("epsilon", "epsilon %"),
    Column("points", "points", "one"),
    Column("reached", "share of the front", "short"),
)


def _table(found: Fronts) -> ReportTable:
    reference = ", ".join(f"{value:,.10g}" for value in found.reference)
    return table_of(
        "fronts",
        "Final archives against the exact front",
        _COLUMNS,
        rows_of(found.rows, _COLUMNS),
        (
            f"Mean over runs ± standard error. Hypervolume in percent of the exact front's, up to ({reference}); "
            "IGD+ and epsilon in percent of the range from the front's best values to that point.",
        ),
    )


def _points_table(found: Fronts) -> ReportTable:
    columns = (
        Column("cellcode", "cell", "text"),
        Column("lr", "lr", "short"),
        Column("batch_size", "batch size", "count"),
        *(Column(name, name, "short") for name in found.objectives),
        Column("found_by", f"found by runs (of {found.n_all})", "count"),
    )
    rows = (
        (each.point.cellcode, each.point.lr, each.point.batch_size, *each.point.values, each.n_runs)
        for each in found.points
    )
    return table_of("front_points", "The exact front, and how many runs found each of its points", columns, rows)


def _surfaces_table(found: Fronts) -> ReportTable:
    y, x = found.objectives[:2]
    return table_of(
        "attainment",
        "Attainment surfaces of the final archives",
        (
            OPTIMIZER,
            Column(x, x, "short"),
            *(Column(f"{y}_{percent}", f"{percent} % of runs") for percent in QUARTILES),
        ),
        (
            (each.optimizer, *map(float, point))
            for each in found.surfaces
            for point in zip(each.x, each.quarter, each.median, each.three_quarters, strict=True)
        ),
        (f"The {y} that a share of the runs attains at each {x}. Steps: a value holds until the next row.",),
        long=True,
    )


def _tables(found: Fronts | None, _facts: CampaignFacts) -> tuple[ReportTable, ...]:
    if found is None:
        return ()
    time, evaluations = Column("time_s", "simulated second", "short"), Column("evaluations", "evaluations", "short")
    return (
        _table(found),
        _points_table(found),
        curve_table("igd_time", "IGD+ over simulated seconds", time, found.over_time),
        curve_table("igd_evaluations", "IGD+ over evaluations", evaluations, found.over_evaluations),
        *([_surfaces_table(found)] if found.surfaces else []),
    )


def _attainment(found: Fronts, facts: CampaignFacts) -> Curves:
    y, x = found.objectives[:2]
    exact = sorted((each.point.values[1], each.point.values[0]) for each in found.points)
    places, values = np.array([*exact, (found.surfaces[0].x[-1], exact[-1][1])]).T
    curves = (_median_curve(each, facts.position(each.optimizer)) for each in found.surfaces)
    return Curves(_AXES[x], _AXES[y], (*curves, Curve("exact front", None, places, values)))


def _median_curve(surfaces: Surfaces, position: int) -> Curve:
    """The median with a band of the quartiles, as far as three quarters of the runs attain anything."""
    low = np.where(np.isnan(surfaces.three_quarters), np.nan, surfaces.quarter)
    return Curve(surfaces.optimizer, position, surfaces.x, surfaces.median, low, surfaces.three_quarters)


def _igd_curves(found: Fronts, x: Axis) -> Curves:
    curves = found.over_time if x is TIME else found.over_evaluations
    return shown_curves(x, _IGD_PLUS, curves, (), "mean")


def _figures(found: Fronts | None, facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    if found is None:
        return ()
    interval = f"Band: {CONFIDENCE:.0%} bootstrap interval over runs."
    quartiles = (
        "Lines: what half of the runs attain; bands: a quarter to three quarters of them. Grey: the exact front."
    )
    some = bool(facts.standings)
    return (
        ReportFigure(
            "igd_over_time", _igd_curves(found, TIME) if some else None, "IGD+ to the exact front", (interval,)
        ),
        ReportFigure(
            "igd_over_evaluations",
            _igd_curves(found, EVALUATIONS) if some else None,
            "IGD+ to the exact front",
            (interval, "Up to the smallest number of evaluations of a run."),
        ),
        ReportFigure(
            "attainment",
            _attainment(found, facts) if found.surfaces else None,
            "What the final archives attain",
            (quartiles,),
        ),
    )


@dataclass(frozen=True)
class FrontCell:
    """A point of the front in words: its configuration, its values, and who found it."""

    cellcode: str
    lr: str
    batch_size: str
    values: str
    found_by: str


@dataclass(frozen=True, eq=False, kw_only=True)
class FrontCellsPart(parts.Part):
    """The exact front with its cells drawn."""

    macro = "front_cells_part"
    cells: tuple[FrontCell, ...]


def _cell(found: FoundPoint, objectives: Iterable[str], n_all: int) -> FrontCell:
    point = found.point
    values = (
        f"{_AXES[name].name} {value:,.10g} {_AXES[name].unit}".strip()
        for name, value in zip(objectives, point.values, strict=True)
    )
    who = ", ".join(f"{name} ({n})" for name, n in found.by_optimizer)
    counted = f"found by {found.n_runs} of {n_all} runs" + (f": {who}" if who else "")
    return FrontCell(point.cellcode, f"{point.lr:g}", str(point.batch_size), " · ".join(values), counted)


def _parts(found: Fronts | None, facts: CampaignFacts) -> list[parts.Part]:
    if found is None:
        return []
    shown: list[parts.Part] = [parts.TablePart(section=parts.FRONT, table=_table(found), title=_table(found).title)]
    if facts.standings:
        shown += [
            _igd_part(found, "igd-over-time", "IGD+ over simulated time", TIME),
            _igd_part(found, "igd-over-evaluations", "IGD+ over evaluations", EVALUATIONS),
        ]
    if found.surfaces:
        chart = parts.PageChart(
            "attainment",
            "What the final archives attain",
            "Lines are what half of the runs attain, bands a quarter to three quarters of them.",
            {"Attained": _attainment(found, facts)},
            "The exact front is drawn beside them: nothing of the table lies below it.",
        )
        shown.insert(1, parts.ChartPart(section=parts.FRONT, charts=(chart,)))
    cells = tuple(_cell(each, found.objectives, found.n_all) for each in found.points)
    return [*shown, FrontCellsPart(section=parts.FRONT, cells=cells)]


def _igd_part(found: Fronts, key: str, title: str, axis: Axis) -> parts.ChartPart:
    ends = "; ".join(f"{curve.optimizer} falls to {curve.mean[-1]:.4f}" for curve in found.over_time if len(curve.x))
    chart = parts.PageChart(key, title, f"{ends}.", {"Mean": _igd_curves(found, axis)})
    return parts.ChartPart(section=parts.FRONT, charts=(chart,))


QUESTION: Final = Question(
    "fronts",
    lambda results, _: fronts(results),
    words=_words,
    tables=_tables,
    figures=_figures,
    parts=_parts,
)
