"""Runs on dask.distributed: a local cluster of processes, or an existing scheduler."""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Client, LocalCluster, as_completed
from distributed.comm.addressing import get_address_host_port, normalize_address

from nhb2_plugins.benchmark import Benchmark, has_table, open_benchmark
from nhb2_plugins.campaign.baseline import keep_baseline
from nhb2_plugins.campaign.plan import RunPlan, chosen_plans, plan_runs
from nhb2_plugins.campaign.run import (
    BATCH_S,
    RunOutcome,
    copies_end_here,
    execute_batch,
    front_of,
    make_planned_optimizer,
)
from nhb2_plugins.campaign.spec import QUICKSTART, CampaignSpec, read_spec
from nhb2_plugins.campaign.store import CampaignStore
from nhb2_plugins.campaign.tables import TablePlace, benchmarks_used, tables_in_turn
from nhb2_plugins.campaign_directory import LOST
from nhb2_plugins.errors import CampaignError, InvalidValueError, MissingExtraError, Nhb2Error, retold
from nhb2_plugins.exact.quality import FrontQuality
from nhb2_plugins.optimizers.own_process import ending_of
from nhb2_plugins.optimizers.registry import OPTIMIZERS, close_optimizer
from nhb2_plugins.table.embedded import open_embedded
from nhb2_plugins.table.location import user_table_directory

_LOGGER: Final = logging.getLogger(__name__)


class SchedulerLostError(Nhb2Error):
    """The dask scheduler went away while a campaign ran."""


@dataclass(frozen=True)
class CampaignOutcome:
    """What became of a campaign: runs that were there already, that ran now, and that failed."""

    n_kept: int
    n_run: int
    failed: tuple[str, ...]


def open_table_of(spec: CampaignSpec, directory: str | None = None, draw: int | None = None) -> Benchmark:
    """The table that a campaign runs on.

    Args:
        spec: the campaign.
        directory: another table's directory, instead of the one that the specification names.
        draw: one of the embedded table's draws.

    Raises:
        InvalidValueError: there is no such draw, or the table is not the embedded one.
        TableNotFoundError: there is no table where it should be.
        TableError: it is damaged, or of a newer schema.
    """
    if spec.draws is not None:
        if directory is not None or draw is not None:
            raise InvalidValueError(
                f"the campaign rotates over {spec.draws} draws of the embedded table: name no other"
            )
        return Benchmark(open_embedded())
    if directory is not None or spec.table is None:
        return open_benchmark(directory, draw=draw)
    if spec.table == "embedded":
        return Benchmark(open_embedded(draw))
    return open_benchmark(user_table_directory() if spec.table == "imported" else spec.table, draw=draw)


def opened_campaign(name: str, directory: str | None = None, draw: int | None = None) -> tuple[CampaignSpec, Benchmark]:
    """A specification and its table.

    The quickstart, which is what runs when nothing is named, is on the embedded table's draws; where another table is
    in use or named, on that one's training seeds, and on one draw where that is named.

    Args:
        name: of a file, or a shipped one.
        directory: as :func:`open_table_of`.
        draw: as :func:`open_table_of`.

    Raises:
        CampaignError: as :func:`~nhb2_plugins.campaign.spec.read_spec`.
        InvalidValueError: as :func:`open_table_of`; the others, too.
    """
    spec = read_spec(name)
    if name == QUICKSTART:
        alone = spec.model_copy(update={"draws": None})
        bench = open_table_of(alone, directory, draw)
        if draw is not None or bench.table.directory is not None:
            rotates = draw is None and len(bench.seeds) > 1
            return alone.model_copy(update={"table_seed": "rotate" if rotates else None}), bench
    return spec, open_table_of(spec, directory, draw)


def run_campaign(
    spec: CampaignSpec,
    bench: Benchmark,
    directory: Path,
    *,
    only: Sequence[str] = (),
    overwrite: bool = False,
    scheduler: str | None = None,
    n_processes: int | None = None,
    on_start: Callable[[int, int], None] | None = None,
    on_outcome: Callable[[RunOutcome], None] | None = None,
    baseline: bool = True,
) -> CampaignOutcome:
    """Run what a campaign's directory still misses.

    Args:
        spec: the campaign.
        bench: the table; its directory is named to the workers, which map it. One that trains is sent itself, and its
            incumbents are trained at 200 epochs, too.
        directory: results; resumed when it belongs to the same specification and table.
        only: run ids or optimizers to run, with a shell's wildcards; empty for all.
        overwrite: start anew.
        scheduler: address of an existing dask scheduler; None starts a local cluster.
        n_processes: processes of the local cluster; None for the number of cores.
        on_start: called with the numbers of runs that are there already and that will run.
        on_outcome: called after each run.
        baseline: whether to write what random search reaches beside the runs, which a report needs.

    Raises:
        CampaignError: a setting is wrong, the directory cannot be used, or the scheduler does not answer.
        CampaignWriteError: the disk refuses.
        MissingExtraError: an optimizer's framework is not installed.
        SchedulerLostError: the scheduler went away; what has finished is kept.
    """
    plans = checked_runs(spec, only)
    tables = tables_in_turn(spec, bench.provenance)
    if spec.table_seed is not None and not has_table(bench):
        raise CampaignError("table_seed: rotate is of a table's training seeds, and this benchmark trains")
    check_front(spec, bench)
    store = CampaignStore(directory)
    with store.opened(spec, bench.provenance, overwrite=overwrite):
        if baseline and has_table(bench):
            keep_baseline(spec, bench, directory)
        missing = store.missing(plans, tables)
        n_kept = len(plans) - len(missing)
        if on_start is not None:
            on_start(n_kept, len(missing))
        store.forget_failures(missing)
        outcomes = _outcomes(missing, TablePlace.of(bench, tables), directory, scheduler, n_processes)
        failed = tuple(_failed(outcomes, store, on_outcome))
        return CampaignOutcome(n_kept, len(missing) - len(failed), failed)


