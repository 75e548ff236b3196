"""Whatever holds records stays with them, or collects: every public class of the adapters is looked at."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import Pyro4
import pytest

from nhb2_plugins.adapters import bohb_adapter, optuna_adapter, smac_adapter
from nhb2_plugins.adapters.bohb_adapter import BohbWorker
from nhb2_plugins.adapters.optuna_adapter import OptunaObjective, OptunaStopAtBudget
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.adapters.smac_adapter import SmacReport, SmacStopAtBudget, smac_target
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder
from tests.core_fixtures import mini_benchmark, mini_table

CONFIGURATION: Final = Configuration.from_index(14_050)
BENCH: Final = mini_benchmark()
HOLDERS: Final[Mapping[str, Callable[[], Any]]] = {
    "TrajectoryLogger": TrajectoryLogger,
    "Recorder": lambda: Recorder(BENCH),
    "OptunaObjective": lambda: OptunaObjective(BENCH),
    "OptunaStopAtBudget": lambda: OptunaStopAtBudget(1, TrajectoryLogger()),
    "SmacTarget": lambda: smac_target(BENCH).run,
    "SmacReport": lambda: SmacReport(smac_target(BENCH)),
    "SmacStopAtBudget": lambda: SmacStopAtBudget(1, TrajectoryLogger()),
    "BohbWorker": lambda: BohbWorker(bench=BENCH, run_id="holder"),
}
"""Each public class that holds records, or reads a clock of some."""
WITHOUT_RECORDS: Final = {
    "BohbResult",
    "LadderBohb",
    "LadderHyperband",
    "LadderRandomSearch",
    "OptunaOptimizer",
    "Run",
    "SmacBudgets",
    "SmacOptimizer",
    "Subspace",
    "WorkerError",
}
MODULES: Final[tuple[ModuleType, ...]] = (bohb_adapter, optuna_adapter, smac_adapter)


def test_every_public_class_is_known_here() -> None:
    public = {name for module in MODULES for name in module.__all__ if inspect.isclass(getattr(module, name))}
    assert public == (HOLDERS.keys() | WITHOUT_RECORDS) - {"TrajectoryLogger", "Recorder"}


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("name", HOLDERS)
def test_what_holds_records_neither_leaves_nor_doubles_them(name: str, copied: Callable[[Any], Any]) -> None:
    with pytest.raises(TrajectoryError, match="records would be lost"):
        copied(HOLDERS[name]())


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_a_worker_stays_although_pyro_has_its_own_way_to_copy_what_it_serves(copied: Callable[[Any], Any]) -> None:
    with Pyro4.Daemon() as daemon:
        served = BohbWorker(bench=BENCH, run_id="served")
        daemon.register(served)
        with pytest.raises(TrajectoryError, match="records would be lost"):
            copied(BohbWorker(bench=BENCH, run_id="another"))
        daemon.unregister(served)


class AnyRun(RecordedRun):
    """As an adapter makes one."""

    def __init__(self, problem: Problem) -> None:
        self._begin(problem, None)


def test_a_run_evaluates_what_a_framework_asks_for() -> None:
    run = AnyRun(Problem(BENCH, ladder=[4, 12], encoding="integer"))
    values = run.problem.values(CONFIGURATION)
    assert (run._record(values, 5), run._record(values)) == run.logger.records[:]
    assert [(record.epoch, record.budget) for record in run.logger.records] == [(4, 5.0), (12, 12.0)]
    assert {record.configuration for record in run.logger.records} == {CONFIGURATION}


def test_a_run_keeps_its_first_error() -> None:
    bench = FailingBenchmark(mini_table())
    run = AnyRun(Problem(bench))
    for values in (CONFIGURATION.to_hyperparameters(), {}):
        with pytest.raises((PlantedError, ValueError)):
            run._record(values)
    with pytest.raises(PlantedError) as caught:
        run.raise_first_error()
    assert caught.value is bench.planted


def test_the_first_error_is_kept_and_raised() -> None:
    run, other = OptunaObjective(BENCH), OptunaObjective(BENCH)
    run.raise_first_error()
    first = ValueError("first")
    run.keep(first)
    run.keep(KeyError("second"))
    assert run.error is first
    assert other.error is None
    with pytest.raises(ValueError, match="first"):
        run.raise_first_error()
