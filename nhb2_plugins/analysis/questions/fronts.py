"""How much of the exact front was found? Quality over time, attainment surfaces, and the front with its cells.

With one objective there is no front, and the answer is None. On several draws of the table, or training seeds, each run
is measured against the front of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from operator import attrgetter
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.attainment import QUARTILES, Attainment, Surfaces, attainment_of
from nhb2_plugins.analysis.curves import AnytimeCurve, aligned_over_evaluations, aligned_over_time, curve_of, estimate
from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Estimate, Floats, Refusal
from nhb2_plugins.analysis.pictures import TIME, Axis, Curve, Curves, ReportFigure
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.questions.anytime import EVALUATIONS, curve_table, shown_curves
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.analysis.tables import N_RUNS, OPTIMIZER, Column, ReportTable, rows_of, table_of
from nhb2_plugins.exact.quality import moocore
from nhb2_plugins.trajectory.run_file import FrontPoint, RunHeader, RunSummary

_MOST_CELLS: Final = 24
"""That are drawn of the fronts of several draws, which have a hundred and more together."""
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


@dataclass(frozen=True)
class FoundPoint:
    """A configuration of an exact front, and how many runs equal it in all objectives.

    Attributes:
        point: with its values; of several fronts their means over those that hold it.
        n_runs: runs that found it,
        n_possible: of so many on whose table's front it is.
        by_optimizer: marked name of each optimizer that has any, and how many.
        n_fronts: exact fronts that hold it.
    """

    point: FrontPoint
    n_runs: int
    n_possible: int
    by_optimizer: tuple[tuple[str, int], ...]
    n_fronts: int


@dataclass(frozen=True, eq=False)
class Fronts:
    """The answer.

    Attributes:
        objectives: names.
        rows: one per optimizer.
        over_time: IGD+ (in percent) over simulated time, one curve per optimizer.
        over_evaluations: IGD+ over evaluations.
        attainment: of each pair of objectives between which there is a front; empty without a result.
        points: of the exact fronts: those on the most of them first, then by the first objective.
        sizes: number of points of each exact front: one, or one for each draw or training seed.
        n_all: runs with a result.
        reference: the point up to which hypervolume counts; empty where each front has its own nadir.
        turn: what there are several fronts of: ``draw`` or ``training seed``.
    """

    objectives: tuple[str, ...]
    rows: tuple[FrontRow, ...]
    over_time: tuple[AnytimeCurve, ...]
    over_evaluations: tuple[AnytimeCurve, ...]
    attainment: tuple[Attainment, ...]
    points: tuple[FoundPoint, ...]
    sizes: tuple[int, ...]
    n_all: int
    reference: tuple[float, ...]
    turn: str

    @property
    def rotates(self) -> bool:
        """Whether there are several exact fronts."""
        return len(self.sizes) > 1


def fronts(results: CampaignResults) -> Fronts | None:
    """How the final archives compare with the exact front, and how they got there."""
    if not results.header.has_several_objectives:
        return None
    by_time, by_evaluation = attrgetter("distances"), attrgetter("distances_by_evaluation")
    ran = [each for each in results.optimizers if each.with_result]
    headers = list({run.header.front: run.header for each in results.optimizers for run in each.runs}.values())
    references = {tuple(header.quality.reference.tolist()) for header in headers}
    return Fronts(
        objectives=results.header.objectives,
        rows=tuple(_row(each) for each in results.optimizers),
        over_time=tuple(
            curve_of(each, aligned_over_time(each, results.horizon_s, by_time), np.inf) for each in results.optimizers
        ),
        over_evaluations=tuple(
            curve_of(each, aligned_over_evaluations(each, by_evaluation), np.inf) for each in results.optimizers
        ),
        attainment=_attainment(ran, headers) if ran else (),
        points=_points(ran, headers),
        sizes=tuple(len(header.front) for header in headers),
        n_all=sum(len(each.with_result) for each in ran),
        reference=references.pop() if len(references) == 1 else (),
        turn=results.turn,
    )


def _row(optimizer: OptimizerRuns) -> FrontRow:
    measured = [(_final(run), run.header.quality, _values(run.header)) for run in optimizer.with_result]
    if not measured:
        return FrontRow(optimizer.marked_name, 0)
    return FrontRow(
        optimizer.marked_name,
        len(measured),
        estimate([quality.hypervolume_pct(archive) for archive, quality, _ in measured]),
        estimate([100 * quality.igd_plus(archive) for archive, quality, _ in measured]),
        estimate([100 * quality.epsilon(archive) for archive, quality, _ in measured]),
        float(np.mean([len(archive) for archive, _, _ in measured])),
        float(np.mean([_equals(archive, front).mean() for archive, _, front in measured])),
    )


def _final(run: RunSummary) -> Floats:
    """A run's archive at its end, shape (n, n_objectives)."""
    archive: Floats = moocore().filter_dominated(np.array(run.archive))
    return archive