def _failed(
    outcomes: Iterator[RunOutcome], store: CampaignStore, on_outcome: Callable[[RunOutcome], None] | None
) -> Iterator[str]:
    """The ids of runs that failed, whose tracebacks are kept; every outcome is told."""
    for outcome in outcomes:
        if outcome.failure:
            store.record_failure(outcome.run_id, outcome.failure)
            yield outcome.run_id
        if on_outcome is not None:
            on_outcome(outcome)


def checked_runs(spec: CampaignSpec, only: Sequence[str] = ()) -> list[RunPlan]:
    """The runs of a campaign, or those that are asked for.

    Each optimizer is made once, so that a wrong setting or a missing framework stops a campaign before it starts.

    Raises:
        CampaignError: nothing has a name that is asked for, or an optimizer's setting is wrong.
        MissingExtraError: an optimizer's framework is not installed.
    """
    plans = chosen_plans(plan_runs(spec), only)
    _refuse_unwritable_names(plans)
    for plan in {plan.optimizer: plan for plan in reversed(plans)}.values():
        _refuse_who_ends_the_process(plan)
        try:
            with copies_end_here():
                made = make_planned_optimizer(plan)
        except InvalidValueError as error:
            raise CampaignError(f"optimizer {plan.optimizer!r}: {error}") from error
        except MissingExtraError:
            raise
        # Of a setting of another type, or whatever another package's optimizer raises, also to end the process.
        except (Exception, SystemExit) as error:
            raise CampaignError(
                f"optimizer {plan.optimizer!r} cannot be made with settings {dict(plan.settings)!r}: {error!r}"
            ) from error
        close_optimizer(made)
    return plans


def check_front(spec: CampaignSpec, bench: Benchmark) -> None:
    """Refuse several objectives where there is no hypervolume to measure, on each table that runs are on.

    Raises:
        CampaignError: the benchmark has no table, or no point of its exact front lies below the reference point.
        MissingExtraError: moocore is not installed.
    """
    if not spec.has_several_objectives:
        return
    for each in benchmarks_used(spec, bench):
        front = front_of(each, spec.objectives, spec.restriction.subspace)
        try:
            FrontQuality.of([point.values for point in front], spec.reference_point or None)
        except InvalidValueError as error:
            table = each.provenance.label
            raise CampaignError(f"objectives {list(spec.objectives)} on the {table}: {error}") from error


def _refuse_who_ends_the_process(plan: RunPlan) -> None:
    """As ``os._exit(0)`` in a constructor would: the campaign would be over, and look well."""
    if plan.algorithm in OPTIMIZERS:
        return
    make = "import pickle; from nhb2_plugins.campaign.run import make_planned_optimizer as make; "
    if ending := ending_of(f"{make}make(pickle.load(sys.stdin.buffer))", given=pickle.dumps(plan)):
        settings = dict(plan.settings)
        raise CampaignError(f"optimizer {plan.optimizer!r} cannot be made with settings {settings!r}: {ending}")


def _refuse_unwritable_names(plans: Sequence[RunPlan]) -> None:
    for slug in dict.fromkeys(plan.run_id.partition("/")[0] for plan in plans):
        try:
            os.fsencode(slug)
        except UnicodeEncodeError as error:
            raise CampaignError(
                f"{slug!a} is no directory's name here: this locale's encoding, {sys.getfilesystemencoding()}, lacks a "
                "character of it; use another label, or set PYTHONUTF8=1"
            ) from error


def _outcomes(
    plans: Sequence[RunPlan], table: TablePlace, directory: Path, scheduler: str | None, n_processes: int | None
) -> Iterator[RunOutcome]:
    if not plans:
        return
    with dask_client(scheduler, min(n_processes or os.cpu_count() or 1, len(plans))) as client:
        if not client.nthreads():
            _LOGGER.warning("the scheduler at %s has no workers yet; waiting for one", scheduler)
            client.wait_for_workers(1)
        n_threads = max(sum(client.nthreads().values()), 1)
        execute = partial(
            execute_batch,
            table=table,
            directory=str(directory.resolve()),
            seconds=max(_A_TABLE_S if len(table.in_turn) > 1 else BATCH_S, n_threads / _TASKS_PER_SECOND),
        )
        yield from _outcomes_of(client, execute, _batches(plans, n_threads, len(table.in_turn)))


