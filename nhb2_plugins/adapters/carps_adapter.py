"""NAS-HPO-Bench-II for CARP-S: the objective function, and the task around it.

CARP-S's optimizers run on a task; Hydra makes both from YAML. :class:`CarpsObjectiveFunction` takes plain YAML values
(``_target_: nhb2_plugins.adapters.carps_adapter.CarpsObjectiveFunction``), and ``configs/carps`` holds whole tasks for
``python -m carps.run`` (:data:`CARPS_CONFIGS`). In a program, :func:`carps_task` makes the task.

What CARP-S (1.1) does that a user of it should know:

- A trial's ``virtual_time`` is what its optimizers count against a task's ``time_budget``, together with the real time
  since the start; :func:`carps_stop_at_budget` counts the simulated seconds alone. Its analysis adds ``virtual_time``
  to ``starttime``, so that is 0 here: a run's elapsed time is its simulated clock.
- An exception of the benchmark ends ``optimizer.run()``.
- Optimizers write their own seed into a trial. It has nothing to do with the table's seeds, and is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar, Unpack

from carps.loggers.abstract_logger import AbstractLogger
from carps.objective_functions.objective_function import ObjectiveFunction
from carps.optimizers.optimizer import Optimizer
from carps.utils.task import (
    FidelitySpace,
    InputSpace,
    OptimizationResources,
    OutputSpace,
    Task,
    TaskMetadata,
    get_search_space_info,
)
from carps.utils.trials import TrialInfo, TrialValue
from ConfigSpace import Configuration as SpaceConfiguration
from ConfigSpace import ConfigurationSpace

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RecordedRun, RunBudget
from nhb2_plugins.arguments import checked_count
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.budget import Budget
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.objectives import ERROR_PCT
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE
from nhb2_plugins.table.location import shipped_directories
from nhb2_plugins.trajectory.carps_files import BENCHMARK_ID
from nhb2_plugins.trajectory.logger import TrajectoryLogger

__all__ = [
    "BENCHMARK_ID",
    "CARPS_CONFIGS",
    "FIDELITY_TYPE",
    "CarpsObjectiveFunction",
    "carps_configuration",
    "carps_metadata",
    "carps_stop_at_budget",
    "carps_task",
    "carps_trial",
]

"""CARP-S's ``benchmark_id``, also in the names of tasks."""
FIDELITY_TYPE: Final = "epochs"
CARPS_CONFIGS: Final = next(filter(Path.is_dir, shipped_directories("configs/carps")), Path())
"""The directory of the shipped tasks, for ``python -m carps.run --config-dir``."""
Table = Benchmark | str | os.PathLike[str] | None
"""A benchmark, the directory of its table, or None for :func:`nhb2_plugins.benchmark.open_benchmark`'s choice."""

CARPS: Final = Framework(name="CARP-S", encoding="ordinal", has_fidelities=True, has_several_objectives=True)
_MEASURED: Final = ("published", "imported")
_OptimizerT = TypeVar("_OptimizerT", bound=Optimizer)