def _values(header: RunHeader) -> Floats:
    """The exact front of a run's table, shape (n, n_objectives)."""
    return np.array([point.values for point in header.front])


def _equals(archive: Floats, points: Floats) -> Floats:
    """Of each point whether the archive holds its values: nothing in the table beats them."""
    held: Floats = (archive[:, np.newaxis] == points).all(axis=2).any(axis=0)
    return held


def _points(ran: Sequence[OptimizerRuns], headers: Sequence[RunHeader]) -> tuple[FoundPoint, ...]:
    on_fronts: dict[tuple[str, float, int], list[FrontPoint]] = {}
    for header in headers:
        for point in header.front:
            on_fronts.setdefault(_configuration(point), []).append(point)
    found: dict[tuple[str, float, int], Counter[str]] = {key: Counter() for key in on_fronts}
    possible: Counter[tuple[str, float, int]] = Counter()
    for each in ran:
        for run in each.with_result:
            archive = set(run.archive)
            possible.update(map(_configuration, run.header.front))
            for point in run.header.front:
                found[_configuration(point)][each.marked_name] += point.values in archive
    made = (
        FoundPoint(_mean(points), found[key].total(), possible[key], tuple((+found[key]).items()), len(points))
        for key, points in on_fronts.items()
    )
    return tuple(sorted(made, key=lambda each: (-each.n_fronts, each.point.values)))


def _configuration(point: FrontPoint) -> tuple[str, float, int]:
    return point.cellcode, point.lr, point.batch_size


def _mean(points: Sequence[FrontPoint]) -> FrontPoint:
    """One configuration's values, their mean where it is on several fronts."""
    if len(points) == 1:
        return points[0]
    return replace(points[0], values=tuple(np.mean([point.values for point in points], axis=0).tolist()))


def _attainment(ran: Sequence[OptimizerRuns], headers: Sequence[RunHeader]) -> tuple[Attainment, ...]:
    """Of each pair of objectives, up to the reference point that lies farthest; of three those that are at odds."""
    objectives = headers[0].objectives
    archives = {each.marked_name: [_final(run) for run in each.with_result] for each in ran}
    exact = [_values(header) for header in headers]
    ends = np.max([header.quality.reference for header in headers], axis=0)
    found = (
        attainment_of(
            (objectives[y], objectives[x]),
            {name: [archive[:, [y, x]] for archive in own] for name, own in archives.items()},
            [front[:, [y, x]] for front in exact],
            float(ends[x]),
        )
        for y, x in combinations(range(len(objectives)), 2)
    )
    return tuple(each for each in found if each.is_a_trade or len(objectives) == 2)


# --- shown ------------------------------------------------------------------------------------------------------------


def _words(found: Fronts | None, facts: CampaignFacts) -> list[str]:
    if found is None or not facts.standings:
        return []
    reached = sum(each.n_runs > 0 for each in found.points)
    best = max((row for row in found.rows if row.hypervolume), key=lambda row: row.hypervolume.mean)  # type: ignore[union-attr]
    dominated = f"{best.hypervolume.mean:.2f} %"  # type: ignore[union-attr]
    if found.rotates:
        of_fronts = (
            f"The exact fronts of {len(found.sizes)} {found.turn}s have {_range(found.sizes)} points; the archives of "
            f"{best.optimizer} dominate {dominated} of the hypervolume of their own {found.turn}'s on average."
        )
    else:
        of_fronts = (
            f"Of the exact front's {len(found.points)} points {reached} were found by any run; the archives of "
            f"{best.optimizer} dominate {dominated} of its hypervolume on average."
        )
    return [of_fronts, *_random_search(facts)]