def _outcomes_of(client: Any, execute: Callable[..., Any], batches: list[list[RunPlan]]) -> Iterator[RunOutcome]:
    sent = dict(zip(client.map(execute, batches, pure=False), batches, strict=True))
    ended = as_completed(sent, loop=client.loop)
    suspects: list[RunPlan] = []
    for future in ended:
        batch = sent.pop(future)
        if future.status == "finished":
            outcomes = _gathered(future)
            yield from outcomes
            again = _split(batch[len(outcomes) :], len(outcomes))  # no more than fitted into a task's time
        elif future.status == "error" and len(batch) == 1:  # workers died with this run, again and again
            suspects += batch
            again = []
        elif future.status == "error":  # with one of these runs
            again = _split(batch, 1)
        elif future.status == "cancelled":
            raise SchedulerLostError(_SCHEDULER_LOST)
        else:  # its worker died with the outcome; the scheduler has it done again
            sent[future] = batch
            ended.add(future)
            continue
        for left in again:
            future = client.submit(execute, left, pure=False, priority=1)  # slow runs first: see _batches
            sent[future] = left
            ended.add(future)
    # A worker takes whatever else it was given with it: now each alone, so that only who kills it is lost.
    for plan in suspects:
        yield from _outcomes_alone(client, execute, plan)


def _outcomes_alone(client: Any, execute: Callable[..., Any], plan: RunPlan) -> list[RunOutcome]:
    future = client.submit(execute, [plan], pure=False)
    next(as_completed([future], loop=client.loop))
    if future.status == "error":
        return [RunOutcome(plan.run_id, 0, 0.0, f"{LOST}{future.exception()!r}\n")]
    return _gathered(future)


def _batches(plans: Sequence[RunPlan], n_threads: int, n_tables: int = 1) -> list[list[RunPlan]]:
    """The runs in handfuls, so that the scheduler's millisecond a task is shared where runs take no longer themselves.

    Optimizers with an expensive model go first, so that no long run is left over at the end; the handfuls are small
    enough that every worker has several. Of tables in turn a handful has one, and there are no more handfuls than every
    worker needs: each table that a worker opens takes time.
    """

    def place(plan: RunPlan) -> tuple[int, int]:
        return plan.seed % n_tables, _EXPENSIVE_FIRST.get(plan.algorithm, 9)

    ordered = sorted(plans, key=place)
    if n_tables == 1:
        return _split(ordered, min(_LARGEST_BATCH, max(len(ordered) // (_BATCHES_A_THREAD * n_threads), 1)))
    on_tables = (list(own) for _, own in groupby(ordered, key=lambda plan: plan.seed % n_tables))
    pieces = -(-_TABLE_BATCHES_A_THREAD * n_threads // n_tables)
    return [batch for own in on_tables for batch in _split(own, min(_LARGEST_BATCH, -(-len(own) // pieces)))]


def _split(plans: list[RunPlan], size: int) -> list[list[RunPlan]]:
    return [plans[first : first + size] for first in range(0, len(plans), size)]


def _gathered(future: Any) -> list[RunOutcome]:
    try:
        outcomes: list[RunOutcome] = future.result()
    except (OSError, CancelledError) as error:  # a run itself never raises
        raise SchedulerLostError(_SCHEDULER_LOST) from error
    return outcomes


_PATIENCE_S: Final = 10.0  # with a scheduler that does not answer
_LARGEST_BATCH: Final = 128
_BATCHES_A_THREAD: Final = 8
_TABLE_BATCHES_A_THREAD: Final = 3
_A_TABLE_S: Final = 5.0  # that a task goes on, where another one would have to open its table again
_TASKS_PER_SECOND: Final = 500  # that one scheduler takes in its stride: with many workers each task does more
_SCHEDULER_LOST: Final = "the dask scheduler was lost; what has finished is kept, run again to resume"
_EXPENSIVE_FIRST: Final = {"smac": 0, "optuna": 1, "bohb": 2}


@contextmanager
def dask_client(scheduler: str | None, n_processes: int) -> Iterator[Any]:
    """A client of an existing scheduler, or of a quiet local cluster that ends with it.

    Raises:
        CampaignError: nothing answers at the address.
    """
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said by the outcomes
    if scheduler is not None:
        with retold(CampaignError, f"no dask scheduler answers at {scheduler!r}", OSError, ValueError):
            get_address_host_port(normalize_address(scheduler))  # a Client of a malformed address hangs while it dies
            client = Client(scheduler, timeout=_PATIENCE_S, set_as_default=False)
        with client:
            yield client
        return
    settings = {
        "distributed.worker.memory.terminate": False,
        "distributed.admin.log-length": 0,
        # Dask has freed memory given back at once: to open a table then takes three times as long, in page faults.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=n_processes,
            threads_per_worker=1,
            processes=True,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",
            preload=["nhb2_plugins.campaign.worker_process"],
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
