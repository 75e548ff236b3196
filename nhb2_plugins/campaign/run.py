"""One run, from its plan to its file: simulate, look the incumbents up, rename into place."""

from __future__ import annotations

import math
import os
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Final

from nhb2_plugins.ask_tell import EndsAfter, Optimizer
from nhb2_plugins.benchmark import Benchmark, has_table
from nhb2_plugins.campaign.plan import RunPlan
from nhb2_plugins.campaign.store import is_whole
from nhb2_plugins.campaign.tables import TABLES_AT_ONCE, TablePlace
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.exact.front import exact_front
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.files import file_aside
from nhb2_plugins.optimizers.registry import close_optimizer, make_optimizer, registration
from nhb2_plugins.problem import Problem
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.incumbent import IncumbentChange
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.run_file import (
    UNKNOWN_OPTIMUM,
    FrontPoint,
    MeasuredIncumbent,
    Optimum,
    RunEnd,
    RunHeader,
    line_of,
)
from nhb2_plugins.trajectory.sinks import JsonLinesSink, Sink

BATCH_S: Final = 0.5
"""Wall-clock seconds after which a task begins no further run: what a killed worker's task can lose, and then some."""


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run; ``failure`` is its traceback, empty where it finished."""

    run_id: str
    n_evaluations: int
    simulated_s: float
    failure: str = ""


def execute_run(plan: RunPlan, bench: Benchmark, directory: str) -> RunOutcome:
    """Run a plan and write its file; never raises, so that one run's failure stops no other.

    Args:
        plan: the run.
        bench: the benchmark.
        directory: the campaign's directory, which must be there: one that was removed is not made again.
    """
    # Scikit-learn warns at each of SMAC's forests that it runs on one core here, which is what a campaign wants.
    warnings.filterwarnings("ignore", message="Inside a Dask worker", category=UserWarning)
    try:
        return _execute(plan, bench, Path(directory))
    except (Exception, SystemExit):  # an optimizer that leaves would take the worker and its other runs along
        return RunOutcome(plan.run_id, 0, 0.0, traceback.format_exc())


def execute_batch(
    plans: Sequence[RunPlan], table: TablePlace, directory: str, seconds: float = BATCH_S
) -> list[RunOutcome]:
    """Run the first plan, and as many of the others as begin within a time; one outcome each.

    Args:
        plans: at least one; those that were not begun are left to another task.
        table: what to open in this process; on another table every run fails.
        directory: as :func:`execute_run`.
        seconds: wall-clock seconds after which no further run begins.
    """
    started = perf_counter()
    outcomes: list[RunOutcome] = []
    for plan in plans:
        if outcomes and perf_counter() - started > seconds:
            break
        try:
            bench = table.opened_for(plan.seed)
        except Exception:
            return [RunOutcome(plan.run_id, 0, 0.0, traceback.format_exc()) for plan in plans]
        outcomes.append(execute_run(plan, bench, directory))
    return outcomes


def _execute(plan: RunPlan, bench: Benchmark, directory: Path) -> RunOutcome:
    campaign = CampaignDirectory(directory)
    path = campaign.run_file(plan.run_id)
    # a worker that died after this run had not reported it
    if is_whole(path, plan.run_id) and (kept := read_run(path)).end:
        return RunOutcome(plan.run_id, kept.end.n_evaluations, kept.end.simulated_s)
    campaign.make_place_of(path)
    started = perf_counter()
    with file_aside(path) as aside, JsonLinesSink(aside) as sink:
        sink.write_line(line_of(_header(plan, bench)))
        with copies_end_here():
            logger = _search(plan, bench, _OfOneProcess(sink))
        for change in logger.incumbents(plan.objectives):
            sink.write_line(line_of(measure_incumbent(change, bench)))
        end = RunEnd(len(logger), logger.clock_s, perf_counter() - started)
        sink.write_line(line_of(end))
    return RunOutcome(plan.run_id, end.n_evaluations, end.simulated_s)


@contextmanager
def copies_end_here() -> Iterator[None]:
    """Around code of others, which may fork: a copy of this process that comes out of it must not go on."""
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(1)


class _OfOneProcess:
    """A sink that ends a copy of the process that would write into the original's file."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._process = os.getpid()

    def write(self, record: TrialRecord) -> None:
        if os.getpid() != self._process:
            os._exit(1)
        self._sink.write(record)

    def close(self) -> None:
        self._sink.close()