def _range(sizes: Sequence[int]) -> str:
    return f"{min(sizes)} to {max(sizes)}" if min(sizes) < max(sizes) else str(sizes[0])


def _random_search(facts: CampaignFacts) -> list[str]:
    """What random search is expected to miss after as many evaluations as every run has."""
    baseline = facts.baseline_evaluations
    if isinstance(baseline, Refusal):
        return []
    fewest = min(run.n_evaluations for card in facts.optimizers for run in card.runs)
    reached = [(n, regret) for n, regret in zip(baseline.x, baseline.mean, strict=True) if n <= fewest]
    return [
        f"After {n:,.0f} evaluations exact random search is expected to miss {regret:.2f} percentage points of it."
        for n, regret in reached[-1:]
    ]


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
    reference = f"({', '.join(f'{value:,.10g}' for value in found.reference)})"
    own = f"; each run against its own {found.turn}'s" if found.rotates else ""
    return table_of(
        "fronts",
        "Final archives against the exact front",
        _COLUMNS,
        rows_of(found.rows, _COLUMNS),
        (
            f"Mean over runs ± standard error{own}. Hypervolume in percent of the exact front's, up to "
            f"{reference if found.reference else 'its nadir'}; IGD+ and epsilon in percent of the range from the "
            "front's best values to that point.",
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
    rows: Iterable[tuple[object, ...]] = (
        (each.point.cellcode, each.point.lr, each.point.batch_size, *each.point.values, each.n_runs)
        for each in found.points
    )
    title = "The exact front, and how many runs found each of its points"
    if not found.rotates:
        return table_of("front_points", title, columns, rows)
    several = (
        *columns[:-1],
        Column("fronts", f"on the front of {found.turn}s", "count"),
        Column("found_by", "found by runs", "count"),
        Column("runs", "of", "count"),
    )
    counted = (
        (*row[:-1], each.n_fronts, each.n_runs, each.n_possible) for row, each in zip(rows, found.points, strict=True)
    )
    notes = (
        f"Configurations on the exact front of any of {len(found.sizes)} {found.turn}s, with their mean values there, "
        f"and how many of the runs on these {found.turn}s found them.",
    )
    return table_of("front_points", f"The exact fronts of the {found.turn}s", several, counted, notes, long=True)


def _attainment_name(each: Attainment, found: Fronts) -> str:
    return "attainment" if len(found.objectives) == 2 else f"attainment_{each.y}_{each.x}"


def _third(each: Attainment, found: Fronts) -> str:
    """What is left open in a pair of three objectives, as the end of a sentence."""
    others = [name for name in found.objectives if name not in (each.y, each.x)]
    return f", whatever {' and '.join(others)} comes to" if others else ""


def _attainment_table(each: Attainment, found: Fronts) -> ReportTable:
    return table_of(
        _attainment_name(each, found),
        "Attainment surfaces of the final archives",
        (
            OPTIMIZER,
            Column(each.x, each.x, "short"),
            *(Column(f"{each.y}_{percent}", f"{percent} % of runs") for percent in QUARTILES),
        ),
        (
            (own.name, *map(float, point))
            for own in each.surfaces
            for point in zip(own.x, own.quarter, own.median, own.three_quarters, strict=True)
        ),
        (
            f"The {each.y} that a share of the runs attains at each {each.x}{_third(each, found)}. "
            "Steps: a value holds until the next row.",
        ),
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
        *(_attainment_table(each, found) for each in found.attainment),
    )


def _attained(each: Attainment, facts: CampaignFacts) -> Curves:
    curves = (_median_curve(own, facts.position(own.name)) for own in each.surfaces)
    return Curves(
        _AXES[each.x], _AXES[each.y], (*curves, Curve(each.exact.name, None, each.exact.x, each.exact.median))
    )


def _median_curve(surfaces: Surfaces, position: int) -> Curve:
    """The median with a band of the quartiles, as far as three quarters of the runs attain anything."""
    low = np.where(np.isnan(surfaces.three_quarters), np.nan, surfaces.quarter)
    return Curve(surfaces.name, position, surfaces.x, surfaces.median, low, surfaces.three_quarters)


def _igd_curves(found: Fronts, x: Axis) -> Curves:
    curves = found.over_time if x is TIME else found.over_evaluations
    return shown_curves(x, _IGD_PLUS, curves, (), "mean")


def _figures(found: Fronts | None, facts: CampaignFacts) -> tuple[ReportFigure, ...]:
    if found is None:
        return ()
    interval = f"Band: {CONFIDENCE:.0%} bootstrap interval over runs."
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
        *(
            ReportFigure(
                _attainment_name(each, found),
                _attained(each, facts),
                f"What the final archives attain{_third(each, found)}",
                (
                    "Lines: what half of the runs attain; bands: a quarter to three quarters of them. Grey: "
                    + (
                        f"what the exact fronts of half of the {found.turn}s attain."
                        if found.rotates
                        else "the exact front."
                    ),
                ),
            )
            for each in found.attainment
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
    title: str
    cells: tuple[FrontCell, ...]


def _cell(each: FoundPoint, found: Fronts) -> FrontCell:
    point = each.point
    values = (
        f"{_AXES[name].name} {value:,.{5 if found.rotates else 10}g} {_AXES[name].unit}".strip()
        for name, value in zip(found.objectives, point.values, strict=True)
    )
    who = ", ".join(f"{name} ({n})" for name, n in each.by_optimizer)
    counted = f"found by {each.n_runs} of {each.n_possible} runs" + (f": {who}" if who else "")
    if found.rotates:
        counted = f"on the front of {each.n_fronts} of {len(found.sizes)} {found.turn}s; {counted}"
    return FrontCell(point.cellcode, f"{point.lr:g}", str(point.batch_size), " · ".join(values), counted)


def _parts(found: Fronts | None, facts: CampaignFacts) -> list[parts.Part]:
    if found is None:
        return []
    shown: list[parts.Part] = [parts.TablePart(section=parts.FRONT, table=_table(found), title=_table(found).title)]
    shown += [parts.ChartPart(section=parts.FRONT, charts=(_chart(each, found, facts),)) for each in found.attainment]
    if facts.standings:
        shown += [
            _igd_part(found, "igd-over-time", "IGD+ over simulated time", TIME),
            _igd_part(found, "igd-over-evaluations", "IGD+ over evaluations", EVALUATIONS),
        ]
    title, points = "The exact front's cells", found.points
    if found.rotates:
        points = points[:_MOST_CELLS]
        title = (
            f"Cells of the exact fronts: the {len(points)} of {len(found.points)} that are on the most {found.turn}s'"
        )
    cells = tuple(_cell(each, found) for each in points)
    return [*shown, FrontCellsPart(section=parts.FRONT, title=title, cells=cells)]


def _chart(each: Attainment, found: Fronts, facts: CampaignFacts) -> parts.PageChart:
    title = "What the final archives attain"
    if found.rotates:
        exact = f"Grey is what the exact fronts of half of the {found.turn}s attain; each run is on one of them."
    else:
        exact = "The exact front is drawn beside them: nothing of the table lies below it."
    if third := _third(each, found):
        exact = f"What is attained{third}. {exact}"
    return parts.PageChart(
        _attainment_name(each, found).replace("_", "-"),
        title if len(found.objectives) == 2 else f"{title}: {_AXES[each.y].name} and {_AXES[each.x].name}",
        f"Lines are what half of the runs attain{_third(each, found)}, bands a quarter to three quarters of them.",
        {"Attained": _attained(each, facts)},
        exact,
    )


def _igd_part(found: Fronts, key: str, title: str, axis: Axis) -> parts.ChartPart:
    ends = "; ".join(f"{curve.optimizer} falls to {curve.mean[-1]:.4f}" for curve in found.over_time if len(curve.x))
    chart = parts.PageChart(key, title, f"{ends}.", {"Mean": _igd_curves(found, axis)})
    return parts.ChartPart(section=parts.FRONT, charts=(chart,))


QUESTION: Final = Question("fronts", of_results(fronts), words=_words, tables=_tables, figures=_figures, parts=_parts)