class CarpsObjectiveFunction(RecordedRun, ObjectiveFunction):  # type: ignore[misc]  # CARP-S is not installed where types are checked
    """One run: it evaluates, charges and records what an optimizer of CARP-S asks for.

    A trial's value holds the error in percent, or a list of several objectives, as ``cost``; the charged simulated
    seconds as ``time`` and as ``virtual_time``; and :data:`nhb2_plugins.adapters.description.DESCRIPTION` as
    ``additional_info``. All are of built-in types.

    Attributes:
        problem: what is evaluated; ``cost`` holds its objectives.
        logger: the records (CARP-S's own loggers are ``loggers``).
        error: the first exception.
        whole_cells: whether :attr:`configspace` has ``cell`` in the place of the six edges.
    """

    def __init__(
        self,
        bench: Table | Problem = None,
        *,
        ladder: FidelityLadder | Iterable[float] | None = None,
        logger: TrajectoryLogger | None = None,
        whole_cells: bool = False,
        space_seed: int | None = None,
        loggers: list[AbstractLogger] | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem; or a benchmark, or what opens it (the directory of a table, or None), and a problem's
                keywords. The encoding is by default ``ordinal``. A restriction to ``one_per_class`` is said with
                forbidden clauses, which some of CARP-S's optimizers refuse; with ``whole_cells`` it is not.
            ladder: budgets in epochs for multi-fidelity optimizers; a budget in between is served by the rung below,
                and a trial without a budget by the highest rung.
            logger: where records go; None makes one.
            whole_cells: one categorical, ``cell``, in the place of the six edges.
            space_seed: seeds the space, from which random search draws; None leaves it unseeded.
            loggers: CARP-S's loggers.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        super().__init__(loggers)
        self._begin(CARPS.problem(_given(bench), arguments, ladder=ladder), logger)
        self.whole_cells = whole_cells
        self._configspace = _space(self.problem, whole_cells, seed=space_seed)

    @property
    def configspace(self) -> ConfigurationSpace:
        """The joint space, or the part of it."""
        return self._configspace

    @property
    def f_min(self) -> float | None:
        """The smallest error at the highest fidelity; None with other objectives, or in a part of the space."""
        problem = self.problem
        if problem.objectives != (ERROR_PCT,) or problem.restriction != WHOLE_SPACE:
            return None
        configuration, _ = problem.bench.oracle(problem.epoch, seed=problem.seed)
        return problem.bench.evaluate(configuration, problem.epoch, seed=problem.seed).error_pct

    def _evaluate(self, trial_info: TrialInfo) -> TrialValue:
        """Evaluate a trial; CARP-S's ``evaluate`` calls it when it has found the configuration in :attr:`configspace`.

        Raises:
            InvalidValueError: a budget without a ladder or below it, or an instance.
            Exception: whatever the benchmark or a sink raises.
        """
        if trial_info.instance is not None:
            raise InvalidValueError(f"instance {trial_info.instance!r}: this objective function has no instances")
        record = self._record(trial_info.config, trial_info.budget)
        costs = self.problem.costs(record)
        return TrialValue(
            cost=list(costs) if len(costs) > 1 else costs[0],
            time=record.charged_cost_s,
            virtual_time=record.charged_cost_s,
            additional_info=describe(record),
        )


def carps_configuration(trial_info: TrialInfo, encoding: Encoding = "ordinal") -> Configuration:
    """The configuration of a trial (of ``optimizer.ask()``, or an incumbent's).

    Raises:
        InvalidValueError: it is not one of this space, or the encoding is unknown.
    """
    return CARPS.configuration(trial_info.config, encoding)


def carps_trial(
    configuration: Configuration, objective_function: CarpsObjectiveFunction, budget: float | None = None
) -> TrialInfo:
    """A configuration as a trial, for ``objective_function.evaluate``.

    Raises:
        InvalidValueError: the configuration is outside the objective function's part of the space.
    """
    values = objective_function.problem.values(configuration, whole_cells=objective_function.whole_cells)
    return TrialInfo(config=SpaceConfiguration(objective_function.configspace, values=values), budget=budget)


def carps_task(
    bench: Table | Problem = None,
    *,
    ladder: FidelityLadder | Iterable[float] | None = None,
    logger: TrajectoryLogger | None = None,
    whole_cells: bool = False,
    n_trials: int | None = None,
    budget_s: float | None = None,
    task_seed: int | None = None,
    loggers: list[AbstractLogger] | None = None,
    **arguments: Unpack[ProblemArguments],
) -> Task:
    """A task for CARP-S's optimizers: ``optimizer(task=carps_task(n_trials=100)).run()``.

    With a ladder it is a multi-fidelity task whose fidelities are epochs, and CARP-S counts a trial at a lower budget
    as that share of one; with several objectives it is multi-objective.

    Args:
        bench: as :class:`CarpsObjectiveFunction`, like all that is not named here.
        ladder: likewise.
        logger: likewise.
        whole_cells: likewise.
        n_trials: how many evaluations (at the highest fidelity) a run has; or None.
        budget_s: how many simulated seconds a run has; or None. CARP-S holds it as ``time_budget``, in minutes, and
            takes its own real time from it: :func:`carps_stop_at_budget` does not.
        task_seed: the run's seed, which random search draws by; None leaves the space unseeded.
        loggers: CARP-S's loggers.
        **arguments: a problem's keywords, beside a benchmark.

    Raises:
        InvalidValueError: as :class:`CarpsObjectiveFunction`; or neither ``n_trials`` nor ``budget_s`` is given, or one
            is not positive.
        TrajectoryError: the logger belongs to another table.
    """
    objective_function = CarpsObjectiveFunction(
        bench,
        ladder=ladder,
        logger=logger,
        whole_cells=whole_cells,
        space_seed=task_seed,
        loggers=loggers,
        **arguments,
    )
    problem = objective_function.problem
    return Task(
        name=_task_name(problem),
        objective_function=objective_function,
        input_space=InputSpace(objective_function.configspace, _fidelity_space(problem.ladder)),
        output_space=OutputSpace(len(problem.objectives), problem.objectives),
        optimization_resources=_resources(n_trials, budget_s),
        metadata=_metadata(problem, whole_cells),
        seed=task_seed,
    )


def carps_metadata(
    bench: Table | Problem = None, *, whole_cells: bool = False, **arguments: Unpack[ProblemArguments]
) -> TaskMetadata:
    """What a task says of itself: a NAS task, ``tabular`` where the table was measured and ``surrogate`` otherwise.

    Args:
        bench: as :class:`CarpsObjectiveFunction`.
        whole_cells: likewise.
        **arguments: a problem's keywords, beside a benchmark.

    Raises:
        InvalidValueError: as :class:`~nhb2_plugins.problem.Problem`.
    """
    return _metadata(CARPS.problem(_given(bench), arguments), whole_cells)


def _metadata(problem: Problem, whole_cells: bool) -> TaskMetadata:
    return TaskMetadata(
        has_constraints=False,
        domain="NAS",
        objective_function_approximation="tabular" if problem.bench.provenance.kind in _MEASURED else "surrogate",
        has_virtual_time=True,
        deterministic=True,
        **get_search_space_info(_space(problem, whole_cells)),
    )


def _space(problem: Problem, whole_cells: bool, *, seed: int | None = None) -> ConfigurationSpace:
    return configuration_space(
        problem.settled_encoding, seed=seed, restriction=problem.restriction, whole_cells=whole_cells
    )


def carps_stop_at_budget(optimizer: _OptimizerT, budget_s: float) -> _OptimizerT:
    """Let an optimizer stop when simulated time is spent, and return it.

    The evaluation that crosses the budget counts, and is the last one. The task's own ``n_trials`` and ``time_budget``
    keep their meaning.

    Args:
        optimizer: of CARP-S, on a task of this module, not yet run.
        budget_s: simulated seconds.

    Raises:
        InvalidValueError: the budget is not positive, or the task's objective function is not of this module.
    """
    objective_function = optimizer.task.objective_function
    if not isinstance(objective_function, CarpsObjectiveFunction):
        raise InvalidValueError(f"{type(objective_function).__name__} has no simulated clock")
    budget, go_on = RunBudget(budget_s, objective_function), optimizer.continue_optimization

    def continue_optimization(start_time: float) -> bool:
        return not budget.is_spent() and go_on(start_time=start_time)

    optimizer.continue_optimization = continue_optimization
    return optimizer


def _given(bench: Table | Problem) -> Benchmark | Problem:
    return bench if isinstance(bench, Benchmark | Problem) else open_benchmark(bench)


def _task_name(problem: Problem) -> str:
    """What CARP-S compares runs within: numbers of different names do not mix."""
    name = f"{BENCHMARK_ID}/{problem.bench.provenance.key}/epoch-{problem.epoch}"
    if problem.objectives != (ERROR_PCT,):
        name += f"/{'+'.join(problem.objectives)}"
    if restricted := problem.restriction.to_dict():
        name += f"/{','.join(f'{key}={value}' for key, value in restricted.items())}"
    return name


def _fidelity_space(ladder: FidelityLadder | None) -> FidelitySpace:
    if ladder is None:
        return FidelitySpace()
    return FidelitySpace(
        is_multifidelity=True,
        fidelity_type=FIDELITY_TYPE,
        min_fidelity=ladder.budgets[0],
        max_fidelity=ladder.budgets[-1],
    )


def _resources(n_trials: int | None, budget_s: float | None) -> OptimizationResources:
    if n_trials is None and budget_s is None:
        raise InvalidValueError("a task needs n_trials, budget_s (simulated seconds), or both")
    return OptimizationResources(
        n_trials=None if n_trials is None else checked_count("n_trials", n_trials),
        time_budget=None if budget_s is None else Budget(budget_s).seconds / 60,
    )