def make_planned_optimizer(plan: RunPlan) -> Optimizer:
    """The optimizer of a run.

    Raises:
        InvalidValueError: a setting, ladder or restriction that does not fit it.
        MissingExtraError: its framework is not installed.
    """
    return make_optimizer(
        plan.algorithm,
        seed=plan.seed,
        epoch=plan.epoch,
        ladder=plan.ladder,
        settings=plan.settings,
        restriction=plan.restriction,
        objectives=plan.objectives,
    )


def _search(plan: RunPlan, bench: Benchmark, sink: Sink) -> TrajectoryLogger:
    optimizer = make_planned_optimizer(plan)
    try:
        return simulate(
            optimizer if plan.max_evaluations is None else EndsAfter(optimizer, plan.max_evaluations),
            _problem(plan, bench),
            budget_s=math.inf if plan.budget_s is None else plan.budget_s,
            n_workers=plan.n_workers,
            crossing=plan.crossing,
            overhead=plan.overhead,
            logger=TrajectoryLogger([sink], run_id=plan.run_id),
        )
    finally:
        close_optimizer(optimizer)


def _problem(plan: RunPlan, bench: Benchmark) -> Problem:
    # Beside a ladder a plan's epoch is that of a stage without one, and not the problem's.
    epoch = SCHEDULE_EPOCHS if plan.ladder else plan.epoch
    return Problem(
        bench,
        epoch,
        ladder=plan.ladder,
        charging=plan.charging,
        restriction=plan.restriction,
        objectives=plan.objectives,
    )


def measure_incumbent(change: IncumbentChange, bench: Benchmark) -> MeasuredIncumbent:
    """Look an incumbent up at 12 epochs (validation and test) and at 200, under the seed it was searched with."""
    measures = ((SCHEDULE_EPOCHS, "valid"), (SCHEDULE_EPOCHS, "test"), (LONG_EPOCHS, "test"))
    configuration, seed = change.record.configuration, change.record.seed
    accuracies = (bench.evaluate(configuration, epoch, split, seed).accuracy_pct for epoch, split in measures)
    return MeasuredIncumbent(change.time_s, change.record.trial, *accuracies)


def _header(plan: RunPlan, bench: Benchmark) -> RunHeader:
    return RunHeader.of(
        plan,
        table=bench.provenance.to_dict(),
        table_seed=bench.default_seed,
        optimum=_optimum(bench, plan.measure_epoch, plan.problem),
        versions=dict(_versions(registration(plan.algorithm).distribution)),
        front=front_of(bench, plan.objectives, plan.problem) if plan.has_several_objectives else (),
    )


@lru_cache(maxsize=TABLES_AT_ONCE)
def _optimum(bench: Benchmark, epoch: int, problem: Subspace) -> Optimum:
    if not has_table(bench):
        return UNKNOWN_OPTIMUM
    if problem == WHOLE_SPACE:
        best, accuracy_pct = bench.oracle(epoch)
    else:
        accuracies, _ = bench.evaluate_many(problem.indices, epoch)
        best = Configuration.from_index(problem.indices[accuracies.argmax()])
        accuracy_pct = float(accuracies.max())
    return Optimum(best.cellcode, best.lr, best.batch_size, accuracy_pct)


@lru_cache(maxsize=TABLES_AT_ONCE)
def front_of(bench: Benchmark, objectives: tuple[str, ...], problem: Subspace) -> tuple[FrontPoint, ...]:
    """The table's exact front at 12 epochs, in a part of the space.

    Raises:
        CampaignError: a benchmark that trains, of which nobody knows it.
        MissingExtraError: three objectives, and moocore is not installed.
    """
    if not has_table(bench):
        raise CampaignError("several objectives are measured against a table's exact front, and this benchmark trains")
    front = exact_front(bench, objectives, restriction=problem)
    found = zip(map(Configuration.from_index, front.indices.tolist()), front.values.tolist(), strict=True)
    return tuple(FrontPoint(each.cellcode, each.lr, each.batch_size, tuple(values)) for each, values in found)


@lru_cache
def _versions(distribution: str | None) -> Mapping[str, str]:
    """Versions of what can change a run's numbers; reading them takes as long as a short run."""
    wanted = ["nhb2-plugins", "numpy", "ConfigSpace", *([distribution] if distribution else [])]
    found = {}
    for name in wanted:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
